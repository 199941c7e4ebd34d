/* markdown_trees.c - the two process trees, as listings. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/markdown.h"
#include "reports/tree.h"

#define DEPTH_MOST 24 /* deeper ones are shown at this depth */

static void write_name(struct text *out, const struct tree_entry *entry) {
    if (*entry->name)
        escape_visible(out, entry->name, strlen(entry->name));
    else
        text_puts(out, "(no name)");
}

/* A line begins with an id or with blanks, so that no name can end the listing. */
static void write_entry(struct text *out, const struct tree_entry *entry) {
    AUTO_FREE char *pid = entry->kind <= TREE_ABSENT && entry->pid >= 0
                              ? xasprintf("0x%" PRIx64, (uint64_t)entry->pid)
                              : xstrdup("    ");
    text_printf(out, "%-8s", pid);
    unsigned depth = entry->depth < DEPTH_MOST ? entry->depth : DEPTH_MOST;
    text_printf(out, "%*s", (int)depth * 2, "");
    if (entry->kind == TREE_ABSENT) {
        text_puts(out, entry->is_absent_reused ? "(absent, id in use again)" : "(absent)");
    } else if (entry->kind == TREE_OTHERS) {
        text_printf(out, "%zu more, of images on this side alone", entry->count);
    } else {
        write_name(out, entry);
    }
    if (entry->kind == TREE_ALIKE)
        text_printf(out, " × %zu", entry->count);
    if (entry->kind == TREE_PROCESS && !entry->threads)
        text_puts(out, " (no threads)");
    if (entry->change)
        text_printf(out, "   <-- %s", entry->change->rule->title);
    text_putc(out, '\n');
}

/* What is gathered is one line here: nothing unfolds. */
static void write_tree(struct text *out, const struct difference *difference,
                       const struct side *side, const char *heading) {
    struct tree tree AUTO(tree_deinit);
    tree_init(&tree, difference, side);
    text_printf(out, "\n%s, ", heading);
    escape_markdown_code(out, side->label);
    text_puts(out, ":\n\n```text\n");
    for (size_t i = 0; i < tree.count; i++) {
        const struct tree_entry *entry = &tree.entries[i];
        write_entry(out, entry);
        bool is_gathering = entry->kind == TREE_ALIKE || entry->kind == TREE_OTHERS;
        while (is_gathering && i + 1 < tree.count && tree.entries[i + 1].depth > entry->depth)
            i++;
    }
    text_puts(out, "```\n");
}

void markdown_trees(struct text *out, const struct difference *difference) {
    if (!json_array_size(json_object_get(difference->old.snapshot, "processes")) ||
        !json_array_size(json_object_get(difference->new.snapshot, "processes")))
        return;
    text_puts(out, "\n### Who is whose child\n\nBy parent process id; `(absent)` stands for an id "
                   "that no process has any more.\n");
    write_tree(out, difference, &difference->old, "Before");
    write_tree(out, difference, &difference->new, "After");
}
