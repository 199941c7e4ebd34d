/* bitmap.c - rank over a bitmap in constant time. */
#include "image/bitmap.h"

#include "base/memory.h"
#include "image/bytes.h"

#define WORD_BITS   64u
#define BLOCK_WORDS 8u
#define BLOCK_BITS  (WORD_BITS * BLOCK_WORDS)

/* The last word may be a part of one: bytes behind the bitmap are never touched, and bits behind
 * its size never counted, whatever they are. */
static uint64_t last_word(const struct bitmap *bitmap, uint64_t index) {
    uint64_t left = bitmap->size - index * WORD_BITS;
    uint64_t word = 0;
    for (uint64_t byte = 0; byte < (left + 7) / 8; byte++)
        word |= (uint64_t)bitmap->bits[index * 8 + byte] << (byte * 8);
    return word & (((uint64_t)1 << left) - 1);
}

static uint64_t word_at(const struct bitmap *bitmap, uint64_t index) {
    if (bitmap->size - index * WORD_BITS < WORD_BITS)
        return last_word(bitmap, index);
    return load_u64(bitmap->bits + index * 8);
}

static unsigned ones(uint64_t word) {
    return (unsigned)__builtin_popcountll(word);
}

void bitmap_init(struct bitmap *bitmap, const uint8_t *bits, uint64_t size) {
    *bitmap = (struct bitmap){.bits = bits, .size = size};
    uint64_t words = size / WORD_BITS + (size % WORD_BITS != 0);
    uint64_t blocks = words / BLOCK_WORDS + (words % BLOCK_WORDS != 0);
    bitmap->ranks = xreallocarray(NULL, blocks ? blocks : 1, sizeof *bitmap->ranks);
    for (uint64_t index = 0; index < words; index++) {
        if (index % BLOCK_WORDS == 0)
            bitmap->ranks[index / BLOCK_WORDS] = bitmap->count;
        bitmap->count += ones(word_at(bitmap, index));
    }
}

void bitmap_deinit(struct bitmap *bitmap) {
    free(bitmap->ranks);
    *bitmap = (struct bitmap){0};
}

bool bitmap_rank(const struct bitmap *bitmap, uint64_t bit, uint64_t *rank) {
    if (bit >= bitmap->size || !(bitmap->bits[bit / 8] >> (bit % 8) & 1))
        return false;
    *rank = bitmap_count_below(bitmap, bit);
    return true;
}

uint64_t bitmap_count_below(const struct bitmap *bitmap, uint64_t bit) {
    if (bit >= bitmap->size)
        return bitmap->count;
    uint64_t block = bit / BLOCK_BITS;
    uint64_t index = block * BLOCK_WORDS;
    uint64_t count = bitmap->ranks[block];
    for (; index < bit / WORD_BITS; index++)
        count += ones(word_at(bitmap, index));
    return count + ones(word_at(bitmap, index) & (((uint64_t)1 << (bit % WORD_BITS)) - 1));
}
