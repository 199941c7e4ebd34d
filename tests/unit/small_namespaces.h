/*
 * small_namespaces.h - a private namespace on the machine of small_objects.h, in a table that a
 * symbol leads to; two processes that have handles to its directory and to an event in it.
 *
 * Offsets in the entry and its boundary descriptor are written out here (WinObjEx64; ntrtl.h of
 * phnt).
 */
#ifndef NTDRIFT_TESTS_SMALL_NAMESPACES_H
#define NTDRIFT_TESTS_SMALL_NAMESPACES_H

#include "small_objects.h"

#define NS_PROFILE   "nt-10240-x64"
#define NS_TABLE     (NT + 0x7000) /* ObpPrivateNamespaceLookupTable */
#define NS_COOKIE    (NT + 0x7400) /* ObHeaderCookie */
#define NS_DIRECTORY small_object(30)
#define NS_EVENT     small_object(31)
#define NS_SHARED    small_object(32) /* \Device\Shared */
#define NS_ENTRY     (NS_DIRECTORY + 0x200)
#define NS_BOUNDARY  (NS_ENTRY + 0x30)
#define NS_BUCKET    5

/* A profile that has no symbols, with these two. */
static inline struct symbols *namespace_symbols(const char *profile) {
    static const char none[] = "\"symbols\": {}";
    const char *json = profile_find(profile)->json, *at = strstr(json, none);
    struct symbols *symbols = NULL;
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    if (!stream || !at)
        abort();
    fprintf(stream,
            "%.*s\"symbols\": {\"ObHeaderCookie\": \"0x7400\", "
            "\"ObpPrivateNamespaceLookupTable\": \"0x7000\"}%s",
            (int)(at - json), json, at + strlen(none));
    if (fclose(stream) != 0 || symbols_parse(NULL, "small", text, length, &symbols) != STATUS_OK)
        abort();
    free(text);
    return symbols;
}

/* An entry of a boundary descriptor of `length` bytes behind its header; gives the next one's
 * place. */
static inline uint64_t put_item(struct machine *machine, uint64_t at, uint32_t kind,
                                const void *bytes, size_t length) {
    machine_put(machine, at, kind, 4);
    machine_put(machine, at + 4, 8 + length, 4);
    machine_write(machine, at + 8, bytes, length);
    return at + ((8 + length + 7) & ~(size_t)7);
}

/* "NS", Everyone, low integrity. */
static inline void put_boundary(struct machine *machine) {
    uint64_t at = NS_BOUNDARY + 0x10;
    at = put_item(machine, at, 1, "N\0S", 4);
    at = put_item(machine, at, 2, "\1\1\0\0\0\0\0\1\0\0\0", 12);
    at = put_item(machine, at, 3, "\1\1\0\0\0\0\0\x10\0\x10\0", 12);
    machine_put(machine, NS_BOUNDARY, 1, 4);
    machine_put(machine, NS_BOUNDARY + 4, 3, 4);
    machine_put(machine, NS_BOUNDARY + 8, at - NS_BOUNDARY, 4);
    machine_put(machine, NS_ENTRY + 0x18, at - NS_BOUNDARY, 8);
}

/* A table of one page for a process, with handles 4, 8, ... to the objects. */
static inline void put_table(struct small_objects *objects, unsigned process, const uint64_t *held,
                             unsigned count) {
    uint64_t table = TABLE + (uint64_t)0x100 * process, page = TABLE_PAGES + PAGE * process;
    objects_table(objects, table, page, 0x400);
    machine_put(objects->machine,
                small_process(process) + objects_offset(objects, "_EPROCESS", "ObjectTable"), table,
                8);
    for (unsigned i = 0; i < count; i++)
        objects_packed(objects, page + 16 * (i + 1), held[i], 0, 0x1f0003);
}

static inline struct small_objects namespace_machine(const char *profile) {
    struct small_objects objects = small_objects(profile, true);
    struct machine *machine = objects.machine;
    symbols_free(objects.symbols);
    objects.symbols = namespace_symbols(profile);
    objects_list_types(&objects);
    machine_put(machine, NS_COOKIE, COOKIE, 1);
    objects_put(&objects, NS_DIRECTORY, TYPE_DIRECTORY, NULL, 0, 0);
    machine_put(machine,
                NS_DIRECTORY + objects_offset(&objects, "_OBJECT_DIRECTORY", "NamespaceEntry"),
                NS_ENTRY, 8);
    for (unsigned i = 0; i < 37; i++)
        machine_ring(machine, (uint64_t[]){NS_TABLE + 16 * i, NS_ENTRY}, i == NS_BUCKET ? 2 : 1);
    machine_put(machine, NS_ENTRY + 0x10, NS_DIRECTORY, 8);
    put_boundary(machine);
    objects_put(&objects, NS_EVENT, TYPE_EVENT, "Inside", NS_DIRECTORY, 0);
    objects_enter(&objects, NS_DIRECTORY, 3, NS_EVENT);
    objects_put(&objects, NS_SHARED, TYPE_EVENT, "Shared", small_object(2), 0);
    objects_enter(&objects, small_object(2), 9, NS_SHARED);
    put_table(&objects, 1, (uint64_t[]){NS_SHARED, NS_DIRECTORY, NS_EVENT, NS_SHARED}, 4);
    put_table(&objects, 2, (uint64_t[]){NS_EVENT, NS_SHARED}, 2);
    return objects;
}

static inline struct target *open_namespaces(struct small_objects *objects, bool with_symbols) {
    struct target *target = objects_open(objects);
    target->match = with_symbols ? MATCH_EXACT : MATCH_PROVED;
    return target;
}

#endif
