/* html_processes.c - the two process trees side by side, as lists that fold. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/tree.h"
#include "reports/value.h"

#define DEPTH_MOST 24 /* deeper ones are shown at this depth */

/* Lists that are open: what ends each. */
struct nesting {
    struct text *out;
    bool is_folding[DEPTH_MOST + 1];
    unsigned depth; /* of the list that is open */
    bool has_item;  /* an item of it is open */
};

static void close_item(struct nesting *nesting) {
    if (nesting->has_item)
        text_puts(nesting->out, "</li>\n");
    nesting->has_item = false;
}

static void go_to(struct nesting *nesting, unsigned depth) {
    if (depth > nesting->depth) {
        text_puts(nesting->out, "\n<ul>\n");
        nesting->depth++;
        nesting->has_item = false;
        return;
    }
    close_item(nesting);
    while (nesting->depth > depth) {
        nesting->depth--;
        text_puts(nesting->out,
                  nesting->is_folding[nesting->depth] ? "</ul></details></li>\n" : "</ul></li>\n");
    }
}

static void write_numbers(struct text *out, const struct tree_entry *entry) {
    if (entry->pid >= 0)
        text_printf(out, " <span class=\"pid\">0x%" PRIx64 "</span>", (uint64_t)entry->pid);
    if (entry->threads >= 0)
        text_printf(out, " <span class=\"threads\">%" JSON_INTEGER_FORMAT " thread%s</span>",
                    entry->threads, entry->threads == 1 ? "" : "s");
}

static const char *class_of(const struct rule *rule) {
    if (!strcmp(rule->id, "process.image.added"))
        return "added";
    return strcmp(rule->id, "process.image.removed") ? "changed" : "removed";
}

static void write_process(struct page *page, const struct tree_entry *entry) {
    struct text *out = page->out;
    if (entry->change)
        text_printf(out, "<span class=\"telling %s\"><strong>", class_of(entry->change->rule));
    escape_html(out, *entry->name ? entry->name : "(no name)");
    if (entry->change)
        text_puts(out, "</strong>");
    write_numbers(out, entry);
    if (!entry->change)
        return;
    text_puts(out, " <a href=\"#");
    outline_anchor(out, page->difference, entry->change);
    text_puts(out, "\">");
    escape_html(out, entry->change->rule->title);
    text_puts(out, "</a></span>");
}

static void write_absent(struct text *out, const struct tree_entry *entry) {
    text_printf(out, "<span class=\"gone\">%s <span class=\"pid\">0x%" PRIx64 "</span></span>",
                entry->is_absent_reused ? "(absent, id in use again)" : "(absent)",
                (uint64_t)entry->pid);
}

static void write_entry(struct page *page, struct nesting *nesting,
                        const struct tree_entry *entry) {
    struct text *out = page->out;
    text_puts(out, "<li>");
    nesting->has_item = true;
    bool is_folding =
        (entry->kind == TREE_ALIKE || entry->kind == TREE_OTHERS) && nesting->depth < DEPTH_MOST;
    nesting->is_folding[nesting->depth] = is_folding;
    if (is_folding)
        text_puts(out, "<details><summary>");
    if (entry->kind == TREE_PROCESS)
        write_process(page, entry);
    else if (entry->kind == TREE_ABSENT)
        write_absent(out, entry);
    else if (entry->kind == TREE_OTHERS)
        text_printf(out, "%zu more, of images on this side alone", entry->count);
    if (entry->kind == TREE_ALIKE) {
        escape_html(out, *entry->name ? entry->name : "(no name)");
        text_printf(out, " × %zu", entry->count);
    }
    if (is_folding)
        text_puts(out, "</summary>");
}

static void write_tree(struct page *page, const struct side *side, const char *heading) {
    struct text *out = page->out;
    struct tree tree AUTO(tree_deinit);
    tree_init(&tree, page->difference, side);
    text_printf(out, "<div>\n<h3>%s: ", heading);
    escape_html(out, side->label);
    text_printf(out, " <span class=\"meta\">%zu process%s</span></h3>\n<div class=\"tree\"><ul>\n",
                tree.processes, tree.processes == 1 ? "" : "es");
    struct nesting nesting = {.out = out};
    for (size_t i = 0; i < tree.count; i++) {
        unsigned depth = tree.entries[i].depth;
        go_to(&nesting, depth > DEPTH_MOST ? DEPTH_MOST : depth);
        write_entry(page, &nesting, &tree.entries[i]);
    }
    go_to(&nesting, 0);
    text_puts(out, "</ul></div>\n</div>\n");
}

void html_trees(struct page *page) {
    const struct difference *difference = page->difference;
    struct text *out = page->out;
    if (!json_array_size(json_object_get(difference->old.snapshot, "processes")) ||
        !json_array_size(json_object_get(difference->new.snapshot, "processes")))
        return;
    text_puts(out, "<p>Who is whose child, by parent process id. A dashed parent is one that no "
                   "process has any more; what a change names is marked. Siblings with one name, "
                   "and images that only one side has, are folded.</p>\n<div class=\"trees\">\n");
    write_tree(page, &difference->old, "Before");
    write_tree(page, &difference->new, "After");
    text_puts(out, "</div>\n");
}
