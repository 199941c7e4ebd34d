/* object_types.c - the types of objects, and how an object's header names its type. */
#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/directory.h"
#include "kernel/list.h"
#include "kernel/object_internal.h"
#include "kernel/values.h"

/* The first two entries of ObTypeIndexTable are no types: zero, and a page that faults. */
#define FIRST_TYPE_INDEX 2

/* ---- one type ---- */

static bool read_index(const struct objects *objects, uint64_t type, uint64_t *index) {
    struct field_read read = target_read_member(objects->target, type, &objects->layout.index);
    *index = read.value;
    return read.state == READ_PRESENT;
}

/* Adds what looks like a type: its index can be read and is one. */
static void add_type(struct objects *objects, uint64_t address) {
    const struct object_layout *layout = &objects->layout;
    const struct target *target = objects->target;
    uint64_t index;
    if (address < first_kernel_address(target->vm) || objects->count >= OBJECT_TYPES_MOST ||
        !read_index(objects, address, &index) || index >= OBJECT_TYPES_MOST)
        return;
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    struct field_read total_objects = target_read_member(target, address, &layout->total_objects);
    struct field_read total_handles = target_read_member(target, address, &layout->total_handles);
    struct object_type *type = &objects->types[objects->count++];
    *type = (struct object_type){
        .address = address,
        .index = (uint32_t)index,
        .objects = total_objects.value,
        .objects_state = total_objects.state,
        .handles = total_handles.value,
        .handles_state = total_handles.state,
        .name_state = value_unicode_string(target->vm, address + layout->type_name.offset, &name)};
    type->name = xstrdup(name.data);
}

void object_types_free(struct objects *objects) {
    for (size_t i = 0; i < objects->count; i++)
        free((char *)objects->types[i].name);
    free(objects->types);
}

/* ---- where they are listed ---- */

static void from_index_table(struct objects *objects) {
    uint64_t table;
    unsigned width = vm_pointer_size(objects->target->vm);
    if (!target_symbol(objects->target, "ObTypeIndexTable", &table))
        return;
    for (unsigned i = FIRST_TYPE_INDEX; i < OBJECT_TYPES_MOST; i++) {
        uint64_t type, index;
        if (vm_read_pointer(objects->target->vm, table + i * width, &type) != READ_PRESENT || !type)
            break;
        if (read_index(objects, type, &index) && index == i)
            add_type(objects, type);
    }
}

static uint64_t find_type_type(const struct target *target) {
    uint64_t address, type;
    if (target_global(target, "ObpTypeObjectType", &address) &&
        vm_read_pointer(target->vm, address, &type) == READ_PRESENT &&
        type >= first_kernel_address(target->vm))
        return type;
    return 0;
}

/* The type "Type" keeps the list of its objects (MaintainTypeList), through their creator's
 * infos, which lie right before their headers. */
static void from_type_list(struct objects *objects) {
    const struct object_layout *layout = &objects->layout;
    struct list_walk walk;
    if (!objects->type_type || !layout->has_type_list)
        return;
    list_walk(objects->target->vm, objects->type_type + layout->type_list.offset, OBJECT_TYPES_MOST,
              &walk);
    if (walk.end != LIST_CLOSED)
        objects->unreadable[walk.end == LIST_BROKEN ? walk.state : READ_BAD_VALUE]++;
    for (size_t i = 0; i < walk.count; i++)
        add_type(objects,
                 walk.entries[i] + layout->info_sizes[OBJECT_INFO_CREATOR] + layout->body.offset);
    list_walk_deinit(&walk);
}

static bool is_named(const struct objects *objects, uint64_t object, const char *path) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    return object_path(objects, object, &name) == READ_PRESENT && strcmp(name.data, path) == 0;
}

static void from_directory(struct objects *objects) {
    struct directory root, types = {0};
    directory_read(objects->target, objects->root, &root);
    for (size_t i = 0; i < root.count && types.count == 0; i++)
        if (is_named(objects, root.objects[i], "\\ObjectTypes"))
            directory_read(objects->target, root.objects[i], &types);
    for (size_t i = 0; i < types.count; i++)
        add_type(objects, types.objects[i]);
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        objects->unreadable[state] += types.unreadable[state];
    directory_deinit(&types);
    directory_deinit(&root);
}

/* ---- the cookie ---- */

/* What the header of a type says of its own type, less what `is_mixed` adds to it but the cookie:
 * the same for all types, if that is how they are coded. */
static bool agree(const struct objects *objects, bool is_mixed, uint8_t *value) {
    const struct object_layout *layout = &objects->layout;
    size_t seen = 0;
    for (size_t i = 0; i < objects->count; i++) {
        uint64_t header = objects->types[i].address - layout->body.offset;
        uint8_t coded;
        if (vm_read_u8(objects->target->vm, header + layout->type_index.offset, &coded) !=
            READ_PRESENT)
            continue;
        coded ^= is_mixed ? (uint8_t)(header >> 8) : 0;
        if (seen++ && coded != *value)
            return false;
        *value = coded;
    }
    return seen != 0;
}

/* All types are of the type "Type". Where all of them say so in plain, nothing is mixed in: with a
 * cookie they would differ, since their headers are not in one block of 256 bytes. */
static struct object_cookie derive_cookie(const struct objects *objects) {
    uint64_t index = 0;
    uint8_t value = 0;
    if (!objects->type_type || !read_index(objects, objects->type_type, &index))
        return (struct object_cookie){0};
    if (agree(objects, false, &value) && value == index)
        return (struct object_cookie){.known = true};
    if (agree(objects, true, &value))
        return (struct object_cookie){true, true, (uint8_t)(value ^ index)};
    return (struct object_cookie){0};
}

static struct object_cookie find_cookie(const struct objects *objects) {
    uint64_t address;
    uint8_t value;
    if (!objects->layout.has_index)
        return (struct object_cookie){.known = true};
    if (objects->target->match != MATCH_EXACT)
        return derive_cookie(objects);
    if (!target_symbol(objects->target, "ObHeaderCookie", &address))
        return (struct object_cookie){.known = true};
    if (vm_read_u8(objects->target->vm, address, &value) != READ_PRESENT)
        return derive_cookie(objects);
    return (struct object_cookie){true, true, value};
}

/* ---- all of it ---- */

static int by_index(const void *left, const void *right) {
    const struct object_type *a = left, *b = right;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return (a->address > b->address) - (a->address < b->address);
}

static void drop_doubles(struct objects *objects) {
    size_t kept = 0;
    for (size_t i = 0; i < objects->count; i++) {
        if (kept && objects->types[kept - 1].address == objects->types[i].address)
            free((char *)objects->types[i].name);
        else
            objects->types[kept++] = objects->types[i];
    }
    objects->count = kept;
}

static bool is_whole(const struct objects *objects) {
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        if (objects->unreadable[state])
            return false;
    return objects->count != 0;
}

const size_t *objects_types_unreadable(const struct objects *objects) {
    return objects->unreadable;
}

void object_types_find(struct objects *objects) {
    static const struct {
        const char *name;
        void (*find)(struct objects *objects);
    } places[] = {{"ObTypeIndexTable", from_index_table},
                  {"ObpTypeObjectType", from_type_list},
                  {"\\ObjectTypes", from_directory}};
    objects->types = xcalloc(OBJECT_TYPES_MOST, sizeof *objects->types);
    objects->type_type = find_type_type(objects->target);
    for (size_t i = 0; i < ARRAY_LENGTH(places) && !is_whole(objects); i++) {
        places[i].find(objects);
        if (!objects->found_by && objects->count)
            objects->found_by = places[i].name;
    }
    qsort(objects->types, objects->count, sizeof *objects->types, by_index);
    drop_doubles(objects);
    for (size_t i = 0; i < objects->count; i++)
        objects->by_index[objects->types[i].index] = &objects->types[i];
    if (!objects->type_type)
        for (size_t i = 0; i < objects->count; i++)
            if (strcmp(objects->types[i].name, "Type") == 0)
                objects->type_type = objects->types[i].address;
    objects->cookie = find_cookie(objects);
}

const struct object_type *objects_types(const struct objects *objects, size_t *count,
                                        const char **found_by) {
    *count = objects->count;
    *found_by = objects->found_by;
    return objects->types;
}

bool object_type_is_named(const struct object_type *type) {
    return type && type->name_state == READ_PRESENT;
}

bool object_is_of_type(const struct object *object, const char *name) {
    return object->type && strcmp(object->type->name, name) == 0;
}
