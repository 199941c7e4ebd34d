/*
 * flattened.c - makedumpfile's flattened format, which QEMU writes to a pipe or file that cannot
 * seek: blocks of a kdump-compressed file, each with the offset where it belongs.
 *
 * libkdumpfile 0.5.1 does not read it, so the file it stands for is made: in the folder for
 * temporary files, without a name, and with as many bytes as there are in the blocks.
 * Source: makedumpfile, README ("flattened format") and struct makedumpfile_header,
 * makedumpfile_data_header; all integers are big-endian.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/container.h"

enum { FILE_HEADER = 4096, TYPE = 16, VERSION = 24, BLOCK_HEADER = 16, TYPE_FLAT = 1 };

/* Bitmaps and descriptors may leave holes, which cost nothing; but what is far outside of the
 * flattened file's own size is no offset in what it stands for. */
#define HOLES_MOST ((uint64_t)1 << 30)

static uint64_t load_big(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return be64toh(value);
}

static int temporary_file(void) {
    const char *folder = getenv("TMPDIR");
    int descriptor =
        open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return descriptor >= 0 ? descriptor : memfd_create("flattened", MFD_CLOEXEC);
}

static enum status fail_system(struct error *err) {
    return fail(err, STATUS_IO, "cannot be put together in a temporary file: %s", strerror(errno));
}

static enum status write_block(struct error *err, int descriptor, const uint8_t *bytes,
                               uint64_t size, uint64_t offset) {
    while (size) {
        ssize_t wrote = pwrite(descriptor, bytes, size, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return fail_system(err);
        bytes += wrote;
        size -= (uint64_t)wrote;
        offset += (uint64_t)wrote;
    }
    return STATUS_OK;
}

/* A file that was cut gives what it has. */
static enum status write_blocks(struct error *err, const uint8_t *bytes, uint64_t size,
                                int descriptor, uint64_t *end) {
    const uint64_t most = size + HOLES_MOST;
    for (uint64_t at = FILE_HEADER; size - at >= BLOCK_HEADER;) {
        uint64_t offset = load_big(bytes + at), length = load_big(bytes + at + 8);
        if (offset == UINT64_MAX && length == UINT64_MAX)
            break; /* the end mark */
        if (offset > most || length > most - offset)
            return fail(err, STATUS_FORMAT,
                        "block at offset 0x%" PRIx64 ": expected a place below 0x%" PRIx64
                        ", found 0x%" PRIx64 " bytes at 0x%" PRIx64,
                        at, most, length, offset);
        at += BLOCK_HEADER;
        uint64_t held = size - at < length ? size - at : length;
        enum status status = write_block(err, descriptor, bytes + at, held, offset);
        if (status)
            return status;
        if (held && offset + held > *end)
            *end = offset + held;
        at += held;
    }
    return STATUS_OK;
}

static enum status map(struct error *err, int descriptor, uint64_t size, struct mapping *mapping) {
    void *data = size ? mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0) : NULL;
    if (data == MAP_FAILED)
        return fail_system(err);
    *mapping = (struct mapping){.data = data, .size = size};
    if (size < 8 || memcmp(data, "KDUMP   ", 8) != 0)
        return fail(err, STATUS_FORMAT,
                    "the flattened file holds no kdump: expected 'KDUMP   ' at its offset 0x0");
    return STATUS_OK;
}

enum status flattened_unfold(struct error *err, const uint8_t *bytes, uint64_t size,
                             int *descriptor, struct mapping *mapping) {
    uint64_t end = 0;
    *descriptor = 0;
    *mapping = (struct mapping){NULL, 0};
    if (size < FILE_HEADER || load_big(bytes + TYPE) != TYPE_FLAT)
        return fail(err, STATUS_FORMAT,
                    "flattened header: expected 4096 bytes with type 1 at offset 0x%x, found "
                    "0x%" PRIx64 " bytes",
                    TYPE, size);
    int file = temporary_file();
    if (file < 0)
        return fail_system(err);
    *descriptor = file;
    enum status status = write_blocks(err, bytes, size, file, &end);
    return status ? status : map(err, file, end, mapping);
}

enum status flattened_open(struct error *err, struct image *image) {
    enum status status = flattened_unfold(err, image->bytes, image->size,
                                          &image->unfolded_descriptor, &image->unfolded);
    if (status)
        return status;
    image->bytes = image->unfolded.data;
    image->size = image->unfolded.size;
    return kdump_open(err, image);
}
