/*
 * isf.c - writing symbol files: JSON as Volatility 3's schema 6.2.0 has it.
 *
 * The kernel's has the types of the layout that the machine was forged with. A type that the layout
 * only names is left without members; those among them that Volatility 3 does not start without are
 * listed here.
 */
#include "isf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "user_images.h"
#include "util.h"

#define MACHINE_AMD64 0x8664
#define MACHINE_I386  0x14c

static const struct base {
    const char *name, *kind;
    int size, is_signed;
} bases[] = {
    {"char", "char", 1, 1},          {"unsigned char", "char", 1, 0},
    {"wchar", "int", 2, 0},          {"short", "int", 2, 1},
    {"unsigned short", "int", 2, 0}, {"long", "int", 4, 1},
    {"unsigned long", "int", 4, 0},  {"int", "int", 4, 1},
    {"unsigned int", "int", 4, 0},   {"long long", "int", 8, 1},
    {"void", "void", 0, 0},          {"unsigned long long", "int", 8, 0},
    {"double", "float", 8, 1},       {"float", "float", 4, 1},
};
enum { BASE_COUNT = sizeof bases / sizeof *bases };

static bool is_base(const char *name) {
    for (size_t i = 0; i < BASE_COUNT; i++)
        if (!strcmp(name, bases[i].name))
            return true;
    return false;
}

static json_t *base_facts(const struct base *base, int size) {
    return json_pack("{s:i, s:b, s:s, s:s}", "size", size, "signed", base->is_signed, "kind",
                     base->kind, "endian", "little");
}

static json_t *base_types(const struct machine *machine) {
    static const struct base pointer = {"pointer", "int", 0, 0};
    json_t *types = json_object();
    for (size_t i = 0; i < BASE_COUNT; i++)
        json_object_set_new(types, bases[i].name, base_facts(&bases[i], bases[i].size));
    json_object_set_new(types, "pointer", base_facts(&pointer, (int)machine->pointer_size));
    return types;
}

/* A profile's name of a type ("_LIST_ENTRY*", "unsigned char[15]") as a description; the last star
 * or the first bound is the outermost. */
static json_t *describe(const char *text) {
    char name[128];
    size_t length = strlen(text);
    const char *bound = strchr(text, '[');
    if (length >= sizeof name)
        die("\"%s\" is too long", text);
    if (length && text[length - 1] == ']' && bound) {
        int count = (int)strtol(bound + 1, NULL, 10);
        const char *rest = strchr(bound, ']') + 1;
        snprintf(name, sizeof name, "%.*s%s", (int)(bound - text), text, rest);
        return json_pack("{s:s, s:i, s:o}", "kind", "array", "count", count, "subtype",
                         describe(name));
    }
    if (length && text[length - 1] == '*') {
        snprintf(name, sizeof name, "%.*s", (int)length - 1, text);
        return json_pack("{s:s, s:o}", "kind", "pointer", "subtype", describe(name));
    }
    /* The profile does not say what the enumeration has in it. */
    if (!strncmp(text, "<unnamed-enum", 13))
        text = "unsigned long";
    return json_pack("{s:s, s:s}", "kind", is_base(text) ? "base" : "struct", "name", text);
}

/* "0x6cc:0:1 unsigned long": offset, position and length of a bit-field, type. */
static json_t *describe_member(const char *text) {
    char *end;
    unsigned long offset = strtoul(text, &end, 16);
    if (*end != ':')
        return json_pack("{s:i, s:o}", "offset", (int)offset, "type", describe(end + 1));
    long position = strtol(end + 1, &end, 10);
    long length = strtol(end + 1, &end, 10);
    return json_pack("{s:i, s:{s:s, s:i, s:i, s:o}}", "offset", (int)offset, "type", "kind",
                     "bitfield", "bit_position", (int)position, "bit_length", (int)length, "type",
                     describe(end + 1));
}

static const struct {
    const char *name;
    int size; /* 0: of a pointer */
} sizes[] = {
    {"_QUAD", 8}, {"_LUID", 8}, {"_GUID", 16}, {"_EX_PUSH_LOCK", 0}, {"_EX_RUNDOWN_REF", 0}};

/* A type that is only named: no members, and a byte where the size is not known either. */
static void add_empty(const struct machine *machine, json_t *types, const char *name) {
    int size = 1;
    if (json_object_get(types, name))
        return;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (!strcmp(name, sizes[i].name))
            size = sizes[i].size ? sizes[i].size : (int)machine->pointer_size;
    json_object_set_new(types, name,
                        json_pack("{s:s, s:i, s:{}}", "kind", "struct", "size", size, "fields"));
}

/* The name at the bottom of a description. */
static const char *innermost(const json_t *type) {
    for (const json_t *below;
         (below = json_object_get(type, "subtype")) || (below = json_object_get(type, "type"));)
        type = below;
    return string(type, "name");
}

static void add_empty_types(const struct machine *machine, json_t *types, const json_t *described) {
    static const char *const wanted[] = {
        "_ERESOURCE",    "_CMHIVE",      "_CM_KEY_NODE",   "_CM_KEY_VALUE",     "_HMAP_ENTRY",
        "_MMVAD",        "_MMVAD_SHORT", "_KSYSTEM_TIME",  "_SHARED_CACHE_MAP", "_VACB",
        "_CONTROL_AREA", "_KTIMER",      "_DRIVER_OBJECT", "_DEVICE_OBJECT",    "_IMAGE_DOS_HEADER",
    };
    const char *name, *member;
    json_t *type, *field;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        add_empty(machine, types, wanted[i]);
    json_object_foreach((json_t *)described, name, type) json_object_foreach(
        json_object_get(type, "fields"), member, field) if (!is_base(innermost(field)))
        add_empty(machine, types, innermost(field));
}

/* Where a pool allocation of a page and more is noted; the same in all builds of a width. */
static void add_big_pages(const struct machine *machine, json_t *types) {
    int pointer = (int)machine->pointer_size;
    json_object_set_new(
        types, "_POOL_TRACKER_BIG_PAGES",
        json_pack("{s:s, s:i, s:{s:o, s:o, s:o}}", "kind", "struct", "size", 3 * pointer, "fields",
                  "Va", describe_member("0x0 void*"), "Key",
                  describe_member(pointer == 8 ? "0x8 unsigned long" : "0x4 unsigned long"),
                  "PoolType",
                  describe_member(pointer == 8 ? "0xc unsigned long" : "0x8 unsigned long")));
}

static json_t *kernel_types(const struct machine *machine) {
    json_t *types = json_object(), *type, *text;
    const char *name, *member;
    json_object_foreach(layout_types(machine->layout), name, type) {
        json_t *fields = json_object();
        json_object_foreach(json_object_get(type, "fields"), member, text)
            json_object_set_new(fields, member, describe_member(json_string_value(text)));
        json_object_set_new(types, name,
                            json_pack("{s:s, s:O, s:o}", "kind", "struct", "size",
                                      json_object_get(type, "size"), "fields", fields));
    }
    json_t *described = json_copy(types);
    add_empty_types(machine, types, described);
    json_decref(described);
    add_big_pages(machine, types);
    return types;
}

/* ---- symbols ---- */

static void add_symbol(json_t *symbols, const char *name, uint64_t rva) {
    json_object_set_new(symbols, name, json_pack("{s:I}", "address", (json_int_t)rva));
}

static json_t *kernel_symbols(const struct machine *machine) {
    json_t *symbols = json_object(), *address;
    json_t *const sources[] = {machine->globals, machine->symbols};
    const char *name;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        json_object_foreach(sources[i], name, address)
            add_symbol(symbols, name, number_of(address, name) - machine->kernel_base);
    return symbols;
}

static json_t *image_symbols(const struct user_image *image) {
    json_t *symbols = json_object(), *rva;
    const char *name;
    for (size_t i = 0; i < image->export_count; i++)
        add_symbol(symbols, image->exports[i].name, image->exports[i].rva);
    json_object_foreach(json_object_get(image->row, "symbols"), name, rva)
        add_symbol(symbols, name, number_of(rva, name));
    return symbols;
}

static json_t *win32k_symbols(const struct machine *machine) {
    json_t *symbols = json_object();
    const struct service_list *list = &machine->gui_services;
    for (size_t i = 0; i < list->count; i++)
        add_symbol(symbols, list->items[i].name, list->items[i].address - machine->win32k);
    return symbols;
}

/* ---- files ---- */

static void make_folder(const char *path) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        die("%s: %s", path, strerror(errno));
}

struct pdb {
    const char *name, *guid;
    int age, machine;
};

static void write_file(const struct machine *machine, const char *folder, const struct pdb *pdb,
                       json_t *types, json_t *symbols) {
    char path[4096];
    json_t *root = json_pack(
        "{s:{s:s, s:{s:s, s:s}, s:{s:{s:s, s:i, s:s, s:i}}}, s:o, s:o, s:{}, s:o}", "metadata",
        "format", "6.2.0", "producer", "name", "forge", "version", "1.0.0", "windows", "pdb",
        "GUID", pdb->guid, "age", pdb->age, "database", pdb->name, "machine_type", pdb->machine,
        "base_types", base_types(machine), "user_types", types, "enums", "symbols", symbols);
    make_folder(folder);
    snprintf(path, sizeof path, "%s/%s", folder, pdb->name);
    make_folder(path);
    snprintf(path, sizeof path, "%s/%s/%s-%d.json", folder, pdb->name, pdb->guid, pdb->age);
    if (!root || json_dump_file(root, path, JSON_COMPACT | JSON_SORT_KEYS) != 0)
        die("%s cannot be written", path);
    json_decref(root);
}

void write_symbol_files(struct machine *machine, const char *folder) {
    const json_t *row = json_object_get(json_object_get(machine->scenario, "kernel"), "pdb");
    bool wide = machine->pointer_size == 8;
    const struct pdb kernel = {string(row, "name"), string(row, "guid"), (int)number(row, "age"),
                               wide ? MACHINE_AMD64 : MACHINE_I386};
    write_file(machine, folder, &kernel, kernel_types(machine), kernel_symbols(machine));
    if (machine->win32k && machine->win32k_guid && machine->gui_services.count) {
        const struct pdb win32k = {"win32k.pdb", machine->win32k_guid, 1, kernel.machine};
        write_file(machine, folder, &win32k, json_object(), win32k_symbols(machine));
    }
    for (size_t i = 0; i < machine->image_count; i++) {
        const struct user_image *image = &machine->images[i];
        char name[64];
        pdb_name(image->name, name, sizeof name);
        const struct pdb pdb = {name, string(image->row, "guid"), 1,
                                wide && !image->narrow ? MACHINE_AMD64 : MACHINE_I386};
        write_file(machine, folder, &pdb, json_object(), image_symbols(image));
    }
}
