/* file.c - mapping, reading and atomic writing of whole files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static enum status fail_errno(struct error *err, const char *path, const char *action) {
    return fail(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "%s: cannot %s: %s", path,
                action, strerror(errno));
}

static void close_descriptor(int *descriptor) {
    if (*descriptor >= 0)
        close(*descriptor);
}

static const char *kind_of_file(mode_t mode) {
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a pipe";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

/* "-" is standard input. */
static int open_named(const char **path, int flags) {
    if (strcmp(*path, "-") != 0)
        return open(*path, O_RDONLY | O_CLOEXEC | flags);
    *path = "standard input";
    return dup(STDIN_FILENO);
}

enum status mapping_open(struct error *err, const char *path, struct mapping *mapping) {
    *mapping = (struct mapping){NULL, 0};
    /* O_NONBLOCK: opening a pipe that nobody writes must not hang before it can be refused. */
    int descriptor AUTO(close_descriptor) = open_named(&path, O_NONBLOCK);
    struct stat info;
    if (descriptor < 0 || fstat(descriptor, &info) < 0)
        return fail_errno(err, path, "open");
    if (!S_ISREG(info.st_mode))
        return fail(err, STATUS_FORMAT, "%s: expected a regular file, found %s", path,
                    kind_of_file(info.st_mode));
    if (info.st_size == 0)
        return STATUS_OK;
    void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED)
        return fail_errno(err, path, "map");
    *mapping = (struct mapping){data, (size_t)info.st_size};
    return STATUS_OK;
}

void mapping_close(struct mapping *mapping) {
    if (mapping->data)
        munmap((void *)(uintptr_t)mapping->data, mapping->size);
    *mapping = (struct mapping){NULL, 0};
}

void mapping_release(const struct mapping *mapping, size_t offset, size_t size) {
    if (mapping->data)
        madvise((void *)(uintptr_t)(mapping->data + offset), size, MADV_DONTNEED);
}

static enum status read_descriptor(struct error *err, int descriptor, const char *path,
                                   size_t limit, struct text *content) {
    char block[65536];
    for (;;) {
        ssize_t got = read(descriptor, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, path, "read");
        if (got == 0)
            return STATUS_OK;
        if ((size_t)got > limit - content->length)
            return fail(err, STATUS_FORMAT, "%s: too large: expected at most %zu bytes", path,
                        limit);
        text_append(content, block, (size_t)got);
    }
}

enum status file_read(struct error *err, const char *path, size_t limit, struct text *content) {
    int descriptor AUTO(close_descriptor) = open_named(&path, 0);
    if (descriptor < 0)
        return fail_errno(err, path, "open");
    text_init(content);
    enum status status = read_descriptor(err, descriptor, path, limit, content);
    if (status)
        text_deinit(content);
    return status;
}

static enum status write_descriptor(struct error *err, int descriptor, const char *path,
                                    const char *bytes, size_t length) {
    while (length) {
        ssize_t put = write(descriptor, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail_errno(err, path, "write");
        bytes += put;
        length -= (size_t)put;
    }
    return STATUS_OK;
}

/* mkstemp makes files that only their owner can read; a result has the usual permissions. */
static mode_t usual_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* A complete file beside the one it is to become; its name is the caller's to free, NULL where the
 * output is no regular file and was written at once. */
static enum status write_beside(struct error *err, const struct file_output *output,
                                char **temporary) {
    AUTO_FREE char *name = xasprintf("%s.XXXXXX", output->path);
    int descriptor AUTO(close_descriptor) = mkstemp(name);
    if (descriptor < 0)
        return fail_errno(err, output->path, "write");
    enum status status =
        write_descriptor(err, descriptor, output->path, output->bytes, output->length);
    if (!status && (fchmod(descriptor, usual_mode()) < 0 || fsync(descriptor) < 0))
        status = fail_errno(err, output->path, "write");
    if (status) {
        unlink(name);
        return status;
    }
    *temporary = name;
    name = NULL;
    return STATUS_OK;
}

static enum status prepare(struct error *err, const struct file_output *output, char **temporary) {
    const char *path = output->path;
    *temporary = NULL;
    if (!path || strcmp(path, "-") == 0)
        return write_descriptor(err, STDOUT_FILENO, "standard output", output->bytes,
                                output->length);
    struct stat info;
    /* A device or pipe that the user names (/dev/null, /dev/stdout) is written, never replaced. */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        int descriptor AUTO(close_descriptor) = open(path, O_WRONLY | O_CLOEXEC);
        if (descriptor < 0)
            return fail_errno(err, path, "open");
        return write_descriptor(err, descriptor, path, output->bytes, output->length);
    }
    return write_beside(err, output, temporary);
}

enum status file_write_all(struct error *err, const struct file_output *outputs, size_t count) {
    AUTO_FREE char **temporaries = xcalloc(count + 1, sizeof *temporaries);
    enum status status = STATUS_OK;
    size_t prepared = 0;
    for (; prepared < count && !status; prepared++)
        status = prepare(err, &outputs[prepared], &temporaries[prepared]);
    for (size_t i = 0; i < prepared; i++) {
        if (!temporaries[i])
            continue;
        if (!status && rename(temporaries[i], outputs[i].path) < 0)
            status = fail_errno(err, outputs[i].path, "write");
        if (status)
            unlink(temporaries[i]);
        free(temporaries[i]);
    }
    return status;
}

enum status file_write(struct error *err, const char *path, const void *bytes, size_t length) {
    const struct file_output output = {path, bytes, length};
    return file_write_all(err, &output, 1);
}
