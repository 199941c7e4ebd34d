/*
 * pe.c - headers and debug directory of a PE image as it lies in memory.
 *
 * Source: Microsoft, "PE Format" (IMAGE_DOS_HEADER, IMAGE_NT_HEADERS, IMAGE_DEBUG_DIRECTORY);
 * CV_INFO_PDB70: signature "RSDS", GUID, age, file name.
 */
#include "kernel/pe.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "kernel/values.h"

#define LFANEW_OFFSET      0x3c
#define LFANEW_MOST        0x1000 /* headers of real images start in their first page */
#define NT_HEADERS_SIZE    0x108  /* of PE32+, with all 16 data directories */
#define OPTIONAL_HEADER    24
#define MAGIC_PE32         0x10b
#define MAGIC_PE32_PLUS    0x20b
#define DEBUG_ENTRY_SIZE   28
#define DEBUG_ENTRIES_MOST 32 /* real images have up to five */
#define DEBUG_CODEVIEW     2
#define RSDS_HEADER        24
#define PDB_PATH_MOST      260

static uint16_t get_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t get_u32(const uint8_t *bytes) {
    return get_u16(bytes) | (uint32_t)get_u16(bytes + 2) << 16;
}

static enum read_state read_nt_headers(struct vm *vm, uint64_t base, uint8_t *nt) {
    uint8_t dos[LFANEW_OFFSET + 4];
    enum read_state state = vm_read(vm, base, dos, sizeof dos, NULL);
    if (state != READ_PRESENT)
        return state;
    uint32_t lfanew = get_u32(dos + LFANEW_OFFSET);
    if (memcmp(dos, "MZ", 2) != 0 || lfanew > LFANEW_MOST)
        return READ_BAD_VALUE;
    state = vm_read(vm, base + lfanew, nt, NT_HEADERS_SIZE, NULL);
    if (state != READ_PRESENT)
        return state;
    return memcmp(nt, "PE\0\0", 4) == 0 ? READ_PRESENT : READ_BAD_VALUE;
}

/* The optional header ends with a count of directories and as many of them. */
static struct pe_directory get_directory(const uint8_t *optional, unsigned index) {
    size_t count_at = get_u16(optional) == MAGIC_PE32_PLUS ? 108 : 92;
    const uint8_t *entry = optional + count_at + 4 + (size_t)index * 8;
    if (get_u32(optional + count_at) <= index)
        return (struct pe_directory){0};
    return (struct pe_directory){get_u32(entry), get_u32(entry + 4)};
}

static enum read_state read_headers(struct vm *vm, uint64_t base, struct pe_image *image,
                                    struct pe_directory *debug) {
    uint8_t nt[NT_HEADERS_SIZE];
    enum read_state state = read_nt_headers(vm, base, nt);
    if (state != READ_PRESENT)
        return state;
    const uint8_t *optional = nt + OPTIONAL_HEADER;
    uint16_t magic = get_u16(optional);
    if (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS)
        return READ_BAD_VALUE;
    image->machine = get_u16(nt + 4);
    image->timestamp = get_u32(nt + 8);
    image->size = get_u32(optional + 56);
    *debug = get_directory(optional, PE_DIRECTORY_DEBUG);
    return image->size >= IMAGE_PAGE_SIZE ? READ_PRESENT : READ_BAD_VALUE;
}

/* The GUID as symbol stores write it: the first three parts as numbers, the rest as bytes. */
static void put_guid(char guid[33], const uint8_t *bytes) {
    snprintf(guid, 33, "%08X%04X%04X", (unsigned)get_u32(bytes), (unsigned)get_u16(bytes + 4),
             (unsigned)get_u16(bytes + 6));
    for (size_t i = 0; i < 8; i++)
        snprintf(guid + 16 + 2 * i, 3, "%02X", bytes[8 + i]);
}

/* The file name without its folder, whole escapes only. */
static void put_name(char name[64], const uint8_t *path, size_t length) {
    length = strnlen((const char *)path, length);
    size_t start = length;
    while (start > 0 && path[start - 1] != '\\' && path[start - 1] != '/')
        start--;
    AUTO(text_deinit) struct text text;
    text_init(&text);
    while (length > start) {
        value_bytes(&text, path + start, length - start);
        if (text.length < 64)
            break;
        text_deinit(&text);
        text_init(&text);
        length--;
    }
    memcpy(name, text.data, text.length + 1);
}

static enum read_state read_rsds(struct vm *vm, uint64_t address, uint32_t size,
                                 struct pdb_identity *pdb) {
    uint8_t record[RSDS_HEADER + PDB_PATH_MOST];
    if (size <= RSDS_HEADER)
        return READ_BAD_VALUE;
    size_t length = size < sizeof record ? size : sizeof record;
    enum read_state state = vm_read(vm, address, record, length, NULL);
    if (state != READ_PRESENT)
        return state;
    if (memcmp(record, "RSDS", 4) != 0)
        return READ_BAD_VALUE;
    put_guid(pdb->guid, record + 4);
    pdb->age = get_u32(record + 20);
    put_name(pdb->name, record + RSDS_HEADER, length - RSDS_HEADER);
    return READ_PRESENT;
}

static enum read_state no_pdb(struct pe_image *image) {
    image->pdb_absent = true;
    return READ_NOT_MAPPED;
}

static enum read_state read_debug(struct vm *vm, struct pe_image *image,
                                  struct pe_directory debug) {
    if (debug.rva == 0 || debug.size < DEBUG_ENTRY_SIZE)
        return no_pdb(image);
    uint32_t count = debug.size / DEBUG_ENTRY_SIZE;
    if (count > DEBUG_ENTRIES_MOST || debug.rva > image->size ||
        debug.size > image->size - debug.rva)
        return READ_BAD_VALUE;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry[DEBUG_ENTRY_SIZE];
        uint64_t at = image->base + debug.rva + i * DEBUG_ENTRY_SIZE;
        enum read_state state = vm_read(vm, at, entry, sizeof entry, NULL);
        if (state != READ_PRESENT)
            return state;
        uint32_t rva = get_u32(entry + 20);
        if (get_u32(entry + 12) == DEBUG_CODEVIEW)
            return rva < image->size
                       ? read_rsds(vm, image->base + rva, get_u32(entry + 16), &image->pdb)
                       : READ_BAD_VALUE;
    }
    return no_pdb(image);
}

void pe_read(struct vm *vm, uint64_t base, struct pe_image *image) {
    struct pe_directory debug = {0};
    *image = (struct pe_image){.base = base};
    image->headers = read_headers(vm, base, image, &debug);
    image->pdb_state = image->headers;
    if (image->headers == READ_PRESENT)
        image->pdb_state = read_debug(vm, image, debug);
    image->has_pdb = image->pdb_state == READ_PRESENT;
}

enum read_state pe_directory(struct vm *vm, uint64_t base, unsigned index,
                             struct pe_directory *directory) {
    uint8_t nt[NT_HEADERS_SIZE];
    *directory = (struct pe_directory){0};
    enum read_state state = read_nt_headers(vm, base, nt);
    if (state != READ_PRESENT)
        return state;
    uint16_t magic = get_u16(nt + OPTIONAL_HEADER);
    if (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS)
        return READ_BAD_VALUE;
    *directory = get_directory(nt + OPTIONAL_HEADER, index);
    return READ_PRESENT;
}

/* IMAGE_EXPORT_DIRECTORY.Name is the fourth of its words. */
bool pe_export_name(struct vm *vm, const struct pe_image *image, char *name, size_t size) {
    struct pe_directory exports;
    uint32_t rva;
    if (pe_directory(vm, image->base, PE_DIRECTORY_EXPORT, &exports) != READ_PRESENT ||
        exports.rva == 0 || vm_read_u32(vm, image->base + exports.rva + 12, &rva) != READ_PRESENT ||
        rva >= image->size || vm_read(vm, image->base + rva, name, size, NULL) != READ_PRESENT)
        return false;
    return memchr(name, 0, size) != NULL;
}

/* Whether an image starts at `base` and is large enough to hold `address`: data of an image can
 * look like the start of another one. */
static bool image_holds(struct vm *vm, uint64_t base, uint64_t address) {
    struct pe_image image = {.base = base};
    struct pe_directory debug;
    return read_headers(vm, base, &image, &debug) == READ_PRESENT && address - base < image.size;
}

uint64_t pe_find_below(struct vm *vm, uint64_t address, uint64_t limit) {
    uint64_t first = address & ~(uint64_t)(IMAGE_PAGE_SIZE - 1);
    for (uint64_t below = 0; below <= limit && below <= first; below += IMAGE_PAGE_SIZE) {
        uint64_t base = first - below;
        uint16_t magic;
        if (vm_read_u16(vm, base, &magic) == READ_PRESENT && magic == 0x5a4d &&
            image_holds(vm, base, address))
            return base;
    }
    return 0;
}
