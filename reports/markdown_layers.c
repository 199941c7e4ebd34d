/* markdown_layers.c - what protects processes, layer by layer. */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/layers.h"
#include "reports/markdown.h"

static void write_cell(struct text *out, const char *words) {
    text_puts(out, " | ");
    if (words)
        escape_markdown_prose(out, words);
    else
        text_puts(out, "not known");
}

static void write_rows(struct text *out, const struct layer *layer) {
    text_printf(out, "| %s | Before | After |\n|---|---|---|\n", layer->rule->label);
    for (size_t i = 0; i < layer->row_count; i++) {
        const struct layer_row *row = &layer->rows[i];
        bool is_same = row->old && row->new && !strcmp(row->old, row->new);
        text_puts(out, row->has_changed ? "| **differs:** " : "| ");
        escape_markdown_code(out, row->label);
        write_cell(out, row->old);
        write_cell(out, is_same ? "the same" : row->new);
        text_puts(out, " |\n");
    }
    text_putc(out, '\n');
}

static void write_changes(struct text *out, const struct layer *layer) {
    for (size_t first = 0, count; first < layer->change_count; first += count) {
        count = layer_kind_length(layer, first);
        for (size_t i = first; i < first + count && count <= LAYER_SENTENCES; i++) {
            text_puts(out, "- ");
            escape_markdown_prose(out, layer->changes[i]->message);
            text_putc(out, '\n');
        }
        if (count > LAYER_SENTENCES)
            text_printf(out, "- %s: %zu\n", layer->changes[first]->rule->title, count);
    }
    text_puts(out, layer->change_count ? "\n" : "");
}

static void write_silent(struct text *out, const struct side *side, const char *why) {
    if (!why)
        return;
    text_puts(out, "Not known of ");
    escape_markdown_prose(out, side->label);
    text_puts(out, ": ");
    escape_markdown_prose(out, why);
    text_puts(out, ".\n\n");
}

static void write_layer(struct text *out, const struct difference *difference,
                        const struct layer *layer) {
    text_printf(out, "### %s\n\n%s\n\n", layer->rule->heading, layer->rule->meaning);
    write_silent(out, &difference->old, layer->silent[0]);
    write_silent(out, &difference->new, layer->silent[1]);
    write_changes(out, layer);
    write_rows(out, layer);
}

void markdown_layers(struct text *out, const struct difference *difference) {
    AUTO(layers_deinit) struct layers layers;
    AUTO(text_deinit) struct text silent = TEXT_EMPTY;
    layers_init(&layers, difference);
    if (!layers.count)
        return;
    text_puts(out, "\n## Protection, layer by layer\n\nWhat stands between a process and the "
                   "others, outermost first. Images that have the same before and after share a "
                   "row.\n\n");
    for (size_t i = 0; i < layers.count; i++)
        if (layer_is_told(&layers.items[i]))
            write_layer(out, difference, &layers.items[i]);
    if (layers_silent(&silent, &layers))
        text_printf(out, "Neither snapshot tells of: %s.\n", silent.data);
}
