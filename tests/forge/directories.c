/*
 * directories.c - the object manager's directories: hash tables of named objects; and symbolic
 * links.
 *
 * Source: the symbol files for _OBJECT_DIRECTORY (37 buckets) and its entries. A reader walks all
 * buckets: the hash of a name is not told by them, and the one here is made up.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "objects.h"
#include "util.h"

enum { BUCKETS = 37, MOST_PATH = 128 };

static uint32_t hash_of(const char *name) {
    uint32_t hash = 0;
    for (; *name; name++)
        hash = hash * 31 + (uint32_t)toupper((unsigned char)*name);
    return hash;
}

static void remember(struct machine *machine, const char *path, uint64_t object) {
    json_t *facts = json_object_get(machine->facts, "named_objects");
    if (!facts) {
        facts = json_object();
        json_object_set_new(machine->facts, "named_objects", facts);
    }
    if (json_object_get(facts, path))
        die("%s exists already", path);
    json_object_set_new(facts, path, address_text(machine, object));
}

void insert_in_directory(struct machine *machine, uint64_t directory, const char *name,
                         uint64_t object) {
    static const char type[] = "_OBJECT_DIRECTORY_ENTRY";
    uint64_t entry = pool_take(machine, &machine->paged, layout_size(machine->layout, type), 0x10,
                               "a directory entry");
    uint64_t bucket = field(machine, directory, "_OBJECT_DIRECTORY", "HashBuckets") +
                      hash_of(name) % BUCKETS * machine->pointer_size;
    must_set(machine, entry, type, "ChainLink", get_pointer(machine, bucket));
    must_set(machine, entry, type, "Object", object);
    set(machine, entry, type, "HashValue", hash_of(name));
    put_pointer(machine, bucket, entry);
}

/* The directory that a path begins with, made where there is none. Gives the last part of it. */
static uint64_t directory_of(struct machine *machine, const char *path, const char **name) {
    char parent[MOST_PATH];
    const char *last = strrchr(path, '\\');
    if (!last || strlen(path) >= sizeof parent)
        die("\"%s\" is no path", path);
    *name = last + 1;
    snprintf(parent, sizeof parent, "%.*s", last == path ? 1 : (int)(last - path), path);
    const json_t *known = json_object_get(json_object_get(machine->facts, "named_objects"), parent);
    return known ? number_of(known, parent) : make_directory(machine, parent);
}

uint64_t make_directory(struct machine *machine, const char *path) {
    const char *name = "\\";
    uint64_t parent = strcmp(path, "\\") ? directory_of(machine, path, &name) : 0;
    const struct object_kind kind = {"a directory", TYPE_DIRECTORY, false, name, parent};
    uint64_t directory =
        make_object(machine, &kind, 0, layout_size(machine->layout, "_OBJECT_DIRECTORY"));
    if (parent)
        insert_in_directory(machine, parent, name, directory);
    else
        put_pointer(machine, global(machine, "ObpRootDirectoryObject", 8), directory);
    remember(machine, path, directory);
    return directory;
}

uint64_t make_named(struct machine *machine, enum object_type type, uint64_t address, uint64_t size,
                    const char *path) {
    struct object_kind kind = {"a named object", type, false, NULL, 0};
    kind.directory = directory_of(machine, path, &kind.name);
    uint64_t object = make_object(machine, &kind, address, size);
    insert_in_directory(machine, kind.directory, kind.name, object);
    remember(machine, path, object);
    return object;
}

void name_existing(struct machine *machine, const char *path, uint64_t object) {
    const char *name;
    uint64_t directory = directory_of(machine, path, &name);
    insert_in_directory(machine, directory, name, object);
    put_pointer(machine, name_info(machine, object), directory);
    remember(machine, path, object);
}

static void make_link(struct machine *machine, const char *path, const char *target) {
    uint64_t size = layout_size(machine->layout, "_OBJECT_SYMBOLIC_LINK");
    uint64_t link = make_named(machine, TYPE_SYMBOLIC_LINK, 0, size, path);
    uint64_t created = machine->system_time - machine->uptime + 10000000;
    must_set(machine, link, "_OBJECT_SYMBOLIC_LINK", "CreationTime", created);
    write_unicode(machine, field(machine, link, "_OBJECT_SYMBOLIC_LINK", "LinkTarget"), target,
                  &machine->paged);
}

void forge_directories(struct machine *machine) {
    static const char *const paths[] = {
        "\\",        "\\ObjectTypes", "\\Device",    "\\GLOBAL??", "\\BaseNamedObjects",
        "\\Windows", "\\RPC Control", "\\KnownDlls", "\\Sessions",
    };
    char path[MOST_PATH];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        make_directory(machine, paths[i]);
    for (size_t i = 0; i < machine->session_count; i++) {
        snprintf(path, sizeof path, "\\Sessions\\%llu\\BaseNamedObjects",
                 (unsigned long long)machine->sessions[i].id);
        make_directory(machine, path);
    }
    make_link(machine, "\\GLOBAL??\\C:", "\\Device\\HarddiskVolume2");
    make_link(machine, "\\SystemRoot", "\\Device\\HarddiskVolume2\\Windows");
}
