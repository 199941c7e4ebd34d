/*
 * kdump.c - kdump-compressed files of guests, as QEMU and libvirt write them, and the sets of files
 * that makedumpfile --split writes.
 */
#include "base/memory.h"
#include "image/container.h"
#include "image/notes.h"

static const struct kdump_part *part_of(const struct image *image, uint64_t pfn) {
    size_t at = 0;
    while (at + 1 < image->part_count && pfn >= image->parts[at].end)
        at++;
    return &image->parts[at];
}

static enum read_state page(const struct image *image, uint64_t pfn, const uint8_t **page) {
    enum read_state state = kdump_part_find(part_of(image, pfn), pfn);
    return state ? state : capture_page(image->capture, pfn, page);
}

static bool next(const struct image *image, uint64_t pfn, uint64_t *next) {
    for (size_t i = 0; i < image->part_count; i++)
        if (pfn < image->parts[i].end && kdump_part_next(&image->parts[i], pfn, next))
            return true;
    return false;
}

static void sum_up(struct image *image) {
    struct image_info *info = &image->info;
    info->type = "full";
    for (size_t i = 0; i < image->part_count; i++) {
        const struct kdump_part *part = &image->parts[i];
        info->pages_promised += part->pages;
        info->pages_present += part->pages_present;
        info->file_size += part->size;
        info->expected_size += part->expected_size;
        if (part->is_filtered)
            info->type = "filtered";
        if (info->processor_count == 0 && !info->header)
            notes_read(image, part->notes, part->notes_size);
    }
}

enum status kdump_open(struct error *err, struct image *image) {
    image->page = page;
    image->next = next;
    image->info.format = "kdump";
    image->info.is_capture = true;
    image->parts = xcalloc(1, sizeof *image->parts);
    image->part_count = 1;
    enum status status = kdump_part_open(err, image->bytes, image->size, image->parts);
    if (!status && image->parts->is_split)
        status = kdump_find_set(err, image);
    if (status)
        return status;
    sum_up(image);
    if (image->info.pages_promised == 0)
        return fail(err, STATUS_FORMAT, "the kdump has no memory: its bitmap is empty");
    return image_start_capture(err, image);
}

void kdump_close(struct image *image) {
    for (size_t i = 0; i < image->part_count; i++)
        kdump_part_close(&image->parts[i]);
    free(image->parts);
}
