/* comparisons.c - the table of comparisons, and what a section that one side lacks means. */
#include "differ/comparisons/comparison.h"

#include <string.h>

#include "base/memory.h"

const struct comparison *const comparisons[] = {
    &comparison_layouts,
    &comparison_syscalls,
    &comparison_stubs,
    &comparison_processes,
    &comparison_jobs,
    &comparison_processors,
    &comparison_objects,
    &comparison_object_names,
    &comparison_alpc,
    &comparison_alpc_ports,
    &comparison_header,
    &comparison_coverage,
    NULL,
};

bool architectures_agree(const char *old, const char *new) {
    return !*old || !*new || strncmp(old, new, strlen("x64")) == 0;
}

/* Offsets, service numbers and stubs follow the architecture: across two, all of them differ and
 * none says anything of the builds. */
bool comparison_same_architecture(struct difference *difference, const char *section) {
    const char *old = difference->old.arch, *new = difference->new.arch;
    if (architectures_agree(old, new))
        return true;
    AUTO_FREE char *reason = xasprintf("the architectures differ: %s and %s", old, new);
    difference_not_comparable(difference, section, reason);
    return false;
}

static const json_t *coverage_of(const json_t *snapshot, const char *section) {
    return json_object_get(json_object_get(json_object_get(snapshot, "coverage"), "sections"),
                           section);
}

bool section_is_complete(const struct side *side, const char *section) {
    const char *status =
        json_string_value(json_object_get(coverage_of(side->snapshot, section), "status"));
    return status && strcmp(status, "complete") == 0;
}

/* What coverage says of a section: its reason, or its status, or NULL. */
static const char *why_missing(const json_t *snapshot, const char *section) {
    const json_t *entry = coverage_of(snapshot, section);
    const char *reason = json_string_value(json_object_get(entry, "reason"));
    return reason ? reason : json_string_value(json_object_get(entry, "status"));
}

static void missing(struct difference *difference, const struct side *side, const char *name,
                    const char *section) {
    const char *why = why_missing(side->snapshot, section);
    AUTO_FREE char *reason = why ? xasprintf("the %s snapshot does not have it: %s", name, why)
                                 : xasprintf("the %s snapshot does not have it", name);
    difference_not_comparable(difference, section, reason);
}

/* One reason of both sides is said once. */
static bool both_miss(struct difference *difference, const char *section) {
    const char *old = why_missing(difference->old.snapshot, section);
    const char *new = why_missing(difference->new.snapshot, section);
    if (!old || !new || strcmp(old, new) != 0)
        return false;
    AUTO_FREE char *reason = xasprintf("neither snapshot has it: %s", old);
    difference_not_comparable(difference, section, reason);
    return true;
}

/* A section counts as there where it is anything but null: null is "unreadable". */
static const json_t *section_of(const struct side *side, const char *section) {
    const json_t *value = json_object_get(side->snapshot, section);
    return json_is_null(value) ? NULL : value;
}

static void run_all(struct difference *difference) {
    for (const struct comparison *const *each = comparisons; *each; each++) {
        const char *section = (*each)->section;
        const json_t *old = section_of(&difference->old, section);
        const json_t *new = section_of(&difference->new, section);
        if (old && new)
            (*each)->run(difference, old, new);
        if (!old && !new &&both_miss(difference, section))
            continue;
        /* Where neither side has it, only a side that was expected to have it is worth a word. */
        if (!old && (new || why_missing(difference->old.snapshot, section)))
            missing(difference, &difference->old, "old", section);
        if (!new && (old || why_missing(difference->new.snapshot, section)))
            missing(difference, &difference->new, "new", section);
    }
}

void difference_make(struct difference *difference, const json_t *old, const json_t *new) {
    difference_init(difference, old, new);
    run_all(difference);
    difference_sort(difference);
}
