/* history_markdown.c - a history as Markdown: a table for each structure, changes in bold. */
#include "reports/history.h"

#include "reports/escape.h"

static void put_cell(struct text *out, const struct history_row *row, size_t build) {
    const struct cell *cell = &row->cells[build];
    const char *mark = history_is_change(row, build) ? "**" : "";
    text_printf(out, " | %s", mark);
    if (cell->state == CELL_PRESENT)
        escape_markdown_code(out, cell->value);
    else
        text_puts(out, cell->state == CELL_ABSENT ? "–" : "?");
    text_puts(out, mark);
}

static void put_group(const struct history *history, const struct history_group *group,
                      struct text *out) {
    text_puts(out, "\n### ");
    escape_markdown_code(out, group->rows->group);
    text_puts(out, "\n\n|");
    for (size_t i = 0; i < history->count; i++) {
        text_puts(out, " | ");
        escape_markdown_prose(out, history->sides[i].label);
    }
    text_puts(out, " |\n|---");
    for (size_t i = 0; i < history->count; i++)
        text_puts(out, "|---");
    text_puts(out, "|\n");
    for (size_t row = 0; row < group->count; row++) {
        text_puts(out, "| ");
        escape_markdown_code(out, history_row_name(&group->rows[row]));
        for (size_t i = 0; i < history->count; i++)
            put_cell(out, &group->rows[row], i);
        text_puts(out, " |\n");
    }
}

void history_markdown(const struct history *history, struct text *output) {
    text_puts(output, "# History of the Windows kernel\n\n");
    history_sentence(history, output);
    text_printf(output, ". %s What changed from the build before is bold.\n", history_legend);
    for (size_t i = 0; i < history->note_count; i++) {
        text_puts(output, "\n> ");
        escape_markdown_prose(output, history->notes[i]);
        text_putc(output, '\n');
    }
    for (size_t i = 0; i < history->row_count;) {
        struct history_group group = history_group_at(history, i);
        put_group(history, &group, output);
        i += group.count;
    }
}
