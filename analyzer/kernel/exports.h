/*
 * exports.h - what a PE image in memory exports: names, ordinals, addresses, forwarders.
 *
 * The image may lie: a table is read as far as it is inside the image and in the dump, and what of
 * it could not be read is counted. Nothing here follows a forwarder.
 *
 * Source: Microsoft, "PE Format", "The .edata Section".
 */
#ifndef NTDRIFT_KERNEL_EXPORTS_H
#define NTDRIFT_KERNEL_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/read.h"
#include "kernel/pe.h"
#include "vm/vm.h"

struct export {
    const char *name;      /* "Ordinal7" where it has no name of its own, as WinDbg has it */
    const char *forwarder; /* "NTDLL.RtlAllocateHeap"; NULL: not forwarded */
    uint32_t rva;          /* from the image's base; of the forwarder's string where forwarded */
    bool named;            /* false: known by its ordinal alone */
};

struct exports {
    struct export *items; /* in ascending order of rva, then name (byte order); those that are
                             forwarded come last */
    size_t count;
    size_t direct;         /* how many are not forwarded */
    size_t *by_name;       /* positions in `items`, in ascending order of name */
    enum read_state state; /* READ_PRESENT, also where some entries are missing; READ_NOT_MAPPED
                              with `absent` where the image exports nothing */
    bool absent;
    size_t unreadable[READ_STATE_COUNT]; /* entries that are missing, by reason */
};

/* Reads what `image`, whose headers are present, exports; `vm` is where it is mapped. Never fails:
 * the state says why there is nothing. The caller deinitializes. */
void exports_read(struct vm *vm, const struct pe_image *image, struct exports *exports);
void exports_deinit(struct exports *exports);

/* The export of that name; NULL where there is none. */
const struct export *exports_find(const struct exports *exports, const char *name);

/* The last export, in order of address, at or below `rva` that is not forwarded; of several at one
 * address the first in order of name. NULL where there is none. */
const struct export *exports_below(const struct exports *exports, uint32_t rva);

#endif
