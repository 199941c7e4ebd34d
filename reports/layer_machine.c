/* layer_machine.c - the layers that are the machine's: the doors into the kernel, and what the
 * processors' control registers switch on. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/processor.h"
#include "differ/comparisons/value.h"
#include "reports/layers.h"

/* Tables and modules of one side; Windows has two tables, and stubs in four modules. */
#define DOORS_MOST 16
/* Protections of one side; a processor has some ten. */
#define PROTECTIONS_MOST 64

/* ---- what is where ---- */

static const json_t *list_of(const struct side *side, const char *section, const char *list) {
    return json_object_get(json_object_get(side->snapshot, section), list);
}

/* The element whose `key` is `name`. */
static const json_t *find(const json_t *list, const char *key, const char *name) {
    for (size_t i = 0; i < json_array_size(list) && i < DOORS_MOST; i++) {
        const json_t *element = json_array_get(list, i);
        const char *own = json_value_string(element, key);
        if (own && strcmp(own, name) == 0)
            return element;
    }
    return NULL;
}

/* "451 services" */
static char *table_words(const json_t *table) {
    const json_t *count = json_object_get(table, "count");
    return json_is_integer(count)
               ? xasprintf("%" JSON_INTEGER_FORMAT " services", json_integer_value(count))
               : NULL;
}

/* "450 stubs: syscall-or-int2e"; the mechanism is that of the first whose is known, which most
 * have: those that have another are changes and findings. */
static char *module_words(const json_t *module) {
    const json_t *entries = json_object_get(module, "entries");
    const char *mechanism = NULL;
    for (size_t i = 0; i < json_array_size(entries) && !mechanism; i++) {
        const char *own = json_value_string(json_array_get(entries, i), "mechanism");
        mechanism = own && strcmp(own, "unknown") != 0 ? own : NULL;
    }
    return mechanism ? xasprintf("%zu stubs: %s", json_array_size(entries), mechanism) : NULL;
}

/* ---- doors ---- */

struct doors {
    const char *section, *list, *key;
    char *(*words)(const json_t *element);
};

static void add_door(struct layer *layer, const struct doors *doors, const json_t *old,
                     const json_t *new, const char *name) {
    char *before = doors->words(find(old, doors->key, name));
    char *after = doors->words(find(new, doors->key, name));
    if (before || after)
        layer_add_row(layer, xstrdup(name), before, after);
}

/* Those of the new side, then those that only the old one has. */
static void add_doors(struct layer *layer, const struct doors *doors,
                      const struct difference *difference) {
    const json_t *old = list_of(&difference->old, doors->section, doors->list);
    const json_t *new = list_of(&difference->new, doors->section, doors->list);
    for (size_t i = 0; i < json_array_size(new) && i < DOORS_MOST; i++) {
        const char *name = json_value_string(json_array_get(new, i), doors->key);
        if (name)
            add_door(layer, doors, old, new, name);
    }
    for (size_t i = 0; i < json_array_size(old) && i < DOORS_MOST; i++) {
        const char *name = json_value_string(json_array_get(old, i), doors->key);
        if (name && !find(new, doors->key, name))
            add_door(layer, doors, old, new, name);
    }
}

void layer_add_doors(struct layer *layer, const struct difference *difference) {
    static const struct doors all[] = {
        {"syscalls", "tables", "name", table_words},
        {"stubs", "modules", "module", module_words},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        add_doors(layer, &all[i], difference);
}

/* ---- processors ---- */

static char *protection_words(const json_t *processors, const char *name) {
    json_t *value = processors_protection(processors, name);
    char *words = value ? xstrdup(json_string_value(value)) : NULL;
    json_decref(value);
    return words;
}

static bool is_same(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Protections with the same two values share a row. */
static void add_protection(struct layer *layer, const json_t *old, const json_t *new,
                           const char *name) {
    AUTO_FREE char *before = protection_words(old, name);
    AUTO_FREE char *after = protection_words(new, name);
    if (!before && !after)
        return;
    for (size_t i = 0; i < layer->row_count; i++) {
        struct layer_row *row = &layer->rows[i];
        if (!is_same(row->old, before) || !is_same(row->new, after))
            continue;
        char *label = xasprintf("%s, %s", row->label, name);
        free(row->label);
        row->label = label;
        return;
    }
    layer_add_row(layer, xstrdup(name), before ? xstrdup(before) : NULL,
                  after ? xstrdup(after) : NULL);
}

void layer_add_processors(struct layer *layer, const struct difference *difference) {
    const json_t *old = json_object_get(difference->old.snapshot, "processors");
    const json_t *new = json_object_get(difference->new.snapshot, "processors");
    const char *name;
    json_t *value;
    size_t count = 0;
    json_object_foreach((json_t *)processors_protections(new), name, value) {
        if (count++ < PROTECTIONS_MOST)
            add_protection(layer, old, new, name);
    }
    count = 0;
    json_object_foreach((json_t *)processors_protections(old), name, value) {
        if (count++ < PROTECTIONS_MOST && !json_object_get(processors_protections(new), name))
            add_protection(layer, old, new, name);
    }
}
