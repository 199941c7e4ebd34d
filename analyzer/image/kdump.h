/*
 * kdump.h - a kdump-compressed file, which may be one part of a split set: which pages it has, and
 * whether they can be asked for. Nothing outside this folder includes it.
 */
#ifndef NTDRIFT_IMAGE_KDUMP_H
#define NTDRIFT_IMAGE_KDUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mapping.h"
#include "base/status.h"
#include "image/bitmap.h"
#include "image/read.h"

/* The bytes of struct disk_dump_header: the same in all parts of a set. */
#define KDUMP_HEADER_SIZE 464u

struct kdump_part {
    const uint8_t *bytes;
    uint64_t size;
    struct mapping mapping; /* of another file than the image's own; else empty */
    int descriptor;         /* which that file is open on; 0: none */
    struct bitmap bitmap;   /* of all page frames of the machine, in every part */
    uint64_t descriptors;   /* file offset of the page descriptors */
    bool is_split;
    uint64_t first, end;    /* the page frames that it is for */
    uint64_t skipped;       /* pages in the parts before it */
    uint64_t pages;         /* in this one */
    uint64_t pages_present; /* of these, inside the file */
    uint64_t expected_size; /* where the last of them ends */
    const uint8_t *notes;   /* inside the file; NULL: none */
    uint64_t notes_size;
    bool is_filtered; /* pages were left out by its writer */
};

/* Checks and measures the file; `bytes` outlive the part. Closed by the caller in any case. */
enum status kdump_part_open(struct error *err, const uint8_t *bytes, uint64_t size,
                            struct kdump_part *part);
void kdump_part_close(struct kdump_part *part);

/* READ_PRESENT: the page can be asked for. */
enum read_state kdump_part_find(const struct kdump_part *part, uint64_t pfn);

/* The first page frame of the part from `pfn` on that can be asked for. */
bool kdump_part_next(const struct kdump_part *part, uint64_t pfn, uint64_t *next);

struct image;

/* Finds the other parts of the set that the image's only part is of, in its folder, and puts all
 * in order. The names do not matter: makedumpfile takes any. A part that is missing is an error
 * which says the page frames in it. */
enum status kdump_find_set(struct error *err, struct image *image);

/* Writes what a flattened file stands for into a temporary one without a name, and maps that. The
 * caller closes both, on an error as well: *descriptor is 0 where there is none. */
enum status flattened_unfold(struct error *err, const uint8_t *bytes, uint64_t size,
                             int *descriptor, struct mapping *mapping);

/* Where the kdump's header is in a flattened file: behind its own and that of its first block. */
#define FLATTENED_HEADER_AT (4096u + 16u)

#endif
