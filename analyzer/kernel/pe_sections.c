/* pe_sections.c - the section table of a PE image. */
#include "kernel/pe_sections.h"

#include <string.h>

#include "image/bytes.h"

#define LFANEW_OFFSET 0x3c
#define FILE_HEADER   24 /* the signature and IMAGE_FILE_HEADER */
#define SECTION_SIZE  40

static bool take(const struct pe_image *image, const uint8_t *bytes, struct pe_section *section) {
    *section = (struct pe_section){.rva = load_u32(bytes + 12),
                                   .size = load_u32(bytes + 8),
                                   .characteristics = load_u32(bytes + 36)};
    memcpy(section->name, bytes, 8);
    if (section->rva >= image->size)
        return false;
    if (section->size > image->size - section->rva)
        section->size = image->size - section->rva;
    return true;
}

size_t pe_sections_read(struct vm *vm, const struct pe_image *image,
                        struct pe_section sections[PE_SECTIONS_MOST]) {
    uint8_t header[FILE_HEADER], bytes[SECTION_SIZE];
    uint32_t lfanew;
    size_t kept = 0;
    if (image->headers != READ_PRESENT ||
        vm_read_u32(vm, image->base + LFANEW_OFFSET, &lfanew) != READ_PRESENT ||
        lfanew > image->size ||
        vm_read(vm, image->base + lfanew, header, sizeof header, NULL) != READ_PRESENT)
        return 0;
    size_t count = load_u16(header + 6);
    uint64_t table = image->base + lfanew + FILE_HEADER + load_u16(header + 20);
    for (size_t i = 0; i < count && i < PE_SECTIONS_MOST; i++) {
        if (vm_read(vm, table + i * SECTION_SIZE, bytes, sizeof bytes, NULL) != READ_PRESENT)
            break;
        kept += take(image, bytes, &sections[kept]);
    }
    return kept;
}
