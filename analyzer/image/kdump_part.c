/*
 * kdump_part.c - the header, the bitmaps and the page descriptors of one kdump-compressed file.
 *
 * Sources: makedumpfile, IMPLEMENTATION and diskdump_mod.h (struct disk_dump_header,
 * kdump_sub_header, page_desc). What libkdumpfile 0.5.1 does not check is checked here: it reads
 * beyond the file's end, and unpacks more than a page into a page.
 */
#include <inttypes.h>
#include <unistd.h>

#include "image/bytes.h"
#include "image/image.h"
#include "image/kdump.h"

enum {
    HEADER_VERSION = 8,
    BLOCK_SIZE = 428,
    SUB_HEADER_BLOCKS = 432,
    BITMAP_BLOCKS = 436,
    MAX_MAPNR = 440,
    SUB_DUMP_LEVEL = 8,
    SUB_SPLIT = 12,
    SUB_START_PFN = 16, /* in a set: the first page frame of this part */
    SUB_END_PFN = 24,
    SUB_OFFSET_NOTE = 48, /* from version 4 on */
    SUB_SIZE_NOTE = 56,
    SUB_START_PFN_64 = 80, /* from version 6 on, for a part's frames as well */
    SUB_END_PFN_64 = 88,
    SUB_MAX_MAPNR_64 = 96,
    SUB_SIZE = 104,
    VERSION_LEAST = 4,
    VERSION_64 = 6,
    DESCRIPTOR_SIZE = 24,
    DESCRIPTOR_LENGTH = 8,
};

#define NOTES_MOST (16u << 20)

static const uint8_t *sub_header(const struct kdump_part *part) {
    return part->bytes + IMAGE_PAGE_SIZE;
}

static bool is_version_64(const struct kdump_part *part) {
    return load_u32(part->bytes + HEADER_VERSION) >= VERSION_64;
}

static uint64_t bitmap_offset(const struct kdump_part *part) {
    return (1 + (uint64_t)load_u32(part->bytes + SUB_HEADER_BLOCKS)) * IMAGE_PAGE_SIZE;
}

static enum status check_header(struct error *err, const struct kdump_part *part) {
    if (part->size < 2 * IMAGE_PAGE_SIZE)
        return fail(err, STATUS_FORMAT,
                    "kdump header is cut off: expected 0x%x bytes, found 0x%" PRIx64,
                    2 * IMAGE_PAGE_SIZE, part->size);
    uint32_t version = load_u32(part->bytes + HEADER_VERSION);
    uint32_t block = load_u32(part->bytes + BLOCK_SIZE);
    if (version < VERSION_LEAST || version > VERSION_64)
        return fail(err, STATUS_UNSUPPORTED,
                    "header_version at offset 0x%x: expected 4 to 6, found %" PRIu32,
                    HEADER_VERSION, version);
    if (block != IMAGE_PAGE_SIZE)
        return fail(err, STATUS_FORMAT, "block_size at offset 0x%x: expected 4096, found %" PRIu32,
                    BLOCK_SIZE, block);
    uint64_t blocks = load_u32(part->bytes + BITMAP_BLOCKS), start = bitmap_offset(part);
    if (start < IMAGE_PAGE_SIZE + SUB_SIZE || start > part->size ||
        blocks * IMAGE_PAGE_SIZE > part->size - start)
        return fail(err, STATUS_FORMAT,
                    "bitmap_blocks at offset 0x%x: expected blocks inside the file from offset "
                    "0x%" PRIx64 " on, found 0x%" PRIx64,
                    BITMAP_BLOCKS, start, blocks);
    return STATUS_OK;
}

static enum status take_notes(struct error *err, struct kdump_part *part) {
    uint64_t offset = load_u64(sub_header(part) + SUB_OFFSET_NOTE);
    uint64_t size = load_u64(sub_header(part) + SUB_SIZE_NOTE);
    if (size > NOTES_MOST || offset > part->size || size > part->size - offset)
        return fail(err, STATUS_FORMAT,
                    "size_note at offset 0x%x: expected at most 0x%x bytes inside the file, found "
                    "0x%" PRIx64 " at offset 0x%" PRIx64,
                    IMAGE_PAGE_SIZE + SUB_SIZE_NOTE, NOTES_MOST, size, offset);
    part->notes = part->bytes + offset;
    part->notes_size = size;
    return STATUS_OK;
}

/* The second of the two bitmaps says which pages are dumped; each has a descriptor, in order. */
static void take_bitmap(struct kdump_part *part) {
    uint64_t length = (uint64_t)load_u32(part->bytes + BITMAP_BLOCKS) * IMAGE_PAGE_SIZE;
    uint64_t start = bitmap_offset(part), bits = length / 2 * 8;
    uint64_t frames = is_version_64(part) ? load_u64(sub_header(part) + SUB_MAX_MAPNR_64)
                                          : load_u32(part->bytes + MAX_MAPNR);
    bitmap_init(&part->bitmap, part->bytes + start + length / 2, frames < bits ? frames : bits);
    part->descriptors = start + length;
    part->end = part->bitmap.size;
}

/* A part has descriptors for its own frames alone, and the bitmap of all. */
static enum status take_range(struct error *err, struct kdump_part *part) {
    part->is_split = load_u32(sub_header(part) + SUB_SPLIT) != 0;
    if (part->is_split) {
        unsigned at = is_version_64(part) ? SUB_START_PFN_64 : SUB_START_PFN;
        uint64_t first = load_u64(sub_header(part) + at), end = load_u64(sub_header(part) + at + 8);
        if (first >= end || first >= part->bitmap.size)
            return fail(err, STATUS_FORMAT,
                        "page frames of a part of a split kdump at offset 0x%x: expected some "
                        "below 0x%" PRIx64 ", found 0x%" PRIx64 " to 0x%" PRIx64,
                        IMAGE_PAGE_SIZE + at, part->bitmap.size, first, end);
        part->first = first;
        part->end = end < part->bitmap.size ? end : part->bitmap.size;
    }
    part->skipped = bitmap_count_below(&part->bitmap, part->first);
    part->pages = bitmap_count_below(&part->bitmap, part->end) - part->skipped;
    return STATUS_OK;
}

/* Whether the page of that rank in the part can be asked for. */
static enum read_state check_page(const struct kdump_part *part, uint64_t rank) {
    uint64_t at = part->descriptors + rank * DESCRIPTOR_SIZE; /* ranks are below 2^35 */
    if (at > part->size || part->size - at < DESCRIPTOR_SIZE)
        return READ_CUT_OFF;
    uint64_t offset = load_u64(part->bytes + at);
    uint32_t length = load_u32(part->bytes + at + DESCRIPTOR_LENGTH);
    if (offset == 0 || offset > part->size || length > part->size - offset)
        return READ_CUT_OFF; /* in a file that was cut, a descriptor itself may be zeros */
    return length == 0 || length > IMAGE_PAGE_SIZE ? READ_BAD_VALUE : READ_PRESENT;
}

static void measure(struct kdump_part *part) {
    uint64_t table_end = part->descriptors + part->pages * DESCRIPTOR_SIZE;
    part->expected_size = part->size > table_end ? part->size : table_end;
    for (uint64_t rank = 0; rank < part->pages; rank++) {
        uint64_t at = part->descriptors + rank * DESCRIPTOR_SIZE, end;
        if (at > part->size || part->size - at < DESCRIPTOR_SIZE)
            return; /* all that follow are cut off as well */
        part->pages_present += check_page(part, rank) != READ_CUT_OFF;
        if (!__builtin_add_overflow(load_u64(part->bytes + at),
                                    load_u32(part->bytes + at + DESCRIPTOR_LENGTH), &end) &&
            end > part->expected_size)
            part->expected_size = end;
    }
}

enum status kdump_part_open(struct error *err, const uint8_t *bytes, uint64_t size,
                            struct kdump_part *part) {
    *part = (struct kdump_part){.bytes = bytes, .size = size};
    enum status status = check_header(err, part);
    if (!status)
        status = take_notes(err, part);
    if (status)
        return status;
    part->is_filtered = load_u32(sub_header(part) + SUB_DUMP_LEVEL) != 0;
    take_bitmap(part);
    status = take_range(err, part);
    if (!status)
        measure(part);
    return status;
}

void kdump_part_close(struct kdump_part *part) {
    bitmap_deinit(&part->bitmap);
    mapping_close(&part->mapping);
    if (part->descriptor)
        close(part->descriptor);
}

enum read_state kdump_part_find(const struct kdump_part *part, uint64_t pfn) {
    uint64_t rank;
    if (pfn < part->first || pfn >= part->end || !bitmap_rank(&part->bitmap, pfn, &rank))
        return READ_NOT_IN_DUMP;
    return check_page(part, rank - part->skipped);
}

bool kdump_part_next(const struct kdump_part *part, uint64_t pfn, uint64_t *next) {
    for (pfn = pfn < part->first ? part->first : pfn; pfn < part->end; pfn++) {
        if (pfn % 8 == 0 && part->bitmap.bits[pfn / 8] == 0) {
            pfn += 7;
            continue;
        }
        if (kdump_part_find(part, pfn) == READ_PRESENT) {
            *next = pfn;
            return true;
        }
    }
    return false;
}
