/* history_text.c - a history for a terminal: a table for each structure, aligned. */
#include "reports/history.h"

#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"

#define WIDTH_MOST 32 /* a name or value that is longer stands out of its column */

/* What is printed, and how wide it is: a byte for a column, but for what continues a character. */
struct printed {
    struct text text;
    size_t width;
};

static void print_to(struct printed *printed, const char *string) {
    printed->text.length = 0;
    escape_visible(&printed->text, string, strlen(string));
    printed->width = 0;
    for (size_t i = 0; i < printed->text.length; i++)
        printed->width += (printed->text.data[i] & 0xc0) != 0x80;
}

static void put(struct text *out, struct printed *printed, const char *string, size_t width) {
    print_to(printed, string);
    text_append(out, printed->text.data, printed->text.length);
    text_printf(out, "%*s", (int)(width > printed->width ? width - printed->width : 0), "");
}

static void widen(size_t *width, struct printed *printed, const char *string) {
    print_to(printed, string);
    if (printed->width > *width && printed->width <= WIDTH_MOST)
        *width = printed->width;
}

static void put_group(const struct history *history, const struct history_group *group,
                      struct text *out) {
    struct printed printed = {.text = TEXT_EMPTY};
    AUTO_FREE size_t *widths = xcalloc(history->count + 1, sizeof *widths);
    size_t *name_width = &widths[history->count];
    for (size_t i = 0; i < history->count; i++)
        widen(&widths[i], &printed, history->sides[i].label);
    for (size_t row = 0; row < group->count; row++) {
        widen(name_width, &printed, history_row_name(&group->rows[row]));
        for (size_t i = 0; i < history->count; i++)
            widen(&widths[i], &printed, history_cell_text(&group->rows[row].cells[i]));
    }
    put(out, &printed, group->rows->group, 0);
    text_printf(out, "\n  %*s", (int)*name_width, "");
    for (size_t i = 0; i < history->count; i++) {
        text_puts(out, "  ");
        put(out, &printed, history->sides[i].label, i + 1 < history->count ? widths[i] : 0);
    }
    text_putc(out, '\n');
    for (size_t row = 0; row < group->count; row++) {
        text_puts(out, "  ");
        put(out, &printed, history_row_name(&group->rows[row]), *name_width);
        for (size_t i = 0; i < history->count; i++) {
            text_puts(out, "  ");
            put(out, &printed, history_cell_text(&group->rows[row].cells[i]),
                i + 1 < history->count ? widths[i] : 0);
        }
        text_putc(out, '\n');
    }
    text_putc(out, '\n');
    text_deinit(&printed.text);
}

void history_text(const struct history *history, struct text *output) {
    for (size_t i = 0; i < history->row_count;) {
        struct history_group group = history_group_at(history, i);
        put_group(history, &group, output);
        i += group.count;
    }
    for (size_t i = 0; i < history->note_count; i++) {
        escape_visible(output, history->notes[i], strlen(history->notes[i]));
        text_putc(output, '\n');
    }
    history_sentence(history, output);
    text_putc(output, '\n');
}
