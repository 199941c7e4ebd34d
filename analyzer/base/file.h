/*
 * file.h - files in whole: read into memory, written complete or not at all.
 */
#ifndef NTDRIFT_BASE_FILE_H
#define NTDRIFT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

/* Reads `path`, or standard input where it is "-", up to `limit` bytes; more is STATUS_FORMAT.
 * `content` is initialized here; the caller deinitializes it on success. */
enum status file_read(struct error *err, const char *path, size_t limit, struct text *content);

/* Writes `length` bytes: to standard output where `path` is NULL or "-", else to a file that
 * appears complete, by rename, and is not touched when anything fails. */
enum status file_write(struct error *err, const char *path, const void *bytes, size_t length);

/* The same of an output that is never in memory as a whole. */
struct file_stream;
enum status file_stream_open(struct error *err, const char *path, struct file_stream **stream);
/* What cannot be written is said by file_stream_close(). */
void file_stream_put(struct file_stream *stream, const char *bytes, size_t length);
/* The file appears now. Where `abandon` is set it never does, and the status is STATUS_OK. */
enum status file_stream_close(struct error *err, struct file_stream *stream, bool abandon);

/* file_write() of several at once: when one cannot be written, no file appears. What goes to
 * standard output or a device goes there before the files appear. */
struct file_output {
    const char *path;
    const void *bytes;
    size_t length;
};
enum status file_write_all(struct error *err, const struct file_output *outputs, size_t count);

#endif
