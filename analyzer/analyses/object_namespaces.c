/* object_namespaces.c - `namespaces` of section `objects`: private namespaces, what bounds them,
 * who has them open, and what is in them. */
#include <string.h>

#include "analyses/holdings.h"
#include "analyses/objects.h"
#include "base/memory.h"
#include "kernel/directory.h"
#include "kernel/private_namespace.h"

/* Objects in all of them together, and handles to them: many more than a real machine has. */
#define OBJECTS_MOST 65536
#define HOLDERS_MOST 65536

/* What was told of all of them, and may be. */
struct told {
    size_t objects, holders;
    uint64_t bytes, bytes_most; /* of names */
};

static bool is_too_much(const struct told *told) {
    return told->objects >= OBJECTS_MOST || told->holders >= HOLDERS_MOST ||
           told->bytes > told->bytes_most;
}

/* ---- one namespace ---- */

static void put_boundary(struct analysis_context *context, json_t *json,
                         const struct private_namespace *namespace) {
    if (namespace->state != READ_PRESENT) {
        put_unreadable(context, json, "boundary", namespace->state);
        return;
    }
    json_t *boundary = json_object(), *sids = json_array(), *integrity = json_array();
    for (size_t i = 0; i < namespace->item_count; i++) {
        const struct boundary_item *item = &namespace->items[i];
        json_t *text = json_stringn(item->text.data, item->text.length);
        if (item->kind == BOUNDARY_NAME)
            json_object_set_new(boundary, "name", text);
        else
            json_array_append_new(item->kind == BOUNDARY_SID ? sids : integrity, text);
    }
    json_object_set_new(boundary, "integrity", integrity);
    json_object_set_new(boundary, "sids", sids);
    json_object_set_new(json, "boundary", boundary);
}

/* Who has a handle to the directory. */
static void put_holders(struct analysis_context *context, json_t *json, uint64_t directory,
                        struct told *told) {
    const struct holdings *holdings = context_holdings(context);
    const struct process_set *set = context->processes;
    json_t *array = json_array();
    for (size_t i = holdings_find(holdings, directory);
         i < holdings->count && holdings->items[i].object == directory && !is_too_much(told);
         i++, told->holders++) {
        struct field_read pid =
            target_read_field(context->target, set->items[holdings->items[i].process].address,
                              "_EPROCESS", "UniqueProcessId");
        if (!pid.absent && pid.state == READ_PRESENT)
            json_array_append_new(array, json_integer((json_int_t)pid.value));
        else if (!pid.absent)
            context->coverage->unreadable[pid.state]++;
    }
    json_object_set_new(json, "processes", array);
}

static void put_objects(struct analysis_context *context, json_t *json, uint64_t address,
                        struct told *told) {
    struct directory directory;
    json_t *array = json_array();
    directory_read(context->target, address, &directory);
    count_unreadable(context, directory.unreadable);
    for (size_t i = 0; i < directory.count && !is_too_much(told); i++, told->objects++) {
        bool is_directory;
        json_t *object = named_object_extract(context, directory.objects[i], &is_directory);
        told->bytes += named_object_bytes(object);
        json_array_append_new(array, object);
    }
    directory_deinit(&directory);
    json_object_set_new(json, "objects", array);
}

static json_t *namespace_extract(struct analysis_context *context,
                                 const struct private_namespace *namespace, struct told *told) {
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(context->target, namespace->address));
    json_object_set_new(json, "directory", json_address(context->target, namespace->directory));
    put_boundary(context, json, namespace);
    put_holders(context, json, namespace->directory, told);
    put_objects(context, json, namespace->directory, told);
    return json;
}

/* ---- all of them ---- */

static bool is_directory(const struct objects *objects, uint64_t address) {
    struct object object;
    return object_read(objects, address, &object) == READ_PRESENT &&
           object_is_of_type(&object, "Directory");
}

/* Directories that handles lead to: some may be of namespaces that no symbol leads to. */
static void add_held(struct analysis_context *context, struct private_namespaces *namespaces) {
    const struct holdings *holdings = context_holdings(context);
    const struct objects *objects = context_objects(context);
    for (size_t first = 0; first < holdings->count; first = holdings_end(holdings, first))
        if (is_directory(objects, holdings->items[first].object))
            private_namespaces_add(context->target, holdings->items[first].object, namespaces);
    if (namespaces->count || !namespaces->table)
        count_unreadable(context, holdings->unreadable);
    if (holdings->cut)
        coverage_partial(context, "there are more handles than a real machine has");
}

static void put_list(struct analysis_context *context, json_t *section,
                     const struct private_namespaces *namespaces) {
    struct told told = {.bytes_most = name_bytes_most(context->target)};
    json_t *array = json_array();
    for (size_t i = 0; i < namespaces->count; i++)
        json_array_append_new(array, namespace_extract(context, &namespaces->items[i], &told));
    json_object_set_new(section, "namespaces", array);
    json_object_set_new(section, "namespaces_found_by",
                        json_string(namespaces->table ? namespaces->table : "handles"));
    count_unreadable(context, namespaces->unreadable);
    if (namespaces->cut || is_too_much(&told))
        coverage_partial(context, "there are more private namespaces than a real machine has");
}

void put_namespaces(struct analysis_context *context, json_t *section) {
    struct private_namespaces namespaces;
    private_namespaces_read(context->target, &namespaces);
    if (namespaces.unknown_layout)
        coverage_partial(context, "private namespaces of 32 bits: no public source describes them");
    if (!namespaces.absent && !namespaces.unknown_layout) {
        add_held(context, &namespaces);
        put_list(context, section, &namespaces);
    }
    private_namespaces_deinit(&namespaces);
}
