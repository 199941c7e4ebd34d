/*
 * pe_sections.h - the sections of a PE image in memory.
 *
 * Source: Microsoft, "PE Format", "Section Table".
 */
#ifndef NTDRIFT_KERNEL_PE_SECTIONS_H
#define NTDRIFT_KERNEL_PE_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/pe.h"
#include "vm/vm.h"

/* The loader takes no more (IMAGE_FILE_HEADER.NumberOfSections). */
#define PE_SECTIONS_MOST 96

struct pe_section {
    char name[9]; /* as it stands there, with a NUL */
    uint32_t rva;
    uint32_t size; /* VirtualSize, cut at the end of the image */
    uint32_t characteristics;
};

#define PE_SECTION_EXECUTE 0x20000000 /* IMAGE_SCN_MEM_EXECUTE */

/* Reads the section table of an image whose headers are present; gives how many are in it. What
 * lies outside of the image is left out. */
size_t pe_sections_read(struct vm *vm, const struct pe_image *image,
                        struct pe_section sections[PE_SECTIONS_MOST]);

#endif
