/*
 * image_names.h - the names that one image has for its addresses: those of its symbol file where an
 * exact one is at hand, else its exports. It knows no processes; names.h does.
 */
#ifndef NTDRIFT_KERNEL_IMAGE_NAMES_H
#define NTDRIFT_KERNEL_IMAGE_NAMES_H

#include "kernel/exports.h"
#include "kernel/module_symbols.h"
#include "kernel/pe.h"
#include "kernel/target.h"

struct image_names;

/* What makes two images the same file: the PDB where they name one, else time stamp, size and
 * file name. The caller frees. */
char *image_names_key(const struct pe_image *image, const char *file);

/* Reads what names `image`, which is mapped in `space`. The target outlives the result. */
struct image_names *image_names_read(const struct target *target, struct vm *space,
                                     const struct pe_image *image, struct symbol_index *index);
void image_names_free(struct image_names *names);

/* The last name at or below `rva`, and how far below; NULL where there is none. Of several at one
 * address it is the first in byte order: ntdll!NtReadFile, not ntdll!ZwReadFile. */
const char *image_names_below(const struct image_names *names, uint32_t rva,
                              uint32_t *displacement);

#endif
