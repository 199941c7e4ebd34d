/* objects.c - section `objects`: the types of objects with their counts, and every named object by
 * the directory that it is in; private namespaces are in object_namespaces.c. */
#include <stdlib.h>
#include <string.h>

#include "analyses/objects.h"
#include "base/address_set.h"
#include "base/memory.h"
#include "kernel/directory.h"
#include "kernel/values.h"

/* No real machine has as many: a directory lies long before. */
#define DIRECTORIES_MOST 16384
#define OBJECTS_MOST     ((size_t)1 << 20)

/* ---- types ---- */

static void put_string(struct analysis_context *context, json_t *section, const char *key,
                       enum read_state state, const char *text) {
    if (state == READ_PRESENT)
        json_object_set_new(section, key, json_string(text));
    else
        put_unreadable(context, section, key, state);
}

static json_t *type_extract(struct analysis_context *context, const struct object_type *type) {
    json_t *json = json_object();
    json_object_set_new(json, "index", json_integer(type->index));
    json_object_set_new(json, "address", json_address(context->target, type->address));
    put_string(context, json, "name", type->name_state, type->name);
    put_value(context, json, "objects", type->objects_state, type->objects, VALUE_INTEGER);
    put_value(context, json, "handles", type->handles_state, type->handles, VALUE_INTEGER);
    return json;
}

void count_unreadable(struct analysis_context *context, const size_t unreadable[READ_STATE_COUNT]) {
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        context->coverage->unreadable[state] += unreadable[state];
}

static void put_types(struct analysis_context *context, json_t *section,
                      const struct objects *objects) {
    size_t count;
    const char *found_by;
    const struct object_type *types = objects_types(objects, &count, &found_by);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, type_extract(context, &types[i]));
    json_object_set_new(section, "types", array);
    count_unreadable(context, objects_types_unreadable(objects));
    if (found_by)
        json_object_set_new(section, "types_found_by", json_string(found_by));
    else
        coverage_partial(context, "the types of objects were not found: nothing names "
                                  "ObTypeIndexTable, ObpTypeObjectType or \\ObjectTypes");
    struct object_cookie cookie = objects_cookie(objects);
    if (cookie.known && cookie.used)
        json_object_set_new(section, "cookie", json_hex(cookie.value));
}

/* ---- symbolic links ---- */

/* From 15063 on a link may ask a function of the kernel where it leads; its address is in the place
 * of the target then. */
static bool put_callback(struct analysis_context *context, json_t *json, uint64_t link) {
    const struct target *target = context->target;
    struct field_read callback =
        target_read_field(target, link, "_OBJECT_SYMBOLIC_LINK", "Callback");
    if (callback.absent || callback.state != READ_PRESENT || callback.value < target->kernel.base ||
        callback.value - target->kernel.base >= target->kernel.size)
        return false;
    json_object_set_new(json, "callback", json_address(target, callback.value));
    return true;
}

static void put_link(struct analysis_context *context, json_t *json, uint64_t link) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    uint64_t address;
    if (put_callback(context, json, link) ||
        !target_field_address(context->target, link, "_OBJECT_SYMBOLIC_LINK", "LinkTarget",
                              &address))
        return;
    enum read_state state = value_unicode_string(context->target->vm, address, &text);
    put_string(context, json, "target", state, text.data);
}

/* ---- directories ---- */

/* The objects of one path, as the text of one after the other. */
struct listing {
    struct text text;
    size_t *ends; /* of each object, in the text */
    size_t count, capacity;
};

static void listing_destroy(void *data) {
    struct listing *listing = data;
    text_deinit(&listing->text);
    free(listing->ends);
    free(listing);
}

static void listing_add(struct listing *listing, const json_t *object) {
    struct canon canon;
    canon_init(&canon, &listing->text);
    canon_json(&canon, NULL, object);
    ARRAY_RESERVE(listing->ends, listing->count, listing->capacity);
    listing->ends[listing->count++] = listing->text.length;
}

static void listing_write(struct canon *canon, const void *data) {
    const struct listing *listing = data;
    size_t begin = 0;
    canon_array_begin(canon, NULL);
    for (size_t i = 0; i < listing->count; begin = listing->ends[i++])
        canon_written(canon, NULL, listing->text.data + begin, listing->ends[i] - begin);
    canon_array_end(canon);
}

struct pending {
    uint64_t *items; /* directories to read, in the order in which they were met */
    size_t count, capacity;
    struct address_set met;
    size_t objects;
    uint64_t bytes, bytes_most; /* of names that are kept, and may be */
    struct listing_place {
        const json_t *place; /* in the section */
        struct listing *listing;
    } * listings;
    size_t listing_count, listing_capacity;
};

static void meet(struct pending *pending, uint64_t directory) {
    if (pending->count >= DIRECTORIES_MOST || !address_set_add(&pending->met, directory))
        return;
    ARRAY_RESERVE(pending->items, pending->count, pending->capacity);
    pending->items[pending->count++] = directory;
}

json_t *named_object_extract(struct analysis_context *context, uint64_t address,
                             bool *is_directory) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    const struct objects *objects = context_objects(context);
    struct object object;
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(context->target, address));
    enum read_state state = object_own_name(objects, address, &name);
    put_string(context, json, "name", state, name.data);
    state = object_read(objects, address, &object);
    *is_directory = state == READ_PRESENT && object_is_of_type(&object, "Directory");
    if (state == READ_PRESENT && object.type)
        put_string(context, json, "type", object.type->name_state, object.type->name);
    else
        put_unreadable(context, json, "type", state == READ_PRESENT ? READ_BAD_VALUE : state);
    if (state == READ_PRESENT && object_is_of_type(&object, "SymbolicLink"))
        put_link(context, json, address);
    return json;
}

uint64_t named_object_bytes(const json_t *object) {
    return json_string_length(json_object_get(object, "name")) +
           json_string_length(json_object_get(object, "target"));
}

/* Two directories may say that they are at one path: what is in either is there. */
static struct listing *listing_of(struct analysis_context *context, json_t *section,
                                  struct pending *pending, const char *path) {
    const json_t *place = json_object_get(section, path);
    for (size_t i = pending->listing_count; place && i-- > 0;)
        if (pending->listings[i].place == place)
            return pending->listings[i].listing;
    struct listing *listing = xcalloc(1, sizeof *listing);
    text_init(&listing->text);
    rows_own(&context->rows, listing, listing_destroy);
    json_t *made = rows_place(&context->rows, listing_write, listing);
    json_object_set_new(section, path, made);
    ARRAY_RESERVE(pending->listings, pending->listing_count, pending->listing_capacity);
    pending->listings[pending->listing_count++] = (struct listing_place){made, listing};
    return listing;
}

static bool is_too_much(const struct pending *pending) {
    return pending->objects >= OBJECTS_MOST || pending->bytes > pending->bytes_most;
}

static void put_directory(struct analysis_context *context, json_t *section,
                          const struct objects *objects, uint64_t address,
                          struct pending *pending) {
    AUTO(text_deinit) struct text path = TEXT_EMPTY;
    struct directory directory;
    enum read_state state = object_path(objects, address, &path);
    if (state != READ_PRESENT) {
        context->coverage->unreadable[state]++;
        return;
    }
    directory_read(context->target, address, &directory);
    count_unreadable(context, directory.unreadable);
    struct listing *listing = listing_of(context, section, pending, path.data);
    pending->bytes += path.length;
    for (size_t i = 0; i < directory.count && !is_too_much(pending); i++) {
        bool is_directory;
        json_t *object = named_object_extract(context, directory.objects[i], &is_directory);
        listing_add(listing, object);
        pending->bytes += named_object_bytes(object);
        json_decref(object);
        if (is_directory)
            meet(pending, directory.objects[i]);
        pending->objects++;
    }
    directory_deinit(&directory);
}

/* Gives how many objects were found. */
static size_t put_directories(struct analysis_context *context, json_t *section,
                              const struct objects *objects) {
    struct pending pending = {.bytes_most = name_bytes_most(context->target)};
    if (!objects_root(objects)) {
        coverage_partial(context, "nothing leads to ObpRootDirectoryObject");
        return 0;
    }
    json_t *directories = json_object();
    meet(&pending, objects_root(objects));
    for (size_t i = 0; i < pending.count && !is_too_much(&pending); i++)
        put_directory(context, directories, objects, pending.items[i], &pending);
    if (pending.count >= DIRECTORIES_MOST || is_too_much(&pending))
        coverage_partial(context, "there are more directories or objects than a real machine has");
    json_object_set_new(section, "directories", directories);
    address_set_deinit(&pending.met);
    free(pending.items);
    free(pending.listings);
    return pending.objects;
}

/* ---- the section ---- */

static json_t *extract(struct analysis_context *context) {
    const struct objects *objects = context_objects(context);
    size_t count;
    const char *found_by;
    objects_types(objects, &count, &found_by);
    if (count == 0 && !objects_root(objects))
        return coverage_none(context, "nothing leads to ObTypeIndexTable, ObpTypeObjectType or "
                                      "ObpRootDirectoryObject");
    json_t *section = json_object();
    put_types(context, section, objects);
    put_namespaces(context, section);
    if (count + put_directories(context, section, objects) != 0)
        return section;
    json_decref(section);
    return coverage_none(context, "the pages that types and directories are in cannot be read");
}

static const char *const types[] = {"_EPROCESS",
                                    "_ESERVERSILO_GLOBALS",
                                    "_HANDLE_TABLE",
                                    "_HANDLE_TABLE_ENTRY",
                                    "_OBJECT_DIRECTORY",
                                    "_OBJECT_DIRECTORY_ENTRY",
                                    "_OBJECT_HEADER",
                                    "_OBJECT_HEADER_CREATOR_INFO",
                                    "_OBJECT_HEADER_NAME_INFO",
                                    "_OBJECT_NAMESPACE_LOOKUPTABLE",
                                    "_OBJECT_SYMBOLIC_LINK",
                                    "_OBJECT_TYPE",
                                    "_OBP_SILODRIVERSTATE",
                                    "_UNICODE_STRING",
                                    NULL};
static const char *const publics[] = {"ObHeaderCookie",         "ObTypeIndexTable",
                                      "ObpKernelHandleTable",   "ObpPrivateNamespaceLookupTable",
                                      "ObpRootDirectoryObject", "ObpTypeObjectType",
                                      "PspHostSiloGlobals",     NULL};

const struct analysis analysis_objects = {.name = "objects",
                                          .needs_symbols = true,
                                          .types = types,
                                          .publics = publics,
                                          .extract = extract};
