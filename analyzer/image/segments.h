/*
 * segments.h - which page frames a file holds, by stretches of physical memory that may lie
 * anywhere in it, be many, overlap, and reach beyond the file's end.
 *
 * Does not know where the pages are in the file.
 */
#ifndef NTDRIFT_IMAGE_SEGMENTS_H
#define NTDRIFT_IMAGE_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/read.h"

struct segment {
    uint64_t base;    /* first page frame */
    uint64_t pages;   /* as promised */
    uint64_t present; /* of these, the first ones, whole inside the file */
};

struct segments {
    struct segment *items; /* by ascending base once sorted */
    size_t count;
    size_t capacity;
    uint64_t promised; /* pages in all, once sorted */
    uint64_t present;
};

void segments_deinit(struct segments *segments);
void segments_add(struct segments *segments, struct segment segment);

/* Puts the segments in order. Of frames in more than one, the segment that begins first keeps
 * them: a lookup has one answer. */
void segments_sort(struct segments *segments);

/* READ_PRESENT, READ_CUT_OFF or READ_NOT_IN_DUMP. */
enum read_state segments_find(const struct segments *segments, uint64_t pfn);

/* The first frame from `pfn` on that is inside the file; false where there is none. */
bool segments_next(const struct segments *segments, uint64_t pfn, uint64_t *next);

#endif
