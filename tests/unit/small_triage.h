/*
 * small_triage.h - writes a triage dump of a few pieces of memory, for the tests of what reads such
 * dumps. Offsets are written out here and not taken from the code under test.
 *
 * The machine it tells of: two processors, a system thread whose driver b.sys read a bad address.
 */
#ifndef NTDRIFT_TESTS_SMALL_TRIAGE_H
#define NTDRIFT_TESTS_SMALL_TRIAGE_H

#include "small_dump.h"

#define KERNEL_BASE   0xfffff80000400000u
#define KERNEL_SIZE   0x800000u
#define DRIVER_BASE   0xfffff80001000000u
#define KDBG_ADDRESS  (KERNEL_BASE + 0x10000)
#define BLOCK_ADDRESS (KERNEL_BASE + 0x20000) /* KiProcessorBlock */
#define PRCB_ADDRESS  0xffffa00000010180u
#define THREAD        0xffffa00000020040u
#define PROCESS       0xffffa00000030080u
#define STACK         0xffffb00000001000u
#define DATA_ADDRESS  0xffffc00000000800u

/* Where in the file what lies. */
enum {
    AT_TRIAGE = 0x2000,
    AT_UNLOADED = 0x2100,
    AT_PRCB = 0x2200,
    AT_PROCESS = 0x2300,
    AT_THREAD = 0x2400,
    AT_STACK = 0x2500,
    AT_RECORD = AT_STACK + 0x40,
    AT_KDBG = 0x2800,
    AT_DRIVERS = 0x2c00,
    AT_NAMES = 0x2e00,
    AT_BLOCKS = 0x3000,
    AT_DATA = 0x3200,
    AT_END = 0x3800,
    AT_BLOBS = AT_END + 4,
    DATA_SIZE = 0x100,
    BLOCKS = 4,
};

static inline void put_text16(struct small_dump *dump, size_t at, const char *text) {
    for (; *text; text++, at += 2)
        put(dump, at, (uint8_t)*text, 2);
}

static inline void put_driver(struct small_dump *dump, unsigned index, const char *path,
                              uint64_t base, uint32_t size, uint32_t timestamp) {
    size_t entry = AT_DRIVERS + 0x90 * index, name = AT_NAMES + 0x80 * index;
    put(dump, entry, name, 4);
    put(dump, entry + 0x38, base, 8);
    put(dump, entry + 0x48, size, 4);
    put(dump, entry + 0x88, timestamp, 4);
    put(dump, name, strlen(path), 4);
    put_text16(dump, name + 4, path);
}

static inline void put_block(struct small_dump *dump, unsigned index, uint64_t address,
                             uint32_t offset, uint32_t size) {
    put(dump, AT_BLOCKS + 16 * index, address, 8);
    put(dump, AT_BLOCKS + 16 * index + 8, offset, 4);
    put(dump, AT_BLOCKS + 16 * index + 12, size, 4);
}

static inline void put_unloaded(struct small_dump *dump, unsigned index, const char *name,
                                uint64_t start) {
    size_t entry = AT_UNLOADED + 8 + 0x38 * index;
    put(dump, entry, 2 * strlen(name), 2);
    put_text16(dump, entry + 0x10, name);
    put(dump, entry + 0x28, start, 8);
    put(dump, entry + 0x30, start + 0x1000, 8);
}

static inline void put_blob(struct small_dump *dump, size_t at, uint8_t tag, uint32_t size,
                            uint32_t pad) {
    put(dump, at, 0x20, 4);
    for (unsigned byte = 0; byte < 16; byte++)
        put(dump, at + 4 + byte, tag + byte, 1);
    put(dump, at + 0x14, size, 4);
    put(dump, at + 0x1c, pad, 4);
}

static inline void put_dump_header(struct small_dump *dump) {
    put(dump, 0x8, 15, 4);
    put(dump, 0xc, 19041, 4);
    put(dump, 0x10, 0x1ad002, 8);
    put(dump, 0x20, KERNEL_BASE + 0x30000, 8);
    put(dump, 0x28, KERNEL_BASE + 0x31000, 8);
    put(dump, 0x30, 0x8664, 4);
    put(dump, 0x34, 2, 4);
    put(dump, 0x38, 0x1000007e, 4);
    put(dump, 0x40, 0xffffffffc0000005, 8);
    put(dump, 0x48, DRIVER_BASE + 0x34c, 8);
    put(dump, 0x50, STACK + 0x40, 8);
    put(dump, 0x58, STACK + 0x100, 8);
    put(dump, 0x80, KDBG_ADDRESS, 8);
    put(dump, 0x348 + 0x30, 0x10001f, 4);
    put(dump, 0x348 + 0x98, STACK, 8);
    put(dump, 0x348 + 0xf8, DRIVER_BASE + 0x34c, 8);
    put(dump, 0xf00, 0x80000003, 4);
    put(dump, 0xf04, 1, 4);
    put(dump, 0xf10, KERNEL_BASE + 0x5a80, 8);
    put(dump, 0xf18, 0, 4);
}

static inline void put_triage_header(struct small_dump *dump) {
    const struct {
        uint32_t at, value;
    } fields[] = {
        {0x4, AT_BLOBS},     {0x8, AT_END},   {0xc, 0x348},       {0x10, 0xf00},
        {0x18, AT_UNLOADED}, {0x1c, AT_PRCB}, {0x20, AT_PROCESS}, {0x24, AT_THREAD},
        {0x28, AT_STACK},    {0x2c, 0x200},   {0x30, AT_DRIVERS}, {0x34, 2},
        {0x38, AT_NAMES},    {0x3c, 0x200},   {0x70, AT_KDBG},    {0x74, 0x380},
        {0x78, AT_BLOCKS},   {0x7c, BLOCKS},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        put(dump, AT_TRIAGE + fields[i].at, fields[i].value, 4);
    put(dump, AT_TRIAGE + 0x48, STACK, 8);
}

static inline void put_kdbg(struct small_dump *dump) {
    memcpy(dump->bytes + AT_KDBG + 0x10, "KDBG", 4);
    put(dump, AT_KDBG + 0x14, 0x380, 4);
    put(dump, AT_KDBG + 0x18, KERNEL_BASE, 8);
    put(dump, AT_KDBG + 0x48, KERNEL_BASE + 0x30000, 8);
    put(dump, AT_KDBG + 0x50, KERNEL_BASE + 0x31000, 8);
    put(dump, AT_KDBG + 0x218, BLOCK_ADDRESS, 8);
    put(dump, AT_KDBG + 0x2a0, 0xb8, 2);  /* OffsetKThreadApcProcess */
    put(dump, AT_KDBG + 0x2a8, 0x100, 2); /* SizeEProcess */
    put(dump, AT_KDBG + 0x2b0, 0x100, 2); /* SizePrcb */
    put(dump, AT_KDBG + 0x2b4, 0x8, 2);   /* OffsetPrcbCurrentThread */
    put(dump, AT_KDBG + 0x2be, 0x24, 2);  /* OffsetPrcbNumber */
    put(dump, AT_KDBG + 0x2c0, 0x100, 2); /* SizeEThread */
}

/* The data of the last two blocks says where it is: byte n of each is n. */
static inline void put_memory(struct small_dump *dump) {
    put(dump, AT_PRCB + 0x8, THREAD, 8);
    put(dump, AT_PRCB + 0x24, 1, 4);
    put(dump, AT_THREAD + 0xb8, PROCESS, 8);
    put(dump, AT_PROCESS, 3, 1);
    put(dump, AT_RECORD, 0xc0000005, 4);
    put(dump, AT_RECORD + 0x10, DRIVER_BASE + 0x34c, 8);
    put(dump, AT_RECORD + 0x18, 2, 4);
    put(dump, AT_RECORD + 0x20, 1, 8);
    put(dump, AT_RECORD + 0x28, 0xffffffffffffffff, 8);
    put(dump, AT_DATA, PRCB_ADDRESS - 0x8000, 8);
    put(dump, AT_DATA + 8, PRCB_ADDRESS, 8);
    for (unsigned byte = 0; byte < 2 * DATA_SIZE; byte++)
        put(dump, AT_DATA + 0x100 + byte, byte % DATA_SIZE, 1);
    put_block(dump, 0, DATA_ADDRESS + DATA_SIZE, AT_DATA + 0x200, DATA_SIZE);
    put_block(dump, 1, BLOCK_ADDRESS, AT_DATA, 0x10);
    put_block(dump, 2, DATA_ADDRESS, AT_DATA + 0x100, DATA_SIZE);
    put_block(dump, 3, 0xfffffffffffffff8, AT_DATA + 0x108, 8);
}

static inline struct small_dump small_triage(void) {
    struct small_dump dump = small_header(4);
    grow(&dump, AT_BLOBS + 0x10 + 2 * 0x20 + 0x40 + 4);
    put_dump_header(&dump);
    put_triage_header(&dump);
    put(&dump, AT_UNLOADED, 2, 8);
    put_unloaded(&dump, 0, "old.sys", 0xfffff80002000000);
    put_unloaded(&dump, 1, "dump_storpor", 0xfffff80003000000);
    put_driver(&dump, 0, "\\SystemRoot\\system32\\ntoskrnl.exe", KERNEL_BASE, KERNEL_SIZE, 0x1234);
    put_driver(&dump, 1, "b.sys", DRIVER_BASE, 0x3000, 0x5678);
    put_kdbg(&dump);
    put_memory(&dump);
    memcpy(dump.bytes + AT_END, "TRGD", 4);
    memcpy(dump.bytes + AT_BLOBS, "DumpBlob", 8);
    put(&dump, AT_BLOBS + 8, 0x10, 4);
    put_blob(&dump, AT_BLOBS + 0x10, 0x10, 0x40, 4);
    put_blob(&dump, AT_BLOBS + 0x10 + 0x20 + 0x44, 0x80, 0, 0);
    return dump;
}

#endif
