/*
 * kdump.c - kdump-compressed files of guests, as QEMU and libvirt write them.
 *
 * Sources: makedumpfile, IMPLEMENTATION and diskdump_mod.h (struct disk_dump_header,
 * kdump_sub_header, page_desc). What libkdumpfile 0.5.1 does not check is checked here: it reads
 * beyond the file's end, and unpacks more than a page into a page.
 */
#include <inttypes.h>

#include "image/bytes.h"
#include "image/container.h"
#include "image/notes.h"

enum {
    HEADER_VERSION = 8,
    BLOCK_SIZE = 428,
    SUB_HEADER_BLOCKS = 432,
    BITMAP_BLOCKS = 436,
    MAX_MAPNR = 440,
    SUB_DUMP_LEVEL = 8,
    SUB_SPLIT = 12,
    SUB_OFFSET_NOTE = 48, /* from version 4 on */
    SUB_SIZE_NOTE = 56,
    SUB_MAX_MAPNR_64 = 96, /* from version 6 on */
    SUB_SIZE = 104,
    VERSION_LEAST = 4,
    VERSION_MAX_MAPNR_64 = 6,
    DESCRIPTOR_SIZE = 24,
    DESCRIPTOR_LENGTH = 8,
};

#define NOTES_MOST (16u << 20)

static uint64_t bitmap_offset(const struct image *image) {
    return (1 + (uint64_t)load_u32(image->bytes + SUB_HEADER_BLOCKS)) * IMAGE_PAGE_SIZE;
}

static enum status check_header(struct error *err, const struct image *image) {
    if (image->size < 2 * IMAGE_PAGE_SIZE)
        return fail(err, STATUS_FORMAT,
                    "kdump header is cut off: expected 0x%x bytes, found 0x%" PRIx64,
                    2 * IMAGE_PAGE_SIZE, image->size);
    uint32_t version = load_u32(image->bytes + HEADER_VERSION);
    uint32_t block = load_u32(image->bytes + BLOCK_SIZE);
    if (version < VERSION_LEAST || version > VERSION_MAX_MAPNR_64)
        return fail(err, STATUS_UNSUPPORTED,
                    "header_version at offset 0x%x: expected 4 to 6, found %" PRIu32,
                    HEADER_VERSION, version);
    if (block != IMAGE_PAGE_SIZE)
        return fail(err, STATUS_FORMAT, "block_size at offset 0x%x: expected 4096, found %" PRIu32,
                    BLOCK_SIZE, block);
    if (load_u32(image->bytes + IMAGE_PAGE_SIZE + SUB_SPLIT))
        return fail(err, STATUS_UNSUPPORTED,
                    "one part of a split kdump (split at offset 0x%x) is not supported",
                    IMAGE_PAGE_SIZE + SUB_SPLIT);
    uint64_t blocks = load_u32(image->bytes + BITMAP_BLOCKS), start = bitmap_offset(image);
    if (start < IMAGE_PAGE_SIZE + SUB_SIZE || start > image->size ||
        blocks * IMAGE_PAGE_SIZE > image->size - start)
        return fail(err, STATUS_FORMAT,
                    "bitmap_blocks at offset 0x%x: expected blocks inside the file from offset "
                    "0x%" PRIx64 " on, found 0x%" PRIx64,
                    BITMAP_BLOCKS, start, blocks);
    return STATUS_OK;
}

static enum status take_notes(struct error *err, struct image *image) {
    uint64_t offset = load_u64(image->bytes + IMAGE_PAGE_SIZE + SUB_OFFSET_NOTE);
    uint64_t size = load_u64(image->bytes + IMAGE_PAGE_SIZE + SUB_SIZE_NOTE);
    if (size > NOTES_MOST || offset > image->size || size > image->size - offset)
        return fail(err, STATUS_FORMAT,
                    "size_note at offset 0x%x: expected at most 0x%x bytes inside the file, found "
                    "0x%" PRIx64 " at offset 0x%" PRIx64,
                    IMAGE_PAGE_SIZE + SUB_SIZE_NOTE, NOTES_MOST, size, offset);
    notes_read(image, image->bytes + offset, size);
    return STATUS_OK;
}

/* The second of the two bitmaps says which pages are dumped; each has a descriptor, in order. */
static void take_bitmap(struct image *image) {
    const uint8_t *sub_header = image->bytes + IMAGE_PAGE_SIZE;
    uint64_t length = (uint64_t)load_u32(image->bytes + BITMAP_BLOCKS) * IMAGE_PAGE_SIZE;
    uint64_t start = bitmap_offset(image), bits = length / 2 * 8;
    uint64_t frames = load_u32(image->bytes + HEADER_VERSION) >= VERSION_MAX_MAPNR_64
                          ? load_u64(sub_header + SUB_MAX_MAPNR_64)
                          : load_u32(image->bytes + MAX_MAPNR);
    bitmap_init(&image->bitmap, image->bytes + start + length / 2, frames < bits ? frames : bits);
    image->descriptors = start + length;
    image->info.pages_promised = image->bitmap.count;
}

/* Whether the page of that rank can be asked for. */
static enum read_state check_page(const struct image *image, uint64_t rank) {
    uint64_t at = image->descriptors + rank * DESCRIPTOR_SIZE; /* ranks are below 2^35 */
    if (at > image->size || image->size - at < DESCRIPTOR_SIZE)
        return READ_CUT_OFF;
    uint64_t offset = load_u64(image->bytes + at);
    uint32_t length = load_u32(image->bytes + at + DESCRIPTOR_LENGTH);
    if (offset == 0 || offset > image->size || length > image->size - offset)
        return READ_CUT_OFF; /* in a file that was cut, a descriptor itself may be zeros */
    return length == 0 || length > IMAGE_PAGE_SIZE ? READ_BAD_VALUE : READ_PRESENT;
}

static void measure(struct image *image) {
    struct image_info *info = &image->info;
    uint64_t table_end = image->descriptors + info->pages_promised * DESCRIPTOR_SIZE;
    info->expected_size = image->size > table_end ? image->size : table_end;
    for (uint64_t rank = 0; rank < info->pages_promised; rank++) {
        uint64_t at = image->descriptors + rank * DESCRIPTOR_SIZE, end;
        if (at > image->size || image->size - at < DESCRIPTOR_SIZE)
            return; /* all that follow are cut off as well */
        info->pages_present += check_page(image, rank) != READ_CUT_OFF;
        if (!__builtin_add_overflow(load_u64(image->bytes + at),
                                    load_u32(image->bytes + at + DESCRIPTOR_LENGTH), &end) &&
            end > info->expected_size)
            info->expected_size = end;
    }
}

static enum read_state page(const struct image *image, uint64_t pfn, const uint8_t **page) {
    uint64_t rank;
    if (!bitmap_rank(&image->bitmap, pfn, &rank))
        return READ_NOT_IN_DUMP;
    enum read_state state = check_page(image, rank);
    return state ? state : capture_page(image->capture, pfn, page);
}

static bool next(const struct image *image, uint64_t pfn, uint64_t *next) {
    uint64_t rank;
    for (; pfn < image->bitmap.size; pfn++) {
        if (pfn % 8 == 0 && image->bitmap.bits[pfn / 8] == 0) {
            pfn += 7;
            continue;
        }
        if (bitmap_rank(&image->bitmap, pfn, &rank) && check_page(image, rank) == READ_PRESENT) {
            *next = pfn;
            return true;
        }
    }
    return false;
}

enum status kdump_open(struct error *err, struct image *image) {
    image->page = page;
    image->next = next;
    image->info.format = "kdump";
    image->info.is_capture = true;
    enum status status = check_header(err, image);
    if (!status)
        status = take_notes(err, image);
    if (status)
        return status;
    image->info.type =
        load_u32(image->bytes + IMAGE_PAGE_SIZE + SUB_DUMP_LEVEL) ? "filtered" : "full";
    take_bitmap(image);
    if (image->info.pages_promised == 0)
        return fail(err, STATUS_FORMAT, "the kdump has no memory: its bitmap is empty");
    measure(image);
    return image_start_capture(err, image);
}
