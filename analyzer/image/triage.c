/*
 * triage.c - triage dumps: their header, and memory by virtual address from their data blocks.
 *
 * The sources are named in triage.h.
 */
#include "image/triage.h"

#include <inttypes.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"
#include "image/triage_lists.h"

enum {
    TRIAGE_HEADER = 0x2000, /* behind DUMP_HEADER64 */
    TRIAGE_HEADER_SIZE = 0x80,
    BLOCK_SIZE = 0x10, /* TRIAGE_DATA_BLOCK: Address, Offset, Size */
    EXCEPTION_SIZE = 0x98,
    CONTEXT_ROOM = 3000, /* DMP_CONTEXT_RECORD_SIZE_64 */
};

/* TRIAGE_DUMP64; what of it only Itanium has is left out. */
enum {
    SERVICE_PACK_BUILD,
    SIZE_OF_DUMP,
    VALID_OFFSET,
    CONTEXT_OFFSET,
    EXCEPTION_OFFSET,
    MM_OFFSET,
    UNLOADED_DRIVERS_OFFSET,
    PRCB_OFFSET,
    PROCESS_OFFSET,
    THREAD_OFFSET,
    CALL_STACK_OFFSET,
    SIZE_OF_CALL_STACK,
    DRIVER_LIST_OFFSET,
    DRIVER_COUNT,
    STRING_POOL_OFFSET,
    STRING_POOL_SIZE,
    BROKEN_DRIVER_OFFSET,
    TRIAGE_OPTIONS,
    TOP_OF_STACK,
    DATA_PAGE_ADDRESS,
    DATA_PAGE_OFFSET,
    DATA_PAGE_SIZE,
    DEBUGGER_DATA_OFFSET,
    DEBUGGER_DATA_SIZE,
    DATA_BLOCKS_OFFSET,
    DATA_BLOCKS_COUNT,
    FIELD_COUNT,
};

#define FIELD(name, at, size)                                                                      \
    { name, TRIAGE_HEADER + (at), size, 1, (size) == 8 ? IMAGE_FIELD_ADDRESS : IMAGE_FIELD_HEX }

static const struct image_field fields[FIELD_COUNT] = {
    [SERVICE_PACK_BUILD] = FIELD("ServicePackBuild", 0x0, 4),
    [SIZE_OF_DUMP] = FIELD("SizeOfDump", 0x4, 4),
    [VALID_OFFSET] = FIELD("ValidOffset", 0x8, 4),
    [CONTEXT_OFFSET] = FIELD("ContextOffset", 0xc, 4),
    [EXCEPTION_OFFSET] = FIELD("ExceptionOffset", 0x10, 4),
    [MM_OFFSET] = FIELD("MmOffset", 0x14, 4),
    [UNLOADED_DRIVERS_OFFSET] = FIELD("UnloadedDriversOffset", 0x18, 4),
    [PRCB_OFFSET] = FIELD("PrcbOffset", 0x1c, 4),
    [PROCESS_OFFSET] = FIELD("ProcessOffset", 0x20, 4),
    [THREAD_OFFSET] = FIELD("ThreadOffset", 0x24, 4),
    [CALL_STACK_OFFSET] = FIELD("CallStackOffset", 0x28, 4),
    [SIZE_OF_CALL_STACK] = FIELD("SizeOfCallStack", 0x2c, 4),
    [DRIVER_LIST_OFFSET] = FIELD("DriverListOffset", 0x30, 4),
    [DRIVER_COUNT] = FIELD("DriverCount", 0x34, 4),
    [STRING_POOL_OFFSET] = FIELD("StringPoolOffset", 0x38, 4),
    [STRING_POOL_SIZE] = FIELD("StringPoolSize", 0x3c, 4),
    [BROKEN_DRIVER_OFFSET] = FIELD("BrokenDriverOffset", 0x40, 4),
    [TRIAGE_OPTIONS] = FIELD("TriageOptions", 0x44, 4),
    [TOP_OF_STACK] = FIELD("TopOfStack", 0x48, 8),
    [DATA_PAGE_ADDRESS] = FIELD("DataPageAddress", 0x60, 8),
    [DATA_PAGE_OFFSET] = FIELD("DataPageOffset", 0x68, 4),
    [DATA_PAGE_SIZE] = FIELD("DataPageSize", 0x6c, 4),
    [DEBUGGER_DATA_OFFSET] = FIELD("DebuggerDataOffset", 0x70, 4),
    [DEBUGGER_DATA_SIZE] = FIELD("DebuggerDataSize", 0x74, 4),
    [DATA_BLOCKS_OFFSET] = FIELD("DataBlocksOffset", 0x78, 4),
    [DATA_BLOCKS_COUNT] = FIELD("DataBlocksCount", 0x7c, 4),
};

static uint64_t value_of(const struct image *image, unsigned field) {
    return image_field_value(image, &fields[field], 0);
}

/* ---- memory ---- */

static void promise(struct image *image, uint64_t end) {
    if (end > image->info.expected_size)
        image->info.expected_size = end;
}

static void add_block(struct image *image, uint64_t address, uint64_t offset, uint64_t size) {
    if (offset == 0 || size == 0)
        return;
    promise(image, offset + size);
    blocks_add(&image->blocks, (struct block){address, size, offset});
}

static void read_blocks(struct image *image, struct triage *triage) {
    uint64_t start = value_of(image, DATA_BLOCKS_OFFSET);
    triage->blocks_promised = (uint32_t)value_of(image, DATA_BLOCKS_COUNT);
    promise(image, start + (uint64_t)triage->blocks_promised * BLOCK_SIZE);
    for (uint32_t i = 0; i < triage->blocks_promised; i++) {
        uint64_t at = start + (uint64_t)i * BLOCK_SIZE;
        if (at > image->size || image->size - at < BLOCK_SIZE)
            return;
        const uint8_t *entry = image->bytes + at;
        uint64_t offset = load_u32(entry + 8), size = load_u32(entry + 12);
        add_block(image, load_u64(entry), offset, size);
        triage->blocks_present += offset + size <= image->size;
    }
}

/* The pieces that the header itself names lie beside the data blocks. The stack is that of the
 * current thread, from its pointer upwards. */
static void read_named_pieces(struct image *image) {
    uint64_t debugger = 0;
    add_block(image, value_of(image, TOP_OF_STACK), value_of(image, CALL_STACK_OFFSET),
              value_of(image, SIZE_OF_CALL_STACK));
    add_block(image, value_of(image, DATA_PAGE_ADDRESS), value_of(image, DATA_PAGE_OFFSET),
              value_of(image, DATA_PAGE_SIZE));
    if (image_header_value(image, "KdDebuggerDataBlock", &debugger))
        add_block(image, debugger, value_of(image, DEBUGGER_DATA_OFFSET),
                  value_of(image, DEBUGGER_DATA_SIZE));
}

bool image_map(struct image *image, uint64_t address, uint64_t offset, uint64_t size) {
    if (!image->triage || offset > image->size || size > image->size - offset ||
        !blocks_add(&image->blocks, (struct block){address, size, offset}))
        return false;
    blocks_settle(&image->blocks);
    return true;
}

/* ---- parts ---- */

/* A part has no size of its own: it reaches at most to the part that follows it in the file. */
static struct triage_part part_of(const struct image *image, unsigned field) {
    static const unsigned starts[] = {
        UNLOADED_DRIVERS_OFFSET, PRCB_OFFSET,        PROCESS_OFFSET,
        THREAD_OFFSET,           CALL_STACK_OFFSET,  DRIVER_LIST_OFFSET,
        DEBUGGER_DATA_OFFSET,    STRING_POOL_OFFSET, DATA_BLOCKS_OFFSET};
    uint64_t offset = value_of(image, field), end = image->size;
    if (offset == 0 || offset >= image->size)
        return (struct triage_part){0};
    for (size_t i = 0; i < ARRAY_LENGTH(starts); i++) {
        uint64_t start = value_of(image, starts[i]);
        if (start > offset && start < end)
            end = start;
    }
    return (struct triage_part){offset, end - offset};
}

static struct triage_part sized_part(const struct image *image, unsigned field, uint64_t size) {
    uint64_t offset = value_of(image, field);
    if (offset == 0 || offset >= image->size)
        return (struct triage_part){0};
    return (struct triage_part){offset, size < image->size - offset ? size : image->size - offset};
}

/* The writer ends a dump with this mark, last of all. */
static bool is_complete(const struct image *image) {
    uint64_t offset = value_of(image, VALID_OFFSET);
    return offset <= image->size && image->size - offset >= 4 &&
           memcmp(image->bytes + offset, "TRGD", 4) == 0;
}

static void read_parts(const struct image *image, struct triage *triage) {
    triage->prcb = part_of(image, PRCB_OFFSET);
    triage->process = part_of(image, PROCESS_OFFSET);
    triage->thread = part_of(image, THREAD_OFFSET);
    triage->context = sized_part(image, CONTEXT_OFFSET, CONTEXT_ROOM);
    triage->exception = sized_part(image, EXCEPTION_OFFSET, EXCEPTION_SIZE);
    triage->complete = is_complete(image);
}

const struct triage *image_triage(const struct image *image) {
    return image->triage;
}

bool triage_read(const struct image *image, const struct triage_part *part, uint64_t at,
                 void *buffer, size_t length) {
    if (at > part->size || length > part->size - at)
        return false;
    memcpy(buffer, image->bytes + part->offset + at, length);
    return true;
}

/* ---- opening ---- */

enum status triage_open(struct error *err, struct image *image) {
    if (image->size < TRIAGE_HEADER + TRIAGE_HEADER_SIZE)
        return fail(
            err, STATUS_FORMAT,
            "triage header at offset 0x%x is cut off: expected 0x%x bytes, found 0x%" PRIx64,
            TRIAGE_HEADER, TRIAGE_HEADER_SIZE, image->size - TRIAGE_HEADER);
    struct triage *triage = xcalloc(1, sizeof *triage);
    image->triage = triage;
    image->is_virtual = true;
    image->rank = image_no_rank;
    triage->fields = fields;
    triage->field_count = FIELD_COUNT;
    promise(image, value_of(image, SIZE_OF_DUMP));
    read_blocks(image, triage);
    read_named_pieces(image);
    blocks_settle(&image->blocks);
    read_parts(image, triage);
    promise(image, triage_read_drivers(image, value_of(image, DRIVER_LIST_OFFSET),
                                       (uint32_t)value_of(image, DRIVER_COUNT), triage));
    promise(image, triage_read_unloaded(image, value_of(image, UNLOADED_DRIVERS_OFFSET), triage));
    promise(image, triage_read_blobs(image, value_of(image, SIZE_OF_DUMP), triage));
    return STATUS_OK;
}

void triage_close(struct image *image) {
    if (!image->triage)
        return;
    free(image->triage->drivers);
    free(image->triage->unloaded);
    free(image->triage->blobs);
    free(image->triage);
}
