/* image.c - opening a dump by its first bytes, and giving out its pages. */
#include "image/image.h"

#include <inttypes.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"

struct container {
    const char *magic;
    enum status (*open)(struct error *err, struct image *image);
};

static const struct container containers[] = {
    {"PAGEDU64", crash64_open},
    {"PAGEDUMP", crash32_open},
};

static enum status open_container(struct error *err, struct image *image) {
    for (size_t index = 0; index < ARRAY_LENGTH(containers); index++) {
        size_t length = strlen(containers[index].magic);
        if (image->size >= length && !memcmp(image->bytes, containers[index].magic, length))
            return containers[index].open(err, image);
    }
    return foreign_refuse(err, image->bytes, image->size);
}

/* Which of the promised pages are inside the file. */
static enum status measure(struct error *err, struct image *image) {
    struct image_info *info = &image->info;
    info->file_size = image->size;
    if (image->triage)
        return STATUS_OK; /* no pages; it knows its size */
    uint64_t length = info->pages_promised
                      << IMAGE_PAGE_SHIFT; /* at most IMAGE_FRAMES_MOST pages */
    if (__builtin_add_overflow(image->first_page, length, &info->expected_size))
        return fail(err, STATUS_FORMAT,
                    "offset of the first page: expected one inside a file, found 0x%" PRIx64,
                    image->first_page);
    if (image->size > image->first_page)
        info->pages_present = (image->size - image->first_page) >> IMAGE_PAGE_SHIFT;
    if (info->pages_present > info->pages_promised)
        info->pages_present = info->pages_promised;
    return STATUS_OK;
}

static enum status open_image(struct error *err, const char *name, struct image *image) {
    enum status status = open_container(err, image);
    if (!status)
        status = measure(err, image);
    return status && err ? fail_within(err, name) : status;
}

enum status image_open_bytes(struct error *err, const char *name, const void *bytes, size_t size,
                             struct image **image) {
    struct image *opened = xcalloc(1, sizeof *opened);
    opened->bytes = bytes;
    opened->size = size;
    enum status status = open_image(err, name, opened);
    if (status)
        image_close(opened);
    *image = status ? NULL : opened;
    return status;
}

enum status image_open(struct error *err, const char *path, struct image **image) {
    *image = NULL;
    struct mapping mapping;
    enum status status = mapping_open(err, path, &mapping);
    if (strcmp(path, "-") == 0)
        path = "standard input";
    if (status)
        return status;
    status = image_open_bytes(err, path, mapping.data, mapping.size, image);
    if (status)
        mapping_close(&mapping);
    else
        (*image)->mapping = mapping;
    return status;
}

void image_close(struct image *image) {
    if (!image)
        return;
    bitmap_deinit(&image->bitmap);
    triage_close(image);
    mapping_close(&image->mapping);
    free(image);
}

const struct image_info *image_info(const struct image *image) {
    return &image->info;
}

uint64_t image_field_value(const struct image *image, const struct image_field *field,
                           size_t index) {
    return load_integer(image->info.header + field->offset + index * field->size, field->size);
}

bool image_field_present(const struct image *image, const struct image_field *field) {
    for (uint32_t byte = 0; byte < (uint32_t)field->size * field->count; byte++) {
        uint32_t offset = field->offset + byte;
        if (image->info.header[offset] != (uint8_t) "PAGE"[offset % 4])
            return true;
    }
    return false;
}

bool image_header_value(const struct image *image, const char *name, uint64_t *value) {
    for (size_t index = 0; index < image->info.field_count; index++) {
        const struct image_field *field = &image->info.fields[index];
        if (strcmp(field->name, name) == 0 && image_field_present(image, field)) {
            *value = image_field_value(image, field, 0);
            return true;
        }
    }
    return false;
}

enum read_state image_page(const struct image *image, uint64_t pfn, const uint8_t **page) {
    uint64_t rank;
    if (!image->rank(image, pfn, &rank))
        return READ_NOT_IN_DUMP;
    if (rank >= image->info.pages_present)
        return READ_CUT_OFF;
    *page = image->bytes + image->first_page + (rank << IMAGE_PAGE_SHIFT);
    return READ_PRESENT;
}

enum read_state image_read(const struct image *image, uint64_t address, void *buffer,
                           size_t length) {
    for (uint8_t *out = buffer; length;) {
        const uint8_t *page;
        enum read_state state = image_page(image, address >> IMAGE_PAGE_SHIFT, &page);
        if (state)
            return state;
        size_t offset = address % IMAGE_PAGE_SIZE;
        size_t part = IMAGE_PAGE_SIZE - offset < length ? IMAGE_PAGE_SIZE - offset : length;
        memcpy(out, page + offset, part);
        out += part;
        length -= part;
        address += part; /* cannot wrap: frames end at IMAGE_FRAMES_MOST */
    }
    return READ_PRESENT;
}
