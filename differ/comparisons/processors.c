/* processors.c - the section `processors`: what their control registers switch on against whoever
 * got past everything else. Which threads they ran is chance, and their number the machine's. */
#include "differ/comparisons/comparison.h"

#include "base/memory.h"
#include "differ/comparisons/processor.h"

json_t *processors_protection(const json_t *processors, const char *name) {
    size_t on = 0, index;
    json_t *processor;
    json_array_foreach(processors, index, processor) {
        const json_t *value = json_object_get(json_object_get(processor, "protections"), name);
        if (!json_is_boolean(value))
            return NULL;
        on += json_is_true(value);
    }
    size_t count = json_array_size(processors);
    return !count        ? NULL
           : on == count ? json_string("on")
           : !on         ? json_string("off")
                         : json_sprintf("on for %zu of %zu processors", on, count);
}

const json_t *processors_protections(const json_t *processors) {
    return json_object_get(json_array_get(processors, 0), "protections");
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)processors_protections(old), name, value) {
        json_t *before = processors_protection(old, name);
        json_t *after = processors_protection(new, name);
        if (before && after && !json_equal(before, after))
            difference_add(difference, "processor.protection.changed", name, json_incref(before),
                           json_incref(after), NULL, "%s was %s and is %s", name,
                           json_string_value(before), json_string_value(after));
        json_decref(before);
        json_decref(after);
    }
}

const struct comparison comparison_processors = {.section = "processors", .run = run};
