/* segments.c - stretches of physical memory in order, found by binary search. */
#include "image/segments.h"

#include "base/memory.h"

void segments_deinit(struct segments *segments) {
    free(segments->items);
    *segments = (struct segments){0};
}

void segments_add(struct segments *segments, struct segment segment) {
    if (segment.pages == 0)
        return;
    ARRAY_RESERVE(segments->items, segments->count, segments->capacity);
    segments->items[segments->count++] = segment;
}

static int by_base(const void *left, const void *right) {
    const struct segment *a = left, *b = right;
    if (a->base != b->base)
        return a->base < b->base ? -1 : 1;
    return a->pages > b->pages ? -1 : a->pages < b->pages;
}

/* Cuts from the front of `segment` what lies below `end`. */
static void clip(struct segment *segment, uint64_t end) {
    if (segment->base >= end)
        return;
    uint64_t gone = end - segment->base;
    segment->base = end;
    segment->pages = segment->pages > gone ? segment->pages - gone : 0;
    segment->present = segment->present > gone ? segment->present - gone : 0;
}

void segments_sort(struct segments *segments) {
    uint64_t end = 0;
    size_t kept = 0;
    if (segments->count)
        qsort(segments->items, segments->count, sizeof *segments->items, by_base);
    segments->promised = segments->present = 0;
    for (size_t i = 0; i < segments->count; i++) {
        struct segment segment = segments->items[i];
        clip(&segment, end);
        if (segment.pages == 0)
            continue;
        end = segment.base + segment.pages;
        segments->promised += segment.pages;
        segments->present += segment.present;
        segments->items[kept++] = segment;
    }
    segments->count = kept;
}

/* The index of the first segment that begins above `pfn`. */
static size_t first_above(const struct segments *segments, uint64_t pfn) {
    size_t low = 0;
    for (size_t high = segments->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (segments->items[middle].base > pfn)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

enum read_state segments_find(const struct segments *segments, uint64_t pfn) {
    size_t above = first_above(segments, pfn);
    if (above == 0)
        return READ_NOT_IN_DUMP;
    const struct segment *segment = &segments->items[above - 1];
    if (pfn - segment->base >= segment->pages)
        return READ_NOT_IN_DUMP;
    return pfn - segment->base < segment->present ? READ_PRESENT : READ_CUT_OFF;
}

bool segments_next(const struct segments *segments, uint64_t pfn, uint64_t *next) {
    size_t at = first_above(segments, pfn);
    if (segments_find(segments, pfn) == READ_PRESENT) {
        *next = pfn;
        return true;
    }
    while (at < segments->count && segments->items[at].present == 0)
        at++;
    if (at == segments->count)
        return false;
    *next = segments->items[at].base;
    return true;
}
