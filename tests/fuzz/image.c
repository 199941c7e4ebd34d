/* image.c - fuzz target: a crash dump of any bytes, its pages, and addresses through its tables. */
#include <stdlib.h>

#include "image/triage.h"
#include "vm/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t frames[] = {
    0, 1, 2, 3, 7, 8, 9, 63, 64, 511, 512, 4095, 0x80000, 0xfffffffff, 0x1000000000, UINT64_MAX,
};

static const uint64_t addresses[] = {
    0,
    0x1000,
    0x201ffc,
    0x40000000,
    0x7fffffffffff,
    0x800000000000,
    0xffff800000000000,
    0xfffff6fb7dbedf68,
    0xfffff80000000ffc,
    0xfffffffffffffffc,
    0xff02018100a06ffc,
    0x80401ffc,
    0xc0300c00,
    0xfffffffc,
};

/* Touches every byte of a page, so that one that is not wholly there is noticed. */
static unsigned sum_page(const struct image *image, uint64_t pfn) {
    const uint8_t *page;
    unsigned sum = 0;
    if (image_page(image, pfn, &page) == READ_PRESENT)
        for (size_t index = 0; index < IMAGE_PAGE_SIZE; index++)
            sum += page[index];
    return sum;
}

/* Makes the compiler believe that a sum of bytes is wanted, and so read them. */
static void keep(unsigned sum) {
    __asm__ volatile("" : : "r"(sum));
}

static unsigned sum_fields(const struct image *image) {
    const struct image_info *info = image_info(image);
    unsigned sum = 0;
    for (size_t field = 0; field < info->field_count; field++)
        for (size_t index = 0; index < info->fields[field].count; index++)
            sum += (unsigned)image_field_value(image, &info->fields[field], index);
    return sum;
}

static unsigned sum_name(struct triage_name name) {
    unsigned sum = 0;
    for (size_t index = 0; index < name.length; index++)
        sum += name.bytes[index];
    return sum;
}

/* Every byte of every piece of memory, from wherever one may start; and of the lists. */
static unsigned sum_triage(struct image *image) {
    const struct triage *triage = image_triage(image);
    unsigned sum = 0;
    if (!triage)
        return 0;
    image_map(image, addresses[0], triage->process.offset, triage->process.size);
    for (size_t index = 0; index < triage->driver_count; index++) {
        const struct triage_driver *driver = &triage->drivers[index];
        const uint8_t *bytes;
        size_t length = 0;
        sum += sum_name(driver->path) + sum_name(triage_base_name(driver->path));
        if (image_virtual(image, driver->base, &bytes, &length) == READ_PRESENT)
            sum += bytes[0] + bytes[length - 1];
    }
    for (size_t index = 0; index < triage->unloaded_count; index++)
        sum += sum_name(triage->unloaded[index].name);
    for (size_t index = 0; index < triage->blob_count; index++)
        sum += triage->blobs[index].tag[15];
    return sum;
}

static void translate(struct vm *vm) {
    for (size_t index = 0; index < sizeof addresses / sizeof *addresses; index++) {
        uint8_t bytes[64];
        uint64_t failed_at;
        struct vm_translation walk = vm_translate(vm, addresses[index]);
        if (walk.state >= READ_STATE_COUNT || walk.level > 5)
            abort();
        vm_read(vm, addresses[index], bytes, sizeof bytes, &failed_at);
        vm_read(vm, addresses[index], bytes, sizeof bytes, NULL);
    }
    vm_destroy(vm);
}

static void translate_all(const struct image *image, uint64_t directory_table_base) {
    static const enum vm_paging pagings[] = {VM_X64, VM_X64_LA57, VM_X86, VM_X86_PAE};
    translate(vm_create(image, directory_table_base));
    for (size_t index = 0; index < sizeof pagings / sizeof *pagings; index++)
        translate(vm_create_paging(image, pagings[index], directory_table_base));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error err;
    struct image *image;
    if (image_open_bytes(&err, "input", data, size, &image))
        return 0;
    const struct image_info *info = image_info(image);
    if (info->pages_present > info->pages_promised)
        abort();
    unsigned sum = sum_fields(image);
    for (size_t index = 0; index < sizeof frames / sizeof *frames; index++)
        sum += sum_page(image, frames[index]);
    sum += sum_triage(image);
    keep(sum);
    uint8_t bytes[IMAGE_PAGE_SIZE + 2];
    image_read(image, IMAGE_PAGE_SIZE - 1, bytes, sizeof bytes);
    uint64_t base = 0;
    image_header_value(image, "DirectoryTableBase", &base);
    translate_all(image, base);
    image_close(image);
    return 0;
}
