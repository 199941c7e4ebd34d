/*
 * symbol_path.c - looking for symbol files by name.
 *
 * Source of the layouts and of the path's form: Microsoft, "Symbol path for Windows debuggers" and
 * "Using SymStore"; Volatility 3's documentation of its symbol tables.
 */
#include "kernel/symbol_path.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define GUID_DIGITS 32

static void add(struct symbol_files *files, char *path) {
    ARRAY_RESERVE(files->paths, files->count, files->capacity);
    files->paths[files->count++] = path;
}

void symbol_files_add(struct symbol_files *files, const char *path) {
    add(files, xstrdup(path));
}

void symbol_files_deinit(struct symbol_files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct symbol_files){0};
}

void symbol_store_key(const struct pdb_identity *pdb, char key[48]) {
    snprintf(key, 48, "%s%X", pdb->guid, (unsigned)pdb->age);
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcasecmp(name + length - tail, end) == 0;
}

static bool is_symbol_file(const char *name) {
    return ends_with(name, ".json") || ends_with(name, ".json.xz");
}

/* Whether a run of hexadecimal digits in the name is long enough for a GUID. */
static bool names_a_guid(const char *name) {
    size_t run = 0;
    for (; *name && run < GUID_DIGITS; name++)
        run = strchr("0123456789abcdefABCDEF", *name) ? run + 1 : 0;
    return run == GUID_DIGITS;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds the symbol files of one folder that `wanted` accepts, at most `limit`. */
static void list_folder(const char *folder, bool (*wanted)(const char *name, const void *data),
                        const void *data, size_t limit, struct symbol_files *files) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, by_bytes);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (limit > 0 && is_symbol_file(name) && wanted(name, data)) {
            add(files, xasprintf("%s/%s", folder, name));
            limit--;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

struct keys {
    char store[48];      /* GUIDAGE */
    char volatility[48]; /* GUID-AGE */
};

static bool has_key(const char *name, const void *data) {
    const struct keys *keys = data;
    return strcasestr(name, keys->store) || strcasestr(name, keys->volatility);
}

static bool is_any(const char *name, const void *data) {
    (void)name, (void)data;
    return true;
}

static bool is_unnamed(const char *name, const void *data) {
    (void)data;
    return !names_a_guid(name);
}

/* The name comes out of the dump: it becomes part of a path only if it is a plain file name. */
static const char *folder_name(const struct pdb_identity *pdb) {
    size_t plain = strspn(pdb->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_-.");
    bool usable = pdb->name[0] && pdb->name[0] != '.' && pdb->name[plain] == 0;
    return usable ? pdb->name : "ntkrnlmp.pdb";
}

void symbol_files_named(const char *folder, const struct pdb_identity *pdb,
                        struct symbol_files *files) {
    struct keys keys;
    symbol_store_key(pdb, keys.store);
    snprintf(keys.volatility, sizeof keys.volatility, "%s-%u", pdb->guid, (unsigned)pdb->age);
    AUTO_FREE char *named = xasprintf("%s/%s", folder, folder_name(pdb));
    AUTO_FREE char *store = xasprintf("%s/%s", named, keys.store);
    list_folder(store, is_any, NULL, SIZE_MAX, files);
    list_folder(named, has_key, &keys, SIZE_MAX, files);
    list_folder(folder, has_key, &keys, SIZE_MAX, files);
}

void symbol_files_unnamed(const char *folder, size_t limit, struct symbol_files *files) {
    list_folder(folder, is_unnamed, NULL, limit, files);
}

void symbol_files_any(const char *folder, size_t limit, struct symbol_files *files) {
    list_folder(folder, is_any, NULL, limit, files);
}

static bool is_folder_part(const char *part) {
    static const char *const words[] = {"srv", "cache", "symsrv", "symsrv.dll"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strcasecmp(part, words[i]) == 0)
            return false;
    }
    return part[0] && !strstr(part, "://") && strncmp(part, "\\\\", 2) != 0;
}

void symbol_path_folders(const char *path, struct symbol_files *folders) {
    AUTO_FREE char *copy = xstrdup(path);
    char *rest = copy;
    for (char *part; (part = strsep(&rest, ";*"));) {
        if (is_folder_part(part))
            symbol_files_add(folders, part);
    }
}
