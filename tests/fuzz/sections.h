/* sections.h - sections of a dump of any bytes, for fuzz targets: with symbols that are the
 * kernel's own, and with such that only fit. */
#ifndef NTDRIFT_FUZZ_SECTIONS_H
#define NTDRIFT_FUZZ_SECTIONS_H

#include "../unit/some_sections.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void make_sections(const uint8_t *data, size_t size, const struct symbols *symbols,
                                 uint64_t kernel_size, const char *const *names, bool in_detail) {
    static const enum symbols_match matches[] = {MATCH_EXACT, MATCH_PROVED};
    struct target *target;
    if (target_open_bytes(NULL, "input", data, size, &target))
        return;
    target->kernel.base = NT;
    target->kernel.size = kernel_size;
    target->symbols = symbols;
    for (size_t i = 0; i < ARRAY_LENGTH(matches); i++) {
        target->match = matches[i];
        json_decref(some_sections(target, names, in_detail));
    }
    target->symbols = NULL;
    target_close(target);
}

#endif
