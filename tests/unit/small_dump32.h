/*
 * small_dump32.h - writes 32-bit crash dumps of a few pages into memory. Offsets are written out
 * here and not taken from the code under test.
 */
#ifndef NTDRIFT_TESTS_SMALL_DUMP32_H
#define NTDRIFT_TESTS_SMALL_DUMP32_H

#include "small_dump.h"

static inline struct small_dump small_header32(uint32_t type) {
    struct small_dump dump = {0};
    grow(&dump, 0x1000);
    for (size_t offset = 0; offset < dump.size; offset += 4)
        memcpy(dump.bytes + offset, "PAGE", 4);
    memcpy(dump.bytes + 4, "DUMP", 4);
    put(&dump, 0x5c, 0, 1); /* PaeEnabled */
    put(&dump, 0xf88, type, 4);
    dump.first_page = dump.size;
    return dump;
}

/* A full dump; `runs` may be nonsense when `with_pages` is 0. */
static inline struct small_dump small_full32(const struct small_run *runs, uint32_t count,
                                             int with_pages) {
    struct small_dump dump = small_header32(FULL);
    put(&dump, 0x64, count, 4);
    put(&dump, 0x68, 0, 4);
    for (uint32_t index = 0; index < count; index++) {
        put(&dump, 0x6c + 8 * index, runs[index].base, 4);
        put(&dump, 0x6c + 8 * index + 4, runs[index].pages, 4);
        for (uint64_t page = 0; with_pages && page < runs[index].pages; page++)
            add_page(&dump, runs[index].base + page);
    }
    return dump;
}

static inline struct small_dump small_summary32(uint32_t bits, const uint64_t *frames,
                                                size_t count) {
    struct small_dump dump = small_header32(SUMMARY);
    grow(&dump, (0x1020 + (size_t)(bits + 7) / 8 + PAGE - 1) / PAGE * PAGE);
    memcpy(dump.bytes + 0x1000, "SDMPDUMP", 8);
    put(&dump, 0x100c, dump.size, 4);
    put(&dump, 0x1010, bits, 4);
    put(&dump, 0x1014, count, 4);
    put(&dump, 0x1018, bits, 4);
    dump.first_page = dump.size;
    for (size_t index = 0; index < count; index++) {
        dump.bytes[0x1020 + frames[index] / 8] |= (uint8_t)(1u << frames[index] % 8);
        add_page(&dump, frames[index]);
    }
    return dump;
}

#endif
