/* silos.c - section `silos`: the containers, and which processes are in each. */
#include <stdlib.h>

#include "analyses/job_set.h"
#include "analyses/process_layers.h"
#include "base/memory.h"
#include "kernel/values.h"

/* A process and the innermost silo around it. */
struct inmate {
    uint64_t silo, process;
    size_t position; /* in the set of processes: what orders those of one silo */
};

static int by_silo(const void *left, const void *right) {
    const struct inmate *a = left, *b = right;
    int order = (a->silo > b->silo) - (a->silo < b->silo);
    return order ? order : (a->position > b->position) - (a->position < b->position);
}

/* Ordered by silo; the caller frees them. */
static struct inmate *find_inmates(struct analysis_context *context, size_t *count) {
    const struct process_set *set = context->processes;
    struct inmate *inmates = xcalloc(set->count + 1, sizeof *inmates);
    *count = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct silos silos;
        enum read_state state = process_silos(context->target, set->items[i].address, &silos);
        if (state != READ_PRESENT)
            context->coverage->unreadable[state]++;
        else if (silos.innermost)
            inmates[(*count)++] = (struct inmate){silos.innermost, set->items[i].address, i};
    }
    if (*count)
        qsort(inmates, *count, sizeof *inmates, by_silo);
    return inmates;
}

/* _SERVERSILO_STATE of the kernel's own symbol files. */
static const char *const server_states[] = {"INITING", "STARTED", "SHUTTING_DOWN", "TERMINATING",
                                            "TERMINATED"};
static const struct enumeration server_state = {"_SERVERSILO_STATE", "SERVERSILO_", server_states,
                                                ARRAY_LENGTH(server_states)};

static void put_root(struct analysis_context *context, json_t *json, uint64_t globals) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    uint64_t address;
    if (!target_field_address(context->target, globals, "_ESERVERSILO_GLOBALS",
                              "SiloRootDirectoryName", &address))
        return;
    enum read_state state = value_unicode_string(context->target->vm, address, &text);
    if (state == READ_PRESENT)
        json_object_set_new(json, "root", json_stringn(text.data, text.length));
    else
        put_unreadable(context, json, "root", state);
}

/* An enumeration, which a member of a symbol file without it has no size for: 4 bytes, as the
 * compiler of these kernels makes them. */
static void put_state(struct analysis_context *context, json_t *json, uint64_t globals) {
    uint64_t address;
    uint32_t value = 0;
    if (!target_field_address(context->target, globals, "_ESERVERSILO_GLOBALS", "State", &address))
        return;
    enum read_state state = vm_read_u32(context->target->vm, address, &value);
    put_enumerator(context, json, "state", state, value, &server_state);
}

/* A server silo has its own copy of what else the kernel has once. */
static void put_globals(struct analysis_context *context, json_t *json, uint64_t silo) {
    struct field_read globals =
        target_read_field(context->target, silo, "_EJOB", "ServerSiloGlobals");
    if (globals.absent || globals.state != READ_PRESENT || !globals.value)
        return;
    put_state(context, json, globals.value);
    put_root(context, json, globals.value);
}

static json_t *extract_one(struct analysis_context *context, uint64_t silo,
                           const struct inmate *inmates, size_t count) {
    json_t *json = json_object(), *processes = json_array();
    put_job_identity(context, json, silo);
    put_field(context, json, "id", silo, "_EJOB", "JobId", VALUE_INTEGER);
    put_server(context, json, silo);
    put_globals(context, json, silo);
    for (size_t i = 0; i < count; i++) {
        struct field_read pid =
            target_read_field(context->target, inmates[i].process, "_EPROCESS", "UniqueProcessId");
        if (!pid.absent && pid.state == READ_PRESENT)
            json_array_append_new(processes, json_integer((json_int_t)pid.value));
        else
            context->coverage->unreadable[pid.state]++;
    }
    json_object_set_new(json, "processes", processes);
    return json;
}

/* Of all jobs; those that cannot be told to be one are null in the section `jobs`. */
static bool is_silo(const struct target *target, uint64_t job) {
    struct field_read silo = target_read_field(target, job, "_EJOB", "Silo");
    return !silo.absent && silo.state == READ_PRESENT && silo.value;
}

/* Both are ordered by address. */
static json_t *extract(struct analysis_context *context) {
    struct field field;
    struct job_set jobs;
    if (!symbols_field(context->target->symbols, "_EJOB", "Silo", &field))
        return coverage_none(context, "this build has no silos, or the symbols do not tell");
    job_set_find(context, &jobs);
    report_processes(context);
    size_t count, first = 0, end;
    struct inmate *inmates = find_inmates(context, &count);
    json_t *section = json_array();
    for (size_t i = 0; i < jobs.count; i++) {
        uint64_t silo = jobs.items[i].address;
        if (!is_silo(context->target, silo))
            continue;
        while (first < count && inmates[first].silo < silo)
            first++;
        for (end = first; end < count && inmates[end].silo == silo; end++)
            ;
        json_array_append_new(section, extract_one(context, silo, inmates + first, end - first));
    }
    free(inmates);
    job_set_deinit(&jobs);
    return section;
}

static const char *const types[] = {"_EJOB",       "_EPROCESS",         "_ESERVERSILO_GLOBALS",
                                    "_LIST_ENTRY", "_SERVERSILO_STATE", "_UNICODE_STRING",
                                    NULL};
static const char *const publics[] = {"PspJobList", NULL};

const struct analysis analysis_silos = {
    .name = "silos", .needs_symbols = true, .types = types, .publics = publics, .extract = extract};
