/* object.c - object headers, and names by the object directories. */
#include "kernel/object.h"

#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/address.h"
#include "kernel/object_internal.h"
#include "kernel/values.h"

#define OLD_FLAG_CREATOR 0x04 /* of Flags before Windows 7: there is a CREATOR_INFO */
#define PATH_DEPTH       64   /* directories are a few levels deep: more is a cycle */
#define PATH_LONGEST     32767

static const char *const info_types[OBJECT_INFO_COUNT] = {
    "_OBJECT_HEADER_CREATOR_INFO", "_OBJECT_HEADER_NAME_INFO", "_OBJECT_HEADER_HANDLE_INFO",
    "_OBJECT_HEADER_QUOTA_INFO", "_OBJECT_HEADER_PROCESS_INFO"};

/* ---- layout ---- */

static void resolve_distances(const struct symbols *symbols, struct object_layout *layout) {
    static const char *const members[OBJECT_INFO_COUNT] = {[OBJECT_INFO_NAME] = "NameInfoOffset",
                                                           [OBJECT_INFO_HANDLE] =
                                                               "HandleInfoOffset",
                                                           [OBJECT_INFO_QUOTA] = "QuotaInfoOffset"};
    for (size_t i = 0; i < OBJECT_INFO_COUNT; i++)
        layout->has_distance[i] = members[i] && symbols_field(symbols, "_OBJECT_HEADER", members[i],
                                                              &layout->info_distances[i]);
}

static bool resolve_header(const struct symbols *symbols, struct object_layout *layout) {
    static const char header[] = "_OBJECT_HEADER";
    const struct type *type = symbols_type(symbols, header);
    layout->has_index = symbols_field(symbols, header, "TypeIndex", &layout->type_index);
    layout->has_mask = symbols_field(symbols, header, "InfoMask", &layout->info_mask);
    resolve_distances(symbols, layout);
    return type && type->size <= OBJECT_HEADER_MOST &&
           symbols_field(symbols, header, "PointerCount", &layout->pointer_count) &&
           symbols_field(symbols, header, "HandleCount", &layout->handle_count) &&
           symbols_field(symbols, header, "Flags", &layout->flags) &&
           symbols_field(symbols, header, "Body", &layout->body) &&
           (layout->has_index || symbols_field(symbols, header, "Type", &layout->type)) &&
           (layout->has_mask || layout->has_distance[OBJECT_INFO_NAME]);
}

static bool resolve_optional(const struct symbols *symbols, struct object_layout *layout) {
    static const char name_info[] = "_OBJECT_HEADER_NAME_INFO";
    for (size_t i = 0; i < OBJECT_INFO_COUNT; i++) {
        const struct type *info = symbols_type(symbols, info_types[i]);
        layout->info_sizes[i] = info ? info->size : 0;
    }
    return layout->info_sizes[OBJECT_INFO_CREATOR] && layout->info_sizes[OBJECT_INFO_NAME] &&
           symbols_field(symbols, name_info, "Directory", &layout->name_directory) &&
           symbols_field(symbols, name_info, "Name", &layout->name_string);
}

static bool resolve_type(const struct symbols *symbols, struct object_layout *layout) {
    static const char type[] = "_OBJECT_TYPE";
    layout->has_type_list = symbols_field(symbols, type, "TypeList", &layout->type_list);
    return symbols_field(symbols, type, "Name", &layout->type_name) &&
           symbols_field(symbols, type, "Index", &layout->index) &&
           symbols_field(symbols, type, "TotalNumberOfObjects", &layout->total_objects) &&
           symbols_field(symbols, type, "TotalNumberOfHandles", &layout->total_handles);
}

/* ---- the root ---- */

static uint64_t find_root(const struct target *target) {
    uint64_t address, root;
    if (target_global(target, "ObpRootDirectoryObject", &address) &&
        vm_read_pointer(target->vm, address, &root) == READ_PRESENT &&
        root >= first_kernel_address(target->vm))
        return root;
    return 0;
}

static uint64_t type_named(const struct objects *objects, const char *name) {
    for (size_t i = 0; i < objects->count; i++)
        if (strcmp(objects->types[i].name, name) == 0)
            return objects->types[i].address;
    return 0;
}

struct objects *objects_new(const struct target *target) {
    struct objects *objects = xcalloc(1, sizeof *objects);
    struct object_layout *layout = &objects->layout;
    objects->target = target;
    layout->complete = target->symbols && resolve_header(target->symbols, layout) &&
                       resolve_optional(target->symbols, layout) &&
                       resolve_type(target->symbols, layout);
    objects->root = find_root(target);
    if (layout->complete)
        object_types_find(objects);
    objects->file_type = type_named(objects, "File");
    objects->key_type = type_named(objects, "Key");
    objects->process_type = type_named(objects, "Process");
    objects->thread_type = type_named(objects, "Thread");
    return objects;
}

void objects_free(struct objects *objects) {
    if (!objects)
        return;
    object_types_free(objects);
    free(objects);
}

uint64_t objects_root(const struct objects *objects) {
    return objects->root;
}

struct object_cookie objects_cookie(const struct objects *objects) {
    return objects->cookie;
}

/* ---- headers ---- */

bool object_member(const struct objects *objects, const uint8_t *bytes, size_t size,
                   const struct field *field, uint64_t *value) {
    size_t length = strlen(field->type);
    bool is_pointer = length != 0 && field->type[length - 1] == '*';
    unsigned width = is_pointer ? vm_pointer_size(objects->target->vm) : field->size;
    if ((width != 1 && width != 2 && width != 4 && width != 8) || field->offset > size ||
        width > size - field->offset)
        return false;
    *value = load_integer(bytes + field->offset, width);
    return true;
}

static const struct object_type *type_of(const struct objects *objects, uint64_t header,
                                         uint64_t coded) {
    if (!objects->layout.has_index) {
        for (size_t i = 0; i < objects->count; i++)
            if (objects->types[i].address == coded)
                return &objects->types[i];
        return NULL;
    }
    uint8_t index = (uint8_t)coded;
    if (objects->cookie.used)
        index ^= (uint8_t)(header >> 8) ^ objects->cookie.value;
    return objects->cookie.known ? objects->by_index[index] : NULL;
}

/* Each optional header that InfoMask names lies before those of the lower bits. */
static uint8_t masked_distance(const struct object_layout *layout, unsigned mask,
                               enum object_info info) {
    uint64_t distance = 0;
    for (unsigned i = 0; i <= info && mask >> info & 1; i++) {
        if (!(mask >> i & 1))
            continue;
        if (!layout->info_sizes[i])
            return 0;
        distance += layout->info_sizes[i];
    }
    return distance <= UINT8_MAX ? (uint8_t)distance : 0;
}

static uint8_t written_distance(const struct objects *objects, const uint8_t *bytes, size_t size,
                                enum object_info info) {
    const struct object_layout *layout = &objects->layout;
    uint64_t value = 0;
    if (layout->has_distance[info])
        object_member(objects, bytes, size, &layout->info_distances[info], &value);
    return (uint8_t)value;
}

static void read_infos(const struct objects *objects, const uint8_t *bytes, size_t size,
                       struct object *object) {
    const struct object_layout *layout = &objects->layout;
    for (enum object_info info = 0; info < OBJECT_INFO_COUNT; info++)
        object->infos[info] = layout->has_mask ? masked_distance(layout, object->info_mask, info)
                                               : written_distance(objects, bytes, size, info);
    if (!layout->has_mask && (object->flags & OLD_FLAG_CREATOR))
        object->infos[OBJECT_INFO_CREATOR] = (uint8_t)layout->info_sizes[OBJECT_INFO_CREATOR];
}

const char *object_info_name(enum object_info info) {
    return info_types[info] + strlen("_OBJECT_HEADER_");
}

/* Windows 7 has the bits and no names for them. */
const char *object_flag_name(const struct objects *objects, unsigned bit) {
    static const char *const names[] = {
        "NewObject",       "KernelObject",         "KernelOnlyAccess",  "ExclusiveObject",
        "PermanentObject", "DefaultSecurityQuota", "SingleHandleEntry", "DeletedInline"};
    bool is_creator = !objects->layout.has_mask && 1u << bit == OLD_FLAG_CREATOR;
    return bit < ARRAY_LENGTH(names) && !is_creator ? names[bit] : NULL;
}

/* A count is signed, and as wide as a pointer or, in XP, four bytes. */
static int64_t count_of(const struct objects *objects, const uint8_t *bytes, size_t size,
                        const struct field *field) {
    uint64_t value = 0;
    object_member(objects, bytes, size, field, &value);
    return field->size == 4 ? (int32_t)value : (int64_t)value;
}

enum read_state object_read(const struct objects *objects, uint64_t address,
                            struct object *object) {
    const struct object_layout *layout = &objects->layout;
    uint8_t bytes[OBJECT_HEADER_MOST];
    size_t size = layout->body.offset;
    *object = (struct object){.address = address, .state = READ_BAD_VALUE};
    if (!layout->complete || size > sizeof bytes || address < size)
        return object->state;
    object->header = address - size;
    object->state = vm_read(objects->target->vm, object->header, bytes, size, NULL);
    if (object->state != READ_PRESENT)
        return object->state;
    uint64_t coded = 0, flags = 0, mask = 0;
    object_member(objects, bytes, size, layout->has_index ? &layout->type_index : &layout->type,
                  &coded);
    object_member(objects, bytes, size, &layout->flags, &flags);
    if (layout->has_mask)
        object_member(objects, bytes, size, &layout->info_mask, &mask);
    object->pointer_count = count_of(objects, bytes, size, &layout->pointer_count);
    object->handle_count = count_of(objects, bytes, size, &layout->handle_count);
    object->flags = (uint8_t)flags;
    object->info_mask = (uint8_t)mask;
    read_infos(objects, bytes, size, object);
    object->type = type_of(objects, object->header, coded);
    bool types_known = layout->has_index ? objects->cookie.known : objects->count != 0;
    if (types_known && !object->type)
        object->state = READ_BAD_VALUE;
    return object->state;
}

/* ---- names ---- */

/* Before the header lie the optional ones that InfoMask names, the creator's nearest, then the
 * name's. `*info` is 0 where the object has none. */
static enum read_state find_name_info(const struct objects *objects, uint64_t header,
                                      uint64_t *info) {
    const struct object_layout *layout = &objects->layout;
    const struct field *field =
        layout->has_mask ? &layout->info_mask : &layout->info_distances[OBJECT_INFO_NAME];
    uint8_t byte;
    *info = 0;
    enum read_state state = vm_read_u8(objects->target->vm, header + field->offset, &byte);
    if (state != READ_PRESENT)
        return state;
    uint8_t distance = layout->has_mask ? masked_distance(layout, byte, OBJECT_INFO_NAME) : byte;
    if (distance)
        *info = header - distance;
    return READ_PRESENT;
}

/* The name of the object itself, without its directory's; READ_PRESENT and "" where it has none.
 * `*directory` is where it is. */
static enum read_state own_name(const struct objects *objects, uint64_t object, struct text *name,
                                uint64_t *directory) {
    const struct object_layout *layout = &objects->layout;
    struct vm *vm = objects->target->vm;
    uint64_t info;
    *directory = 0;
    enum read_state state = find_name_info(objects, object - layout->body.offset, &info);
    if (state != READ_PRESENT || info == 0)
        return state;
    state = vm_read_pointer(vm, info + layout->name_directory.offset, directory);
    if (state != READ_PRESENT)
        return state;
    return value_unicode_string(vm, info + layout->name_string.offset, name);
}

void object_prepend(struct text *path, const char *separator, const struct text *name) {
    struct text whole = TEXT_EMPTY;
    text_puts(&whole, separator);
    text_append(&whole, name->data, name->length);
    text_append(&whole, path->data, path->length);
    text_deinit(path);
    *path = whole;
}

/* From the object up to the root. An object that is in no directory has its name alone; one in a
 * directory that is not in the tree itself is `\...\x`. */
static enum read_state path_name(const struct objects *objects, uint64_t object,
                                 struct text *path) {
    for (unsigned depth = 0; depth < PATH_DEPTH && path->length <= PATH_LONGEST; depth++) {
        AUTO(text_deinit) struct text name = TEXT_EMPTY;
        uint64_t directory;
        enum read_state state = READ_PRESENT;
        if (object != objects->root)
            state = own_name(objects, object, &name, &directory);
        if (state != READ_PRESENT)
            return state;
        bool is_root = object == objects->root || strcmp(name.data, "\\") == 0;
        if (is_root && path->length == 0)
            text_putc(path, '\\');
        if (is_root)
            return READ_PRESENT;
        if (name.length == 0) {
            if (path->length)
                object_prepend(path, OBJECT_UNROOTED, &name);
            return READ_PRESENT;
        }
        object_prepend(path, directory ? "\\" : "", &name);
        if (directory == 0)
            return READ_PRESENT;
        if (directory < first_kernel_address(objects->target->vm))
            return READ_BAD_VALUE;
        object = directory;
    }
    return READ_BAD_VALUE;
}

enum read_state object_own_name(const struct objects *objects, uint64_t object, struct text *name) {
    uint64_t directory;
    text_deinit(name);
    return objects->layout.complete ? own_name(objects, object, name, &directory) : READ_BAD_VALUE;
}

enum read_state object_path(const struct objects *objects, uint64_t object, struct text *path) {
    text_deinit(path);
    if (!objects->layout.complete)
        return READ_BAD_VALUE;
    enum read_state state = path_name(objects, object, path);
    if (state != READ_PRESENT)
        text_deinit(path);
    return state;
}

enum read_state object_name(const struct objects *objects, const struct object *object,
                            struct text *name) {
    enum read_state state = object_path(objects, object->address, name);
    if (state != READ_PRESENT || name->length != 0 || !object->type)
        return state;
    return object_body_name(objects, object, name);
}
