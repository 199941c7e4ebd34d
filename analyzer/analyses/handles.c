/* handles.c - section `handles`: how many handles each process has, and of which types, as a part
 * of `processes`; every handle where the section is asked for by name. */
#include <stdlib.h>
#include <string.h>

#include "analyses/handle_list.h"
#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/handles.h"
#include "kernel/object.h"

/* Pages of handle tables that are looked for, for a snapshot: 2^24 handles, as many as Windows
 * gives to one process. Tables that lie could share pages, or have room for millions and no page,
 * and be read for ever. */
#define PAGES_MOST 65536
/* Nor can there be more than the dump has: what is kept of the handles of a page is bounded by it.
 */
static size_t pages_most(const struct target *target) {
    const struct image_info *info = image_info(target->image);
    uint64_t file = info->file_size / HANDLE_PAGE;
    uint64_t most = info->pages_present > file ? info->pages_present : file;
    return most < PAGES_MOST ? (size_t)most : PAGES_MOST;
}

/* What the section works with. */
struct extraction {
    struct analysis_context *context;
    const struct objects *objects;
    const struct object_type *types; /* all of them */
    size_t type_count;
    size_t *counts;           /* of the process at hand: handles to objects of types[i] */
    struct handle_list *list; /* NULL: they are only counted */
    size_t pages, pages_most; /* that were read for all processes, and may be */
    size_t looked;            /* pages that were looked for */
    struct address_set met;   /* those that were read */
};

/* ---- the handles of one process ---- */

/* Objects that cannot be read, or are of no type that exists or whose name can be read, are in the
 * count and in no type's. */
static void look_at(struct extraction *extraction, const struct handle_entry *entry,
                    struct object *object) {
    *object = (struct object){.state = entry->state};
    if (entry->state == READ_PRESENT)
        object_read(extraction->objects, entry->object, object);
    if (object->state == READ_PRESENT && object_type_is_named(object->type)) {
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

static bool is_spent(const struct extraction *extraction, const struct handle_walk *walk) {
    return extraction->pages + walk->pages >= extraction->pages_most ||
           extraction->looked + walk->looked >= PAGES_MOST;
}

/* A page of the table that is missing, or was not looked for, leaves the count unknown. */
static void put_count(struct extraction *extraction, json_t *json, size_t handles,
                      const size_t unreadable[READ_STATE_COUNT]) {
    struct analysis_context *context = extraction->context;
    json_object_set_new(json, "count", json_integer((json_int_t)handles));
    for (size_t state = 0; state < READ_STATE_COUNT; state++) {
        context->coverage->unreadable[state] += unreadable[state];
        if (unreadable[state])
            json_object_set_new(json, "count", json_null());
    }
    if (is_spent(extraction, &(struct handle_walk){0}))
        json_object_set_new(json, "count", json_null());
}

/* An object whose name cannot be read counts for each handle to it. */
static void list_handle(struct extraction *extraction, const struct handle_entry *entry,
                        const struct object *object) {
    enum read_state state = handle_list_add(extraction->list, entry, object);
    if (state != READ_PRESENT)
        extraction->context->coverage->unreadable[state]++;
}

/* The handles; NULL where no page of the table can be read. */
static json_t *table_extract(struct extraction *extraction, const struct handle_table *table) {
    struct handle_walk walk = {.table = table, .met = &extraction->met};
    struct handle_entry entry;
    struct object object;
    size_t handles = 0, first = extraction->list ? handle_list_count(extraction->list) : 0;
    json_t *json = json_object();
    memset(extraction->counts, 0, extraction->type_count * sizeof *extraction->counts);
    while (!is_spent(extraction, &walk) && handle_walk_next(&walk, &entry)) {
        handles++;
        look_at(extraction, &entry, &object);
        if (extraction->list)
            list_handle(extraction, &entry, &object);
    }
    extraction->pages += walk.pages;
    extraction->looked += walk.looked;
    json_object_set_new(json, "table", json_address(table->target, table->address));
    put_count(extraction, json, handles, walk.unreadable);
    json_object_set_new(json, "by_type", by_type(extraction));
    if (walk.pages == 0 && json_is_null(json_object_get(json, "count"))) {
        json_decref(json);
        return NULL;
    }
    if (extraction->list)
        json_object_set_new(json, "entries",
                            handle_list_place(&extraction->context->rows, extraction->list, first));
    return json;
}

/* A process that has no table any more has exited: the key is left out. */
static void put_handles(struct extraction *extraction, json_t *json,
                        const struct process_entry *process) {
    struct analysis_context *context = extraction->context;
    struct handle_table table;
    if (process_has_handles_of_system(context->target, context->processes, process))
        return;
    handle_table_of_process(context->target, process->address, &table);
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
    report_processes(context);
    extraction.types = objects_types(extraction.objects, &extraction.type_count, &found_by);
    extraction.counts = xcalloc(extraction.type_count + 1, sizeof *extraction.counts);
    extraction.pages_most = pages_most(context->target);
    if (context->in_detail) {
        extraction.list = handle_list_create(context->target, extraction.objects);
        rows_own(&context->rows, extraction.list, handle_list_destroy);
    }
    for (size_t i = 0; i < set->count; i++)
        put_handles(&extraction, json_array_get(processes, i), &set->items[i]);
    if (!found_by)
        coverage_partial(context, "the types of objects were not found");
    if (is_spent(&extraction, &(struct handle_walk){0}))
        coverage_partial(context, extraction.pages < extraction.pages_most ||
                                          extraction.pages_most == PAGES_MOST
                                      ? "there are more handles than Windows can have"
                                      : "the handle tables have more pages than the dump");
    address_set_deinit(&extraction.met);
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
                                    "_OBJECT_HEADER_HANDLE_INFO",
                                    "_OBJECT_HEADER_NAME_INFO",
                                    "_OBJECT_HEADER_PROCESS_INFO",
                                    "_OBJECT_HEADER_QUOTA_INFO",
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
