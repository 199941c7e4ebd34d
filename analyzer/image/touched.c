/* touched.c - a bitmap of page frames in pieces, which are made where a frame is set. */
#include "image/touched.h"

#include "base/memory.h"
#include "image/container.h"

#define PIECE_FRAMES ((uint64_t)1 << 18) /* 1 GiB of memory in 32 KiB */
#define PIECES       (IMAGE_FRAMES_MOST / PIECE_FRAMES)
#define SHELF_PIECES ((uint64_t)512)
#define SHELVES      (PIECES / SHELF_PIECES)

_Static_assert(SHELVES *SHELF_PIECES *PIECE_FRAMES == IMAGE_FRAMES_MOST, "every frame has a bit");

struct touched {
    uint64_t count;
    uint8_t **shelves[SHELVES]; /* of pieces */
};

struct touched *touched_create(void) {
    return xcalloc(1, sizeof(struct touched));
}

void touched_destroy(struct touched *touched) {
    for (size_t i = 0; touched && i < SHELVES; i++) {
        for (size_t j = 0; touched->shelves[i] && j < SHELF_PIECES; j++)
            free(touched->shelves[i][j]);
        free(touched->shelves[i]);
    }
    free(touched);
}

void touched_add(struct touched *touched, uint64_t pfn) {
    if (pfn >= IMAGE_FRAMES_MOST)
        return;
    uint8_t ***shelf = &touched->shelves[pfn / PIECE_FRAMES / SHELF_PIECES];
    if (!*shelf)
        *shelf = xcalloc(SHELF_PIECES, sizeof **shelf);
    uint8_t **piece = &(*shelf)[pfn / PIECE_FRAMES % SHELF_PIECES];
    if (!*piece)
        *piece = xcalloc(1, PIECE_FRAMES / 8);
    uint8_t *byte = *piece + pfn % PIECE_FRAMES / 8, bit = (uint8_t)(1u << pfn % 8);
    touched->count += !(*byte & bit);
    *byte |= bit;
}

uint64_t touched_count(const struct touched *touched) {
    return touched->count;
}
