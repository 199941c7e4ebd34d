/* markdown_stubs.c - system call stubs before and after, as assembly. */
#include "base/memory.h"
#include "reports/escape.h"
#include "reports/markdown.h"
#include "reports/stub.h"

#define LISTED_MOST 12 /* changes; the others are in the table */

static void write_side(struct text *out, const char *when, const struct side *side,
                       const json_t *value) {
    struct text caption AUTO(text_deinit) = TEXT_EMPTY;
    struct text lines AUTO(text_deinit) = TEXT_EMPTY;
    if (!stub_list(side, value, &caption, &lines))
        return;
    text_printf(out, "%s, ", when);
    escape_markdown_prose(out, side->label);
    text_puts(out, ", ");
    escape_markdown_prose(out, caption.data);
    /* Digits, names of registers and punctuation: nothing that could end the fence. */
    text_printf(out, ":\n\n```asm\n%s```\n\n", lines.data);
}

void markdown_stubs(struct text *out, const struct difference *difference) {
    size_t listed = 0;
    for (size_t i = 0; i < difference->count && listed < LISTED_MOST; i++) {
        const struct change *change = &difference->changes[i];
        if (!stub_is_listed(change))
            continue;
        if (!listed++)
            text_puts(out, "\n### How programs enter the kernel\n\n");
        escape_markdown_prose(out, change->message);
        text_puts(out, ".\n\n");
        write_side(out, "Before", &difference->old, change->old);
        write_side(out, "After", &difference->new, change->new);
    }
}
