/* handle_list.c - handles and their objects kept compactly, and written as JSON. */
#include "analyses/handle_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/address_set.h"
#include "base/memory.h"
#include "kernel/access.h"

#define FIRST_SLOTS 1024

/* An object that handles lead to. */
struct held {
    uint64_t address;
    int64_t pointer_count, handle_count;
    const char *type; /* NULL: not known */
    size_t name;      /* where it begins in the names */
    uint32_t name_length;
    uint8_t state;      /* enum read_state of the object ... */
    uint8_t name_state; /* ... and of its name */
    uint8_t body;       /* from the header to the object */
    uint8_t flags, infos[OBJECT_INFO_COUNT];
};

struct row {
    uint64_t entry;
    uint32_t handle; /* below HANDLE_LIMIT */
    uint32_t access;
    uint32_t object; /* among the objects */
    uint8_t attributes;
    uint8_t name_state; /* enum read_state */
};

struct handle_list {
    const struct target *target;
    const struct objects *known;
    struct row *rows;
    size_t count, capacity;
    struct held *objects;
    size_t object_count, object_capacity;
    uint32_t *slots; /* of a hash table: the number of an object, from 1 on; 0: free */
    size_t slot_count;
    struct text names;
    uint64_t names_left; /* bytes that names may have, counted for each handle: objects that lie
                            could share the text of one name, each with the whole of it */
    bool is_full;        /* a name was left out */
};

struct handle_list *handle_list_create(const struct target *target, const struct objects *objects) {
    struct handle_list *list = xcalloc(1, sizeof *list);
    list->target = target;
    list->known = objects;
    text_init(&list->names);
    list->names_left = name_bytes_most(target);
    return list;
}

void handle_list_destroy(void *data) {
    struct handle_list *list = data;
    free(list->rows);
    free(list->objects);
    free(list->slots);
    text_deinit(&list->names);
    free(list);
}

/* ---- objects ---- */

/* Where the object is, or would be. */
static uint32_t *slot_of(const struct handle_list *list, uint64_t address) {
    size_t slot = (size_t)address_hash(address) & (list->slot_count - 1);
    while (list->slots[slot] && list->objects[list->slots[slot] - 1].address != address)
        slot = (slot + 1) & (list->slot_count - 1);
    return &list->slots[slot];
}

static void grow(struct handle_list *list) {
    free(list->slots);
    list->slot_count = list->slot_count ? 2 * list->slot_count : FIRST_SLOTS;
    list->slots = xcalloc(list->slot_count, sizeof *list->slots);
    for (size_t i = 0; i < list->object_count; i++)
        *slot_of(list, list->objects[i].address) = (uint32_t)i + 1;
}

/* Once a name is too long for what is left, no more are read. */
static bool may_keep(struct handle_list *list, size_t length) {
    bool may = length <= list->names_left;
    list->is_full = list->is_full || !may;
    return may;
}

static struct held make_held(struct handle_list *list, uint64_t address,
                             const struct object *object) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    struct held held = {.address = address,
                        .pointer_count = object->pointer_count,
                        .handle_count = object->handle_count,
                        .type = object_type_is_named(object->type) ? object->type->name : NULL,
                        .name = list->names.length,
                        .state = (uint8_t)object->state,
                        .body = (uint8_t)(address - object->header),
                        .flags = object->flags};
    memcpy(held.infos, object->infos, sizeof held.infos);
    if (object->state == READ_PRESENT && list->is_full)
        held.name_state = READ_BAD_VALUE;
    else if (object->state == READ_PRESENT)
        held.name_state = (uint8_t)object_name(list->known, object, &name);
    if (!may_keep(list, name.length)) {
        held.name_state = READ_BAD_VALUE;
        return held;
    }
    held.name_length = (uint32_t)name.length;
    text_append(&list->names, name.data, name.length);
    return held;
}

static uint32_t number_of(struct handle_list *list, uint64_t address, const struct object *object) {
    if (2 * list->object_count >= list->slot_count)
        grow(list);
    uint32_t *slot = slot_of(list, address);
    if (*slot == 0) {
        ARRAY_RESERVE(list->objects, list->object_count, list->object_capacity);
        list->objects[list->object_count++] = make_held(list, address, object);
        *slot = (uint32_t)list->object_count;
    }
    return *slot - 1;
}

/* ---- handles ---- */

enum read_state handle_list_add(struct handle_list *list, const struct handle_entry *entry,
                                const struct object *object) {
    ARRAY_RESERVE(list->rows, list->count, list->capacity);
    struct row *row = &list->rows[list->count++];
    uint32_t number = number_of(list, entry->object, object);
    const struct held *held = &list->objects[number];
    bool is_too_much = !may_keep(list, held->name_length);
    *row = (struct row){.entry = entry->address,
                        .handle = (uint32_t)entry->handle,
                        .access = entry->granted_access,
                        .object = number,
                        .attributes = (uint8_t)entry->attributes,
                        .name_state = is_too_much ? READ_BAD_VALUE : held->name_state};
    list->names_left -= is_too_much ? 0 : held->name_length;
    return (enum read_state)row->name_state;
}

size_t handle_list_count(const struct handle_list *list) {
    return list->count;
}

/* ---- writing ---- */

/* In the order of their names, as canonical JSON wants it. */
static const enum object_info written_infos[] = {OBJECT_INFO_CREATOR, OBJECT_INFO_HANDLE,
                                                 OBJECT_INFO_NAME, OBJECT_INFO_PROCESS,
                                                 OBJECT_INFO_QUOTA};

/* The handles of one process. */
struct range {
    const struct handle_list *list;
    size_t first, end;
};

static void write_address(struct canon *canon, const struct target *target, const char *key,
                          uint64_t address) {
    char text[24];
    address_print(target, address, text);
    canon_string(canon, key, text);
}

static void write_rights(struct canon *canon, uint32_t access, const char *type) {
    canon_array_begin(canon, "rights");
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = access >> bit & 1 ? access_right(type, bit) : NULL;
        if (name)
            canon_string(canon, NULL, name);
    }
    canon_array_end(canon);
}

/* The words that WinDbg's !handle has for them. */
static void write_attributes(struct canon *canon, unsigned attributes) {
    static const struct {
        unsigned attribute;
        const char *name;
    } names[] = {
        {HANDLE_PROTECT_CLOSE, "Protected"}, {HANDLE_INHERIT, "Inherit"}, {HANDLE_AUDIT, "Audit"}};
    canon_array_begin(canon, "attributes");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (attributes & names[i].attribute)
            canon_string(canon, NULL, names[i].name);
    canon_array_end(canon);
}

/* An object without a name has no such key; one whose name cannot be read has null. */
static void write_name(struct canon *canon, const struct handle_list *list, const struct row *row) {
    const struct held *held = &list->objects[row->object];
    if (row->name_state != READ_PRESENT)
        canon_null(canon, "name");
    else if (held->name_length)
        canon_string_of(canon, "name", list->names.data + held->name, held->name_length);
}

/* The optional headers, by name and address, are what InfoMask tells. */
static void write_header(struct canon *canon, const struct handle_list *list,
                         const struct held *held) {
    uint64_t header = held->address - held->body;
    canon_object_begin(canon, "header");
    write_address(canon, list->target, "address", header);
    canon_array_begin(canon, "flags");
    for (unsigned bit = 0; bit < 8; bit++) {
        const char *name = held->flags >> bit & 1 ? object_flag_name(list->known, bit) : NULL;
        if (name)
            canon_string(canon, NULL, name);
    }
    canon_array_end(canon);
    canon_object_begin(canon, "optional");
    for (size_t i = 0; i < ARRAY_LENGTH(written_infos); i++)
        if (held->infos[written_infos[i]])
            write_address(canon, list->target, object_info_name(written_infos[i]),
                          header - held->infos[written_infos[i]]);
    canon_object_end(canon);
    canon_object_end(canon);
}

static void write_handle(struct canon *canon, const struct handle_list *list,
                         const struct row *row) {
    const struct held *held = &list->objects[row->object];
    bool is_known = held->state == READ_PRESENT;
    canon_object_begin(canon, NULL);
    write_attributes(canon, row->attributes);
    write_address(canon, list->target, "entry", row->entry);
    canon_hex(canon, "granted_access", row->access);
    canon_hex(canon, "handle", row->handle);
    if (is_known) {
        canon_integer(canon, "handle_count", held->handle_count);
        write_header(canon, list, held);
        write_name(canon, list, row);
    }
    write_address(canon, list->target, "object", held->address);
    if (is_known)
        canon_integer(canon, "pointer_count", held->pointer_count);
    write_rights(canon, row->access, held->type);
    if (held->type)
        canon_string(canon, "type", held->type);
    else
        canon_null(canon, "type");
    canon_object_end(canon);
}

static void write_range(struct canon *canon, const void *data) {
    const struct range *range = data;
    canon_array_begin(canon, NULL);
    for (size_t i = range->first; i < range->end; i++)
        write_handle(canon, range->list, &range->list->rows[i]);
    canon_array_end(canon);
}

json_t *handle_list_place(struct rows *rows, const struct handle_list *list, size_t first) {
    struct range *range = xmalloc(sizeof *range);
    *range = (struct range){list, first, list->count};
    rows_own(rows, range, free);
    return rows_place(rows, write_range, range);
}
