/*
 * history.h - a history in each format: one renderer per format, one row each in the table of
 * history.c. As with differences (report.h), a renderer decides nothing.
 */
#ifndef NTDRIFT_REPORTS_HISTORY_H
#define NTDRIFT_REPORTS_HISTORY_H

#include "base/text.h"
#include "differ/history.h"

struct history_renderer {
    const char *format; /* what --format takes; NULL ends the table */
    void (*render)(const struct history *history, struct text *output);
};

extern const struct history_renderer history_renderers[];
const struct history_renderer *history_renderer_find(const char *format);

void history_text(const struct history *history, struct text *output);
void history_markdown(const struct history *history, struct text *output);
void history_html(const struct history *history, struct text *output);
void history_json(const struct history *history, struct text *output);
void history_csv(const struct history *history, struct text *output);

/* ---- for renderers ---- */

/* Rows of one group, which stand together. */
struct history_group {
    const struct history_row *rows;
    size_t count;
};

/* The group that begins at row `first`. */
struct history_group history_group_at(const struct history *history, size_t first);

/* What a row is called within its group: "Minimal" of "_EPROCESS.Minimal"; its subject elsewhere.
 */
const char *history_row_name(const struct history_row *row);

/* The cell's value; "-" for what the build does not have, "?" for what is not known. */
const char *history_cell_text(const struct cell *cell);

/* Whether a row's cell at `build` is known and differs from the last known one before it. */
bool history_is_change(const struct history_row *row, size_t build);

/* "8,512 rows": how many rows and builds there are, in words. */
void history_sentence(const struct history *history, struct text *out);

/* What the signs in the cells mean, one sentence. */
extern const char history_legend[];

#endif
