/*
 * triage.h - what a triage dump (PAGEDU64, type 4) holds beside memory: its own header, the list of
 * drivers, the unloaded ones, and the secondary data that drivers added.
 *
 * Such a dump has no pages: image_virtual() gives its memory by virtual address. Counts and offsets
 * are the file's own; what lies outside the file is left out, and the counts tell.
 *
 * Sources: TRIAGE_DUMP64, DUMP_DRIVER_ENTRY64, TRIAGE_DATA_BLOCK, DUMP_UNLOADED_DRIVERS64 and
 * DUMP_BLOB_HEADER as public readers have them (rizin, dmp_specs.h; Ghidra, pagedump; the field
 * names are those that WinDbg's .dumpdebug prints). Checked on real dumps of 19041 and 22000.
 */
#ifndef NTDRIFT_IMAGE_TRIAGE_H
#define NTDRIFT_IMAGE_TRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/* UTF-16LE, in place. */
struct triage_name {
    const uint8_t *bytes; /* NULL where it lies outside the file */
    size_t length;        /* in bytes, even */
};

struct triage_driver {
    struct triage_name path;
    uint64_t base;
    uint32_t size;
    uint32_t timestamp;
};

/* Windows keeps twelve characters of the name, and the last 50 of these. */
struct triage_unloaded {
    struct triage_name name;
    uint64_t start;
    uint64_t end;
};

struct triage_blob {
    uint8_t tag[16]; /* a GUID */
    uint32_t size;
};

/* Where the dump keeps a copy of something, without saying at which address it lay. */
struct triage_part {
    uint64_t offset;
    uint64_t size; /* to the next part, or as far as the file goes */
};

struct triage {
    const struct image_field *fields; /* of TRIAGE_DUMP64; offsets in the file */
    size_t field_count;
    bool complete; /* the mark behind the dump's last byte is there */

    uint32_t blocks_promised;
    uint32_t blocks_present; /* wholly inside the file */
    uint32_t drivers_promised;
    struct triage_driver *drivers; /* in the loader's order */
    size_t driver_count;
    uint64_t unloaded_promised;
    struct triage_unloaded *unloaded;
    size_t unloaded_count;
    struct triage_blob *blobs;
    size_t blob_count;

    struct triage_part prcb;
    struct triage_part process;
    struct triage_part thread;
    struct triage_part context;
    struct triage_part exception;
};

/* NULL for every other container. */
const struct triage *image_triage(const struct image *image);

/* Copies up to `length` bytes at `at` of a part; false where it does not hold that much. */
bool triage_read(const struct image *image, const struct triage_part *part, uint64_t at,
                 void *buffer, size_t length);

/* The driver whose image holds `address`; NULL where none does. */
const struct triage_driver *triage_driver_at(const struct triage *triage, uint64_t address);

/* A file name without its folder. */
struct triage_name triage_base_name(struct triage_name path);

#endif
