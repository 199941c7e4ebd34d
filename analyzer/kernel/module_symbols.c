/*
 * module_symbols.c - an index of the symbol files at hand.
 */
#include "kernel/module_symbols.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "kernel/symbol_path.h"

/* Files of a folder that are opened only to see whose they are; one takes some 0.1 s. */
#define OPENED_MOST 32

/* A file that was opened to see whose it is. */
struct known_file {
    char *path;
    char guid[33];
    uint32_t age;
};

struct symbol_index {
    const struct target *target;
    struct symbol_files folders; /* the user's, then those of _NT_SYMBOL_PATH */
    struct known_file *files;
    size_t count;
    size_t capacity;
    bool looked; /* the above are filled */
};

struct symbol_index *symbol_index_new(const struct target *target) {
    struct symbol_index *index = xcalloc(1, sizeof *index);
    index->target = target;
    return index;
}

void symbol_index_free(struct symbol_index *index) {
    if (!index)
        return;
    symbol_files_deinit(&index->folders);
    for (size_t i = 0; i < index->count; i++)
        free(index->files[i].path);
    free(index->files);
    free(index);
}

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void know_file(struct symbol_index *index, const char *path) {
    struct symbols *symbols;
    if (symbols_open(NULL, path, &symbols) != STATUS_OK)
        return;
    const struct symbols_identity *identity = symbols_identity(symbols);
    if (identity->pdb_guid[0]) {
        struct known_file file = {.path = xstrdup(path), .age = identity->pdb_age};
        memcpy(file.guid, identity->pdb_guid, sizeof file.guid);
        ARRAY_RESERVE(index->files, index->count, index->capacity);
        index->files[index->count++] = file;
    }
    symbols_free(symbols);
}

static void know_folder(struct symbol_index *index, const char *folder) {
    AUTO(symbol_files_deinit) struct symbol_files files = {0};
    symbol_files_unnamed(folder, OPENED_MOST, &files);
    for (size_t i = 0; i < files.count; i++)
        know_file(index, files.paths[i]);
}

static void look(struct symbol_index *index) {
    const struct target *target = index->target;
    index->looked = true;
    for (size_t i = 0; i < target->symbol_path_count; i++) {
        const char *path = target->symbol_paths[i];
        if (is_folder(path)) {
            know_folder(index, path);
            symbol_files_add(&index->folders, path);
        } else {
            know_file(index, path);
        }
    }
    const char *path = getenv("_NT_SYMBOL_PATH");
    if (path)
        symbol_path_folders(path, &index->folders);
}

/* The symbols in that file, where they are the PDB's. */
static struct symbols *open_exact(const char *path, const struct pdb_identity *pdb) {
    struct symbols *symbols;
    if (symbols_open(NULL, path, &symbols) != STATUS_OK)
        return NULL;
    const struct symbols_identity *identity = symbols_identity(symbols);
    if (strcasecmp(identity->pdb_guid, pdb->guid) == 0 && identity->pdb_age == pdb->age)
        return symbols;
    symbols_free(symbols);
    return NULL;
}

static struct symbols *open_in_folder(const char *folder, const struct pdb_identity *pdb) {
    AUTO(symbol_files_deinit) struct symbol_files files = {0};
    struct symbols *symbols = NULL;
    symbol_files_named(folder, pdb, &files);
    for (size_t i = 0; i < files.count && !symbols; i++)
        symbols = open_exact(files.paths[i], pdb);
    return symbols;
}

struct symbols *symbol_index_open(struct symbol_index *index, const struct pdb_identity *pdb) {
    if (!index->looked)
        look(index);
    struct symbols *symbols = NULL;
    for (size_t i = 0; i < index->count && !symbols; i++)
        if (strcasecmp(index->files[i].guid, pdb->guid) == 0 && index->files[i].age == pdb->age)
            symbols = open_exact(index->files[i].path, pdb);
    for (size_t i = 0; i < index->folders.count && !symbols; i++)
        symbols = open_in_folder(index->folders.paths[i], pdb);
    return symbols;
}
