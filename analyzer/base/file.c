/* file.c - reading and atomic writing of whole files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_internal.h"
#include "base/memory.h"

enum status file_fail(struct error *err, const char *path, const char *action) {
    return fail(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "%s: cannot %s: %s", path,
                action, strerror(errno));
}

void file_close_descriptor(int *descriptor) {
    if (*descriptor >= 0)
        close(*descriptor);
}

int file_open_named(const char **path, int flags) {
    if (strcmp(*path, "-") != 0)
        return open(*path, O_RDONLY | O_CLOEXEC | flags);
    *path = "standard input";
    return dup(STDIN_FILENO);
}

static enum status read_descriptor(struct error *err, int descriptor, const char *path,
                                   size_t limit, struct text *content) {
    char block[65536];
    for (;;) {
        ssize_t got = read(descriptor, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return file_fail(err, path, "read");
        if (got == 0)
            return STATUS_OK;
        if ((size_t)got > limit - content->length)
            return fail(err, STATUS_FORMAT, "%s: too large: expected at most %zu bytes", path,
                        limit);
        text_append(content, block, (size_t)got);
    }
}

enum status file_read(struct error *err, const char *path, size_t limit, struct text *content) {
    int descriptor AUTO(file_close_descriptor) = file_open_named(&path, 0);
    if (descriptor < 0)
        return file_fail(err, path, "open");
    text_init(content);
    enum status status = read_descriptor(err, descriptor, path, limit, content);
    if (status)
        text_deinit(content);
    return status;
}

/* mkstemp makes files that only their owner can read; a result has the usual permissions. */
static mode_t usual_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* A file that is being written: beside the one that it is to become, or standard output, a device
 * or a pipe, which are written at once. */
struct file_stream {
    const char *path;
    int descriptor;
    char *temporary; /* NULL: none */
    bool is_complete;
    enum status status;
    int error; /* errno of the first failure */
};

static void stream_fail(struct file_stream *stream) {
    stream->status = STATUS_IO;
    stream->error = errno;
}

static enum status stream_error(struct error *err, const struct file_stream *stream) {
    errno = stream->error;
    return stream->status ? file_fail(err, stream->path, "write") : STATUS_OK;
}

static enum status open_beside(struct error *err, struct file_stream *stream) {
    stream->temporary = xasprintf("%s.XXXXXX", stream->path);
    stream->descriptor = mkostemp(stream->temporary, O_CLOEXEC);
    return stream->descriptor < 0 ? file_fail(err, stream->path, "write") : STATUS_OK;
}

static enum status open_stream(struct error *err, struct file_stream *stream) {
    struct stat info;
    if (!stream->path || strcmp(stream->path, "-") == 0) {
        stream->path = "standard output";
        stream->descriptor = dup(STDOUT_FILENO);
    } else if (stat(stream->path, &info) == 0 && !S_ISREG(info.st_mode)) {
        /* A device or pipe that the user names (/dev/null, /dev/stdout) is never replaced. */
        stream->descriptor = open(stream->path, O_WRONLY | O_CLOEXEC);
    } else {
        return open_beside(err, stream);
    }
    return stream->descriptor < 0 ? file_fail(err, stream->path, "open") : STATUS_OK;
}

static void stream_free(struct file_stream *stream) {
    file_close_descriptor(&stream->descriptor);
    free(stream->temporary);
    free(stream);
}

enum status file_stream_open(struct error *err, const char *path, struct file_stream **stream) {
    struct file_stream *opened = xcalloc(1, sizeof *opened);
    opened->path = path;
    enum status status = open_stream(err, opened);
    if (status)
        stream_free(opened);
    *stream = status ? NULL : opened;
    return status;
}

void file_stream_put(struct file_stream *stream, const char *bytes, size_t length) {
    while (length && !stream->status) {
        ssize_t put = write(stream->descriptor, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            stream_fail(stream);
            return;
        }
        bytes += put;
        length -= (size_t)put;
    }
}

/* The file is on the disk, with the usual permissions. */
static void complete(struct file_stream *stream) {
    if (stream->temporary && !stream->status && !stream->is_complete &&
        (fchmod(stream->descriptor, usual_mode()) < 0 || fsync(stream->descriptor) < 0))
        stream_fail(stream);
    stream->is_complete = true;
}

enum status file_stream_close(struct error *err, struct file_stream *stream, bool abandon) {
    if (!abandon)
        complete(stream);
    bool appears = stream->temporary && !abandon && !stream->status;
    if (appears && rename(stream->temporary, stream->path) < 0)
        stream_fail(stream);
    if (stream->temporary && (abandon || stream->status))
        unlink(stream->temporary);
    enum status status = abandon ? STATUS_OK : stream_error(err, stream);
    stream_free(stream);
    return status;
}

enum status file_write_all(struct error *err, const struct file_output *outputs, size_t count) {
    AUTO_FREE struct file_stream **streams = xcalloc(count + 1, sizeof(struct file_stream *));
    enum status status = STATUS_OK;
    size_t opened = 0;
    while (opened < count && !status) {
        const struct file_output *output = &outputs[opened];
        status = file_stream_open(err, output->path, &streams[opened]);
        if (status)
            break;
        file_stream_put(streams[opened], output->bytes, output->length);
        complete(streams[opened]);
        status = stream_error(err, streams[opened++]);
    }
    for (size_t i = 0; i < opened; i++) {
        enum status closed = file_stream_close(err, streams[i], status != STATUS_OK);
        status = status ? status : closed;
    }
    return status;
}

enum status file_write(struct error *err, const char *path, const void *bytes, size_t length) {
    const struct file_output output = {path, bytes, length};
    return file_write_all(err, &output, 1);
}
