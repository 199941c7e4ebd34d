/* handles.c - section `handles`: how many handles each process has, and of which types, as a part
 * of `processes`; every handle where the section is asked for by name. */
#include <stdlib.h>
#include <string.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/access.h"
#include "kernel/handles.h"
#include "kernel/object.h"

/* Pages of handle tables that are read for a snapshot: 2^24 handles, as many as Windows gives to
 * one process. Tables that lie could share pages, and be read for ever. */
#define PAGES_MOST 65536

/* What the section works with. */
struct extraction {
    struct analysis_context *context;
    const struct objects *objects;
    const struct object_type *types; /* all of them */
    size_t type_count;
    size_t *counts; /* of the process at hand: handles to objects of types[i] */
    size_t pages;   /* that were read for all processes */
};

/* ---- one handle ---- */

static json_t *rights_of(uint32_t access, const char *type) {
    json_t *rights = json_array();
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = access >> bit & 1 ? access_right(type, bit) : NULL;
        if (name)
            json_array_append_new(rights, json_string(name));
    }
    return rights;
}

/* The words that WinDbg's !handle has for them. */
static json_t *attributes_of(unsigned attributes) {
    static const struct {
        unsigned attribute;
        const char *name;
    } names[] = {
        {HANDLE_PROTECT_CLOSE, "Protected"}, {HANDLE_INHERIT, "Inherit"}, {HANDLE_AUDIT, "Audit"}};
    json_t *json = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (attributes & names[i].attribute)
            json_array_append_new(json, json_string(names[i].name));
    return json;
}

static void put_object(struct extraction *extraction, json_t *json, const struct object *object) {
    struct analysis_context *context = extraction->context;
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    json_object_set_new(json, "pointer_count", json_integer(object->pointer_count));
    json_object_set_new(json, "handle_count", json_integer(object->handle_count));
    enum read_state state = object_name(extraction->objects, object, &name);
    if (state != READ_PRESENT)
        put_unreadable(context, json, "name", state);
    else if (name.length)
        json_object_set_new(json, "name", json_stringn(name.data, name.length));
}

static bool is_named(const struct object_type *type) {
    return type && type->name_state == READ_PRESENT;
}

static json_t *handle_extract(struct extraction *extraction, const struct handle_entry *entry,
                              const struct object *object) {
    struct analysis_context *context = extraction->context;
    const char *type = is_named(object->type) ? object->type->name : NULL;
    json_t *json = json_object();
    json_object_set_new(json, "handle", json_hex(entry->handle));
    json_object_set_new(json, "entry", json_address(context->target, entry->address));
    json_object_set_new(json, "granted_access", json_hex(entry->granted_access));
    json_object_set_new(json, "rights", rights_of(entry->granted_access, type));
    json_object_set_new(json, "attributes", attributes_of(entry->attributes));
    json_object_set_new(json, "object", json_address(context->target, entry->object));
    json_object_set_new(json, "type", type ? json_string(type) : json_null());
    if (object->state == READ_PRESENT)
        put_object(extraction, json, object);
    return json;
}

/* ---- the handles of one process ---- */

/* Objects that cannot be read, or are of no type that exists or whose name can be read, are in the
 * count and in no type's. */
static void look_at(struct extraction *extraction, const struct handle_entry *entry,
                    struct object *object) {
    *object = (struct object){.state = entry->state};
    if (entry->state == READ_PRESENT)
        object_read(extraction->objects, entry->object, object);
    if (object->state == READ_PRESENT && is_named(object->type)) {
        extraction->counts[object->type - extraction->types]++;
        return;
    }
    enum read_state state = object->state;
    if (state == READ_PRESENT)
        state = object->type ? object->type->name_state : READ_BAD_VALUE;
    extraction->context->coverage->unreadable[state]++;
}

static json_t *by_type(struct extraction *extraction) {
    json_t *json = json_object();
    for (size_t i = 0; i < extraction->type_count; i++) {
        const char *name = extraction->types[i].name;
        json_t *known = json_object_get(json, name);
        if (extraction->counts[i])
            json_object_set_new(
                json, name,
                json_integer(json_integer_value(known) + (json_int_t)extraction->counts[i]));
    }
    return json;
}

/* A page of the table that is missing leaves the count unknown. */
static void put_count(struct extraction *extraction, json_t *json, size_t handles,
                      const size_t unreadable[READ_STATE_COUNT]) {
    struct analysis_context *context = extraction->context;
    json_object_set_new(json, "count", json_integer((json_int_t)handles));
    for (size_t state = 0; state < READ_STATE_COUNT; state++) {
        context->coverage->unreadable[state] += unreadable[state];
        if (unreadable[state])
            json_object_set_new(json, "count", json_null());
    }
}

/* The handles; NULL where no page of the table can be read. */
static json_t *table_extract(struct extraction *extraction, const struct handle_table *table) {
    struct handle_walk walk = {.table = table};
    struct handle_entry entry;
    struct object object;
    size_t handles = 0;
    json_t *json = json_object(), *entries = json_array();
    memset(extraction->counts, 0, extraction->type_count * sizeof *extraction->counts);
    while (extraction->pages + walk.pages < PAGES_MOST && handle_walk_next(&walk, &entry)) {
        handles++;
        look_at(extraction, &entry, &object);
        if (extraction->context->in_detail)
            json_array_append_new(entries, handle_extract(extraction, &entry, &object));
    }
    extraction->pages += walk.pages;
    json_object_set_new(json, "table", json_address(table->target, table->address));
    put_count(extraction, json, handles, walk.unreadable);
    json_object_set_new(json, "by_type", by_type(extraction));
    if (extraction->context->in_detail)
        json_object_set(json, "entries", entries);
    json_decref(entries);
    if (walk.pages == 0 && json_is_null(json_object_get(json, "count"))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* A process that has no table any more has exited: the key is left out. */
static void put_handles(struct extraction *extraction, json_t *json, uint64_t process) {
    struct analysis_context *context = extraction->context;
    struct handle_table table;
    handle_table_of_process(context->target, process, &table);
    if (table.state != READ_PRESENT)
        put_unreadable(context, json, "handles", table.state);
    else if (table.address) {
        json_t *handles = table_extract(extraction, &table);
        json_object_set_new(json, "handles", handles ? handles : json_null());
    }
}

/* ---- the section ---- */

static bool can_read(const struct target *target) {
    struct handle_table table;
    handle_table_of_process(target, 0, &table);
    return !table.absent;
}

/* processes[i] is of set->items[i]. */
static void extend(struct analysis_context *context, json_t *processes) {
    const struct process_set *set = context->processes;
    struct extraction extraction = {.context = context, .objects = context_objects(context)};
    const char *found_by;
    if (!can_read(context->target)) {
        coverage_none(context, "the symbols do not describe handle tables");
        return;
    }
    extraction.types = objects_types(extraction.objects, &extraction.type_count, &found_by);
    extraction.counts = xcalloc(extraction.type_count + 1, sizeof *extraction.counts);
    for (size_t i = 0; i < set->count; i++)
        put_handles(&extraction, json_array_get(processes, i), set->items[i].address);
    if (!found_by)
        coverage_partial(context, "the types of objects were not found");
    if (extraction.pages >= PAGES_MOST)
        coverage_partial(context, "there are more handles than Windows can have");
    free(extraction.counts);
}

static const char *const types[] = {"_CLIENT_ID",
                                    "_CM_KEY_BODY",
                                    "_CM_KEY_CONTROL_BLOCK",
                                    "_CM_NAME_CONTROL_BLOCK",
                                    "_EPROCESS",
                                    "_ETHREAD",
                                    "_FILE_OBJECT",
                                    "_HANDLE_TABLE",
                                    "_HANDLE_TABLE_ENTRY",
                                    "_OBJECT_HEADER",
                                    "_OBJECT_HEADER_CREATOR_INFO",
                                    "_OBJECT_HEADER_NAME_INFO",
                                    "_OBJECT_TYPE",
                                    NULL};
static const char *const publics[] = {"ObHeaderCookie", "ObTypeIndexTable", "ObpKernelHandleTable",
                                      "ObpTypeObjectType", NULL};

const struct analysis analysis_handles = {.name = "handles",
                                          .needs_symbols = true,
                                          .types = types,
                                          .publics = publics,
                                          .within = "processes",
                                          .extend = extend};
