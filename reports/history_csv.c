/* history_csv.c - a history as a table for other programs (RFC 4180): kind, subject, and a column
 * for each build. An empty cell is what a build does not have, "?" what is not known. */
#include "reports/history.h"

#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"

/* What begins like a formula, a spreadsheet would run: a process is called what its owner wants.
 * The apostrophe is how spreadsheets mark text (OWASP, "CSV Injection"). Control characters are
 * spelled out, as in all reports. */
static void put(struct text *out, const char *string) {
    struct text visible AUTO(text_deinit) = TEXT_EMPTY;
    escape_visible(&visible, string, strlen(string));
    bool is_formula = visible.length && strchr("=+-@", *visible.data);
    if (!is_formula && !strpbrk(visible.data, ",\"")) {
        text_puts(out, visible.data);
        return;
    }
    text_puts(out, is_formula ? "\"'" : "\"");
    for (const char *at = visible.data; *at; at++) {
        if (*at == '"')
            text_putc(out, '"');
        text_putc(out, *at);
    }
    text_putc(out, '"');
}

void history_csv(const struct history *history, struct text *output) {
    text_puts(output, "kind,subject");
    for (size_t i = 0; i < history->count; i++) {
        text_putc(output, ',');
        put(output, history->sides[i].label);
    }
    text_puts(output, "\r\n");
    for (size_t i = 0; i < history->row_count; i++) {
        const struct history_row *row = &history->rows[i];
        text_printf(output, "%s,", row->kind->name);
        put(output, row->subject);
        for (size_t build = 0; build < history->count; build++) {
            const struct cell *cell = &row->cells[build];
            text_putc(output, ',');
            if (cell->state != CELL_ABSENT)
                put(output, history_cell_text(cell));
        }
        text_puts(output, "\r\n");
    }
}
