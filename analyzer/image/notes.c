/*
 * notes.c - ELF notes of QEMU's captures.
 *
 * Sources: elf(5) for Elf64_Nhdr; QEMU, target/i386/arch_dump.c (QEMUCPUState, version 1) and
 * docs/specs/vmcoreinfo.rst: a Windows guest's driver puts its DUMP_HEADER into that note.
 */
#include "image/notes.h"

#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"

enum {
    NOTE_HEADER = 12, /* n_namesz, n_descsz, n_type */
    NOTE_ALIGN = 4,
    QEMU_VERSION = 1,
    QEMU_SIZE = 440,
    QEMU_IDT_BASE = 384,
    QEMU_CR3 = 416,
    QEMU_CR4 = 424,
};

/* More than any guest of QEMU's has. */
#define PROCESSORS_MOST 8192u

static void take_processor(struct image *image, const uint8_t *state, uint32_t size) {
    struct image_info *info = &image->info;
    if (size < QEMU_SIZE || load_u32(state) != QEMU_VERSION || load_u32(state + 4) < QEMU_SIZE ||
        info->processor_count == PROCESSORS_MOST)
        return;
    info->processors =
        xreallocarray(info->processors, info->processor_count + 1, sizeof *info->processors);
    info->processors[info->processor_count++] =
        (struct image_processor){.cr3 = load_u64(state + QEMU_CR3),
                                 .cr4 = load_u64(state + QEMU_CR4),
                                 .idt = load_u64(state + QEMU_IDT_BASE)};
}

static void take_header(struct image *image, const uint8_t *content, uint32_t size) {
    if (size >= CRASH64_HEADER_SIZE && !memcmp(content, "PAGEDU64", 8))
        crash64_take_header(image, content);
    else if (size >= CRASH32_HEADER_SIZE && !memcmp(content, "PAGEDUMP", 8))
        crash32_take_header(image, content);
}

static void take(struct image *image, const uint8_t *name, uint32_t name_size,
                 const uint8_t *content, uint32_t size) {
    static const char qemu[] = "QEMU", vmcoreinfo[] = "VMCOREINFO";
    if (name_size == sizeof qemu && !memcmp(name, qemu, sizeof qemu))
        take_processor(image, content, size);
    else if (name_size == sizeof vmcoreinfo && !memcmp(name, vmcoreinfo, sizeof vmcoreinfo))
        take_header(image, content, size);
}

static uint64_t padded(uint32_t size) {
    return ((uint64_t)size + NOTE_ALIGN - 1) & ~(uint64_t)(NOTE_ALIGN - 1);
}

void notes_read(struct image *image, const uint8_t *notes, uint64_t size) {
    while (size >= NOTE_HEADER) {
        uint32_t name_size = load_u32(notes), content_size = load_u32(notes + 4);
        uint64_t content = NOTE_HEADER + padded(name_size);
        if (content > size || content_size > size - content)
            return;
        take(image, notes + NOTE_HEADER, name_size, notes + content, content_size);
        uint64_t length = content + padded(content_size);
        if (length >= size)
            return;
        notes += length;
        size -= length;
    }
}
