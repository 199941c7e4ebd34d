/* triage_lists.c - drivers, unloaded drivers and secondary data of a triage dump. */
#include "image/triage_lists.h"

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"

static bool holds(const struct image *image, uint64_t offset, uint64_t size) {
    return offset <= image->size && image->size - offset >= size;
}

/* ---- drivers ---- */

/* DUMP_DRIVER_ENTRY64: DriverNameOffset, then the loader's entry as it was in XP, which every later
 * kernel fills in. A name is DUMP_STRING: the number of its characters, then these. */
enum {
    DRIVER_ENTRY_SIZE = 0x90,
    DRIVER_LOADER_ENTRY = 0x8,
    DRIVER_BASE = DRIVER_LOADER_ENTRY + 0x30,
    DRIVER_SIZE = DRIVER_LOADER_ENTRY + 0x40,
    DRIVER_TIMESTAMP = DRIVER_LOADER_ENTRY + 0x80,
    NAME_MOST = 32767,    /* characters that a UNICODE_STRING can have */
    DRIVERS_MOST = 16384, /* the most that are believed: a machine of today loads some 250 */
};

static struct triage_name dump_string(const struct image *image, uint64_t offset) {
    if (offset == 0 || !holds(image, offset, 4))
        return (struct triage_name){0};
    uint64_t length = load_u32(image->bytes + offset);
    if (length > NAME_MOST || !holds(image, offset + 4, 2 * length))
        return (struct triage_name){0};
    return (struct triage_name){image->bytes + offset + 4, (size_t)(2 * length)};
}

uint64_t triage_read_drivers(const struct image *image, uint64_t offset, uint32_t count,
                             struct triage *triage) {
    size_t capacity = 0;
    triage->drivers_promised = count;
    if (count == 0)
        return 0;
    uint64_t room =
        image->size; /* names share no bytes: all together are no longer than the file */
    for (uint32_t i = 0; i < count && i < DRIVERS_MOST; i++) {
        uint64_t at = offset + (uint64_t)i * DRIVER_ENTRY_SIZE;
        if (!holds(image, at, DRIVER_ENTRY_SIZE))
            break;
        const uint8_t *entry = image->bytes + at;
        struct triage_name path = dump_string(image, load_u32(entry));
        if (path.length > room)
            path = (struct triage_name){0};
        room -= path.length;
        ARRAY_RESERVE(triage->drivers, triage->driver_count, capacity);
        triage->drivers[triage->driver_count++] =
            (struct triage_driver){.path = path,
                                   .base = load_u64(entry + DRIVER_BASE),
                                   .size = load_u32(entry + DRIVER_SIZE),
                                   .timestamp = load_u32(entry + DRIVER_TIMESTAMP)};
    }
    return offset + (uint64_t)count * DRIVER_ENTRY_SIZE;
}

const struct triage_driver *triage_driver_at(const struct triage *triage, uint64_t address) {
    for (size_t i = 0; i < triage->driver_count; i++) {
        const struct triage_driver *driver = &triage->drivers[i];
        if (address >= driver->base && address - driver->base < driver->size)
            return driver;
    }
    return NULL;
}

struct triage_name triage_base_name(struct triage_name path) {
    size_t start = path.length;
    while (start > 0 && load_u16(path.bytes + start - 2) != '\\')
        start -= 2;
    if (path.bytes)
        path.bytes += start;
    path.length -= start;
    return path;
}

/* ---- unloaded drivers ---- */

/* A count of eight bytes, then DUMP_UNLOADED_DRIVERS64: a UNICODE_STRING whose pointer says
 * nothing, twelve characters of the name, StartAddress, EndAddress. */
enum {
    UNLOADED_COUNT_SIZE = 8,
    UNLOADED_ENTRY_SIZE = 0x38,
    UNLOADED_LENGTH = 0x0,
    UNLOADED_NAME = 0x10,
    UNLOADED_NAME_SIZE = 0x18,
    UNLOADED_START = 0x28,
    UNLOADED_END = 0x30,
    UNLOADED_MOST = 50, /* MI_UNLOADED_DRIVERS: the kernel keeps that many */
};

static struct triage_unloaded unloaded_at(const uint8_t *entry) {
    size_t length = load_u16(entry + UNLOADED_LENGTH) & ~(size_t)1;
    return (struct triage_unloaded){
        .name = {entry + UNLOADED_NAME, length < UNLOADED_NAME_SIZE ? length : UNLOADED_NAME_SIZE},
        .start = load_u64(entry + UNLOADED_START),
        .end = load_u64(entry + UNLOADED_END)};
}

uint64_t triage_read_unloaded(const struct image *image, uint64_t offset, struct triage *triage) {
    if (offset == 0 || !holds(image, offset, UNLOADED_COUNT_SIZE))
        return 0;
    uint64_t count = load_u64(image->bytes + offset);
    uint64_t at = offset + UNLOADED_COUNT_SIZE;
    triage->unloaded_promised = count;
    if (count > UNLOADED_MOST)
        return 0; /* no table of the kernel's */
    triage->unloaded = xcalloc((size_t)count + 1, sizeof *triage->unloaded);
    for (; triage->unloaded_count < count && holds(image, at, UNLOADED_ENTRY_SIZE);
         at += UNLOADED_ENTRY_SIZE)
        triage->unloaded[triage->unloaded_count++] = unloaded_at(image->bytes + at);
    return offset + UNLOADED_COUNT_SIZE + count * UNLOADED_ENTRY_SIZE;
}

/* ---- secondary data ---- */

/* DUMP_BLOB_FILE_HEADER: "DumpBlob", HeaderSize, BuildNumber. DUMP_BLOB_HEADER: HeaderSize, Tag,
 * DataSize, PrePad, PostPad; then PrePad bytes, the data, PostPad bytes. */
enum {
    BLOB_FILE_HEADER_SIZE = 0x10,
    BLOB_HEADER_SIZE = 0x20,
    BLOB_TAG = 0x4,
    BLOB_DATA_SIZE = 0x14,
    BLOB_PRE_PAD = 0x18,
    BLOB_POST_PAD = 0x1c,
    BLOBS_MOST = 4096, /* the most that are believed: real dumps have some twenty */
};

uint64_t triage_read_blobs(const struct image *image, uint64_t offset, struct triage *triage) {
    size_t capacity = 0;
    uint64_t left = offset < image->size ? image->size - offset : 0;
    if (left == 0 || memcmp(image->bytes + offset, "DumpBlob", left < 8 ? left : 8) != 0)
        return 0;
    if (left < BLOB_FILE_HEADER_SIZE)
        return offset + BLOB_FILE_HEADER_SIZE;
    uint64_t at = offset + load_u32(image->bytes + offset + 8);
    while (at < image->size && triage->blob_count < BLOBS_MOST) {
        if (!holds(image, at, BLOB_HEADER_SIZE))
            return at + BLOB_HEADER_SIZE;
        const uint8_t *header = image->bytes + at;
        uint32_t size = load_u32(header);
        if (size < BLOB_HEADER_SIZE)
            break;
        ARRAY_RESERVE(triage->blobs, triage->blob_count, capacity);
        struct triage_blob *blob = &triage->blobs[triage->blob_count++];
        memcpy(blob->tag, header + BLOB_TAG, sizeof blob->tag);
        blob->size = load_u32(header + BLOB_DATA_SIZE);
        at += (uint64_t)size + load_u32(header + BLOB_PRE_PAD) + blob->size +
              load_u32(header + BLOB_POST_PAD);
    }
    return at;
}
