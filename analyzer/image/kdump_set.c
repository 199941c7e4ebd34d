/*
 * kdump_set.c - the other parts of a split kdump, in the folder of the one that was named.
 *
 * makedumpfile --split writes files of any names, each with a part of the page frames; the first
 * header, which has the time of the crash, is the same in all (makedumpfile, IMPLEMENTATION).
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "image/container.h"

enum { PARTS_MOST = 256, FILES_MOST = 65536 };

struct files {
    char **paths; /* in order of name */
    size_t count;
    size_t capacity;
};

static void files_deinit(struct files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void list_folder(const char *path, struct files *files) {
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *folder =
        slash ? xasprintf("%.*s", (int)(slash - path + 1), path) : xstrdup("./");
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (files->count == FILES_MOST)
            break;
        ARRAY_RESERVE(files->paths, files->count, files->capacity);
        files->paths[files->count++] = xasprintf("%s%s", folder, entry->d_name);
    }
    if (directory)
        closedir(directory);
    if (files->count)
        qsort(files->paths, files->count, sizeof *files->paths, by_name);
}

/* Whether the file begins as the parts of the set do, flattened or not. */
static bool begins_alike(int descriptor, const uint8_t *header, bool *is_flattened) {
    static const char flat[] = "makedumpfile";
    uint8_t bytes[KDUMP_HEADER_SIZE];
    if (pread(descriptor, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    *is_flattened = memcmp(bytes, flat, sizeof flat) == 0;
    if (*is_flattened &&
        pread(descriptor, bytes, sizeof bytes, FLATTENED_HEADER_AT) != (ssize_t)sizeof bytes)
        return false;
    return memcmp(bytes, header, sizeof bytes) == 0;
}

/* Opens a regular file that is a part of the set, and not the image's own; -1: it is none. */
static int open_part(const char *path, const struct image *image, bool *is_flattened) {
    struct stat facts, own;
    if (stat(path, &facts) || !S_ISREG(facts.st_mode) || stat(image->path, &own) ||
        (facts.st_dev == own.st_dev && facts.st_ino == own.st_ino))
        return -1;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 || begins_alike(descriptor, image->bytes, is_flattened))
        return descriptor;
    close(descriptor);
    return -1;
}

/* Takes `descriptor` over. */
static enum status add_part(struct error *err, struct image *image, const char *path,
                            int descriptor, bool is_flattened) {
    struct mapping mapping;
    struct kdump_part part = {0};
    enum status status = mapping_open(NULL, path, &mapping);
    if (status) {
        close(descriptor);
        return fail(err, status, "%s: cannot be mapped", path);
    }
    if (is_flattened) {
        struct mapping flat = mapping;
        close(descriptor);
        status = flattened_unfold(err, flat.data, flat.size, &descriptor, &mapping);
        mapping_close(&flat);
    }
    if (!status)
        status = kdump_part_open(err, mapping.data, mapping.size, &part);
    part.mapping = mapping;
    part.descriptor = descriptor;
    if (status || !part.is_split) {
        kdump_part_close(&part);
        return status && err ? fail_within(err, path) : status;
    }
    image->parts = xreallocarray(image->parts, image->part_count + 1, sizeof part);
    image->parts[image->part_count++] = part;
    return STATUS_OK;
}

static bool has_part(const struct image *image, uint64_t first, uint64_t end) {
    for (size_t i = 0; i < image->part_count; i++)
        if (image->parts[i].first == first && image->parts[i].end == end)
            return true;
    return false;
}

/* A copy of a part, under another name, is no part. */
static void drop_copy(struct image *image) {
    struct kdump_part last = image->parts[image->part_count - 1];
    image->part_count--;
    if (has_part(image, last.first, last.end))
        kdump_part_close(&last);
    else
        image->part_count++;
}

static enum status add_all(struct error *err, struct image *image, const struct files *files) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < files->count && image->part_count < PARTS_MOST && !status; i++) {
        bool is_flattened;
        int descriptor = open_part(files->paths[i], image, &is_flattened);
        size_t before = image->part_count;
        if (descriptor >= 0)
            status = add_part(err, image, files->paths[i], descriptor, is_flattened);
        if (image->part_count > before)
            drop_copy(image);
    }
    return status;
}

static int by_first(const void *left, const void *right) {
    const struct kdump_part *a = left, *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

/* Whether the parts follow each other from page frame 0 to the last. */
static enum status check_set(struct error *err, const struct image *image) {
    uint64_t end = 0, last = image->parts->bitmap.size;
    for (size_t i = 0; i <= image->part_count; i++) {
        uint64_t first = i < image->part_count ? image->parts[i].first : last;
        if (first > end)
            return fail(err, STATUS_FORMAT,
                        "one part of a split kdump of 0x%" PRIx64
                        " page frames: that with 0x%" PRIx64 " to 0x%" PRIx64
                        " is not in its folder",
                        last, end, first - 1);
        if (first < end && i < image->part_count)
            return fail(err, STATUS_FORMAT,
                        "one part of a split kdump: page frame 0x%" PRIx64
                        " is in two different parts in its folder",
                        first);
        if (i < image->part_count)
            end = image->parts[i].end;
    }
    return STATUS_OK;
}

enum status kdump_find_set(struct error *err, struct image *image) {
    AUTO(files_deinit) struct files files = {0};
    if (image->path)
        list_folder(image->path, &files);
    enum status status = add_all(err, image, &files);
    if (status)
        return status;
    qsort(image->parts, image->part_count, sizeof *image->parts, by_first);
    return check_set(err, image);
}
