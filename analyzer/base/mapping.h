/*
 * mapping.h - files mapped for reading.
 *
 * A file can get shorter while it is mapped; the system then sends SIGBUS for a read behind its new
 * end (mmap(2)). That ends the program with exit code 2 and one line, as any other trouble does: a
 * half of a file is nothing to go on with.
 */
#ifndef NTDRIFT_BASE_MAPPING_H
#define NTDRIFT_BASE_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* A regular file, mapped read-only. An empty file has `data` NULL and `size` 0. */
struct mapping {
    const uint8_t *data;
    size_t size;
};

/* Maps `path`, or what standard input was redirected from where it is "-". A directory, pipe or
 * device is refused by name (STATUS_FORMAT). */
enum status mapping_open(struct error *err, const char *path, struct mapping *mapping);
void mapping_close(struct mapping *mapping);

/* Says that whole pages of it are not wanted for now: the next access reads the file again. */
void mapping_release(const struct mapping *mapping, size_t offset, size_t size);

/* STATUS_IO where the file is shorter by now: the end of its last page reads as zeros then, without
 * a signal. For what was read to be trusted. */
enum status mapping_check(struct error *err, const struct mapping *mapping);

#endif
