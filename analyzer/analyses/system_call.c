/* system_call.c - the system call that a thread is in: number, name, and what it was asked to work
 * on. */
#include "analyses/threads.h"
#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/handle_service.h"
#include "kernel/handles.h"

/* ---- names of addresses ---- */

json_t *code_extract(struct analysis_context *context, const struct lookups *lookups,
                     uint64_t process, uint64_t address) {
    json_t *json = json_object();
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    json_object_set_new(json, "address", json_address(context->target, address));
    enum read_state state =
        address ? names_of(lookups->names, process, address, &name) : READ_PRESENT;
    if (state != READ_PRESENT) {
        if (state == READ_NOT_IN_DUMP && address < first_kernel_address(context->target->vm))
            coverage_partial(context, "pages of user memory are not in the dump: addresses in "
                                      "them have no names");
        put_unreadable(context, json, "symbol", state);
        return json;
    }
    json_object_set_new(json, "symbol",
                        name.length ? json_stringn(name.data, name.length) : json_null());
    return json;
}

/* ---- the object behind a handle ---- */

static void put_name(struct analysis_context *context, const struct lookups *lookups, json_t *json,
                     const struct object *object) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    enum read_state state = object_name(lookups->objects, object, &name);
    if (state != READ_PRESENT)
        put_unreadable(context, json, "name", state);
    else if (name.length)
        json_object_set_new(json, "name", json_stringn(name.data, name.length));
}

static json_t *object_extract(struct analysis_context *context, const struct lookups *lookups,
                              uint64_t address) {
    json_t *json = json_object();
    struct object object;
    json_object_set_new(json, "address", json_address(context->target, address));
    enum read_state state = object_read(lookups->objects, address, &object);
    if (state != READ_PRESENT || !object.type) {
        size_t types;
        const char *found_by;
        objects_types(lookups->objects, &types, &found_by);
        if (!found_by)
            coverage_partial(context, "nothing leads to the types of objects: those that system "
                                      "calls work on have none");
        put_unreadable(context, json, "type", state != READ_PRESENT ? state : READ_BAD_VALUE);
        return json;
    }
    if (object.type->name_state == READ_PRESENT)
        json_object_set_new(json, "type", json_string(object.type->name));
    else
        put_unreadable(context, json, "type", object.type->name_state);
    put_name(context, lookups, json, &object);
    return json;
}

/* A handle that is none any more, and a pseudo handle, lead to no object: the key is left out. */
static void put_object(struct analysis_context *context, const struct lookups *lookups,
                       json_t *json, uint64_t process, uint64_t handle) {
    struct handle_entry entry;
    if (handle_lookup(context->target, process, handle, &entry) && entry.object)
        json_object_set_new(json, "object", object_extract(context, lookups, entry.object));
    else if (entry.state != READ_PRESENT)
        put_unreadable(context, json, "object", entry.state);
}

/* ---- the call ---- */

/* Puts the number and its name; returns whether the first argument is a handle. */
static bool put_service(struct analysis_context *context, const struct lookups *lookups,
                        json_t *json, const struct field_read *number) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    if (number->absent ||
        !put_value(context, json, "number", number->state, number->value, VALUE_INTEGER))
        return false;
    bool is_named = services_name(lookups->services, number->value, &name);
    json_object_set_new(json, "name",
                        is_named ? json_stringn(name.data, name.length) : json_null());
    return is_named && service_takes_handle(name.data);
}

json_t *system_call_extract(struct analysis_context *context, const struct lookups *lookups,
                            uint64_t process, const struct thread_call *call) {
    const struct field_read *argument = &call->first_argument;
    json_t *json = json_object();
    bool takes_handle = put_service(context, lookups, json, &call->number);
    if (argument->absent ||
        !put_value(context, json, "first_argument", argument->state, argument->value, VALUE_HEX))
        return json;
    if (takes_handle)
        put_object(context, lookups, json, process, argument->value);
    return json;
}
