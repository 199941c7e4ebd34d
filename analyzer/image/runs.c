/* runs.c - page lookup by the runs of a full dump's header. */
#include "image/runs.h"

#include <inttypes.h>

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

static enum status fail_overlap(struct error *err, uint64_t offset, const struct run *run,
                                const struct run *other) {
    return fail(err, STATUS_FORMAT,
                "PhysicalMemoryBlock run at offset 0x%" PRIx64
                ": expected frames of its own, found 0x%" PRIx64 " pages at frame 0x%" PRIx64
                " over 0x%" PRIx64 " pages at frame 0x%" PRIx64,
                offset, run->pages, run->base, other->pages, other->base);
}

/* Puts a run in its place. A frame in two runs would be in the file twice, and nothing says which
 * of the two pages is the right one. */
static enum status insert(struct error *err, struct runs *runs, struct run run, uint64_t offset) {
    if (run.base >= IMAGE_FRAMES_MOST || run.pages > IMAGE_FRAMES_MOST - run.base)
        return fail(err, STATUS_FORMAT,
                    "PhysicalMemoryBlock run at offset 0x%" PRIx64
                    ": expected frames below 0x%" PRIx64 ", found 0x%" PRIx64
                    " pages at frame 0x%" PRIx64,
                    offset, IMAGE_FRAMES_MOST, run.pages, run.base);
    size_t at = first_above(runs, run.base);
    const struct run *before = at ? &runs->items[at - 1] : NULL;
    const struct run *behind = at < runs->count ? &runs->items[at] : NULL;
    if (before && run.base - before->base < before->pages)
        return fail_overlap(err, offset, &run, before);
    if (behind && behind->base - run.base < run.pages)
        return fail_overlap(err, offset, &run, behind);
    memmove(&runs->items[at + 1], &runs->items[at], (runs->count - at) * sizeof run);
    runs->items[at] = run;
    runs->count++;
    runs->pages += run.pages;
    return STATUS_OK;
}

enum status runs_init(struct error *err, struct runs *runs, const struct runs_layout *layout,
                      const uint8_t *descriptor, uint64_t offset) {
    *runs = (struct runs){.count = 0};
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
        struct run run = {.base = load_integer(descriptor + place, width),
                          .pages = load_integer(descriptor + place + width, width),
                          .rank = runs->pages};
        if (run.pages)
            status = insert(err, runs, run, offset + place);
    }
    return status;
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
