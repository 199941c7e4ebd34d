/*
 * capture_reader.h - what the reader's process and its parent say to each other.
 */
#ifndef NTDRIFT_IMAGE_CAPTURE_READER_H
#define NTDRIFT_IMAGE_CAPTURE_READER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The first thing the reader says. */
struct capture_opened {
    uint8_t done;
    char message[200]; /* libkdumpfile's own, where it is not done */
};

/* Page frame `pfn` into page `slot` of the shared memory. */
struct capture_request {
    uint64_t pfn;
    uint32_t slot;
    uint32_t unused;
};

struct capture_answer {
    uint8_t done;
    uint8_t no_data; /* the file has none for this page */
};

/* The reader's whole life; ends with its parent. */
_Noreturn void capture_reader_run(pid_t parent, int channel, const int *descriptors, size_t count,
                                  uint8_t *pages);

#endif
