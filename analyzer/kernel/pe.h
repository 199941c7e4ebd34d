/*
 * pe.h - a PE image in memory: its headers, and the PDB it was built with.
 *
 * Source: Microsoft, "PE Format"; the RSDS record (CV_INFO_PDB70) as debuggers know it.
 */
#ifndef NTDRIFT_KERNEL_PE_H
#define NTDRIFT_KERNEL_PE_H

#include <stdbool.h>
#include <stdint.h>

#include "image/read.h"
#include "vm/vm.h"

/* IMAGE_FILE_PE_MACHINE_AMD64 */
#define PE_MACHINE_AMD64 0x8664

struct pdb_identity {
    char name[64]; /* file name; bytes that are no text are kept as \xNN */
    char guid[33]; /* 32 upper-case hexadecimal digits */
    uint32_t age;
};

struct pe_image {
    uint64_t base; /* 0: no image */
    uint32_t size; /* SizeOfImage */
    uint32_t timestamp;
    uint16_t machine;
    enum read_state headers; /* READ_BAD_VALUE: no MZ/PE there */
    enum read_state
        pdb_state; /* why `pdb` is not known; READ_NOT_MAPPED where the image has none */
    bool has_pdb;
    bool pdb_absent; /* the headers are there, and the image names no PDB */
    struct pdb_identity pdb;
};

/* Reads the image at `base`. Never fails: what cannot be read is said in the states. */
void pe_read(struct vm *vm, uint64_t base, struct pe_image *image);

/* The name that the image's export directory gives it; false where it has none that can be read or
 * that is not shorter than `size`. */
bool pe_export_name(struct vm *vm, const struct pe_image *image, char *name, size_t size);

/* A part of the image that its optional header names: one of the 16 data directories. */
struct pe_directory {
    uint32_t rva;
    uint32_t size; /* bytes; as the image says, checked against nothing */
};
enum {
    PE_DIRECTORY_EXPORT = 0,
    PE_DIRECTORY_RESOURCE = 2,
    PE_DIRECTORY_EXCEPTION = 3,
    PE_DIRECTORY_DEBUG = 6
};

/* Reads where directory `index` is; one that the image has not is all zeros. */
enum read_state pe_directory(struct vm *vm, uint64_t base, unsigned index,
                             struct pe_directory *directory);

/* Looks for the PE image that holds `address`: for a page that starts one, from there downwards, at
 * most `limit` bytes; 0 where there is none. */
uint64_t pe_find_below(struct vm *vm, uint64_t address, uint64_t limit);

#endif
