/*
 * arena.h - the memory of one symbols model: pieces that live and go together, and strings of
 * which each exists once.
 *
 * Nothing here bounds what is asked for: a reader of hostile input counts what it spends.
 */
#ifndef NTDRIFT_SYMBOLS_ARENA_H
#define NTDRIFT_SYMBOLS_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t left; /* bytes free in the newest block */
    char *next;
};

void arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);

/* Aligned for any object; not cleared. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy with a NUL behind it. */
char *arena_text(struct arena *arena, const char *bytes, size_t length);

/* A string has a number, from 0 in the order of first sight, and one address. */
struct interner {
    struct arena *arena;
    struct interned {
        const char *text;
        uint32_t length;
        uint32_t hash;
    } * strings;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* number + 1, or 0; a power of two of them */
    size_t slot_count;
};

/* The strings live in `arena` and outlive the interner. */
void interner_init(struct interner *interner, struct arena *arena);
void interner_deinit(struct interner *interner);

uint32_t intern(struct interner *interner, const char *bytes, size_t length);

static inline const char *interned_text(const struct interner *interner, uint32_t number) {
    return interner->strings[number].text;
}

#endif
