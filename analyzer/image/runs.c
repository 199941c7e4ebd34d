/* runs.c - page lookup by runs of page frames. */
#include "image/runs.h"

#include <inttypes.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"

/* PHYSICAL_MEMORY_DESCRIPTOR32 and 64, PHYSICAL_MEMORY_RUN32 and 64 of wdbgexts.h. */
enum { NUMBER_OF_RUNS = 0x0 };
const struct runs_layout runs_layout32 = {.runs = 0x8, .run_size = 0x8};
const struct runs_layout runs_layout64 = {.runs = 0x10, .run_size = 0x10};

/* The index of the first run whose base is above `pfn`. */
static size_t first_above(const struct runs *runs, uint64_t pfn) {
    size_t low = 0;
    for (size_t high = runs->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (runs->items[middle].base > pfn)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void runs_deinit(struct runs *runs) {
    free(runs->items);
    *runs = (struct runs){0};
}

enum status runs_add(struct error *err, struct runs *runs, struct run run) {
    if (run.pages == 0)
        return STATUS_OK;
    if (run.base >= IMAGE_FRAMES_MOST || run.pages > IMAGE_FRAMES_MOST - run.base)
        return fail(err, STATUS_FORMAT,
                    "run at offset 0x%" PRIx64 ": expected frames below 0x%" PRIx64
                    ", found 0x%" PRIx64 " pages at frame 0x%" PRIx64,
                    run.offset, IMAGE_FRAMES_MOST, run.pages, run.base);
    run.rank = runs->pages;
    ARRAY_RESERVE(runs->items, runs->count, runs->capacity);
    runs->items[runs->count++] = run;
    runs->pages += run.pages; /* cannot wrap before runs overlap */
    return STATUS_OK;
}

static int by_base(const void *left, const void *right) {
    const struct run *a = left, *b = right;
    if (a->base != b->base)
        return a->base < b->base ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

enum status runs_sort(struct error *err, struct runs *runs) {
    if (runs->count)
        qsort(runs->items, runs->count, sizeof *runs->items, by_base);
    for (size_t i = 1; i < runs->count; i++) {
        const struct run *run = &runs->items[i - 1], *other = &runs->items[i];
        if (other->base - run->base < run->pages)
            return fail(err, STATUS_FORMAT,
                        "run at offset 0x%" PRIx64 ": expected frames of its own, found 0x%" PRIx64
                        " pages at frame 0x%" PRIx64 " over 0x%" PRIx64 " pages at frame 0x%" PRIx64
                        " of the run at offset 0x%" PRIx64,
                        other->offset, other->pages, other->base, run->pages, run->base,
                        run->offset);
    }
    return STATUS_OK;
}

enum status runs_init(struct error *err, struct runs *runs, const struct runs_layout *layout,
                      const uint8_t *descriptor, uint64_t offset) {
    *runs = (struct runs){0};
    uint32_t count = load_u32(descriptor + NUMBER_OF_RUNS);
    uint32_t most = (RUNS_BUFFER_SIZE - layout->runs) / layout->run_size;
    if (count > most)
        return fail(err, STATUS_FORMAT,
                    "NumberOfRuns at offset 0x%" PRIx64 ": expected at most %" PRIu32
                    ", found 0x%" PRIx32,
                    offset, most, count);
    enum status status = STATUS_OK;
    unsigned width = layout->run_size / 2;
    for (uint32_t index = 0; index < count && !status; index++) {
        uint32_t place = layout->runs + index * layout->run_size;
        status = runs_add(err, runs,
                          (struct run){.base = load_integer(descriptor + place, width),
                                       .pages = load_integer(descriptor + place + width, width),
                                       .offset = offset + place});
    }
    return status ? status : runs_sort(err, runs);
}

bool runs_rank(const struct runs *runs, uint64_t pfn, uint64_t *rank) {
    size_t above = first_above(runs, pfn);
    if (above == 0)
        return false;
    const struct run *run = &runs->items[above - 1];
    if (pfn - run->base >= run->pages)
        return false;
    *rank = run->rank + (pfn - run->base);
    return true;
}
