/* sessions.c - section `sessions`: which processes share a session. */
#include <stdlib.h>

#include "analyses/process_layers.h"
#include "base/memory.h"

/* ---- the session of a process ---- */

void session_layout_resolve(const struct target *target, struct session_layout *layout) {
    *layout = (struct session_layout){.session = {.path = "Session"},
                                      .directory = {.path = "Pcb.DirectoryTableBase"},
                                      .id = {.path = "SessionId"}};
    members_resolve(target, "_EPROCESS", &layout->session, 1);
    members_resolve(target, "_EPROCESS", &layout->directory, 1);
    members_resolve(target, "_MM_SESSION_SPACE", &layout->id, 1);
}

/* The session's own memory may be mapped in the address spaces of its processes alone. */
static enum read_state read_id(const struct target *target, uint64_t process,
                               const struct session_layout *layout, uint64_t space, uint64_t *id) {
    uint64_t directory = 0;
    enum read_state state = member_read(target, space, &layout->id, id);
    if (state == READ_PRESENT || !layout->directory.present ||
        member_read(target, process, &layout->directory, &directory) != READ_PRESENT)
        return state;
    struct target inside = *target;
    inside.vm = vm_create_like(target->vm, directory);
    enum read_state again = member_read(&inside, space, &layout->id, id);
    vm_destroy(inside.vm);
    return again == READ_PRESENT ? again : state;
}

struct session session_of_process(const struct target *target, const struct session_layout *layout,
                                  uint64_t process) {
    struct session session = {.none = true};
    if (!layout->session.present || !layout->id.present)
        return session;
    session.state = member_read(target, process, &layout->session, &session.space);
    if (session.state == READ_PRESENT && !session.space)
        return session;
    session.none = false;
    if (session.state == READ_PRESENT)
        session.state = read_id(target, process, layout, session.space, &session.id);
    return session;
}

/* ---- processes by session ---- */

/* A process that is in a session. */
struct belonging {
    uint64_t session; /* its id */
    uint64_t process;
    size_t position; /* in the set: what orders those of one session */
};

struct belongings {
    struct belonging *items;
    size_t count;
};

static int by_session(const void *left, const void *right) {
    const struct belonging *a = left, *b = right;
    int order = (a->session > b->session) - (a->session < b->session);
    return order ? order : (a->position > b->position) - (a->position < b->position);
}

static void belongings_add(struct belongings *belongings, uint64_t session,
                           const struct process_set *set, size_t position) {
    belongings->items[belongings->count++] =
        (struct belonging){session, set->items[position].address, position};
}

static bool is_first(const struct belongings *belongings, size_t position) {
    return position == 0 ||
           belongings->items[position].session != belongings->items[position - 1].session;
}

static void append_pid(struct analysis_context *context, json_t *array, uint64_t process) {
    struct field_read pid =
        target_read_field(context->target, process, "_EPROCESS", "UniqueProcessId");
    if (!pid.absent && pid.state == READ_PRESENT)
        json_array_append_new(array, json_integer((json_int_t)pid.value));
    else
        context->coverage->unreadable[pid.state]++;
}

/* One object for each session, with its `processes`. */
static json_t *group(struct analysis_context *context, struct belongings *belongings) {
    json_t *section = json_array(), *processes = NULL;
    if (belongings->count)
        qsort(belongings->items, belongings->count, sizeof *belongings->items, by_session);
    for (size_t i = 0; i < belongings->count; i++) {
        if (is_first(belongings, i)) {
            json_t *json = json_object();
            put_value(context, json, "id", READ_PRESENT, belongings->items[i].session,
                      VALUE_INTEGER);
            processes = json_array();
            json_object_set_new(json, "processes", processes);
            json_array_append_new(section, json);
        }
        append_pid(context, processes, belongings->items[i].process);
    }
    free(belongings->items);
    return section;
}

/* ---- the section ---- */

static json_t *extract(struct analysis_context *context) {
    const struct process_set *set = context->processes;
    struct session_layout layout;
    session_layout_resolve(context->target, &layout);
    if (!layout.session.present || !layout.id.present)
        return coverage_none(context, "the symbols do not describe sessions");
    report_processes(context);
    struct belongings belongings = {xcalloc(set->count + 1, sizeof *belongings.items), 0};
    for (size_t i = 0; i < set->count; i++) {
        struct session session =
            session_of_process(context->target, &layout, set->items[i].address);
        if (session.none)
            continue;
        if (session.state == READ_PRESENT)
            belongings_add(&belongings, session.id, set, i);
        else
            context->coverage->unreadable[session.state]++;
    }
    return group(context, &belongings);
}

static const char *const types[] = {"_EPROCESS", "_KPROCESS", "_MM_SESSION_SPACE", NULL};

const struct analysis analysis_sessions = {
    .name = "sessions", .needs_symbols = true, .types = types, .extract = extract};
