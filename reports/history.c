/* history.c - the table of renderers of a history, and what they share. */
#include "reports/history.h"

#include <string.h>

const struct history_renderer history_renderers[] = {
    {"text", history_text}, {"markdown", history_markdown}, {"html", history_html},
    {"json", history_json}, {"csv", history_csv},           {NULL, NULL},
};

const struct history_renderer *history_renderer_find(const char *format) {
    for (const struct history_renderer *each = history_renderers; each->format; each++)
        if (strcmp(each->format, format) == 0)
            return each;
    return NULL;
}

struct history_group history_group_at(const struct history *history, size_t first) {
    struct history_group group = {&history->rows[first], 1};
    while (first + group.count < history->row_count &&
           group.rows[group.count].kind->family == group.rows->kind->family &&
           strcmp(group.rows[group.count].group, group.rows->group) == 0)
        group.count++;
    return group;
}

const char *history_row_name(const struct history_row *row) {
    size_t length = strlen(row->group);
    if (strncmp(row->subject, row->group, length) == 0 && row->subject[length] == '.')
        return row->subject + length + 1;
    return strcmp(row->kind->name, "type") == 0 ? "(size)" : row->subject;
}

const char *history_cell_text(const struct cell *cell) {
    static const char *const signs[] = {
        [CELL_UNKNOWN] = "?", [CELL_ABSENT] = "-", [CELL_PRESENT] = ""};
    return cell->state == CELL_PRESENT ? cell->value : signs[cell->state];
}

bool history_is_change(const struct history_row *row, size_t build) {
    const struct cell *cell = &row->cells[build];
    for (size_t i = build; i > 0; i--) {
        const struct cell *before = &row->cells[i - 1];
        if (before->state != CELL_UNKNOWN)
            return cell->state != CELL_UNKNOWN &&
                   strcmp(history_cell_text(before), history_cell_text(cell)) != 0;
    }
    return false;
}

void history_sentence(const struct history *history, struct text *out) {
    if (history->row_count)
        text_printf(out, "%zu thing%s changed over %zu builds", history->row_count,
                    history->row_count == 1 ? "" : "s", history->count);
    else
        text_printf(out, "Nothing changed over %zu builds", history->count);
}

const char history_legend[] =
    "Bits are told as offset of their word:first bit/number of bits; - is what a build does not "
    "have, ? what its snapshot does not tell.";
