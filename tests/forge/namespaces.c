/*
 * namespaces.c - private namespaces: directories outside of the tree, the boundary descriptors that
 * they are known by, and the kernel's table of them.
 *
 * Sources: the symbol files for _OBJECT_DIRECTORY, and for where the table is; the headers of
 * WinObjEx64 for the entries, which are behind the directory here as the kernel has them; ntrtl.h
 * of phnt for boundary descriptors. How the kernel hashes a descriptor is not told by them, and the
 * hash here is made up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "util.h"

enum {
    BUCKETS = 37,
    ENTRY_SIZE = 0x30,
    DESCRIPTOR_HEADER = 16,
    ITEM_HEADER = 8,
    ITEM_NAME = 1,
    ITEM_SID,
    ITEM_INTEGRITY,
    DESCRIPTOR_MOST = 0x200,
};

struct descriptor {
    uint8_t bytes[DESCRIPTOR_MOST];
    size_t size;
    uint32_t items;
};

static void add_item(struct descriptor *descriptor, uint32_t kind, const uint8_t *bytes,
                     size_t length) {
    uint8_t *item = descriptor->bytes + descriptor->size;
    size_t whole = ALIGN_UP(ITEM_HEADER + length, 8);
    if (descriptor->size + whole > DESCRIPTOR_MOST)
        die("a boundary descriptor is too long");
    put(item, kind, 4);
    put(item + 4, ITEM_HEADER + length, 4);
    memcpy(item + ITEM_HEADER, bytes, length);
    descriptor->size += whole;
    descriptor->items++;
}

static void add_name(struct descriptor *descriptor, const char *name) {
    uint8_t text[128] = {0};
    size_t length = strlen(name);
    if (2 * length > sizeof text)
        die("\"%s\" is too long", name);
    for (size_t i = 0; i < length; i++)
        text[2 * i] = (uint8_t)name[i];
    add_item(descriptor, ITEM_NAME, text, 2 * length);
}

/* "S-1-AUTHORITY-SUBAUTHORITY-..." */
static void add_sid(struct descriptor *descriptor, uint32_t kind, const char *text) {
    uint8_t sid[8 + 15 * 4] = {1};
    char *rest;
    if (strncmp(text, "S-1-", 4) != 0)
        die("\"%s\" is no SID", text);
    sid[7] = (uint8_t)strtoul(text + 4, &rest, 10);
    while (*rest == '-' && sid[1] < 15) {
        put(sid + 8 + 4 * sid[1], strtoul(rest + 1, &rest, 10), 4);
        sid[1]++;
    }
    add_item(descriptor, kind, sid, 8 + 4u * sid[1]);
}

static void add_sids(struct descriptor *descriptor, uint32_t kind, const json_t *sids) {
    size_t i;
    json_t *sid;
    json_array_foreach(sids, i, sid) {
        add_sid(descriptor, kind, json_string_value(sid));
    }
}

static void describe(const json_t *row, struct descriptor *descriptor) {
    *descriptor = (struct descriptor){.size = DESCRIPTOR_HEADER};
    add_name(descriptor, string(row, "name"));
    add_sids(descriptor, ITEM_SID, json_object_get(row, "sids"));
    add_sids(descriptor, ITEM_INTEGRITY, json_object_get(row, "integrity"));
    put(descriptor->bytes, 1, 4);
    put(descriptor->bytes + 4, descriptor->items, 4);
    put(descriptor->bytes + 8, descriptor->size, 4);
}

static unsigned bucket_of(const struct descriptor *descriptor) {
    unsigned sum = 0;
    for (size_t i = 0; i < descriptor->size; i++)
        sum += descriptor->bytes[i];
    return sum % BUCKETS;
}

/* Rows of [type, name] in the directory. */
static json_t *fill(struct machine *machine, const json_t *row, uint64_t directory) {
    json_t *facts = json_object();
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(row, "objects"), i, item) {
        const char *name = json_string_value(json_array_get(item, 1));
        const struct object_kind kind = {
            "an object of a private namespace",
            object_type_named(machine, json_string_value(json_array_get(item, 0))), false, name,
            directory};
        uint64_t object = make_object(machine, &kind, 0, 0x80);
        insert_in_directory(machine, directory, name, object);
        json_object_set_new(facts, name, address_text(machine, object));
    }
    return facts;
}

/* A row: {"name", "sids": [text...], "integrity": [text...], "objects": [[type, name]...]}. Gives
 * the entry, and the bucket that it belongs into. */
static uint64_t make_namespace(struct machine *machine, const json_t *row, unsigned *bucket) {
    static const struct object_kind kind = {"a private namespace", TYPE_DIRECTORY, false, NULL, 0};
    struct descriptor descriptor;
    describe(row, &descriptor);
    *bucket = bucket_of(&descriptor);
    uint64_t size = layout_size(machine->layout, "_OBJECT_DIRECTORY");
    uint64_t directory =
        make_object(machine, &kind, 0, size + ENTRY_SIZE + ALIGN_UP(descriptor.size, 8));
    uint64_t entry = directory + size;
    must_set(machine, directory, "_OBJECT_DIRECTORY", "NamespaceEntry", entry);
    put_pointer(machine, entry + 0x10, directory);
    put64(machine, entry + 0x18, descriptor.size);
    memory_put(&machine->memory, entry + 0x28, *bucket, 1);
    memory_write(&machine->memory, entry + ENTRY_SIZE, descriptor.bytes, descriptor.size);
    json_array_append_new(json_object_get(machine->facts, "namespaces"),
                          json_pack("{s:o, s:o, s:o}", "address", address_text(machine, entry),
                                    "directory", address_text(machine, directory), "objects",
                                    fill(machine, row, directory)));
    return entry;
}

/* Up to 10240 the table is a variable, then a member of the host silo's globals. */
static uint64_t make_table(struct machine *machine, uint64_t size) {
    static const char globals[] = "_ESERVERSILO_GLOBALS";
    struct member table;
    if (!layout_member(machine->layout, globals, "ObSiloState.PrivateNamespaceLookupTable", &table))
        return global(machine, "ObpPrivateNamespaceLookupTable", size);
    return global(machine, "PspHostSiloGlobals", layout_size(machine->layout, globals)) +
           table.offset;
}

void forge_namespaces(struct machine *machine) {
    const json_t *rows = json_object_get(machine->scenario, "namespaces");
    size_t count = json_array_size(rows);
    uint64_t entries[BUCKETS][8];
    size_t held[BUCKETS] = {0};
    if (!count)
        return;
    json_object_set_new(machine->facts, "namespaces", json_array());
    for (size_t i = 0; i < count; i++) {
        unsigned bucket;
        uint64_t entry = make_namespace(machine, json_array_get(rows, i), &bucket);
        if (held[bucket] == sizeof *entries / sizeof **entries)
            die("too many private namespaces in one bucket");
        entries[bucket][held[bucket]++] = entry;
    }
    uint64_t table = make_table(machine, BUCKETS * 16 + 16);
    for (unsigned i = 0; i < BUCKETS; i++)
        link_ring(machine, table + 16 * i, entries[i], held[i]);
    memory_put(&machine->memory, table + BUCKETS * 16 + 8, count, 4); /* NumberOfPrivateSpaces */
}
