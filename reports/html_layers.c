/* html_layers.c - what protects processes, layer by layer. */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/layers.h"

static void write_cell(struct text *out, const char *words) {
    text_puts(out, "<td>");
    if (words)
        escape_html_prose(out, words);
    else
        text_puts(out, "<span class=\"soft\">not known</span>");
    text_puts(out, "</td>");
}

/* What is so on both sides is said once. */
static void write_values(struct text *out, const struct layer_row *row) {
    bool is_same = row->old && row->new && !strcmp(row->old, row->new);
    write_cell(out, row->old);
    if (is_same)
        text_puts(out, "<td class=\"soft\">the same</td>");
    else
        write_cell(out, row->new);
}

static void write_rows(struct page *page, const struct layer *layer) {
    const char *const columns[] = {layer->rule->label, "Before", "After", NULL};
    struct text *out = page->out;
    text_puts(out, "<div class=\"scroll\"><table class=\"layer\">\n");
    html_table_head(page, columns);
    text_puts(out, "<tbody>\n");
    for (size_t i = 0; i < layer->row_count; i++) {
        const struct layer_row *row = &layer->rows[i];
        text_puts(out, row->has_changed ? "<tr class=\"telling\"><th scope=\"row\">"
                                        : "<tr><th scope=\"row\">");
        html_code(out, row->label);
        text_puts(out, "</th>");
        write_values(out, row);
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n");
}

static void write_changes(struct page *page, const struct layer *layer) {
    if (!layer->change_count)
        return;
    text_puts(page->out, "<ul class=\"of-layer\">\n");
    for (size_t first = 0, count; first < layer->change_count; first += count) {
        const struct rule *rule = layer->changes[first]->rule;
        count = layer_kind_length(layer, first);
        for (size_t i = first; i < first + count && count <= LAYER_SENTENCES; i++)
            html_sentence(page, layer->changes[i]);
        if (count > LAYER_SENTENCES)
            text_printf(page->out, "<li><a href=\"#kind--%s\">%s</a>: %zu</li>\n", rule->id,
                        rule->title, count);
    }
    text_puts(page->out, "</ul>\n");
}

static void write_silent(struct text *out, const struct side *side, const char *why) {
    if (!why)
        return;
    text_puts(out, "<p class=\"silent\">Not known of ");
    escape_html(out, side->label);
    text_puts(out, ": ");
    escape_html_prose(out, why);
    text_puts(out, ".</p>\n");
}

static void write_layer(struct page *page, const struct layer *layer) {
    struct text *out = page->out;
    text_printf(out, "<section id=\"layer--%s\">\n<h3>%s", layer->rule->id, layer->rule->heading);
    if (layer->change_count)
        text_printf(out, " <span class=\"meta\">%zu change%s</span>", layer->change_count,
                    layer->change_count == 1 ? "" : "s");
    text_printf(out, "</h3>\n<p>%s</p>\n", layer->rule->meaning);
    write_silent(out, &page->difference->old, layer->silent[0]);
    write_silent(out, &page->difference->new, layer->silent[1]);
    write_changes(page, layer);
    write_rows(page, layer);
    text_puts(out, "</section>\n");
}

void html_layers(struct page *page) {
    const struct layers *layers = &page->layers;
    struct text *out = page->out;
    AUTO(text_deinit) struct text silent = TEXT_EMPTY;
    if (!layers->count)
        return;
    text_puts(out, "<section id=\"layers\">\n<h2>Protection, layer by layer</h2>\n<p>What stands "
                   "between a process and the others, outermost first. Images that have the same "
                   "before and after share a row; a marked row differs.</p>\n");
    for (size_t i = 0; i < layers->count; i++)
        if (layer_is_told(&layers->items[i]))
            write_layer(page, &layers->items[i]);
    if (layers_silent(&silent, layers))
        text_printf(out, "<p class=\"silent\">Neither snapshot tells of: %s.</p>\n", silent.data);
    text_puts(out, "</section>\n");
}
