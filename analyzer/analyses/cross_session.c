/* cross_session.c - section `cross_session`: the named objects that a process holds outside of its
 * own session's namespace, as a part of `processes`.
 *
 * An object is outside when its name lies in another session's directories; in those of session 0,
 * which all sessions see, for a process of another session; in the hive of a user of whom no
 * process runs in the session; in another silo; in a private namespace. What no session has a part
 * of (a file on a volume, a key of the machine) is outside only when a process of another session
 * has a handle to the same object.
 */
#include <stdlib.h>
#include <string.h>

#include "analyses/holdings.h"
#include "analyses/process_layers.h"
#include "analyses/session_users.h"
#include "base/memory.h"
#include "kernel/object.h"
#include "kernel/object_place.h"

/* Objects that are listed for all processes together. A machine of 5,000 processes has some tens of
 * thousands. */
#define LISTED_MOST ((size_t)1 << 17)
/* Objects whose names are read: the name of a key can take hundreds of reads. */
#define NAMES_MOST ((size_t)1 << 20)
/* Of the sessions that share an object, so many are listed, the lowest. */
#define SESSIONS_LISTED 16

/* An object that is listed for a process. */
struct listing {
    uint32_t process, order;
    json_t *json;
};

/* The silos that a process is in; none where they cannot be read. */
struct home {
    bool is_read;
    struct silos silos;
};

struct extraction {
    struct analysis_context *context;
    const struct objects *objects;
    const struct holdings *holdings;
    struct session_users users;
    const struct object_type *types;
    bool *wanted; /* types[i] is looked at */
    struct listing *listings;
    size_t count, capacity;
    size_t names;               /* that were read */
    uint64_t bytes, bytes_most; /* of names that were read and listed; and may be */
    struct home *homes;         /* of set->items[i], read when it is first asked for */
    uint32_t *sharing; /* the sessions that hold the object at hand, each once, ascending */
    size_t sharing_count;
};

/* The object at hand. */
struct candidate {
    struct object object;
    struct object_place place;
    enum read_state state;   /* of its name */
    json_t *name;            /* borrowed; null where it cannot be read */
    size_t first, end;       /* its holdings */
    size_t users, users_end; /* in whose hive it is, among users->items */
};

/* Ports were LPC's before Windows Vista. */
static const char *const looked_at[] = {"ALPC Port", "Event",       "File",    "Key",
                                        "Mutant",    "Port",        "Section", "Semaphore",
                                        "Timer",     "WaitablePort"};

static void mark_types(struct extraction *extraction, size_t count) {
    extraction->wanted = xcalloc(count + 1, sizeof *extraction->wanted);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < ARRAY_LENGTH(looked_at); k++)
            if (strcmp(extraction->types[i].name, looked_at[k]) == 0)
                extraction->wanted[i] = true;
}

/* ---- which sessions ---- */

static const struct process_session *session_of(const struct extraction *extraction,
                                                size_t holding) {
    return &extraction->users.sessions[extraction->holdings->items[holding].process];
}

static int by_number(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void find_sharing(struct extraction *extraction, const struct candidate *candidate) {
    uint32_t *sharing = extraction->sharing;
    size_t count = 0, kept = 0;
    for (size_t i = candidate->first; i < candidate->end; i++)
        if (session_of(extraction, i)->state == READ_PRESENT)
            sharing[count++] = session_of(extraction, i)->id;
    if (count)
        qsort(sharing, count, sizeof *sharing, by_number);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || sharing[i] != sharing[kept - 1])
            sharing[kept++] = sharing[i];
    extraction->sharing_count = kept;
}

static json_t *others(const struct extraction *extraction, uint32_t own) {
    json_t *json = json_array();
    for (size_t i = 0; i < extraction->sharing_count && json_array_size(json) < SESSIONS_LISTED;
         i++)
        if (extraction->sharing[i] != own)
            json_array_append_new(json, json_integer(extraction->sharing[i]));
    return json;
}

static bool has_job_id(const struct target *target, uint64_t job, uint32_t number) {
    struct field_read id = target_read_field(target, job, "_EJOB", "JobId");
    return job && !id.absent && id.state == READ_PRESENT && id.value == number;
}

static bool is_in_silo(const struct extraction *extraction, uint32_t process, uint32_t number) {
    const struct target *target = extraction->context->target;
    uint64_t address = extraction->context->processes->items[process].address;
    struct home *home = &extraction->homes[process];
    if (!home->is_read && process_silos(target, address, &home->silos) != READ_PRESENT)
        home->silos = (struct silos){0};
    home->is_read = true;
    return has_job_id(target, home->silos.server, number) ||
           has_job_id(target, home->silos.innermost, number);
}

/* Whether the object lies outside of the namespace of the process's session. */
static bool is_outside(const struct extraction *extraction, const struct candidate *candidate,
                       uint32_t process, uint32_t session) {
    const struct object_place *place = &candidate->place;
    switch (place->scope) {
    case SCOPE_MACHINE:
        return extraction->sharing_count > 1;
    case SCOPE_GLOBAL:
        return session != 0;
    case SCOPE_SESSION:
        return session != place->number;
    case SCOPE_USER:
        return !session_users_run_in(&extraction->users, candidate->users, candidate->users_end,
                                     session);
    case SCOPE_SILO:
        return !is_in_silo(extraction, process, place->number);
    case SCOPE_PRIVATE:
        break;
    }
    return true;
}

/* ---- one object ---- */

static void put_sessions_of_user(const struct extraction *extraction, json_t *json,
                                 const struct candidate *candidate) {
    const struct session_users *users = &extraction->users;
    json_t *sessions = json_array();
    for (size_t i = candidate->users;
         i < candidate->users_end && json_array_size(sessions) < SESSIONS_LISTED; i++)
        json_array_append_new(sessions, json_integer(users->items[i].session));
    /* Nobody known, and not everybody is: it could be anyone's. */
    bool unknown = candidate->users == candidate->users_end && !users->whole;
    json_object_set(json, "sessions", unknown ? json_null() : sessions);
    json_decref(sessions);
}

static void put_place(struct extraction *extraction, json_t *json,
                      const struct candidate *candidate) {
    if (candidate->state != READ_PRESENT) {
        put_unreadable(extraction->context, json, "scope", candidate->state);
        return;
    }
    json_object_set_new(json, "scope", json_string(object_scope_name(candidate->place.scope)));
    if (candidate->place.scope == SCOPE_SESSION)
        json_object_set_new(json, "sessions",
                            json_pack("[I]", (json_int_t)candidate->place.number));
    if (candidate->place.scope == SCOPE_USER)
        put_sessions_of_user(extraction, json, candidate);
}

/* Objects that lie could share the text of one name, each with the whole of it. */
static bool may_name(struct extraction *extraction, size_t length) {
    extraction->bytes += length;
    if (extraction->bytes <= extraction->bytes_most)
        return true;
    coverage_partial(extraction->context, "the names of objects are longer than the dump");
    return false;
}

static void list(struct extraction *extraction, const struct candidate *candidate, size_t holding,
                 uint32_t session) {
    const struct holding *held = &extraction->holdings->items[holding];
    if (extraction->count >= LISTED_MOST) {
        coverage_partial(extraction->context,
                         "there are more such objects than a real machine has");
        return;
    }
    if (!may_name(extraction, json_string_length(candidate->name)))
        return;
    json_t *json = json_object();
    json_object_set_new(json, "type", json_string(candidate->object.type->name));
    json_object_set(json, "name", candidate->name);
    json_object_set_new(json, "object", json_address(extraction->context->target, held->object));
    json_object_set_new(json, "shared_with", others(extraction, session));
    put_place(extraction, json, candidate);
    ARRAY_RESERVE(extraction->listings, extraction->count, extraction->capacity);
    extraction->listings[extraction->count++] =
        (struct listing){.process = held->process, .order = held->order, .json = json};
}

/* Where the name cannot be read, nor can be told whether it is outside: it is listed for everyone
 * who holds the object. */
static void list_for_holders(struct extraction *extraction, const struct candidate *candidate) {
    find_sharing(extraction, candidate);
    for (size_t i = candidate->first; i < candidate->end; i++) {
        const struct process_session *session = session_of(extraction, i);
        if (session->state == READ_PRESENT &&
            (candidate->state != READ_PRESENT ||
             is_outside(extraction, candidate, extraction->holdings->items[i].process,
                        session->id)))
            list(extraction, candidate, i, session->id);
    }
}

static void find_users(const struct extraction *extraction, struct candidate *candidate) {
    const struct object_place *place = &candidate->place;
    if (place->scope == SCOPE_USER)
        candidate->users_end = session_users_find(&extraction->users, place->user,
                                                  place->user_length, &candidate->users);
}

static void look_at(struct extraction *extraction, size_t first, size_t end) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    struct candidate candidate = {.first = first, .end = end};
    size_t *unreadable = extraction->context->coverage->unreadable;
    enum read_state state = object_read(
        extraction->objects, extraction->holdings->items[first].object, &candidate.object);
    if (state != READ_PRESENT) {
        unreadable[state]++;
        return;
    }
    if (!candidate.object.type || !extraction->wanted[candidate.object.type - extraction->types])
        return;
    extraction->names++;
    candidate.state = object_name(extraction->objects, &candidate.object, &name);
    if ((candidate.state == READ_PRESENT && name.length == 0) || !may_name(extraction, name.length))
        return;
    candidate.name =
        candidate.state == READ_PRESENT ? json_stringn(name.data, name.length) : json_null();
    if (candidate.state == READ_PRESENT)
        candidate.place = object_place(candidate.object.type->name, name.data);
    find_users(extraction, &candidate);
    list_for_holders(extraction, &candidate);
    json_decref(candidate.name);
}

/* ---- the processes ---- */

static int by_process(const void *left, const void *right) {
    const struct listing *a = left, *b = right;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void put_listings(struct extraction *extraction, json_t *processes) {
    const struct holdings *holdings = extraction->holdings;
    size_t next = 0;
    if (extraction->count)
        qsort(extraction->listings, extraction->count, sizeof *extraction->listings, by_process);
    for (size_t i = 0; i < extraction->context->processes->count; i++) {
        json_t *process = json_array_get(processes, i), *array = json_array();
        const struct process_session *session = &extraction->users.sessions[i];
        for (; next < extraction->count && extraction->listings[next].process == i; next++)
            json_array_append_new(array, extraction->listings[next].json);
        if (holdings->tables[i].state != READ_PRESENT)
            put_unreadable(extraction->context, process, "cross_session",
                           holdings->tables[i].state);
        else if (!holdings->tables[i].none && session->state != READ_PRESENT)
            put_unreadable(extraction->context, process, "cross_session", session->state);
        else if (!holdings->tables[i].none)
            json_object_set(process, "cross_session", array);
        json_decref(array);
    }
}

/* ---- the section ---- */

static void look_at_all(struct extraction *extraction, json_t *processes) {
    struct analysis_context *context = extraction->context;
    const struct holdings *holdings = extraction->holdings;
    extraction->sharing = xcalloc(context->processes->count + 1, sizeof *extraction->sharing);
    extraction->homes = xcalloc(context->processes->count + 1, sizeof *extraction->homes);
    extraction->bytes_most = name_bytes_most(context->target);
    for (size_t first = 0, end; first < holdings->count && extraction->names < NAMES_MOST &&
                                extraction->bytes <= extraction->bytes_most;
         first = end) {
        end = holdings_end(holdings, first);
        look_at(extraction, first, end);
    }
    put_listings(extraction, processes);
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        context->coverage->unreadable[state] +=
            holdings->unreadable[state] + extraction->users.unreadable[state];
    if (holdings->cut || extraction->names >= NAMES_MOST)
        coverage_partial(context, "there are more handles than a real machine has");
    free(extraction->homes);
    free(extraction->sharing);
    free(extraction->listings);
}

/* processes[i] is of set->items[i]. */
static void extend(struct analysis_context *context, json_t *processes) {
    struct extraction extraction = {.context = context, .objects = context_objects(context)};
    size_t count;
    const char *found_by;
    extraction.types = objects_types(extraction.objects, &count, &found_by);
    extraction.holdings = context_holdings(context);
    session_users_read(context->target, context->processes, &extraction.users);
    if (extraction.holdings->absent)
        coverage_none(context, "the symbols do not describe handle tables");
    else if (extraction.users.absent)
        coverage_none(context, "the symbols do not describe sessions");
    else if (count == 0)
        coverage_none(context, "the types of objects were not found");
    else {
        report_processes(context);
        mark_types(&extraction, count);
        look_at_all(&extraction, processes);
    }
    session_users_deinit(&extraction.users);
    free(extraction.wanted);
}

static const char *const types[] = {"_CM_KEY_BODY",
                                    "_CM_KEY_CONTROL_BLOCK",
                                    "_CM_NAME_CONTROL_BLOCK",
                                    "_EJOB",
                                    "_EPROCESS",
                                    "_EX_FAST_REF",
                                    "_FILE_OBJECT",
                                    "_HANDLE_TABLE",
                                    "_HANDLE_TABLE_ENTRY",
                                    "_KPROCESS",
                                    "_MM_SESSION_SPACE",
                                    "_OBJECT_HEADER",
                                    "_OBJECT_HEADER_CREATOR_INFO",
                                    "_OBJECT_HEADER_NAME_INFO",
                                    "_OBJECT_TYPE",
                                    "_SID_AND_ATTRIBUTES",
                                    "_TOKEN",
                                    NULL};
static const char *const publics[] = {"ObHeaderCookie", "ObTypeIndexTable", "ObpKernelHandleTable",
                                      "ObpTypeObjectType", NULL};

const struct analysis analysis_cross_session = {.name = "cross_session",
                                                .needs_symbols = true,
                                                .types = types,
                                                .publics = publics,
                                                .within = "processes",
                                                .extend = extend};
