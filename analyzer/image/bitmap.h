/*
 * bitmap.h - which page frames a dump holds, and the how-manieth of them a frame is, by a bitmap.
 *
 * The bitmap stays where it is. Beside it there is a directory with one cumulative count for every
 * 512 bits, an eighth of the bitmap's size, so that a rank looks at one count and at most eight
 * words. Does not know where pages lie in a file.
 */
#ifndef NTDRIFT_IMAGE_BITMAP_H
#define NTDRIFT_IMAGE_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

struct bitmap {
    const uint8_t *bits; /* bit n is bit n % 8 of byte n / 8, as in RTL_BITMAP */
    uint64_t size;       /* in bits */
    uint64_t *ranks;     /* bits set before each block */
    uint64_t count;      /* bits set in all */
};

/* `bits` holds at least (size + 7) / 8 bytes and outlives the bitmap. */
void bitmap_init(struct bitmap *bitmap, const uint8_t *bits, uint64_t size);
void bitmap_deinit(struct bitmap *bitmap);

/* Whether `bit` is set; if so, how many bits are set before it. */
bool bitmap_rank(const struct bitmap *bitmap, uint64_t bit, uint64_t *rank);

/* How many bits below `bit` are set. */
uint64_t bitmap_count_below(const struct bitmap *bitmap, uint64_t bit);

#endif
