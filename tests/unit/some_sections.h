/* some_sections.h - a snapshot of some sections of a target, as JSON; for unit tests and fuzz
 * targets alike. */
#ifndef NTDRIFT_TESTS_SOME_SECTIONS_H
#define NTDRIFT_TESTS_SOME_SECTIONS_H

#include <stdlib.h>

#include "analyses/assemble.h"

/* `names` end with NULL. Whatever is in the dump, the snapshot is JSON. */
static inline json_t *some_sections(const struct target *target, const char *const *names,
                                    bool in_detail) {
    struct assembly assembly = {.in_detail = in_detail};
    for (size_t row = 0; row < analyses_count(); row++)
        for (size_t i = 0; names[i]; i++)
            assembly.selected[row] |= analyses[row] == analysis_find(names[i]);
    struct text text = TEXT_EMPTY;
    assemble(target, &assembly, NULL, &text);
    json_t *snapshot = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    if (!snapshot)
        abort();
    text_deinit(&text);
    return snapshot;
}

#endif
