/*
 * runs.h - which page frames a dump holds, and the how-manieth of them a frame is, by the runs of
 * a PHYSICAL_MEMORY_DESCRIPTOR, or by as many in any other table.
 *
 * Pages lie in the file in the order of the runs as they are listed; frames are looked up by binary
 * search. Does not judge NumberOfPages, which is not needed to find a page.
 */
#ifndef NTDRIFT_IMAGE_RUNS_H
#define NTDRIFT_IMAGE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* PhysicalMemoryBlockBuffer has 700 bytes in both widths (wdbgexts.h,
 * DMP_PHYSICAL_MEMORY_BLOCK_SIZE_32 and _64). Of the 32-bit descriptor eight are its own, eight
 * more each run; of the 64-bit one sixteen. */
#define RUNS_BUFFER_SIZE 700u

struct runs_layout {
    uint32_t runs;     /* offset of the first run; NumberOfRuns is at 0 */
    uint32_t run_size; /* BasePage and PageCount, each half of it */
};

extern const struct runs_layout runs_layout32, runs_layout64;

struct run {
    uint64_t base;   /* first page frame */
    uint64_t pages;  /* never 0 */
    uint64_t rank;   /* pages in the file before this run */
    uint64_t offset; /* where in the file the run is listed, for messages */
};

struct runs {
    struct run *items; /* by ascending base once sorted */
    size_t count;
    size_t capacity;
    uint64_t pages; /* in all */
};

void runs_deinit(struct runs *runs);

/* Adds the next run of the file; one without pages is none. Frames behind the last possible one are
 * an error. */
enum status runs_add(struct error *err, struct runs *runs, struct run run);

/* Puts the runs in order, for runs_rank(). Runs that overlap are an error: a frame in two of them
 * would be in the file twice, and nothing says which of the two pages is the right one. */
enum status runs_sort(struct error *err, struct runs *runs);

/* All of that for a descriptor of RUNS_BUFFER_SIZE bytes at `offset` in the file. Too many runs are
 * an error as well. */
enum status runs_init(struct error *err, struct runs *runs, const struct runs_layout *layout,
                      const uint8_t *descriptor, uint64_t offset);

/* Whether frame `pfn` is in a run; if so, how many pages lie before it in the file. */
bool runs_rank(const struct runs *runs, uint64_t pfn, uint64_t *rank);

#endif
