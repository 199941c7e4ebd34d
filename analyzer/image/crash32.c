/*
 * crash32.c - PAGEDUMP files: full and kernel summary dumps of 32-bit Windows.
 *
 * Sources: DUMP_HEADER32 and PHYSICAL_MEMORY_DESCRIPTOR32 of the Windows SDK (mindumpdef.h), and
 * the same in Volatility 3 (crash.json); SUMMARY_DUMP32 as WinDbg's .dumpdebug prints it: it is
 * SUMMARY_DUMP64 with an RTL_BITMAP of 8 bytes (SizeOfBitMap, Buffer) in front of the bits.
 */
#include "base/memory.h"
#include "image/container.h"
#include "image/crash.h"

enum {
    HEADER_SIZE = CRASH32_HEADER_SIZE,
    PHYSICAL_MEMORY_BLOCK = 0x64,
    DUMP_TYPE = 0xf88,
};

/* PaeEnabled and KdSecondaryVersion are bytes. */
static const struct image_field fields[] = {
    {"MajorVersion", 0x8, 4, 1, IMAGE_FIELD_COUNT},
    {"MinorVersion", 0xc, 4, 1, IMAGE_FIELD_COUNT},
    {"KdSecondaryVersion", 0x5d, 1, 1, IMAGE_FIELD_COUNT},
    {"DirectoryTableBase", 0x10, 4, 1, IMAGE_FIELD_ADDRESS},
    {"PfnDataBase", 0x14, 4, 1, IMAGE_FIELD_ADDRESS},
    {"PsLoadedModuleList", 0x18, 4, 1, IMAGE_FIELD_ADDRESS},
    {"PsActiveProcessHead", 0x1c, 4, 1, IMAGE_FIELD_ADDRESS},
    {"MachineImageType", 0x20, 4, 1, IMAGE_FIELD_HEX},
    {"NumberProcessors", 0x24, 4, 1, IMAGE_FIELD_COUNT},
    {"BugCheckCode", 0x28, 4, 1, IMAGE_FIELD_HEX},
    {"BugCheckParameters", 0x2c, 4, 4, IMAGE_FIELD_ADDRESS},
    {"PaeEnabled", 0x5c, 1, 1, IMAGE_FIELD_HEX},
    {"KdDebuggerDataBlock", 0x60, 4, 1, IMAGE_FIELD_ADDRESS},
    {"SecondaryDataState", 0xf90, 4, 1, IMAGE_FIELD_HEX},
    {"ProductType", 0xf94, 4, 1, IMAGE_FIELD_COUNT},
    {"SuiteMask", 0xf98, 4, 1, IMAGE_FIELD_HEX},
    {"Attributes", 0x8a0, 4, 1, IMAGE_FIELD_HEX},
    {"SystemTime", 0xfc0, 8, 1, IMAGE_FIELD_TIME},
    {"SystemUpTime_100ns", 0xfb8, 8, 1, IMAGE_FIELD_DURATION},
};

static const struct bitmap_layout summary_layout = {0xc, 0x10, 0x14, 0x20, 4};

static const struct crash_type types[] = {
    {1, "full", "a full dump", crash_open_runs, NULL, {NULL}},
    {2, "kernel-summary", "a kernel summary dump", crash_open_bitmap, &summary_layout, {"SDMP"}},
    {3, NULL, "a dump of the header alone", NULL, NULL, {NULL}},
    {4, NULL, "a triage dump", NULL, NULL, {NULL}},
    {5, NULL, "a full bitmap dump", NULL, NULL, {NULL}},
    {6, NULL, "a kernel bitmap dump", NULL, NULL, {NULL}},
    {7, NULL, "an automatic dump", NULL, NULL, {NULL}},
};

static const struct crash_form form = {
    .format = "crash-dump-32",
    .address_bits = 32,
    .header_size = HEADER_SIZE,
    .dump_type = DUMP_TYPE,
    .runs = &runs_layout32,
    .physical_memory_block = PHYSICAL_MEMORY_BLOCK,
    .fields = fields,
    .field_count = ARRAY_LENGTH(fields),
    .types = types,
    .type_count = ARRAY_LENGTH(types),
    .read = "1 (full) or 2 (kernel summary), which Windows writes where CrashDumpEnabled is 1 or 2",
};

void crash32_take_header(struct image *image, const uint8_t *header) {
    crash_take_header(image, &form, header);
}

enum status crash32_open(struct error *err, struct image *image) {
    return crash_open(err, image, &form);
}
