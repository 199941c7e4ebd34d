/* html_stubs.c - system call stubs before and after, as assembly. */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/stub.h"

#define LISTED_MOST 12 /* changes; the others are in the table */

static void write_side(struct text *out, const char *when, const struct side *side,
                       const json_t *value) {
    struct text caption AUTO(text_deinit) = TEXT_EMPTY;
    struct text lines AUTO(text_deinit) = TEXT_EMPTY;
    text_printf(out, "<figure><figcaption>%s, ", when);
    escape_html(out, side->label);
    if (stub_list(side, value, &caption, &lines)) {
        text_puts(out, " <span class=\"soft\">");
        escape_html(out, caption.data);
        text_puts(out, "</span></figcaption>\n<pre><code>");
        /* Line by line: an end of line is shown as such by escaping. */
        for (const char *line = lines.data; *line;) {
            size_t length = strcspn(line, "\n");
            escape_html_bytes(out, line, length);
            text_putc(out, '\n');
            line += length + (line[length] == '\n');
        }
        text_puts(out, "</code></pre>");
    } else {
        text_puts(out, " <span class=\"soft\">no code</span></figcaption>");
    }
    text_puts(out, "</figure>\n");
}

void html_stubs(struct page *page) {
    const struct difference *difference = page->difference;
    struct text *out = page->out;
    size_t listed = 0;
    for (size_t i = 0; i < difference->count && listed < LISTED_MOST; i++) {
        const struct change *change = &difference->changes[i];
        if (!stub_is_listed(change))
            continue;
        if (!listed++)
            text_puts(out, "<section id=\"stubs\">\n<h3>How programs enter the kernel</h3>\n");
        text_puts(out, "<p>");
        escape_html_prose(out, change->message);
        text_puts(out, "</p>\n<div class=\"listings\">\n");
        write_side(out, "Before", &difference->old, change->old);
        write_side(out, "After", &difference->new, change->new);
        text_puts(out, "</div>\n");
    }
    if (listed)
        text_puts(out, "</section>\n");
}
