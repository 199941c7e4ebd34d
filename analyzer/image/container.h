/*
 * container.h - what image.c and the containers share. Nothing outside this folder includes it.
 */
#ifndef NTDRIFT_IMAGE_CONTAINER_H
#define NTDRIFT_IMAGE_CONTAINER_H

#include "base/file.h"
#include "image/bitmap.h"
#include "image/blocks.h"
#include "image/image.h"
#include "image/runs.h"
#include "image/triage.h"

/* One past the highest page frame that is believed: 256 TiB, what the 36 bits of
 * MMPTE_HARDWARE.PageFrameNumber can say. It bounds the work that a hostile bitmap causes. */
#define IMAGE_FRAMES_MOST ((uint64_t)1 << 36)

/* All pages of a container lie in one row from `first_page` on; it says the how-manieth of them a
 * frame is. */
struct image {
    struct mapping mapping; /* empty where the bytes belong to somebody else */
    const uint8_t *bytes;
    uint64_t size;
    uint64_t first_page; /* file offset */
    bool (*rank)(const struct image *image, uint64_t pfn, uint64_t *rank);
    struct bitmap bitmap;
    struct runs runs;
    struct triage *triage; /* of a triage dump, which has `blocks` in place of pages; else NULL */
    struct blocks blocks;
    struct image_info info;
};

/* Fills everything of `image` but `mapping`, `bytes`, `size`, and of its info the sizes and the
 * pages present. Messages do not name the file. */
enum status crash64_open(struct error *err, struct image *image);
enum status crash32_open(struct error *err, struct image *image);

/* The part of crash64_open() for type 4; also sets the expected size. */
enum status triage_open(struct error *err, struct image *image);
void triage_close(struct image *image);

/* Refuses a file that no container claims, by the name of what it is. */
enum status foreign_refuse(struct error *err, const uint8_t *bytes, uint64_t size);

#endif
