/*
 * raw.c - raw images: physical memory from frame 0 on, and nothing else.
 *
 * Nothing in such a file says what it is. What opens here is only what can be one. Nor does it
 * say how long it was: that it was cut off shows by a last page that is not whole.
 */
#include "image/container.h"

#define SIZE_LEAST (1u << 20) /* no machine has less: the first MiB is there since the PC */

bool raw_is_likely(const uint8_t *bytes, uint64_t size) {
    return size >= SIZE_LEAST && !foreign_is_known(bytes, size);
}

static enum read_state page(const struct image *image, uint64_t pfn, const uint8_t **page) {
    if (pfn >= image->info.pages_present)
        return READ_NOT_IN_DUMP;
    *page = image->bytes + (pfn << IMAGE_PAGE_SHIFT);
    return READ_PRESENT;
}

#define BEHIND_PAGES 4096u /* 16 MiB */

/* A search goes through all pages, once: those behind it need not stay in memory. */
static bool next(const struct image *image, uint64_t pfn, uint64_t *next) {
    if (pfn && pfn % BEHIND_PAGES == 0)
        mapping_release(&image->mapping, (pfn - BEHIND_PAGES) << IMAGE_PAGE_SHIFT,
                        (size_t)BEHIND_PAGES << IMAGE_PAGE_SHIFT);
    *next = pfn;
    return pfn < image->info.pages_present;
}

enum status raw_open(struct error *err, struct image *image) {
    (void)err;
    image->page = page;
    image->next = next;
    image->info.format = "raw";
    image->info.type = "full";
    image->info.is_capture = true;
    image->info.pages_present = image->size >> IMAGE_PAGE_SHIFT;
    image->info.pages_promised = (image->size + IMAGE_PAGE_SIZE - 1) >> IMAGE_PAGE_SHIFT;
    image->info.expected_size = image->info.pages_promised << IMAGE_PAGE_SHIFT;
    return STATUS_OK;
}
