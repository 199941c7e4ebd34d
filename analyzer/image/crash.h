/*
 * crash.h - what the two widths of crash dumps share: a form (crash64.c, crash32.c) says where
 * things lie, crash.c opens the dump by it. Nothing outside this folder includes it.
 */
#ifndef NTDRIFT_IMAGE_CRASH_H
#define NTDRIFT_IMAGE_CRASH_H

#include "image/container.h"

/* Where the header of the bitmap, which follows the dump's header in the file, has its fields. */
struct bitmap_layout {
    uint32_t header_size;
    uint32_t bitmap_size;
    uint32_t pages;
    uint32_t buffer;
    unsigned width; /* bytes of each of the three */
};

/* The one range dump that says how many ranges and pages it has. */
#define CRASH_RANGE_COMPLETE 10

struct crash_form;

struct crash_type {
    uint32_t number;
    const char *name; /* in a snapshot */
    const char *what; /* in a message */
    enum status (*open)(struct error *err, struct image *image, const struct crash_form *form,
                        const struct crash_type *type);
    const struct bitmap_layout *layout;
    const char *signatures[2]; /* of the bitmap's header */
};

struct crash_form {
    const char *format;
    unsigned address_bits;
    uint32_t header_size;
    uint32_t dump_type; /* offset of DumpType */
    const struct runs_layout *runs;
    uint32_t physical_memory_block; /* offset of the descriptor */
    const struct image_field *fields;
    size_t field_count;
    const struct crash_type *types;
    size_t type_count;
    const char *read; /* the types that are, for messages */
};

/* Makes `header`, whole and outliving the image, that of the image. */
void crash_take_header(struct image *image, const struct crash_form *form, const uint8_t *header);

enum status crash_open(struct error *err, struct image *image, const struct crash_form *form);

/* What a type's pages are found by: the runs of the header, the bitmap behind it, or the table of
 * ranges behind it (crash_ranges.c). */
enum status crash_open_runs(struct error *err, struct image *image, const struct crash_form *form,
                            const struct crash_type *type);
enum status crash_open_bitmap(struct error *err, struct image *image, const struct crash_form *form,
                              const struct crash_type *type);
enum status crash_open_ranges(struct error *err, struct image *image, const struct crash_form *form,
                              const struct crash_type *type);

/* The rank of a frame by image->runs. */
bool crash_rank_in_runs(const struct image *image, uint64_t pfn, uint64_t *rank);

#endif
