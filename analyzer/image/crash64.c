/*
 * crash64.c - PAGEDU64 files: full, kernel summary and bitmap dumps; triage.c has the rest of
 * triage dumps, crash_ranges.c that of range dumps.
 *
 * Sources: DUMP_HEADER64 and SUMMARY_DUMP64 as debuggers' headers and the published crash-dump
 * layouts have them (wdbgexts.h; Volatility 3, crash64.json; Rekall, crashdump.py; kdmp-parser,
 * kdmp-parser-structs.h); the names of the dump header's second part are those that WinDbg's
 * .dumpdebug prints.
 */
#include "base/memory.h"
#include "image/container.h"
#include "image/crash.h"

enum {
    HEADER_SIZE = CRASH64_HEADER_SIZE,
    PHYSICAL_MEMORY_BLOCK = 0x88,
    DUMP_TYPE = 0xf98,
};

static const struct image_field fields[] = {
    {"MajorVersion", 0x8, 4, 1, IMAGE_FIELD_COUNT},
    {"MinorVersion", 0xc, 4, 1, IMAGE_FIELD_COUNT},
    {"KdSecondaryVersion", 0x104d, 1, 1, IMAGE_FIELD_COUNT},
    {"DirectoryTableBase", 0x10, 8, 1, IMAGE_FIELD_ADDRESS},
    {"PfnDataBase", 0x18, 8, 1, IMAGE_FIELD_ADDRESS},
    {"PsLoadedModuleList", 0x20, 8, 1, IMAGE_FIELD_ADDRESS},
    {"PsActiveProcessHead", 0x28, 8, 1, IMAGE_FIELD_ADDRESS},
    {"MachineImageType", 0x30, 4, 1, IMAGE_FIELD_HEX},
    {"NumberProcessors", 0x34, 4, 1, IMAGE_FIELD_COUNT},
    {"BugCheckCode", 0x38, 4, 1, IMAGE_FIELD_HEX},
    {"BugCheckParameters", 0x40, 8, 4, IMAGE_FIELD_ADDRESS},
    {"KdDebuggerDataBlock", 0x80, 8, 1, IMAGE_FIELD_ADDRESS},
    {"SecondaryDataState", 0x103c, 4, 1, IMAGE_FIELD_HEX},
    {"ProductType", 0x1040, 4, 1, IMAGE_FIELD_COUNT},
    {"SuiteMask", 0x1044, 4, 1, IMAGE_FIELD_HEX},
    {"Attributes", 0x1050, 4, 1, IMAGE_FIELD_HEX},
    {"SystemTime", 0xfa8, 8, 1, IMAGE_FIELD_TIME},
    {"SystemUpTime_100ns", 0x1030, 8, 1, IMAGE_FIELD_DURATION},
};

/* SUMMARY_DUMP64: Signature, ValidDump, DumpOptions, HeaderSize, BitmapSize, Pages; then Bitmap
 * with SizeOfBitMap (0x18), eight reserved bytes (0x20) and the bits. The header of bitmap dumps is
 * not that of the older kernel summary dumps: its fields are wider and in another order. WinDbg
 * calls both by the same names. */
static const struct bitmap_layout summary_layout = {0xc, 0x10, 0x14, 0x28, 4};
static const struct bitmap_layout bitmap_layout = {0x20, 0x30, 0x28, 0x38, 8};

static enum status open_triage(struct error *err, struct image *image,
                               const struct crash_form *form, const struct crash_type *type) {
    (void)form;
    (void)type;
    return triage_open(err, image);
}

/* The DUMP_TYPE_ values of debuggers' headers; 8 to 10 are what newer WinDbg writes for .dump /k,
 * /ka and /f (kdmp-parser). WinDbg calls these range dumps. */
static const struct crash_type types[] = {
    {1, "full", "a full dump", crash_open_runs, NULL, {NULL}},
    {2, "kernel-summary", "a kernel summary dump", crash_open_bitmap, &summary_layout, {"SDMP"}},
    {3, NULL, "a dump of the header alone", NULL, NULL, {NULL}},
    {4, "triage", "a triage dump", open_triage, NULL, {NULL}},
    {5, "bitmap-full", "a full bitmap dump", crash_open_bitmap, &bitmap_layout, {"SDMP", "FDMP"}},
    {6,
     "bitmap-kernel",
     "a kernel bitmap dump",
     crash_open_bitmap,
     &bitmap_layout,
     {"SDMP", "FDMP"}},
    {7, NULL, "an automatic dump", NULL, NULL, {NULL}},
    {8, "range-kernel", "a kernel range dump", crash_open_ranges, NULL, {NULL}},
    {9, "range-kernel-user", "a kernel and user range dump", crash_open_ranges, NULL, {NULL}},
    {CRASH_RANGE_COMPLETE,
     "range-complete",
     "a complete range dump",
     crash_open_ranges,
     NULL,
     {NULL}},
};

static const struct crash_form form = {
    .format = "crash-dump-64",
    .address_bits = 64,
    .header_size = HEADER_SIZE,
    .dump_type = DUMP_TYPE,
    .runs = &runs_layout64,
    .physical_memory_block = PHYSICAL_MEMORY_BLOCK,
    .fields = fields,
    .field_count = ARRAY_LENGTH(fields),
    .types = types,
    .type_count = ARRAY_LENGTH(types),
    .read = "1 (full), 2 (kernel summary), 4 (triage), 5 or 6 (bitmap), 8 to 10 (range)",
};

void crash64_take_header(struct image *image, const uint8_t *header) {
    crash_take_header(image, &form, header);
}

enum status crash64_open(struct error *err, struct image *image) {
    return crash_open(err, image, &form);
}
