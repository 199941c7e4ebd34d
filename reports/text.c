/* text.c - a difference for a terminal: by kind, one line a change, a summary last, where the end
 * of what scrolled by is still to be seen. */
#include "reports/renderers.h"

#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/layers.h"
#include "reports/outline.h"

#define SCREEN     24 /* lines; a report of more changes ends with one line for each structure */
#define NAME_WIDTH 40 /* names of structures that are longer stand out of their column */

struct page {
    struct text *out;
    bool colour;
};

/* Colours of the eight that every terminal has (ECMA-48, SGR). */
static const char *const severity_colours[] = {
    [SEVERITY_INFO] = "\033[36m",
    [SEVERITY_NOTABLE] = "\033[33m",
    [SEVERITY_BREAKING] = "\033[31m",
};

#define BOLD  "\033[1m"
#define FAINT "\033[2m"

/* What comes from a snapshot could move the cursor or worse. */
static void put(struct page *page, const char *colour, const char *string) {
    if (page->colour && colour)
        text_puts(page->out, colour);
    escape_visible(page->out, string, strlen(string));
    if (page->colour && colour)
        text_puts(page->out, "\033[0m");
}

/* ---- heading ---- */

static void put_side(struct page *page, const char *name, const struct side *side) {
    put(page, FAINT, name);
    put(page, BOLD, side->label);
    const char *const facts[] = {side->build_lab, side->arch, side->dump_type};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (!*facts[i])
            continue;
        text_puts(page->out, "  ");
        put(page, NULL, facts[i]);
    }
    text_putc(page->out, '\n');
}

/* ---- changes ---- */

static void put_heading(struct page *page, const struct change *first, size_t count) {
    text_putc(page->out, '\n');
    put(page, BOLD, first->rule->title);
    text_printf(page->out, " (%zu)  ", count);
    put(page, FAINT, first->rule->id);
    text_putc(page->out, '\n');
}

static void put_change(struct page *page, const struct change *change) {
    const char *severity = severity_name(change->severity);
    text_puts(page->out, "  ");
    put(page, severity_colours[change->severity], severity);
    text_printf(page->out, "%*s", (int)(strlen("breaking") + 2 - strlen(severity)), "");
    put(page, NULL, change->message);
    if (change->waived) {
        put(page, FAINT, "  [waived: ");
        put(page, FAINT, change->waived);
        put(page, FAINT, "]");
    }
    text_putc(page->out, '\n');
}

/* The changes of one kind, which stand together. */
static size_t put_kind(struct page *page, const struct change *changes, size_t count) {
    size_t same = 1;
    while (same < count && changes[same].rule == changes->rule)
        same++;
    put_heading(page, changes, same);
    for (size_t i = 0; i < same; i++)
        put_change(page, &changes[i]);
    return same;
}

/* ---- structures ---- */

static void put_size(struct page *page, const struct topic *topic) {
    for (size_t i = 0; i < topic->count; i++)
        if (!strcmp(topic->changes[i]->rule->id, "layout.type.resized"))
            text_printf(page->out, "%" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT " bytes%s",
                        json_integer_value(topic->changes[i]->old),
                        json_integer_value(topic->changes[i]->new), topic->count > 1 ? ": " : "");
}

static void put_structures(struct page *page, const struct difference *difference) {
    if (difference->count <= SCREEN)
        return;
    AUTO(outline_deinit) struct outline outline;
    outline_init(&outline, difference);
    size_t width = 0;
    for (size_t i = 0; i < outline.topic_count; i++) {
        size_t length = strlen(outline.topics[i].name);
        width = length > width && length <= NAME_WIDTH ? length : width;
    }
    if (outline.topic_count) {
        text_putc(page->out, '\n');
        put(page, BOLD, "Structures in short");
        text_printf(page->out, " (%zu)\n", outline.topic_count);
    }
    for (size_t i = 0; i < outline.topic_count; i++) {
        size_t length = strlen(outline.topics[i].name);
        text_puts(page->out, "  ");
        put(page, NULL, outline.topics[i].name);
        text_printf(page->out, "%*s  ", (int)(length < width ? width - length : 0), "");
        put_size(page, &outline.topics[i]);
        outline_counts(page->out, &outline.topics[i]);
        text_putc(page->out, '\n');
    }
}

/* ---- layers ---- */

static void put_row(struct page *page, const struct layer_row *row) {
    const char *old = row->old ? row->old : "not known";
    const char *new = row->new ? row->new : "not known";
    const char *colour = row->has_changed ? severity_colours[SEVERITY_NOTABLE] : NULL;
    text_puts(page->out, "    ");
    put(page, colour, row->label);
    text_puts(page->out, ": ");
    put(page, colour, old);
    if (strcmp(old, new) != 0) {
        text_puts(page->out, " → ");
        put(page, colour, new);
    }
    text_putc(page->out, '\n');
}

static void put_silent(struct page *page, const char *name, const char *why) {
    if (!why)
        return;
    text_printf(page->out, "    %s: not known: ", name);
    put(page, NULL, why);
    text_putc(page->out, '\n');
}

/* The changes themselves stand above: " (3 changes: process.job.changed, job.limits.changed)". */
static void put_kinds(struct page *page, const struct layer *layer) {
    if (!layer->change_count)
        return;
    text_printf(page->out, " (%zu change%s", layer->change_count,
                layer->change_count == 1 ? "" : "s");
    for (size_t i = 0; i < layer->change_count; i += layer_kind_length(layer, i))
        text_printf(page->out, "%s %s", i ? "," : ":", layer->changes[i]->rule->id);
    text_putc(page->out, ')');
}

static void put_layer(struct page *page, const struct layer *layer) {
    text_printf(page->out, "  %s", layer->rule->heading);
    put_kinds(page, layer);
    text_putc(page->out, '\n');
    put_silent(page, "old", layer->silent[0]);
    put_silent(page, "new", layer->silent[1]);
    for (size_t i = 0; i < layer->row_count; i++)
        put_row(page, &layer->rows[i]);
}

static void put_layers(struct page *page, const struct difference *difference) {
    AUTO(layers_deinit) struct layers layers;
    AUTO(text_deinit) struct text silent = TEXT_EMPTY;
    layers_init(&layers, difference);
    if (!layers.count || !difference->count)
        return;
    text_putc(page->out, '\n');
    put(page, BOLD, "Protection, layer by layer");
    text_putc(page->out, '\n');
    for (size_t i = 0; i < layers.count; i++)
        if (layer_is_told(&layers.items[i]))
            put_layer(page, &layers.items[i]);
    if (layers_silent(&silent, &layers))
        text_printf(page->out, "  not known of either: %s\n", silent.data);
}

/* ---- the rest ---- */

static void put_unknown(struct page *page, const struct difference *difference) {
    if (!difference->unknown_count)
        return;
    text_putc(page->out, '\n');
    put(page, BOLD, "Not comparable");
    text_printf(page->out, " (%zu)\n", difference->unknown_count);
    for (size_t i = 0; i < difference->unknown_count; i++) {
        text_puts(page->out, "  ");
        put(page, NULL, difference->unknown[i].section);
        text_puts(page->out, ": ");
        put(page, NULL, difference->unknown[i].reason);
        text_putc(page->out, '\n');
    }
}

static void put_summary(struct page *page, const struct difference *difference) {
    size_t counts[SEVERITY_BREAKING + 1] = {0}, waived = 0;
    for (size_t i = 0; i < difference->count; i++) {
        counts[difference->changes[i].severity]++;
        waived += difference->changes[i].waived != NULL;
    }
    text_putc(page->out, '\n');
    if (!difference->count)
        text_puts(page->out, "no differences");
    else
        text_printf(page->out, "%zu %s", difference->count,
                    difference->count == 1 ? "change" : "changes");
    const char *separator = ": ";
    for (int severity = SEVERITY_BREAKING; severity >= SEVERITY_INFO; severity--) {
        if (!counts[severity])
            continue;
        text_printf(page->out, "%s%zu %s", separator, counts[severity],
                    severity_name((enum severity)severity));
        separator = ", ";
    }
    if (waived)
        text_printf(page->out, "; %zu waived", waived);
    if (difference->unknown_count)
        text_printf(page->out, "; %zu not comparable", difference->unknown_count);
    text_putc(page->out, '\n');
}

void report_text(const struct difference *difference, const struct report_options *options,
                 struct text *output) {
    struct page page = {output, options && options->colour};
    put_side(&page, "old: ", &difference->old);
    put_side(&page, "new: ", &difference->new);
    for (size_t i = 0; i < difference->count;)
        i += put_kind(&page, &difference->changes[i], difference->count - i);
    put_layers(&page, difference);
    put_unknown(&page, difference);
    put_structures(&page, difference);
    put_summary(&page, difference);
}
