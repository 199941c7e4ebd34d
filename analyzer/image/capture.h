/*
 * capture.h - pages out of a file that libkdumpfile reads, by a process of its own.
 *
 * libkdumpfile 0.5.1 dies on damaged files (SIGBUS, SIGSEGV, heap overflows in what it
 * decompresses), so it runs in a child that may die. The child puts pages into memory it shares
 * with the parent, which asks for one at a time and keeps those it was given. Which pages there
 * are, and whether what the file says of them can be true, is the container's part: it asks for
 * nothing that it has not checked.
 */
#ifndef NTDRIFT_IMAGE_CAPTURE_H
#define NTDRIFT_IMAGE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/read.h"

struct capture;

/* Starts the reader on the file that `descriptors` are open on: one, or the parts of a split kdump.
 * The caller closes them. */
enum status capture_start(struct error *err, const int *descriptors, size_t count,
                          struct capture **capture);
void capture_stop(struct capture *capture);

/* The page is in place until capture_epoch() changes. READ_BAD_VALUE: what the file has for it
 * cannot be unpacked. READ_READER_DIED: the reader is no more. */
enum read_state capture_page(struct capture *capture, uint64_t pfn, const uint8_t **page);

/* Counts how often the pages were dropped to make room for others. */
uint64_t capture_epoch(const struct capture *capture);

/* What became of the reader, in words; NULL while it lives. */
const char *capture_fault(const struct capture *capture);

#endif
