/* image.c - opening a dump by its first bytes, and giving out its pages. */
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
    {"\x7f"
     "ELF",
     elf_open},
    {"KDUMP   ", kdump_open},
    {"makedumpfile", flattened_open},
};

static enum status open_container(struct error *err, struct image *image) {
    for (size_t index = 0; index < ARRAY_LENGTH(containers); index++) {
        size_t length = strlen(containers[index].magic);
        if (image->size >= length && !memcmp(image->bytes, containers[index].magic, length))
            return containers[index].open(err, image);
    }
    if (raw_is_likely(image->bytes, image->size))
        return raw_open(err, image);
    return foreign_refuse(err, image->bytes, image->size);
}

/* Which of the promised pages are inside the file. */
static enum status measure(struct error *err, struct image *image) {
    struct image_info *info = &image->info;
    if (!info->file_size)
        info->file_size = image->size;
    if (image->is_virtual || image->page)
        return STATUS_OK; /* no pages, or the container has measured */
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

/* What opens the bytes of a file. */
typedef enum status opener(struct error *err, struct image *image);

static enum status open_image(struct error *err, const char *name, opener *opener,
                              struct image *image) {
    enum status status = opener(err, image);
    if (!status)
        status = measure(err, image);
    return status && err ? fail_within(err, name) : status;
}

/* `path`: NULL for bytes in memory. */
static enum status open_named(struct error *err, const char *name, const char *path,
                              const struct mapping *mapping, opener *opener,
                              struct image **image) {
    struct image *opened = xcalloc(1, sizeof *opened);
    opened->touched = touched_create();
    opened->path = path;
    opened->bytes = mapping->data;
    opened->size = mapping->size;
    enum status status = open_image(err, name, opener, opened);
    opened->path = NULL; /* nothing is opened later */
    if (status)
        image_close(opened);
    *image = status ? NULL : opened;
    return status;
}

enum status image_open_bytes(struct error *err, const char *name, const void *bytes, size_t size,
                             struct image **image) {
    const struct mapping mapping = {.data = bytes, .size = size};
    return open_named(err, name, NULL, &mapping, open_container, image);
}

enum status image_open_executable_bytes(struct error *err, const char *name, const void *bytes,
                                        size_t size, struct image **image) {
    const struct mapping mapping = {.data = bytes, .size = size};
    return open_named(err, name, NULL, &mapping, executable_open, image);
}

static enum status open_file(struct error *err, const char *path, opener *opener,
                             struct image **image) {
    *image = NULL;
    struct mapping mapping;
    enum status status = mapping_open(err, path, &mapping);
    if (status)
        return status;
    bool is_input = strcmp(path, "-") == 0;
    status = open_named(err, is_input ? "standard input" : path, is_input ? "/dev/stdin" : path,
                        &mapping, opener, image);
    if (status)
        mapping_close(&mapping);
    else
        (*image)->mapping = mapping;
    return status;
}

enum status image_open(struct error *err, const char *path, struct image **image) {
    return open_file(err, path, open_container, image);
}

enum status image_open_executable(struct error *err, const char *path, struct image **image) {
    return open_file(err, path, executable_open, image);
}

/* The bytes of memory as a file. */
static int descriptor_of_bytes(const struct image *image) {
    int descriptor = memfd_create("image", MFD_CLOEXEC);
    for (uint64_t done = 0; descriptor >= 0 && done < image->size;) {
        ssize_t wrote = write(descriptor, image->bytes + done, image->size - done);
        if (wrote <= 0) {
            close(descriptor);
            return -1;
        }
        done += (uint64_t)wrote;
    }
    return descriptor;
}

/* A descriptor of the file that was mapped; the caller closes it. */
static int descriptor_of(const struct image *image) {
    if (image->unfolded_descriptor)
        return dup(image->unfolded_descriptor);
    return image->path ? open(image->path, O_RDONLY | O_CLOEXEC) : descriptor_of_bytes(image);
}

static enum status check_size(struct error *err, int descriptor, uint64_t size) {
    struct stat facts;
    if (fstat(descriptor, &facts))
        return fail(err, STATUS_IO, "cannot be opened again: %s", strerror(errno));
    if ((uint64_t)facts.st_size != size)
        return fail(err, STATUS_IO, "changed while it was opened");
    return STATUS_OK;
}

enum status image_start_capture(struct error *err, struct image *image) {
    int own = descriptor_of(image);
    if (own < 0)
        return fail(err, STATUS_IO, "cannot be opened again: %s", strerror(errno));
    AUTO_FREE int *descriptors = xcalloc(image->part_count + 1, sizeof *descriptors);
    size_t count = image->part_count ? image->part_count : 1;
    enum status status = check_size(err, own, image->size);
    descriptors[0] = own;
    for (size_t i = 0; i < image->part_count && !status; i++) {
        descriptors[i] = image->parts[i].descriptor ? image->parts[i].descriptor : own;
        status = check_size(err, descriptors[i], image->parts[i].size);
    }
    if (!status)
        status = capture_start(err, descriptors, count, &image->capture);
    close(own);
    return status;
}

void image_close(struct image *image) {
    if (!image)
        return;
    capture_stop(image->capture);
    kdump_close(image);
    touched_destroy(image->touched);
    segments_deinit(&image->segments);
    bitmap_deinit(&image->bitmap);
    runs_deinit(&image->runs);
    triage_close(image);
    blocks_deinit(&image->blocks);
    mapping_close(&image->mapping);
    mapping_close(&image->unfolded);
    if (image->unfolded_descriptor)
        close(image->unfolded_descriptor);
    free(image->info.processors);
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
    for (size_t index = 0; index < image->supplied_count; index++) {
        if (strcmp(image->supplied[index].name, name) == 0) {
            *value = image->supplied[index].value;
            return true;
        }
    }
    return false;
}

void image_supply(struct image *image, const char *name, uint64_t value) {
    uint64_t known;
    if (image->supplied_count < IMAGE_SUPPLIED_MOST && !image_header_value(image, name, &known))
        image->supplied[image->supplied_count++] = (struct supplied){name, value};
}

void image_set_address_bits(struct image *image, unsigned bits) {
    image->info.address_bits = bits;
}

uint64_t image_pages_read(const struct image *image) {
    return touched_count(image->touched);
}

static enum read_state find_page(const struct image *image, uint64_t pfn, const uint8_t **page) {
    if (image->page)
        return image->page(image, pfn, page);
    uint64_t rank;
    if (!image->rank(image, pfn, &rank))
        return READ_NOT_IN_DUMP;
    if (rank >= image->info.pages_present)
        return READ_CUT_OFF;
    *page = image->bytes + image->first_page + (rank << IMAGE_PAGE_SHIFT);
    return READ_PRESENT;
}

bool image_no_rank(const struct image *image, uint64_t pfn, uint64_t *rank) {
    (void)image;
    (void)pfn;
    (void)rank;
    return false;
}

bool image_is_virtual(const struct image *image) {
    return image->is_virtual;
}

enum read_state image_virtual(const struct image *image, uint64_t address, const uint8_t **bytes,
                              size_t *length) {
    const struct block *block = blocks_find(&image->blocks, address);
    if (!block)
        return READ_NOT_IN_DUMP;
    uint64_t into = address - block->address;
    uint64_t offset = block->offset + into;
    if (offset >= image->size)
        return READ_CUT_OFF;
    uint64_t left = image->size - offset;
    *bytes = image->bytes + offset;
    *length = (size_t)(block->size - into < left ? block->size - into : left);
    return READ_PRESENT;
}

enum read_state image_page(const struct image *image, uint64_t pfn, const uint8_t **page) {
    enum read_state state = find_page(image, pfn, page);
    if (state == READ_PRESENT)
        touched_add(image->touched, pfn);
    return state;
}

uint64_t image_epoch(const struct image *image) {
    return image->capture ? capture_epoch(image->capture) : 0;
}

bool image_next_page(const struct image *image, uint64_t pfn, uint64_t *next) {
    return image->next && image->next(image, pfn, next);
}

enum status image_check(struct error *err, const struct image *image) {
    enum status status = mapping_check(err, &image->mapping);
    for (size_t i = 0; i < image->part_count && !status; i++)
        status = mapping_check(err, &image->parts[i].mapping);
    return status;
}

const char *image_fault(const struct image *image) {
    return image->capture ? capture_fault(image->capture) : NULL;
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
