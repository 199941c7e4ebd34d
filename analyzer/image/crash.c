/* crash.c - opening a crash dump by its form: its type, and the index of its pages. */
#include "image/crash.h"

#include <inttypes.h>

#include "base/memory.h"
#include "image/bytes.h"

#define DUMP_OPTIONS 8 /* from the bitmap's header on, in all of them */

bool crash_rank_in_runs(const struct image *image, uint64_t pfn, uint64_t *rank) {
    return runs_rank(&image->runs, pfn, rank);
}

static bool rank_in_bitmap(const struct image *image, uint64_t pfn, uint64_t *rank) {
    return bitmap_rank(&image->bitmap, pfn, rank);
}

enum status crash_open_runs(struct error *err, struct image *image, const struct crash_form *form,
                            const struct crash_type *type) {
    (void)type;
    image->first_page = form->header_size;
    image->rank = crash_rank_in_runs;
    enum status status =
        runs_init(err, &image->runs, form->runs, image->bytes + form->physical_memory_block,
                  form->physical_memory_block);
    image->info.pages_promised = image->runs.pages;
    return status;
}

static enum status check_signature(struct error *err, struct image *image,
                                   const struct crash_form *form, const struct crash_type *type) {
    const char *found = (const char *)image->bytes + form->header_size;
    for (size_t index = 0; index < ARRAY_LENGTH(type->signatures); index++) {
        const char *signature = type->signatures[index];
        if (signature && !memcmp(found, signature, 4) && !memcmp(found + 4, "DUMP", 4)) {
            image->info.bitmap.signature = signature;
            return STATUS_OK;
        }
    }
    return fail(err, STATUS_FORMAT,
                "bitmap header at offset 0x%" PRIx32 ": expected '%sDUMP', found 0x%016" PRIx64,
                form->header_size, type->signatures[0], load_u64(image->bytes + form->header_size));
}

/* That the bitmap lies inside the file and in front of the first page. */
static enum status check_bitmap(struct error *err, const struct image *image,
                                const struct crash_form *form, const struct bitmap_layout *layout) {
    uint64_t bits = image->info.bitmap.bitmap_size;
    uint64_t start = form->header_size + layout->buffer;
    if (bits > IMAGE_FRAMES_MOST || (bits + 7) / 8 > image->size - start)
        return fail(err, STATUS_FORMAT,
                    "BitmapSize at offset 0x%" PRIx32 ": expected at most the 0x%" PRIx64
                    " bits that the file can hold, found 0x%" PRIx64,
                    form->header_size + layout->bitmap_size,
                    image->size - start < IMAGE_FRAMES_MOST / 8 ? (image->size - start) * 8
                                                                : IMAGE_FRAMES_MOST,
                    bits);
    uint64_t end = start + (bits + 7) / 8;
    if (image->info.bitmap.header_size < end)
        return fail(err, STATUS_FORMAT,
                    "HeaderSize at offset 0x%" PRIx32 ": expected at least 0x%" PRIx64
                    ", where the bitmap ends, found 0x%" PRIx64,
                    form->header_size + layout->header_size, end, image->info.bitmap.header_size);
    return STATUS_OK;
}

enum status crash_open_bitmap(struct error *err, struct image *image, const struct crash_form *form,
                              const struct crash_type *type) {
    const struct bitmap_layout *layout = type->layout;
    const uint8_t *header = image->bytes + form->header_size;
    if (image->size < form->header_size + layout->buffer)
        return fail(err, STATUS_FORMAT,
                    "bitmap header at offset 0x%" PRIx32 " is cut off: expected 0x%" PRIx32
                    " bytes, found 0x%" PRIx64,
                    form->header_size, layout->buffer, image->size - form->header_size);
    enum status status = check_signature(err, image, form, type);
    if (status)
        return status;
    struct image_info *info = &image->info;
    info->has_bitmap = true;
    info->bitmap.options = load_u32(header + DUMP_OPTIONS);
    info->bitmap.header_size = load_integer(header + layout->header_size, layout->width);
    info->bitmap.bitmap_size = load_integer(header + layout->bitmap_size, layout->width);
    info->bitmap.pages = load_integer(header + layout->pages, layout->width);
    status = check_bitmap(err, image, form, layout);
    if (status)
        return status;
    image->first_page = info->bitmap.header_size;
    image->rank = rank_in_bitmap;
    bitmap_init(&image->bitmap, header + layout->buffer, info->bitmap.bitmap_size);
    info->pages_promised = image->bitmap.count;
    return STATUS_OK;
}

static const struct crash_type *find_type(const struct crash_form *form, uint32_t number) {
    for (size_t index = 0; index < form->type_count; index++)
        if (form->types[index].number == number)
            return &form->types[index];
    return NULL;
}

void crash_take_header(struct image *image, const struct crash_form *form, const uint8_t *header) {
    image->info.address_bits = form->address_bits;
    image->info.header = header;
    image->info.header_size = form->header_size;
    image->info.fields = form->fields;
    image->info.field_count = form->field_count;
}

enum status crash_open(struct error *err, struct image *image, const struct crash_form *form) {
    if (image->size < form->header_size)
        return fail(err, STATUS_FORMAT,
                    "crash dump header is cut off: expected 0x%" PRIx32 " bytes, found 0x%" PRIx64,
                    form->header_size, image->size);
    uint32_t number = load_u32(image->bytes + form->dump_type);
    const struct crash_type *type = find_type(form, number);
    if (!type)
        return fail(err, STATUS_FORMAT,
                    "DumpType at offset 0x%" PRIx32 ": expected %s, found 0x%" PRIx32,
                    form->dump_type, form->read, number);
    if (!type->open)
        return fail(err, STATUS_UNSUPPORTED,
                    "DumpType at offset 0x%" PRIx32 ": %s (type %" PRIu32
                    ") is not supported: expected %s",
                    form->dump_type, type->what, number, form->read);
    image->info.format = form->format;
    image->info.type = type->name;
    crash_take_header(image, form, image->bytes);
    return type->open(err, image, form, type);
}
