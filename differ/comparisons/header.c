/* header.c - the section `dump`: what kind of dump it is. Addresses, times, the bug check and
 * counts differ from boot to boot and are never changes. */
#include "differ/comparisons/comparison.h"

#include "base/memory.h"
#include "differ/comparisons/value.h"

/* The fields that say how to read the dump, or what it holds (DUMP_HEADER64 in the documentation
 * of the debugger; KdSecondaryVersion tells layouts of the kernel debugger's data apart). */
static const struct {
    const char *object; /* in `dump`; NULL: `dump` itself */
    const char *key;
} fields[] = {
    {NULL, "format"},
    {NULL, "type"},
    {"header", "KdSecondaryVersion"},
    {"header", "MachineImageType"},
    {"header", "MajorVersion"},
};

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        const char *object = fields[i].object, *key = fields[i].key;
        const json_t *before = json_object_get(object ? json_object_get(old, object) : old, key);
        const json_t *after = json_object_get(object ? json_object_get(new, object) : new, key);
        if (!json_value_is_known(before) || !json_value_is_known(after) ||
            json_equal(before, after))
            continue;
        AUTO_FREE char *subject = xasprintf("%s.%s", object ? object : "dump", key);
        AUTO_FREE char *from = json_value_text(before);
        AUTO_FREE char *to = json_value_text(after);
        difference_add(difference, "header.changed", subject, json_value_copy(before),
                       json_value_copy(after), NULL, "%s was %s and is %s", subject, from, to);
    }
}

const struct comparison comparison_header = {"dump", run};
