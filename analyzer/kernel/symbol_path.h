/*
 * symbol_path.h - files that may hold the symbols of one PDB, in folders laid out as a symbol
 * store (NAME.pdb/GUIDAGE/NAME.json), as Volatility's (NAME.pdb/GUID-AGE.json.xz), or not at all.
 *
 * It looks at names alone and opens nothing but folders; nothing goes to the network.
 */
#ifndef NTDRIFT_KERNEL_SYMBOL_PATH_H
#define NTDRIFT_KERNEL_SYMBOL_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/pe.h"

struct symbol_files {
    char **paths;
    size_t count;
    size_t capacity;
};

void symbol_files_deinit(struct symbol_files *files);

/* Adds a copy of `path`. */
void symbol_files_add(struct symbol_files *files, const char *path);

/* "GUIDAGE" as symbol stores write it: the age in hexadecimal without padding. */
void symbol_store_key(const struct pdb_identity *pdb, char key[48]);

/* Adds the files in `folder` whose name or place names this PDB, in order of name. */
void symbol_files_named(const char *folder, const struct pdb_identity *pdb,
                        struct symbol_files *files);

/* Adds the files in `folder` whose name names no PDB at all, at most `limit`. */
void symbol_files_unnamed(const char *folder, size_t limit, struct symbol_files *files);

/* Adds the symbol files in `folder`, whatever their names, at most `limit`: for a dump that does
 * not tell which PDB it wants. */
void symbol_files_any(const char *folder, size_t limit, struct symbol_files *files);

/* Adds the local folders of a path like _NT_SYMBOL_PATH: "FOLDER;srv*CACHE*URL". */
void symbol_path_folders(const char *path, struct symbol_files *folders);

#endif
