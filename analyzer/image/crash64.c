/*
 * crash64.c - PAGEDU64 files: full, kernel summary and bitmap dumps.
 *
 * Sources: DUMP_HEADER64 and SUMMARY_DUMP64 as debuggers' headers and the published crash-dump
 * layouts have them (wdbgexts.h; Volatility 3, crash64.json; Rekall, crashdump.py; kdmp-parser,
 * kdmp-parser-structs.h); the names of the dump header's second part are those that WinDbg's
 * .dumpdebug prints.
 */
#include <inttypes.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"

enum {
    HEADER_SIZE = CRASH64_HEADER_SIZE,
    PHYSICAL_MEMORY_BLOCK = 0x88,
    DUMP_TYPE = 0xf98,
    SIGNATURE_SIZE = 8, /* "SDMP" or "FDMP", then "DUMP" */
    DUMP_OPTIONS = 8,   /* from the bitmap's header on */
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

/* The header of the bitmap follows the dump's header in the file. The one of bitmap dumps is not
 * the one of the older kernel summary dumps: its fields are wider and in another order. WinDbg
 * calls both by the same names. */
struct bitmap_layout {
    uint32_t header_size;
    uint32_t bitmap_size;
    uint32_t pages;
    uint32_t buffer;
    unsigned width; /* bytes of each of the three */
};

/* SUMMARY_DUMP64: Signature, ValidDump, DumpOptions, HeaderSize, BitmapSize, Pages; then Bitmap
 * with SizeOfBitMap (0x18), eight reserved bytes (0x20) and the bits. */
static const struct bitmap_layout summary_layout = {0xc, 0x10, 0x14, 0x28, 4};
static const struct bitmap_layout bitmap_layout = {0x20, 0x30, 0x28, 0x38, 8};

struct dump_type {
    uint32_t number;
    const char *name; /* in a snapshot */
    const char *what; /* in a message */
    enum status (*open)(struct error *err, struct image *image, const struct dump_type *type);
    const struct bitmap_layout *layout;
    const char *signatures[2]; /* of the bitmap's header */
};

static bool rank_in_runs(const struct image *image, uint64_t pfn, uint64_t *rank) {
    return runs_rank(&image->runs, pfn, rank);
}

static bool rank_in_bitmap(const struct image *image, uint64_t pfn, uint64_t *rank) {
    return bitmap_rank(&image->bitmap, pfn, rank);
}

static enum status open_runs(struct error *err, struct image *image, const struct dump_type *type) {
    (void)type;
    image->first_page = HEADER_SIZE;
    image->rank = rank_in_runs;
    enum status status =
        runs_init(err, &image->runs, image->bytes + PHYSICAL_MEMORY_BLOCK, PHYSICAL_MEMORY_BLOCK);
    image->info.pages_promised = image->runs.pages;
    return status;
}

static enum status check_signature(struct error *err, struct image *image,
                                   const struct dump_type *type) {
    const char *found = (const char *)image->bytes + HEADER_SIZE;
    for (size_t index = 0; index < ARRAY_LENGTH(type->signatures); index++) {
        const char *signature = type->signatures[index];
        if (signature && !memcmp(found, signature, 4) && !memcmp(found + 4, "DUMP", 4)) {
            image->info.bitmap.signature = signature;
            return STATUS_OK;
        }
    }
    return fail(err, STATUS_FORMAT,
                "bitmap header at offset 0x%x: expected '%sDUMP', found 0x%016" PRIx64, HEADER_SIZE,
                type->signatures[0], load_u64(image->bytes + HEADER_SIZE));
}

/* That the bitmap lies inside the file and in front of the first page. */
static enum status check_bitmap(struct error *err, const struct image *image,
                                const struct bitmap_layout *layout) {
    uint64_t bits = image->info.bitmap.bitmap_size;
    uint64_t start = HEADER_SIZE + layout->buffer;
    if (bits > IMAGE_FRAMES_MOST || (bits + 7) / 8 > image->size - start)
        return fail(err, STATUS_FORMAT,
                    "BitmapSize at offset 0x%x: expected at most the 0x%" PRIx64
                    " bits that the file can hold, found 0x%" PRIx64,
                    HEADER_SIZE + layout->bitmap_size,
                    image->size - start < IMAGE_FRAMES_MOST / 8 ? (image->size - start) * 8
                                                                : IMAGE_FRAMES_MOST,
                    bits);
    uint64_t end = start + (bits + 7) / 8;
    if (image->info.bitmap.header_size < end)
        return fail(err, STATUS_FORMAT,
                    "HeaderSize at offset 0x%x: expected at least 0x%" PRIx64
                    ", where the bitmap ends, found 0x%" PRIx64,
                    HEADER_SIZE + layout->header_size, end, image->info.bitmap.header_size);
    return STATUS_OK;
}

static enum status open_bitmap(struct error *err, struct image *image,
                               const struct dump_type *type) {
    const struct bitmap_layout *layout = type->layout;
    const uint8_t *header = image->bytes + HEADER_SIZE;
    if (image->size < HEADER_SIZE + layout->buffer)
        return fail(err, STATUS_FORMAT,
                    "bitmap header at offset 0x%x is cut off: expected 0x%" PRIx32
                    " bytes, found 0x%" PRIx64,
                    HEADER_SIZE, layout->buffer, image->size - HEADER_SIZE);
    enum status status = check_signature(err, image, type);
    if (status)
        return status;
    struct image_info *info = &image->info;
    info->has_bitmap = true;
    info->bitmap.options = load_u32(header + DUMP_OPTIONS);
    info->bitmap.header_size = load_integer(header + layout->header_size, layout->width);
    info->bitmap.bitmap_size = load_integer(header + layout->bitmap_size, layout->width);
    info->bitmap.pages = load_integer(header + layout->pages, layout->width);
    status = check_bitmap(err, image, layout);
    if (status)
        return status;
    image->first_page = info->bitmap.header_size;
    image->rank = rank_in_bitmap;
    bitmap_init(&image->bitmap, header + layout->buffer, info->bitmap.bitmap_size);
    info->pages_promised = image->bitmap.count;
    return STATUS_OK;
}

/* The DUMP_TYPE_ values of debuggers' headers; 8 to 10 are what newer WinDbg writes for .dump /k,
 * /ka and /f (kdmp-parser). */
static const struct dump_type types[] = {
    {1, "full", "a full dump", open_runs, NULL, {NULL}},
    {2, "kernel-summary", "a kernel summary dump", open_bitmap, &summary_layout, {"SDMP"}},
    {3, NULL, "a dump of the header alone", NULL, NULL, {NULL}},
    {4, NULL, "a triage dump", NULL, NULL, {NULL}},
    {5, "bitmap-full", "a full bitmap dump", open_bitmap, &bitmap_layout, {"SDMP", "FDMP"}},
    {6, "bitmap-kernel", "a kernel bitmap dump", open_bitmap, &bitmap_layout, {"SDMP", "FDMP"}},
    {7, NULL, "an automatic dump", NULL, NULL, {NULL}},
    {8, NULL, "a kernel memory dump", NULL, NULL, {NULL}},
    {9, NULL, "a kernel and user memory dump", NULL, NULL, {NULL}},
    {10, NULL, "a complete memory dump", NULL, NULL, {NULL}},
};

static const struct dump_type *find_type(uint32_t number) {
    for (size_t index = 0; index < ARRAY_LENGTH(types); index++)
        if (types[index].number == number)
            return &types[index];
    return NULL;
}

void crash64_take_header(struct image *image, const uint8_t *header) {
    image->info.header = header;
    image->info.header_size = HEADER_SIZE;
    image->info.fields = fields;
    image->info.field_count = ARRAY_LENGTH(fields);
}

enum status crash64_open(struct error *err, struct image *image) {
    if (image->size < HEADER_SIZE)
        return fail(err, STATUS_FORMAT,
                    "crash dump header is cut off: expected 0x%x bytes, found 0x%" PRIx64,
                    HEADER_SIZE, image->size);
    uint32_t number = load_u32(image->bytes + DUMP_TYPE);
    const struct dump_type *type = find_type(number);
    if (!type)
        return fail(err, STATUS_FORMAT,
                    "DumpType at offset 0x%x: expected 1 (full), 2 (kernel summary), 5 or 6 "
                    "(bitmap), found 0x%" PRIx32,
                    DUMP_TYPE, number);
    if (!type->open)
        return fail(err, STATUS_UNSUPPORTED,
                    "DumpType at offset 0x%x: %s (type %" PRIu32 ") is not supported: expected 1 "
                    "(full), 2 (kernel summary), 5 or 6 (bitmap)",
                    DUMP_TYPE, type->what, number);
    image->info.format = "crash-dump-64";
    image->info.type = type->name;
    image->info.address_bits = 64;
    crash64_take_header(image, image->bytes);
    return type->open(err, image, type);
}
