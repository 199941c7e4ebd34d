/*
 * touched.h - which page frames were read, for those who ask how much of a dump an answer took.
 */
#ifndef NTDRIFT_IMAGE_TOUCHED_H
#define NTDRIFT_IMAGE_TOUCHED_H

#include <stdint.h>

struct touched;

struct touched *touched_create(void);
void touched_destroy(struct touched *touched);

/* `pfn` is below IMAGE_FRAMES_MOST; another one is not counted. */
void touched_add(struct touched *touched, uint64_t pfn);

/* Different page frames that were added. */
uint64_t touched_count(const struct touched *touched);

#endif
