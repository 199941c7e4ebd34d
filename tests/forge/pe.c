/*
 * pe.c - PE32 and PE32+ headers and the debug directory of an image in memory.
 *
 * Source: Microsoft, "PE Format"; the RSDS record (CV_INFO_PDB70) as debuggers know it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "util.h"

enum {
    PE_OFFSET = 0xe8, /* behind the DOS stub */
    FILE_HEADER = PE_OFFSET + 4,
    OPTIONAL_HEADER = FILE_HEADER + 20,
    SECTION_SIZE = 40,
    DIRECTORY_EXPORT = 0,
    DIRECTORY_DEBUG = 6,
    DEBUG_ENTRY_SIZE = 28,
    DEBUG_TYPE_CODEVIEW = 2,
};

/* What PE32+ and PE32 have differently. */
struct pe_form {
    uint16_t machine, magic, characteristics;
    uint16_t image_base, base_size; /* in the optional header */
    uint16_t directories;
    uint16_t optional_size;
};

/* Characteristics: executable, large addresses; of PE32, a machine of 32 bits. */
static const struct pe_form pe32_plus = {0x8664, 0x20b, 0x22, 24, 8, 112, 240};
static const struct pe_form pe32 = {0x14c, 0x10b, 0x102, 28, 4, 96, 224};

static const struct pe_form *pe_form(const struct machine *machine, const struct image *image) {
    return machine->pointer_size == 8 && !image->narrow ? &pe32_plus : &pe32;
}

static void put_directory(uint8_t *directories, unsigned index, uint64_t rva, uint64_t size) {
    put(directories + 8 * index, rva, 4);
    put(directories + 8 * index + 4, rva ? size : 0, 4);
}

static void put_optional_header(uint8_t *page, const struct pe_form *form,
                                const struct image *image) {
    uint8_t *optional = page + OPTIONAL_HEADER;
    put(optional, form->magic, 2);
    optional[2] = 9; /* linker version */
    put(optional + 16, image->entry ? image->entry : 0x1000, 4);
    put(optional + form->image_base, image->base, form->base_size);
    put(optional + 32, 0x1000, 4); /* SectionAlignment */
    put(optional + 36, 0x200, 4);  /* FileAlignment */
    put(optional + 56, image->size, 4);
    put(optional + 60, 0x400, 4);                 /* SizeOfHeaders */
    put(optional + 68, 1, 2);                     /* Subsystem: native */
    put(optional + form->directories - 4, 16, 4); /* NumberOfRvaAndSizes */
    put_directory(optional + form->directories, DIRECTORY_EXPORT, image->export_directory,
                  image->export_size);
    put_directory(optional + form->directories, DIRECTORY_DEBUG, image->debug_directory,
                  DEBUG_ENTRY_SIZE);
}

static void put_section(uint8_t *header, const struct image_section *section) {
    memcpy(header, section->name, strnlen(section->name, 8));
    put(header + 8, section->end - section->start, 4);
    put(header + 12, section->start, 4);
    put(header + 16, section->end - section->start, 4);
    put(header + 20, section->start, 4);
    put(header + 36, section->characteristics, 4);
}

void write_pe_headers(struct machine *machine, const struct image *image) {
    uint8_t page[PAGE_SIZE] = {'M', 'Z', 0x90};
    const struct pe_form *form = pe_form(machine, image);
    unsigned sections = OPTIONAL_HEADER + form->optional_size;
    if (sections + image->section_count * SECTION_SIZE > sizeof page)
        die("too many sections");
    put(page + 0x3c, PE_OFFSET, 4);
    memcpy(page + PE_OFFSET, "PE\0", 4);
    put(page + FILE_HEADER, form->machine, 2);
    put(page + FILE_HEADER + 2, image->section_count, 2);
    put(page + FILE_HEADER + 4, image->timestamp, 4);
    put(page + FILE_HEADER + 16, form->optional_size, 2);
    put(page + FILE_HEADER + 18, form->characteristics, 2);
    put_optional_header(page, form, image);
    for (size_t i = 0; i < image->section_count; i++)
        put_section(page + sections + i * SECTION_SIZE, &image->sections[i]);
    memory_write(&machine->memory, image->base, page, sizeof page);
}

/* 32 digits as a GUID is written, to the 16 bytes that it is stored in. */
static void put_guid(uint8_t bytes[16], const char *digits) {
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    if (strlen(digits) != 32)
        die("\"%s\" is no GUID", digits);
    for (unsigned i = 0; i < 16; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], 0};
        bytes[order[i]] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

void pdb_name(const char *image, char *name, size_t size) {
    const char *dot = strrchr(image, '.');
    int stem = dot ? (int)(dot - image) : (int)strlen(image);
    snprintf(name, size, "%.*s.pdb", stem, image);
}

void write_debug_record(struct machine *machine, const struct image *image, const char *pdb,
                        const char *guid, uint32_t age) {
    uint8_t entry[DEBUG_ENTRY_SIZE] = {0};
    uint8_t record[24 + 64] = "RSDS";
    uint64_t rva = image->debug_directory + 0x40;
    size_t length = 24 + strlen(pdb) + 1;
    if (length > sizeof record)
        die("\"%s\" is too long", pdb);
    put_guid(record + 4, guid);
    put(record + 20, age, 4);
    memcpy(record + 24, pdb, strlen(pdb) + 1);
    put(entry + 4, image->timestamp, 4);
    put(entry + 12, DEBUG_TYPE_CODEVIEW, 4);
    put(entry + 16, length, 4);
    put(entry + 20, rva, 4); /* AddressOfRawData */
    put(entry + 24, rva, 4); /* PointerToRawData */
    memory_write(&machine->memory, image->base + image->debug_directory, entry, sizeof entry);
    memory_write(&machine->memory, image->base + rva, record, length);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct export *)a)->name, ((const struct export *)b)->name);
}

static uint64_t put_name(struct machine *machine, uint64_t address, const char *name) {
    memory_write(&machine->memory, address, name, strlen(name) + 1);
    return address + strlen(name) + 1;
}

/* Export directory, address table, name table, ordinals, names. */
uint32_t write_exports(struct machine *machine, uint64_t base, uint64_t directory, const char *dll,
                       struct export *exports, size_t count) {
    struct memory *memory = &machine->memory;
    uint64_t start = base + directory;
    uint64_t functions = start + 40, names = functions + 4 * count;
    uint64_t ordinals = names + 4 * count, text = ordinals + 2 * count;
    qsort(exports, count, sizeof *exports, by_name);
    memory_put(memory, start + 12, text - base, 4);
    text = put_name(machine, text, dll);
    memory_put(memory, start + 16, 1, 4); /* Base */
    memory_put(memory, start + 20, count, 4);
    memory_put(memory, start + 24, count, 4);
    memory_put(memory, start + 28, functions - base, 4);
    memory_put(memory, start + 32, names - base, 4);
    memory_put(memory, start + 36, ordinals - base, 4);
    for (size_t i = 0; i < count; i++) {
        memory_put(memory, functions + 4 * i, exports[i].rva, 4);
        memory_put(memory, names + 4 * i, text - base, 4);
        memory_put(memory, ordinals + 2 * i, i, 2);
        text = put_name(machine, text, exports[i].name);
    }
    return (uint32_t)(text - start);
}

size_t exports_size(const char *dll, const struct export *exports, size_t count) {
    size_t size = 40 + 10 * count + strlen(dll) + 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(exports[i].name) + 1;
    return size;
}
