/*
 * small_objects.h - objects on the machine of small_kernel.h: types in the list of the type "Type",
 * a tree of directories, files, and handle tables.
 *
 * Sizes of optional headers and the codings are written out here; offsets inside NT structures come
 * from the profile.
 */
#ifndef NTDRIFT_TESTS_SMALL_OBJECTS_H
#define NTDRIFT_TESTS_SMALL_OBJECTS_H

#include "small_kernel.h"

#define BODY           0x30 /* of x64, from the header */
#define CREATOR_INFO   0x20
#define NAME_INFO      0x20
#define HAS_CREATOR    0x01
#define HAS_NAME       0x02
#define NT_TYPE_OBJECT (NT + 0x4400) /* ObpTypeObjectType */
#define NT_ROOT        (NT + 0x4408) /* ObpRootDirectoryObject */
#define COOKIE         0x5e
#define TEXTS          0xffffc00000100000 /* names, one page */

enum { TYPE_TYPE = 2, TYPE_DIRECTORY = 3, TYPE_FILE = 30, TYPE_DEVICE = 31, TYPE_EVENT = 16 };

struct small_objects {
    struct machine *machine;
    struct symbols *symbols;
    bool cookie;       /* type indexes are mixed with it */
    uint64_t texts;    /* where the next name goes */
    uint64_t entries;  /* where the next entry of a directory goes */
    uint64_t types[8]; /* links of the list of types */
    size_t type_count;
};

/* Where the objects lie: not in one block of 256 bytes, so that the cookie shows. */
static inline uint64_t small_object(unsigned index) {
    return 0xffffe00000200000 + 0x9d0 * (uint64_t)index;
}

static inline uint32_t objects_offset(struct small_objects *objects, const char *type,
                                      const char *path) {
    return offset_of(objects->symbols, type, path);
}

/* A UNICODE_STRING of ASCII. */
static inline void objects_string(struct small_objects *objects, uint64_t address,
                                  const char *text) {
    size_t length = strlen(text);
    machine_put(objects->machine, address, 2 * length, 2);
    machine_put(objects->machine, address + 2, 2 * length, 2);
    machine_put(objects->machine, address + 8, objects->texts, 8);
    for (size_t i = 0; i < length; i++, objects->texts += 2)
        machine_put(objects->machine, objects->texts, (unsigned char)text[i], 2);
}

/* An object: its header, and its name in a directory where `name` is not NULL. */
static inline void objects_put(struct small_objects *objects, uint64_t object, unsigned type,
                               const char *name, uint64_t directory, unsigned mask) {
    struct machine *machine = objects->machine;
    uint64_t header = object - BODY;
    uint8_t index = (uint8_t)(type ^ (objects->cookie ? (header >> 8) ^ COOKIE : 0));
    mask |= name ? HAS_NAME : 0;
    machine_put(machine, header, 32770, 8); /* PointerCount */
    machine_put(machine, header + 8, 1, 8); /* HandleCount */
    machine_put(machine, header + 0x18, index, 1);
    machine_put(machine, header + 0x1a, mask, 1);
    machine_put(machine, header + 0x1b, 0x44, 1); /* Flags */
    if (!name)
        return;
    uint64_t info = header - NAME_INFO - (mask & HAS_CREATOR ? CREATOR_INFO : 0);
    machine_put(machine, info, directory, 8);
    objects_string(objects, info + 8, name);
}

static inline void objects_type(struct small_objects *objects, unsigned index, const char *name,
                                uint64_t address) {
    objects_put(objects, address, TYPE_TYPE, name, small_object(0), HAS_CREATOR);
    struct machine *machine = objects->machine;
    machine_put(machine, address + objects_offset(objects, "_OBJECT_TYPE", "Index"), index, 1);
    machine_put(machine, address + objects_offset(objects, "_OBJECT_TYPE", "TotalNumberOfObjects"),
                100 + index, 4);
    machine_put(machine, address + objects_offset(objects, "_OBJECT_TYPE", "TotalNumberOfHandles"),
                200 + index, 4);
    objects_string(objects, address + objects_offset(objects, "_OBJECT_TYPE", "Name"), name);
    objects->types[objects->type_count++] = address - BODY - CREATOR_INFO;
}

/* Puts an entry before those of a bucket of the directory. */
static inline void objects_enter(struct small_objects *objects, uint64_t directory, unsigned bucket,
                                 uint64_t object) {
    uint64_t first;
    memcpy(&first, machine_at(objects->machine, directory + 8 * bucket), 8);
    machine_put(objects->machine, objects->entries, first, 8);
    machine_put(objects->machine, objects->entries + 8, object, 8);
    machine_put(objects->machine, directory + 8 * bucket, objects->entries, 8);
    objects->entries += 0x18;
}

/* `\`, `\ObjectTypes` with five types, `\Device`, `\Device\Disk`; by the profile's structures. */
static inline struct small_objects small_objects(const char *profile, bool cookie) {
    struct small_objects objects = {.machine = small_kernel_of(profile),
                                    .symbols = builtin_symbols(profile),
                                    .cookie = cookie,
                                    .texts = TEXTS,
                                    .entries = TEXTS + 0x1000};
    static const struct {
        unsigned index;
        const char *name;
    } types[] = {{TYPE_TYPE, "Type"},
                 {TYPE_DIRECTORY, "Directory"},
                 {TYPE_EVENT, "Event"},
                 {TYPE_FILE, "File"},
                 {TYPE_DEVICE, "Device"}};
    uint64_t root = small_object(1), device = small_object(2), disk = small_object(3);
    for (unsigned i = 0; i < 5; i++) {
        objects_type(&objects, types[i].index, types[i].name, small_object(10 + i));
        objects_enter(&objects, small_object(0), i, small_object(10 + i));
    }
    objects_put(&objects, root, TYPE_DIRECTORY, "\\", 0, 0);
    objects_put(&objects, small_object(0), TYPE_DIRECTORY, "ObjectTypes", root, 0);
    objects_put(&objects, device, TYPE_DIRECTORY, "Device", root, 0);
    objects_put(&objects, disk, TYPE_DEVICE, "Disk", device, HAS_CREATOR);
    objects_enter(&objects, root, 7, small_object(0));
    objects_enter(&objects, root, 7, device);
    objects_enter(&objects, device, 0, disk);
    machine_put(objects.machine, NT_KDBG + 0x98, NT_ROOT, 8);
    machine_put(objects.machine, NT_ROOT, root, 8);
    return objects;
}

/* The list of types, whose head is in the type "Type", and the debugger block's way there. */
static inline void objects_list_types(struct small_objects *objects) {
    uint64_t links[9];
    links[0] = small_object(10) + objects_offset(objects, "_OBJECT_TYPE", "TypeList");
    memcpy(links + 1, objects->types, objects->type_count * sizeof *links);
    machine_ring(objects->machine, links, objects->type_count + 1);
    machine_put(objects->machine, NT_KDBG + 0xa0, NT_TYPE_OBJECT, 8);
    machine_put(objects->machine, NT_TYPE_OBJECT, small_object(10), 8);
}

static inline void objects_file(struct small_objects *objects, uint64_t file, const char *name) {
    objects_put(objects, file, TYPE_FILE, NULL, 0, 0);
    machine_put(objects->machine, file + objects_offset(objects, "_FILE_OBJECT", "DeviceObject"),
                small_object(3), 8);
    objects_string(objects, file + objects_offset(objects, "_FILE_OBJECT", "FileName"), name);
}

/* Saves and opens the machine; the profile is attached as proved. The target owns the symbols. */
static inline struct target *objects_open(struct small_objects *objects) {
    struct target *target = machine_open(objects->machine);
    target->symbols = objects->symbols;
    target->match = MATCH_PROVED;
    return target;
}

/* ---- handle tables ---- */

#define TABLE       0xffffc00000200000 /* the _HANDLE_TABLE */
#define TABLE_PAGES 0xffffc00000201000 /* the first page of entries or of pointers */

static inline void objects_table(struct small_objects *objects, uint64_t table, uint64_t code,
                                 uint64_t limit) {
    struct machine *machine = objects->machine;
    machine_put(machine, table + objects_offset(objects, "_HANDLE_TABLE", "TableCode"), code, 8);
    machine_put(machine, table + objects_offset(objects, "_HANDLE_TABLE", "NextHandleNeedingPool"),
                limit, 4);
}

/* An entry as Windows 8 and later pack it. */
static inline void objects_packed(struct small_objects *objects, uint64_t entry, uint64_t object,
                                  unsigned attributes, uint32_t access) {
    uint64_t header = object - BODY;
    uint64_t low = (header & 0xffffffffffff) << 16 | (uint64_t)attributes << 17 | 0x7ff3;
    machine_put(objects->machine, entry, low, 8);
    machine_put(objects->machine, entry + 8, access, 4);
}

#endif
