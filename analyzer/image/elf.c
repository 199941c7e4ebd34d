/*
 * elf.c - ELF cores of guests, as QEMU and libvirt write them.
 *
 * Sources: elf(5); QEMU, dump/dump.c. What libkdumpfile 0.5.1 does not check is checked here, since
 * it divides by zero, reads beyond tables and beyond the file's end. Which frames there are is told
 * by the program headers alone: libkdumpfile gives zeros for the frame before a segment.
 */
#include <inttypes.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "image/container.h"
#include "image/notes.h"

enum {
    HEADER_SIZE = 64,
    CLASS = 4,
    DATA = 5,
    TYPE = 16,
    MACHINE = 18,
    PROGRAM_OFFSET = 32,
    SECTION_OFFSET = 40,
    PROGRAM_SIZE = 54,
    PROGRAM_COUNT = 56,
    SECTION_SIZE = 58,
    SECTION_COUNT = 60,
    CLASS_64 = 2,
    DATA_LITTLE = 1,
    TYPE_CORE = 4,
    MACHINE_386 = 3, /* a 32-bit guest, in ELF64 all the same */
    MACHINE_X86_64 = 62,
    SECTION_HEADER_SIZE = 64,
    PROGRAM_HEADER_SIZE = 56,
    P_OFFSET = 8,
    P_PADDR = 24,
    P_FILESZ = 32,
    PT_LOAD = 1,
    PT_NOTE = 4,
};

#define NOTES_MOST (16u << 20) /* those of 8192 processors are 6 MiB */

/* A field that decides how the rest is read. */
struct expectation {
    const char *name;
    uint8_t offset;
    uint8_t size;
    uint16_t value;
};

static const struct expectation expectations[] = {
    {"EI_CLASS", CLASS, 1, CLASS_64},
    {"EI_DATA", DATA, 1, DATA_LITTLE},
    {"e_type", TYPE, 2, TYPE_CORE},
    {"e_phentsize", PROGRAM_SIZE, 2, PROGRAM_HEADER_SIZE},
};

/* Other machines that Windows runs on, or that cores are taken of: e_machine by the System V ABI.
 */
static const char *other_machine(uint16_t machine) {
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {{40, "a 32-bit ARM"}, {183, "an ARM64"},      {50, "an Itanium"},
                 {243, "a RISC-V"},    {21, "a 64-bit POWER"}, {258, "a LoongArch"},
                 {22, "an S390"}};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (names[i].machine == machine)
            return names[i].name;
    return NULL;
}

static bool is_inside(const struct image *image, uint64_t offset, uint64_t size) {
    return offset <= image->size && size <= image->size - offset;
}

static enum status check_machine(struct error *err, const uint8_t *header) {
    uint16_t machine = load_u16(header + MACHINE);
    if (machine == MACHINE_X86_64 || machine == MACHINE_386)
        return STATUS_OK;
    return fail(err, STATUS_FORMAT,
                "e_machine at offset 0x%x: expected 62 (x86-64) or 3 (80386), found %u", MACHINE,
                machine);
}

static enum status check_header(struct error *err, const struct image *image) {
    const uint8_t *header = image->bytes;
    if (image->size < HEADER_SIZE)
        return fail(err, STATUS_FORMAT,
                    "ELF header is cut off: expected 0x%x bytes, found 0x%" PRIx64, HEADER_SIZE,
                    image->size);
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const struct expectation *row = &expectations[i];
        uint64_t found = load_integer(header + row->offset, row->size);
        if (found != row->value)
            return fail(err, STATUS_FORMAT,
                        "not an ELF core of a guest: %s at offset 0x%x: expected %u, found "
                        "%" PRIu64,
                        row->name, row->offset, row->value, found);
    }
    uint16_t sections = load_u16(header + SECTION_COUNT);
    if (sections && (load_u16(header + SECTION_SIZE) != SECTION_HEADER_SIZE ||
                     !is_inside(image, load_u64(header + SECTION_OFFSET),
                                (uint64_t)sections * SECTION_HEADER_SIZE)))
        return fail(err, STATUS_FORMAT,
                    "section headers at offset 0x%" PRIx64
                    ": expected %u of 64 bytes inside the file",
                    load_u64(header + SECTION_OFFSET), sections);
    const char *other = other_machine(load_u16(header + MACHINE));
    if (other)
        return fail(
            err, STATUS_UNSUPPORTED,
            "an ELF core of %s machine (e_machine at offset 0x%x) is not supported: a core of an "
            "x86-64 guest is needed",
            other, MACHINE);
    return check_machine(err, header);
}

static enum status take_load(struct error *err, struct image *image, const uint8_t *program) {
    uint64_t offset = load_u64(program + P_OFFSET), address = load_u64(program + P_PADDR);
    uint64_t size = load_u64(program + P_FILESZ), end;
    if (__builtin_add_overflow(offset, size, &end) ||
        address >> IMAGE_PAGE_SHIFT >= IMAGE_FRAMES_MOST ||
        size >> IMAGE_PAGE_SHIFT > IMAGE_FRAMES_MOST - (address >> IMAGE_PAGE_SHIFT))
        return fail(err, STATUS_FORMAT,
                    "PT_LOAD at offset 0x%" PRIx64 ": expected frames below 0x%" PRIx64
                    ", found 0x%" PRIx64 " bytes at address 0x%" PRIx64,
                    (uint64_t)(program - image->bytes), IMAGE_FRAMES_MOST, size, address);
    if (end > image->info.expected_size)
        image->info.expected_size = end;
    /* Frames of which the segment has a part only are not whole pages: they are left out. */
    uint64_t skipped = -address & (IMAGE_PAGE_SIZE - 1);
    uint64_t held = offset < image->size ? image->size - offset : 0;
    held = held < size ? held : size;
    segments_add(&image->segments,
                 (struct segment){
                     .base = (address + skipped) >> IMAGE_PAGE_SHIFT,
                     .pages = size > skipped ? (size - skipped) >> IMAGE_PAGE_SHIFT : 0,
                     .present = held > skipped ? (held - skipped) >> IMAGE_PAGE_SHIFT : 0,
                 });
    return STATUS_OK;
}

static enum status take_notes(struct error *err, struct image *image, const uint8_t *program) {
    uint64_t offset = load_u64(program + P_OFFSET), size = load_u64(program + P_FILESZ);
    if (size > NOTES_MOST || !is_inside(image, offset, size))
        return fail(err, STATUS_FORMAT,
                    "PT_NOTE at offset 0x%" PRIx64 ": expected at most 0x%x bytes inside the file"
                    ", found 0x%" PRIx64 " at offset 0x%" PRIx64,
                    (uint64_t)(program - image->bytes), NOTES_MOST, size, offset);
    notes_read(image, image->bytes + offset, size);
    return STATUS_OK;
}

static enum status take_programs(struct error *err, struct image *image) {
    uint64_t offset = load_u64(image->bytes + PROGRAM_OFFSET);
    unsigned count = load_u16(image->bytes + PROGRAM_COUNT);
    if (count == 0 || count == UINT16_MAX ||
        !is_inside(image, offset, (uint64_t)count * PROGRAM_HEADER_SIZE))
        return fail(err, STATUS_FORMAT,
                    "program headers at offset 0x%" PRIx64
                    ": expected 1 to 65534 inside the file, found %u",
                    offset, count);
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < count && !status; i++) {
        const uint8_t *program = image->bytes + offset + (size_t)i * PROGRAM_HEADER_SIZE;
        uint32_t type = load_u32(program);
        if (type == PT_LOAD)
            status = take_load(err, image, program);
        else if (type == PT_NOTE)
            status = take_notes(err, image, program);
    }
    return status;
}

static enum read_state page(const struct image *image, uint64_t pfn, const uint8_t **page) {
    enum read_state state = segments_find(&image->segments, pfn);
    return state ? state : capture_page(image->capture, pfn, page);
}

static bool next(const struct image *image, uint64_t pfn, uint64_t *next) {
    return segments_next(&image->segments, pfn, next);
}

enum status elf_open(struct error *err, struct image *image) {
    image->page = page;
    image->next = next;
    image->info.format = "elf";
    image->info.type = "full";
    image->info.is_capture = true;
    enum status status = check_header(err, image);
    if (!status)
        status = take_programs(err, image);
    if (status)
        return status;
    segments_sort(&image->segments);
    image->info.pages_promised = image->segments.promised;
    image->info.pages_present = image->segments.present;
    if (image->info.pages_promised == 0)
        return fail(err, STATUS_FORMAT, "the ELF core has no memory: no PT_LOAD holds a page");
    return image_start_capture(err, image);
}
