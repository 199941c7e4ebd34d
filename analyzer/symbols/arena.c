/* arena.c - blocks of memory that are freed together, and a hash table of strings in them. */
#include "symbols/arena.h"

#include <stdalign.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

#define BLOCK_SIZE ((size_t)64 << 10)

struct arena_block {
    alignas(max_align_t) struct arena_block *older;
};

void arena_init(struct arena *arena) {
    *arena = (struct arena){NULL, 0, NULL};
}

void arena_deinit(struct arena *arena) {
    while (arena->blocks) {
        struct arena_block *older = arena->blocks->older;
        free(arena->blocks);
        arena->blocks = older;
    }
    arena_init(arena);
}

/* A piece that is larger than a block has a block of its own, behind the current one. */
static void *allocate_large(struct arena *arena, size_t size) {
    struct arena_block *block = xmalloc(sizeof *block + size);
    if (arena->blocks) {
        block->older = arena->blocks->older;
        arena->blocks->older = block;
    } else {
        block->older = NULL;
        arena->blocks = block;
    }
    return block + 1;
}

static void add_block(struct arena *arena) {
    struct arena_block *block = xmalloc(sizeof *block + BLOCK_SIZE);
    block->older = arena->blocks;
    arena->blocks = block;
    arena->next = (char *)(block + 1);
    arena->left = BLOCK_SIZE;
}

static void *take(struct arena *arena, size_t size) {
    if (size > BLOCK_SIZE / 4)
        return allocate_large(arena, size);
    if (size > arena->left)
        add_block(arena);
    void *piece = arena->next;
    arena->next += size;
    arena->left -= size;
    return piece;
}

void *arena_alloc(struct arena *arena, size_t size) {
    size_t odd = arena->left % alignof(max_align_t);
    if (odd) {
        arena->next += odd;
        arena->left -= odd;
    }
    return take(arena, size);
}

char *arena_text(struct arena *arena, const char *bytes, size_t length) {
    char *copy = take(arena, length + 1);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

void interner_init(struct interner *interner, struct arena *arena) {
    *interner = (struct interner){.arena = arena, .slot_count = 1024};
    interner->slots = xcalloc(interner->slot_count, sizeof *interner->slots);
}

void interner_deinit(struct interner *interner) {
    free(interner->strings);
    free(interner->slots);
    *interner = (struct interner){0};
}

static void grow_slots(struct interner *interner) {
    size_t count = interner->slot_count * 2;
    uint32_t *slots = xcalloc(count, sizeof *slots);
    for (size_t i = 0; i < interner->count; i++) {
        size_t slot = interner->strings[i].hash & (count - 1);
        while (slots[slot])
            slot = (slot + 1) & (count - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    free(interner->slots);
    interner->slots = slots;
    interner->slot_count = count;
}

static size_t find_slot(const struct interner *interner, const char *bytes, size_t length,
                        uint32_t hash) {
    size_t slot = hash & (interner->slot_count - 1);
    while (interner->slots[slot]) {
        const struct interned *string = &interner->strings[interner->slots[slot] - 1];
        if (string->hash == hash && string->length == length &&
            memcmp(string->text, bytes, length) == 0)
            return slot;
        slot = (slot + 1) & (interner->slot_count - 1);
    }
    return slot;
}

uint32_t intern(struct interner *interner, const char *bytes, size_t length) {
    uint32_t hash = (uint32_t)XXH3_64bits(bytes, length);
    size_t slot = find_slot(interner, bytes, length, hash);
    if (interner->slots[slot])
        return interner->slots[slot] - 1;
    ARRAY_RESERVE(interner->strings, interner->count, interner->capacity);
    interner->strings[interner->count] = (struct interned){
        .text = arena_text(interner->arena, bytes, length),
        .length = (uint32_t)length,
        .hash = hash,
    };
    interner->slots[slot] = (uint32_t)++interner->count;
    if (interner->count * 2 > interner->slot_count)
        grow_slots(interner);
    return (uint32_t)interner->count - 1;
}
