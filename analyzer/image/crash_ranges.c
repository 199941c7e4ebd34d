/*
 * crash_ranges.c - range dumps (PAGEDU64, types 8 to 10): pages by a table of ranges behind the
 * header.
 *
 * Sources: RDMP_HEADER64, KERNEL_RDMP_HEADER64 and FULL_RDMP_HEADER64 of kdmp-parser, which were
 * found in dbgeng.dll and on dumps of newer WinDbg. Its issue 27 shows the table of a real complete
 * dump: MetadataSize 0x70 for six ranges, so that the sixteen bytes in front of them count in, and
 * the first page right behind, at 0x2090: pages of these files lie at no multiple of their size.
 */
#include <inttypes.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"
#include "image/crash.h"

enum {
    RDMP_HEADER = 0x2000, /* behind DUMP_HEADER64; its first member is the 0x40 of all dumps */
    SIGNATURE = RDMP_HEADER + 0x4,
    METADATA = RDMP_HEADER + 0x20,
    RANGES = RDMP_HEADER + 0x30,
    RANGE_SIZE = 0x10, /* first page frame, and pages */
};

/* What of it is known: the last two are those of complete dumps alone. */
static const struct image_field fields[] = {
    {"MetadataSize", RDMP_HEADER + 0x10, 8, 1, IMAGE_FIELD_COUNT},
    {"FirstPageOffset", RDMP_HEADER + 0x18, 8, 1, IMAGE_FIELD_HEX},
    {"NumberOfRanges", RDMP_HEADER + 0x20, 4, 1, IMAGE_FIELD_COUNT},
    {"TotalNumberOfPages", RDMP_HEADER + 0x28, 8, 1, IMAGE_FIELD_COUNT},
};
enum { METADATA_SIZE, FIRST_PAGE_OFFSET, NUMBER_OF_RANGES, TOTAL_NUMBER_OF_PAGES };

static uint64_t value_of(const struct image *image, unsigned field) {
    return image_field_value(image, &fields[field], 0);
}

static enum status check_header(struct error *err, const struct image *image) {
    if (image->size < RANGES)
        return fail(err, STATUS_FORMAT,
                    "range header at offset 0x%x is cut off: expected 0x%x bytes, found 0x%" PRIx64,
                    RDMP_HEADER, RANGES - RDMP_HEADER, image->size - RDMP_HEADER);
    if (memcmp(image->bytes + SIGNATURE, "RDMPDUMP", 8) != 0)
        return fail(err, STATUS_FORMAT,
                    "range header at offset 0x%x: expected 'RDMPDUMP', found 0x%016" PRIx64,
                    SIGNATURE, load_u64(image->bytes + SIGNATURE));
    uint64_t size = value_of(image, METADATA_SIZE);
    if (size < RANGES - METADATA || size > image->size - METADATA)
        return fail(err, STATUS_FORMAT,
                    "MetadataSize at offset 0x%" PRIx32 ": expected from 0x%x up to the 0x%" PRIx64
                    " bytes that the file can hold, found 0x%" PRIx64,
                    fields[METADATA_SIZE].offset, RANGES - METADATA, image->size - METADATA, size);
    if (value_of(image, FIRST_PAGE_OFFSET) < METADATA + size)
        return fail(err, STATUS_FORMAT,
                    "FirstPageOffset at offset 0x%" PRIx32 ": expected at least 0x%" PRIx64
                    ", where the ranges end, found 0x%" PRIx64,
                    fields[FIRST_PAGE_OFFSET].offset, METADATA + size,
                    value_of(image, FIRST_PAGE_OFFSET));
    return STATUS_OK;
}

/* The table ends with its last byte, at a range of frame 0, which Windows gives to nobody, or, in a
 * complete dump, with the last page that there is. */
static enum status read_ranges(struct error *err, struct image *image, uint64_t most) {
    uint64_t end = METADATA + value_of(image, METADATA_SIZE);
    struct runs *runs = &image->runs;
    enum status status = STATUS_OK;
    for (uint64_t at = RANGES; !status && end - at >= RANGE_SIZE && runs->pages < most;
         at += RANGE_SIZE) {
        struct run run = {.base = load_u64(image->bytes + at),
                          .pages = load_u64(image->bytes + at + 8),
                          .offset = at};
        if (run.base == 0)
            break;
        status = runs_add(err, runs, run);
    }
    return status ? status : runs_sort(err, runs);
}

enum status crash_open_ranges(struct error *err, struct image *image, const struct crash_form *form,
                              const struct crash_type *type) {
    (void)form;
    enum status status = check_header(err, image);
    if (status)
        return status;
    bool complete = type->number == CRASH_RANGE_COMPLETE;
    status =
        read_ranges(err, image, complete ? value_of(image, TOTAL_NUMBER_OF_PAGES) : UINT64_MAX);
    image->first_page = value_of(image, FIRST_PAGE_OFFSET);
    image->rank = crash_rank_in_runs;
    image->info.range_fields = fields;
    image->info.range_field_count = complete ? ARRAY_LENGTH(fields) : NUMBER_OF_RANGES;
    image->info.pages_promised = image->runs.pages;
    return status;
}
