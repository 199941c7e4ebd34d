/*
 * directory.h - what an object directory holds: the objects in the chains of its hash buckets, in
 * the kernel's own order. Bounded and cycle-safe; a chain that breaks costs its rest.
 *
 * Source: _OBJECT_DIRECTORY and _OBJECT_DIRECTORY_ENTRY of the kernel's symbol files.
 */
#ifndef NTDRIFT_KERNEL_DIRECTORY_H
#define NTDRIFT_KERNEL_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/target.h"

/* A directory of more objects than this lies. */
#define DIRECTORY_LIMIT 65536

struct directory {
    bool absent;       /* the symbols do not describe directories, or there is none */
    uint64_t *objects; /* addresses of their bodies */
    size_t count;
    size_t capacity;
    size_t unreadable[READ_STATE_COUNT]; /* links that could not be followed, by reason */
};

void directory_read(const struct target *target, uint64_t address, struct directory *directory);
void directory_deinit(struct directory *directory);

#endif
