/*
 * executable.c - an executable (PE) file as memory by virtual address: headers and sections at the
 * file's own ImageBase, as a loader maps them that has nothing to relocate.
 *
 * Source: Microsoft, "PE Format" (COFF file header, optional header, section table).
 */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"

enum {
    LFANEW = 0x3c,
    DOS_HEADER = 0x40,
    FILE_HEADER = 24, /* with the signature */
    OPTIONAL_LEAST = 64,
    SECTION = 40,
    MAGIC_PE32 = 0x10b,
    MAGIC_PE32_PLUS = 0x20b,
};

/* What the headers say, in bytes from the start of the file or of the image. */
struct headers {
    uint64_t base;
    uint32_t image_size;
    uint32_t size; /* SizeOfHeaders */
    uint64_t sections;
    unsigned section_count;
};

static enum status refuse(struct error *err, const struct image *image) {
    static const char *const dumps[] = {"PAGEDU64", "PAGEDUMP", "\177ELF", "KDUMP   ",
                                        "makedumpfile"};
    for (size_t i = 0; i < ARRAY_LENGTH(dumps); i++)
        if (image->size >= strlen(dumps[i]) &&
            memcmp(image->bytes, dumps[i], strlen(dumps[i])) == 0)
            return fail(err, STATUS_FORMAT,
                        "not an executable but a memory dump, which `nt-analyzer snapshot` reads");
    return fail(err, STATUS_FORMAT, "not an executable: expected 'MZ' at offset 0x0");
}

static enum status read_headers(struct error *err, struct image *image, struct headers *headers) {
    const uint8_t *bytes = image->bytes;
    if (image->size < DOS_HEADER || memcmp(bytes, "MZ", 2) != 0)
        return refuse(err, image);
    uint64_t at = load_u32(bytes + LFANEW);
    if (at + FILE_HEADER + OPTIONAL_LEAST > image->size || memcmp(bytes + at, "PE\0\0", 4) != 0)
        return fail(err, STATUS_FORMAT,
                    "not a PE file: expected 'PE' and its headers at offset 0x%" PRIx64
                    " of 0x%" PRIx64 " bytes",
                    at, image->size);
    const uint8_t *optional = bytes + at + FILE_HEADER;
    unsigned magic = load_u16(optional);
    if (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS)
        return fail(err, STATUS_FORMAT,
                    "optional header at offset 0x%" PRIx64 ": expected magic 0x10b or 0x20b, "
                    "found 0x%x",
                    at + FILE_HEADER, magic);
    image->info.address_bits = magic == MAGIC_PE32 ? 32 : 64;
    *headers = (struct headers){
        .base = magic == MAGIC_PE32 ? load_u32(optional + 28) : load_u64(optional + 24),
        .image_size = load_u32(optional + 56),
        .size = load_u32(optional + 60),
        .sections = at + FILE_HEADER + load_u16(bytes + at + 20),
        .section_count = load_u16(bytes + at + 6),
    };
    return STATUS_OK;
}

/* An image that starts at 0 or wraps around is none that a loader takes. */
static enum status check_base(struct error *err, const struct headers *headers, unsigned bits) {
    uint64_t last = bits == 32 ? UINT32_MAX : UINT64_MAX;
    if (headers->base == 0 || headers->base % IMAGE_PAGE_SIZE != 0 || headers->image_size == 0 ||
        headers->image_size - 1 > last - headers->base)
        return fail(err, STATUS_FORMAT,
                    "ImageBase: expected an address of a page, with room for the image behind it; "
                    "found 0x%" PRIx64 " and SizeOfImage 0x%" PRIx32,
                    headers->base, headers->image_size);
    return STATUS_OK;
}

static void map(struct image *image, const struct headers *headers, uint32_t rva, uint64_t offset,
                uint64_t size) {
    if (rva >= headers->image_size)
        return;
    uint64_t room = headers->image_size - rva;
    size = size < room ? size : room;
    if (size && offset + size > image->info.expected_size)
        image->info.expected_size = offset + size;
    blocks_add(&image->blocks, (struct block){headers->base + rva, size, offset});
}

/* A section's data may be longer than the section by what fills its last block in the file. */
static void map_section(struct image *image, const struct headers *headers, const uint8_t *entry) {
    uint64_t in_memory = load_u32(entry + 8), in_file = load_u32(entry + 16);
    uint64_t pages = (in_memory + IMAGE_PAGE_SIZE - 1) / IMAGE_PAGE_SIZE * IMAGE_PAGE_SIZE;
    map(image, headers, load_u32(entry + 12), load_u32(entry + 20),
        in_memory && in_file > pages ? pages : in_file);
}

enum status executable_open(struct error *err, struct image *image) {
    struct headers headers = {0};
    enum status status = read_headers(err, image, &headers);
    if (!status)
        status = check_base(err, &headers, image->info.address_bits);
    if (status)
        return status;
    image->is_virtual = true;
    image->rank = image_no_rank;
    image->info.format = "pe";
    image->info.image_base = headers.base;
    map(image, &headers, 0, 0, headers.size);
    for (unsigned i = 0; i < headers.section_count; i++) {
        uint64_t at = headers.sections + (uint64_t)i * SECTION;
        if (at + SECTION > image->size)
            break;
        map_section(image, &headers, image->bytes + at);
    }
    blocks_settle(&image->blocks);
    return STATUS_OK;
}
