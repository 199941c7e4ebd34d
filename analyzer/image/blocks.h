/*
 * blocks.h - pieces of memory by virtual address, each somewhere in the file; looked up by binary
 * search.
 *
 * Pieces may overlap: the one that starts first has the bytes, of two that start at one address the
 * longer one. Does not know how large the file is.
 */
#ifndef NTDRIFT_IMAGE_BLOCKS_H
#define NTDRIFT_IMAGE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    uint64_t address;
    uint64_t size; /* never 0; address + size does not wrap, unless to 0 */
    uint64_t offset;
};

struct blocks {
    struct block *items; /* by ascending address, disjoint, once they are settled */
    size_t count;
    size_t capacity;
};

/* A piece that is empty or reaches over the end of the address space is left out: false. */
bool blocks_add(struct blocks *blocks, struct block block);

/* Sorts and parts what was added; before any look-up, and after anything was added. */
void blocks_settle(struct blocks *blocks);

/* The piece that holds `address`; NULL where none does. */
const struct block *blocks_find(const struct blocks *blocks, uint64_t address);

void blocks_deinit(struct blocks *blocks);

#endif
