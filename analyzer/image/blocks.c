/* blocks.c - look-up in pieces of virtual memory that may overlap. */
#include "image/blocks.h"

#include <stdlib.h>

#include "base/memory.h"

bool blocks_add(struct blocks *blocks, struct block block) {
    if (block.size == 0 || block.size - 1 > UINT64_MAX - block.address)
        return false;
    ARRAY_RESERVE(blocks->items, blocks->count, blocks->capacity);
    blocks->items[blocks->count++] = block;
    return true;
}

static int by_address(const void *left, const void *right) {
    const struct block *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static uint64_t last_address(const struct block *block) {
    return block->address + (block->size - 1);
}

/* Each piece keeps what no piece before it has. */
void blocks_settle(struct blocks *blocks) {
    size_t count = 0;
    if (blocks->count)
        qsort(blocks->items, blocks->count, sizeof *blocks->items, by_address);
    for (size_t i = 0; i < blocks->count; i++) {
        struct block block = blocks->items[i];
        if (count) {
            uint64_t taken = last_address(&blocks->items[count - 1]);
            if (last_address(&block) <= taken)
                continue;
            if (block.address <= taken) {
                uint64_t cut = taken - block.address + 1;
                block = (struct block){taken + 1, block.size - cut, block.offset + cut};
            }
        }
        blocks->items[count++] = block;
    }
    blocks->count = count;
}

const struct block *blocks_find(const struct blocks *blocks, uint64_t address) {
    size_t low = 0;
    for (size_t high = blocks->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (blocks->items[middle].address > address)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0 || address > last_address(&blocks->items[low - 1]))
        return NULL;
    return &blocks->items[low - 1];
}

void blocks_deinit(struct blocks *blocks) {
    free(blocks->items);
    *blocks = (struct blocks){0};
}
