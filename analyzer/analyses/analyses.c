/* analyses.c - the table of sections, and what all of them together need of the symbols. */
#include <stdlib.h>
#include <string.h>

#include "analyses/sections.h"
#include "base/memory.h"

/* Findings are in this order, and `dump` and `system` come first: what they say of the dump is
 * what a reader wants to know before the rest. */
const struct analysis *const analyses[] = {
    &analysis_dump,
    &analysis_system,
    &analysis_modules,
    &analysis_processors,
    &analysis_stack,
    &analysis_processes,
    &analysis_threads,
    &analysis_handles,
    &analysis_cross_session,
    &analysis_sessions,
    &analysis_jobs,
    &analysis_silos,
    &analysis_memory_manager_list,
    &analysis_syscalls,
    &analysis_stubs,
    &analysis_objects,
    &analysis_alpc,
    &analysis_object_scan,
    &analysis_layouts,
    NULL,
};

const struct analysis *analysis_find(const char *name) {
    for (const struct analysis *const *row = analyses; *row; row++)
        if (strcmp((*row)->name, name) == 0)
            return *row;
    return NULL;
}

/* ---- the union of what they read ---- */

struct names {
    const char **items;
    size_t count;
    size_t capacity;
};

static void names_add(struct names *names, const char *const *more) {
    for (; more && *more; more++) {
        ARRAY_RESERVE(names->items, names->count, names->capacity);
        names->items[names->count++] = *more;
    }
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorts, drops doubles, ends with NULL. */
static const char *const *names_finish(struct names *names) {
    qsort(names->items, names->count, sizeof *names->items, by_name);
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++)
        if (i == 0 || strcmp(names->items[i], names->items[kept - 1]) != 0)
            names->items[kept++] = names->items[i];
    ARRAY_RESERVE(names->items, kept, names->capacity);
    names->items[kept] = NULL;
    return names->items;
}

/* Made once, kept until the program ends. */
const char *const *analyses_types(void) {
    static const char *const *union_of_types;
    if (!union_of_types) {
        struct names names = {0};
        for (const struct analysis *const *row = analyses; *row; row++)
            names_add(&names, (*row)->types);
        union_of_types = names_finish(&names);
    }
    return union_of_types;
}

const char *const *analyses_publics(void) {
    static const char *const *union_of_publics;
    if (!union_of_publics) {
        struct names names = {0};
        for (const struct analysis *const *row = analyses; *row; row++)
            names_add(&names, (*row)->publics);
        union_of_publics = names_finish(&names);
    }
    return union_of_publics;
}
