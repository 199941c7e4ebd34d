/*
 * small_dump.h - writes crash dumps of a few pages into memory, for the tests of the image and vm
 * layers. Offsets are written out here and not taken from the code under test.
 */
#ifndef NTDRIFT_TESTS_SMALL_DUMP_H
#define NTDRIFT_TESTS_SMALL_DUMP_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096u

enum small_type {
    FULL = 1,
    SUMMARY = 2,
    BITMAP_FULL = 5,
    BITMAP_KERNEL = 6,
    RANGE_KERNEL = 8,
    RANGE_KERNEL_USER = 9,
    RANGE_COMPLETE = 10,
};

struct small_dump {
    uint8_t *bytes;
    size_t size;
    size_t first_page;
};

struct small_run {
    uint64_t base;
    uint64_t pages;
};

static inline void put(struct small_dump *dump, size_t offset, uint64_t value, size_t width) {
    for (size_t byte = 0; byte < width; byte++)
        dump->bytes[offset + byte] = (uint8_t)(value >> (8 * byte));
}

static inline void grow(struct small_dump *dump, size_t size) {
    dump->bytes = realloc(dump->bytes, size);
    if (!dump->bytes)
        abort();
    if (size > dump->size)
        memset(dump->bytes + dump->size, 0, size - dump->size);
    dump->size = size;
}

/* What the pages hold: every eight bytes say which frame and where in it they are. */
static inline uint64_t content(uint64_t frame, size_t offset) {
    return (frame << 16 | offset) ^ 0x5a5a000000000000;
}

static inline void add_page(struct small_dump *dump, uint64_t frame) {
    size_t at = dump->size;
    grow(dump, at + PAGE);
    for (size_t offset = 0; offset < PAGE; offset += 8)
        put(dump, at + offset, content(frame, offset), 8);
}

static inline struct small_dump small_header(uint32_t type) {
    struct small_dump dump = {0};
    grow(&dump, 0x2000);
    for (size_t offset = 0; offset < dump.size; offset += 4)
        memcpy(dump.bytes + offset, "PAGE", 4);
    memcpy(dump.bytes + 4, "DU64", 4);
    put(&dump, 0xf98, type, 4);
    dump.first_page = dump.size;
    return dump;
}

/* A full dump; `runs` may be nonsense when `with_pages` is 0. */
static inline struct small_dump small_full(const struct small_run *runs, uint32_t count,
                                           int with_pages) {
    struct small_dump dump = small_header(FULL);
    put(&dump, 0x88, count, 4);
    put(&dump, 0x90, 0, 8);
    for (uint32_t index = 0; index < count; index++) {
        put(&dump, 0x98 + 16 * index, runs[index].base, 8);
        put(&dump, 0x98 + 16 * index + 8, runs[index].pages, 8);
        for (uint64_t page = 0; with_pages && page < runs[index].pages; page++)
            add_page(&dump, runs[index].base + page);
    }
    return dump;
}

static inline size_t bits_offset(uint32_t type) {
    return type == SUMMARY ? 0x2028 : 0x2038;
}

/* The bitmap's header and its bits; the pages are the caller's to add. HeaderSize is the end of the
 * bitmap, rounded up to a page, as Windows has it. */
static inline struct small_dump small_bitmap_header(uint32_t type, const char *signature,
                                                    uint64_t bits) {
    struct small_dump dump = small_header(type);
    size_t end = bits_offset(type) + (size_t)(bits + 7) / 8;
    grow(&dump, (end + PAGE - 1) / PAGE * PAGE);
    memcpy(dump.bytes + 0x2000, signature, 4);
    memcpy(dump.bytes + 0x2004, "DUMP", 4);
    dump.first_page = dump.size;
    if (type == SUMMARY) {
        memcpy(dump.bytes + 0x2008, signature, 4);
        put(&dump, 0x200c, dump.size, 4);
        put(&dump, 0x2010, bits, 4);
        put(&dump, 0x2018, bits, 4);
    } else {
        put(&dump, 0x2020, dump.size, 8);
        put(&dump, 0x2030, bits, 8);
    }
    return dump;
}

static inline struct small_dump small_bitmap(uint32_t type, const char *signature, uint64_t bits,
                                             const uint64_t *frames, size_t count) {
    struct small_dump dump = small_bitmap_header(type, signature, bits);
    for (size_t index = 0; index < count; index++) {
        dump.bytes[bits_offset(type) + frames[index] / 8] |= (uint8_t)(1u << frames[index] % 8);
        add_page(&dump, frames[index]);
    }
    put(&dump, type == SUMMARY ? 0x2014 : 0x2028, count, type == SUMMARY ? 4 : 8);
    return dump;
}

/* A range dump. The table ends with zeros but in a complete dump, whose counts are set. */
static inline struct small_dump small_ranges(uint32_t type, const struct small_run *runs,
                                             uint32_t count, int with_pages) {
    struct small_dump dump = small_header(type);
    uint64_t pages = 0;
    grow(&dump, 0x2030 + 16 * (count + (type != RANGE_COMPLETE)));
    dump.first_page = dump.size;
    memcpy(dump.bytes + 0x2000, "\x40\0\0\0RDMPDUMP", 12);
    put(&dump, 0x2010, dump.size - 0x2020, 8);
    put(&dump, 0x2018, dump.size, 8);
    for (uint32_t index = 0; index < count; index++) {
        put(&dump, 0x2030 + 16 * index, runs[index].base, 8);
        put(&dump, 0x2030 + 16 * index + 8, runs[index].pages, 8);
        pages += runs[index].pages;
        for (uint64_t page = 0; with_pages && page < runs[index].pages; page++)
            add_page(&dump, runs[index].base + page);
    }
    if (type == RANGE_COMPLETE) {
        put(&dump, 0x2020, count, 4);
        put(&dump, 0x2028, pages, 8);
    }
    return dump;
}

static inline void small_free(struct small_dump *dump) {
    free(dump->bytes);
    *dump = (struct small_dump){0};
}

#endif
