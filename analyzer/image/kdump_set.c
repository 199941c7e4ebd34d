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

static bool has_part(const struct image *image, const struct kdump_part *part) {
    for (size_t i = 0; i < image->part_count; i++)
        if (image->parts[i].first == part->first && image->parts[i].end == part->end)
            return true;
    return false;
}

/* Takes `descriptor` over. What is no part, or a copy of one under another name, is left out. */
static enum status add_part(struct error *err, struct image *image, const char *path,
                            int descriptor, bool is_flattened) {
    struct kdump_part part = {0};
    struct mapping mapping, flat = {NULL, 0};
    enum status status = mapping_open(err, path, &mapping);
    if (status) {
        close(descriptor);
        return status;
    }
    if (is_flattened) {
        flat = mapping;
        close(descriptor);
        status = flattened_unfold(err, flat.data, flat.size, &descriptor, &mapping);
    }
    if (!status)
        status = kdump_part_open(err, mapping.data, mapping.size, &part);
    mapping_close(&flat);
    part.mapping = mapping;
    part.descriptor = descriptor;
    if (status || !part.is_split || has_part(image, &part)) {
        kdump_part_close(&part);
        return status && err ? fail_within(err, path) : status;
    }
    image->parts = xreallocarray(image->parts, image->part_count + 1, sizeof part);
    image->parts[image->part_count++] = part;
    return STATUS_OK;
}

static enum status add_all(struct error *err, struct image *image, const struct files *files) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < files->count && image->part_count < PARTS_MOST && !status; i++) {
        bool is_flattened;
        int descriptor = open_part(files->paths[i], image, &is_flattened);
        if (descriptor >= 0)
            status = add_part(err, image, files->paths[i], descriptor, is_flattened);
    }
    return status;
}

static int by_first(const void *left, const void *right) {
    const struct kdump_part *a = left, *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

static enum status fail_missing(struct error *err, uint64_t all, uint64_t first, uint64_t end) {
    return fail(err, STATUS_FORMAT,
                "one part of a split kdump of 0x%" PRIx64 " page frames: that with 0x%" PRIx64
                " to 0x%" PRIx64 " is not in its folder",
                all, first, end - 1);
}

/* Whether the parts follow each other from page frame 0 to the last. */
static enum status check_set(struct error *err, const struct image *image) {
    uint64_t end = 0, all = image->parts->bitmap.size;
    for (size_t i = 0; i < image->part_count; i++) {
        const struct kdump_part *part = &image->parts[i];
        if (part->first > end)
            return fail_missing(err, all, end, part->first);
        if (part->first < end)
            return fail(err, STATUS_FORMAT,
                        "one part of a split kdump: page frame 0x%" PRIx64
                        " is in two different parts in its folder",
                        part->first);
        end = part->end;
    }
    return end < all ? fail_missing(err, all, end, all) : STATUS_OK;
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
