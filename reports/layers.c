/* layers.c - what protects processes, layer by layer. */
#include "reports/layers.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Outermost first. */
static const struct layer_rule rules_of_layers[] = {
    {.id = "silo",
     .heading = "Silo",
     .label = "Processes",
     .meaning = "A silo gives its processes a view of the system of their own; a server silo is a "
                "container.",
     .words = layer_silo,
     .section = "silos",
     .nothing = "none",
     .has_others = true,
     .kinds = "process.silo.*"},
    {.id = "job",
     .heading = "Job",
     .label = "Processes",
     .meaning = "A job limits what its processes may use, start and reach.",
     .words = layer_job,
     .section = "jobs",
     .nothing = "none",
     .has_others = true,
     .kinds = "@(process.job|job).*"},
    {.id = "session",
     .heading = "Session",
     .label = "Processes",
     .meaning = "Sessions keep the windows and named objects of users and of services apart.",
     .words = layer_session,
     .section = "sessions",
     .nothing = "none",
     .kinds = "process.@(session|cross-session).*"},
    {.id = "protection",
     .heading = "Protected process",
     .label = "Processes",
     .meaning =
         "Only a protected process of the same or a stronger type and signer may read or write "
         "a protected one.",
     .words = layer_protection,
     .section = "processes",
     .nothing = "none",
     .has_others = true,
     .kinds = "process.@(protection|signature).*"},
    {.id = "integrity",
     .heading = "Integrity",
     .label = "Processes",
     .meaning = "A process writes only to what has its integrity level or a lower one; an app "
                "container opens only what is granted to it.",
     .words = layer_integrity,
     .section = "processes",
     .kinds = "process.@(integrity|user|elevation|container).*"},
    {.id = "api",
     .heading = "Windows API",
     .label = "Doors, and processes behind them",
     .meaning = "Programs call the kernel through its services alone; mitigations narrow what a "
                "process may do there.",
     .words = layer_mitigations,
     .section = "syscalls",
     .nothing = "no mitigations",
     .add_rows = layer_add_doors,
     .kinds = "@(syscall.*|stub.*|process.mitigation.*)"},
    {.id = "cpu",
     .heading = "CPU",
     .label = "Protections",
     .meaning = "What the control registers switch on holds against code in the kernel too.",
     .section = "processors",
     .add_rows = layer_add_processors,
     .kinds = "processor.*"},
};

#define COUNT ARRAY_LENGTH(rules_of_layers)

/* ---- rows ---- */

static bool is_value(const char *words) {
    return words && strcmp(words, LAYER_NOT_RUNNING) != 0;
}

void layer_add_row(struct layer *layer, char *label, char *old, char *new) {
    ARRAY_RESERVE(layer->rows, layer->row_count, layer->row_capacity);
    layer->rows[layer->row_count++] = (struct layer_row){
        .label = label,
        .old = old,
        .new = new,
        .has_changed = is_value(old) && is_value(new) && strcmp(old, new) != 0,
    };
}

static int changed_first(const void *left, const void *right, void *rows) {
    const struct layer_row *a = &((const struct layer_row *)rows)[*(const size_t *)left];
    const struct layer_row *b = &((const struct layer_row *)rows)[*(const size_t *)right];
    if (a->has_changed != b->has_changed)
        return a->has_changed ? -1 : 1;
    return (a > b) - (a < b);
}

static void sort_rows(struct layer *layer) {
    AUTO_FREE size_t *order = xcalloc(layer->row_count + 1, sizeof *order);
    for (size_t i = 0; i < layer->row_count; i++)
        order[i] = i;
    qsort_r(order, layer->row_count, sizeof *order, changed_first, layer->rows);
    struct layer_row *sorted = xcalloc(layer->row_count + 1, sizeof *sorted);
    for (size_t i = 0; i < layer->row_count; i++)
        sorted[i] = layer->rows[order[i]];
    free(layer->rows);
    layer->rows = sorted;
    layer->row_capacity = layer->row_count + 1;
}

/* ---- a side that tells nothing ---- */

static bool tells(const struct layer *layer, bool of_new) {
    for (size_t i = 0; i < layer->row_count; i++)
        if (is_value(of_new ? layer->rows[i].new : layer->rows[i].old))
            return true;
    return false;
}

static char *why_silent(const struct side *side, const char *section) {
    const json_t *entry = json_object_get(
        json_object_get(json_object_get(side->snapshot, "coverage"), "sections"), section);
    const char *reason = json_string_value(json_object_get(entry, "reason"));
    const char *status = json_string_value(json_object_get(entry, "status"));
    if (reason && status && strcmp(status, "unavailable") == 0)
        return xstrdup(reason);
    return xstrdup(entry ? "this build has no such thing, or the symbols do not tell"
                         : "it was not extracted");
}

/* ---- all of it ---- */

static void gather_changes(struct layer *layer, const struct difference *difference) {
    layer->changes = xcalloc(difference->count + 1, sizeof *layer->changes);
    for (size_t i = 0; i < difference->count; i++)
        if (!fnmatch(layer->rule->kinds, difference->changes[i].rule->id, FNM_EXTMATCH))
            layer->changes[layer->change_count++] = &difference->changes[i];
}

static void layer_init(struct layer *layer, const struct layer_rule *rule,
                       const struct difference *difference) {
    *layer = (struct layer){.rule = rule};
    if (rule->add_rows)
        rule->add_rows(layer, difference);
    if (rule->words)
        layer_add_processes(layer, difference);
    sort_rows(layer);
    if (!tells(layer, false))
        layer->silent[0] = why_silent(&difference->old, rule->section);
    if (!tells(layer, true))
        layer->silent[1] = why_silent(&difference->new, rule->section);
    gather_changes(layer, difference);
}

bool layer_is_told(const struct layer *layer) {
    return !layer->silent[0] || !layer->silent[1];
}

static bool has_processes(const struct side *side) {
    return json_array_size(json_object_get(side->snapshot, "processes")) != 0;
}

/* Two snapshots of one dump, value by value: the layers are those of the dump, and no news. */
static bool is_of_values(const struct difference *difference) {
    return difference->count && strcmp(difference->changes[0].rule->family, "snapshot") == 0;
}

size_t layer_kind_length(const struct layer *layer, size_t first) {
    size_t end = first;
    while (end < layer->change_count && layer->changes[end]->rule == layer->changes[first]->rule)
        end++;
    return end - first;
}

void layers_init(struct layers *layers, const struct difference *difference) {
    *layers = (struct layers){.items = xcalloc(COUNT, sizeof *layers->items)};
    if (is_of_values(difference) ||
        (!has_processes(&difference->old) && !has_processes(&difference->new)))
        return;
    bool is_any_told = false;
    for (; layers->count < COUNT; layers->count++) {
        struct layer *layer = &layers->items[layers->count];
        layer_init(layer, &rules_of_layers[layers->count], difference);
        is_any_told = is_any_told || layer_is_told(layer);
    }
    if (!is_any_told)
        layers_deinit(layers);
}

void layers_deinit(struct layers *layers) {
    for (size_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->items[i];
        for (size_t j = 0; j < layer->row_count; j++) {
            free(layer->rows[j].label);
            free(layer->rows[j].old);
            free(layer->rows[j].new);
        }
        free(layer->rows);
        free(layer->changes);
        free(layer->silent[0]);
        free(layer->silent[1]);
    }
    free(layers->items);
    *layers = (struct layers){0};
}

bool layers_silent(struct text *out, const struct layers *layers) {
    bool is_any = false;
    for (size_t i = 0; i < layers->count; i++) {
        if (layer_is_told(&layers->items[i]))
            continue;
        text_printf(out, "%s%s", is_any ? ", " : "", layers->items[i].rule->heading);
        is_any = true;
    }
    return is_any;
}
