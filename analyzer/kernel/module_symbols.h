/*
 * module_symbols.h - symbol files of other modules than the kernel, by the PDB that an image names.
 *
 * They are looked for where the kernel's are: in the files and folders that the user named, then in
 * the folders of _NT_SYMBOL_PATH. Only exact ones (GUID and age) are taken. A file whose name does
 * not say whose it is is opened once, to see.
 */
#ifndef NTDRIFT_KERNEL_MODULE_SYMBOLS_H
#define NTDRIFT_KERNEL_MODULE_SYMBOLS_H

#include "kernel/target.h"

struct symbol_index;

/* The target outlives the index. Nothing is opened yet. */
struct symbol_index *symbol_index_new(const struct target *target);
void symbol_index_free(struct symbol_index *index);

/* The symbols of that PDB; NULL where there are none. The caller frees them. A file that cannot be
 * read is passed over: whoever attached the kernel's symbols has reported it. */
struct symbols *symbol_index_open(struct symbol_index *index, const struct pdb_identity *pdb);

#endif
