/*
 * container.h - what image.c and the containers share. Nothing outside this folder includes it.
 */
#ifndef NTDRIFT_IMAGE_CONTAINER_H
#define NTDRIFT_IMAGE_CONTAINER_H

#include "base/mapping.h"
#include "image/bitmap.h"
#include "image/blocks.h"
#include "image/capture.h"
#include "image/image.h"
#include "image/kdump.h"
#include "image/runs.h"
#include "image/segments.h"
#include "image/touched.h"
#include "image/triage.h"

/* One past the highest page frame that is believed: 256 TiB, what the 36 bits of
 * MMPTE_HARDWARE.PageFrameNumber can say. It bounds the work that a hostile bitmap causes. */
#define IMAGE_FRAMES_MOST ((uint64_t)1 << 36)

/* Values found in memory, for images without a header. */
#define IMAGE_SUPPLIED_MOST 8

struct supplied {
    const char *name;
    uint64_t value;
};

/* All pages of a crash dump lie in one row from `first_page` on; it says by `rank` the how-manieth
 * of them a frame is. Another container gives its pages by a function of its own. */
struct image {
    const char *path;        /* NULL where the bytes are somebody else's memory */
    struct mapping mapping;  /* empty where the bytes belong to somebody else */
    struct mapping unfolded; /* of a flattened file: the file it stands for */
    int unfolded_descriptor; /* 0: none */
    const uint8_t *bytes;
    uint64_t size;
    uint64_t first_page; /* file offset */
    bool (*rank)(const struct image *image, uint64_t pfn, uint64_t *rank);
    enum read_state (*page)(const struct image *image, uint64_t pfn, const uint8_t **page);
    bool (*next)(const struct image *image, uint64_t pfn, uint64_t *next);
    struct bitmap bitmap;
    struct runs runs;
    struct triage *triage; /* of a triage dump; else NULL */
    bool is_virtual;       /* it has `blocks` in place of pages: a triage dump, a PE file */
    struct blocks blocks;
    struct segments segments;
    struct kdump_part *parts; /* of a kdump: one, or those of a set in order of their frames */
    size_t part_count;
    struct capture *capture;
    struct touched *touched;
    struct supplied supplied[IMAGE_SUPPLIED_MOST];
    size_t supplied_count;
    struct image_info info;
};

/* Fills everything of `image` but `mapping`, `bytes`, `size`, and of its info the sizes and the
 * pages present. Messages do not name the file. */
enum status crash64_open(struct error *err, struct image *image);
enum status crash32_open(struct error *err, struct image *image);

/* The part of crash64_open() for type 4; also sets the expected size. */
enum status triage_open(struct error *err, struct image *image);
void triage_close(struct image *image);

/* Makes the bytes of a DUMP_HEADER64 or DUMP_HEADER32 the header of a capture. */
#define CRASH64_HEADER_SIZE 0x2000u
#define CRASH32_HEADER_SIZE 0x1000u
void crash64_take_header(struct image *image, const uint8_t *header);
void crash32_take_header(struct image *image, const uint8_t *header);

/* The same contract as crash64_open(), pages present included. */
enum status elf_open(struct error *err, struct image *image);
enum status kdump_open(struct error *err, struct image *image);
void kdump_close(struct image *image);
enum status flattened_open(struct error *err, struct image *image);
enum status raw_open(struct error *err, struct image *image);

/* The same for a PE file, which is not among the dumps. */
enum status executable_open(struct error *err, struct image *image);

/* The `rank` of what has no pages. */
bool image_no_rank(const struct image *image, uint64_t pfn, uint64_t *rank);

/* Whether a file without a magic can be a raw image: long enough, and nothing that foreign.c
 * knows. */
bool raw_is_likely(const uint8_t *bytes, uint64_t size);

/* Starts the reader on the image's file, or on those of its parts. */
enum status image_start_capture(struct error *err, struct image *image);

/* Whether a file is empty, text, or begins like a known format. */
bool foreign_is_known(const uint8_t *bytes, uint64_t size);

/* Refuses a file that no container claims, by the name of what it is. */
enum status foreign_refuse(struct error *err, const uint8_t *bytes, uint64_t size);

#endif
