/* jobs.c - section `jobs`: every job that a list or a process leads to, what it limits, who is in
 * it. */
#include <stdlib.h>

#include "analyses/process_layers.h"
#include "base/address_set.h"
#include "base/memory.h"

/* No real machine has as many: a list lies long before. */
#define JOBS_MOST 65536

struct jobs {
    uint64_t *items;
    size_t count, capacity;
    struct address_set met, listed;
    bool is_list_known;
};

/* ---- finding them ---- */

static void meet(struct jobs *jobs, uint64_t job) {
    if (!job || jobs->count >= JOBS_MOST || !address_set_add(&jobs->met, job))
        return;
    ARRAY_RESERVE(jobs->items, jobs->count, jobs->capacity);
    jobs->items[jobs->count++] = job;
}

/* Without the symbol the list is not walked: from a job alone its head cannot be told. */
static void meet_listed(struct analysis_context *context, struct jobs *jobs) {
    const struct target *target = context->target;
    struct list_walk walk;
    uint64_t head, links;
    if (!target_symbol(target, "PspJobList", &head) ||
        !target_field_address(target, 0, "_EJOB", "JobLinks", &links))
        return;
    list_walk(target->vm, head, JOBS_MOST, &walk);
    report_list(context, "PspJobList", head, &walk);
    jobs->is_list_known = walk.end == LIST_CLOSED;
    for (size_t i = 0; i < walk.count; i++) {
        meet(jobs, walk.entries[i] - links);
        address_set_add(&jobs->listed, walk.entries[i] - links);
    }
    list_walk_deinit(&walk);
}

static void meet_of(struct analysis_context *context, struct jobs *jobs, uint64_t object,
                    const char *type, const char *member) {
    struct field_read job = target_read_field(context->target, object, type, member);
    if (job.absent)
        return;
    if (job.state == READ_PRESENT)
        meet(jobs, job.value);
    else
        context->coverage->unreadable[job.state]++;
}

/* The jobs around a job are looked for in turn: `items` grows meanwhile. */
static void find_all(struct analysis_context *context, struct jobs *jobs) {
    const struct process_set *set = context->processes;
    meet_listed(context, jobs);
    for (size_t i = 0; i < set->count; i++)
        meet_of(context, jobs, set->items[i].address, "_EPROCESS", "Job");
    for (size_t i = 0; i < jobs->count; i++)
        meet_of(context, jobs, jobs->items[i], "_EJOB", "ParentJob");
}

static int by_address(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* ---- one job ---- */

/* The position is the bit: winnt.h, JOBOBJECT_BASIC_LIMIT_INFORMATION.LimitFlags. */
static const char *const limits[] = {"JOB_OBJECT_LIMIT_WORKINGSET",
                                     "JOB_OBJECT_LIMIT_PROCESS_TIME",
                                     "JOB_OBJECT_LIMIT_JOB_TIME",
                                     "JOB_OBJECT_LIMIT_ACTIVE_PROCESS",
                                     "JOB_OBJECT_LIMIT_AFFINITY",
                                     "JOB_OBJECT_LIMIT_PRIORITY_CLASS",
                                     "JOB_OBJECT_LIMIT_PRESERVE_JOB_TIME",
                                     "JOB_OBJECT_LIMIT_SCHEDULING_CLASS",
                                     "JOB_OBJECT_LIMIT_PROCESS_MEMORY",
                                     "JOB_OBJECT_LIMIT_JOB_MEMORY",
                                     "JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION",
                                     "JOB_OBJECT_LIMIT_BREAKAWAY_OK",
                                     "JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK",
                                     "JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE",
                                     "JOB_OBJECT_LIMIT_SUBSET_AFFINITY",
                                     "JOB_OBJECT_LIMIT_JOB_MEMORY_LOW",
                                     "JOB_OBJECT_LIMIT_JOB_READ_BYTES",
                                     "JOB_OBJECT_LIMIT_JOB_WRITE_BYTES",
                                     "JOB_OBJECT_LIMIT_RATE_CONTROL"};

/* winnt.h: JOBOBJECT_BASIC_UI_RESTRICTIONS.UIRestrictionsClass. */
static const char *const ui_limits[] = {
    "JOB_OBJECT_UILIMIT_HANDLES",         "JOB_OBJECT_UILIMIT_READCLIPBOARD",
    "JOB_OBJECT_UILIMIT_WRITECLIPBOARD",  "JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS",
    "JOB_OBJECT_UILIMIT_DISPLAYSETTINGS", "JOB_OBJECT_UILIMIT_GLOBALATOMS",
    "JOB_OBJECT_UILIMIT_DESKTOP",         "JOB_OBJECT_UILIMIT_EXITWINDOWS"};

/* The names of the bits that are set; one without a name is its value: "0x80000". */
static void put_flags(struct analysis_context *context, json_t *json, const char *key, uint64_t job,
                      const char *member, const char *const *names, size_t count) {
    struct field_read flags = target_read_field(context->target, job, "_EJOB", member);
    if (flags.absent)
        return;
    if (flags.state != READ_PRESENT) {
        put_unreadable(context, json, key, flags.state);
        return;
    }
    json_t *array = json_array();
    for (unsigned bit = 0; bit < 32; bit++) {
        if (!(flags.value >> bit & 1))
            continue;
        json_array_append_new(array,
                              bit < count ? json_string(names[bit]) : json_hex((uint64_t)1 << bit));
    }
    json_object_set_new(json, key, array);
}

/* Processes of the ring, by id: those of jobs within the job are not on it. */
static void put_members(struct analysis_context *context, json_t *json, uint64_t job) {
    const struct target *target = context->target;
    struct list_walk walk;
    uint64_t head, links;
    if (!target_field_address(target, job, "_EJOB", "ProcessListHead", &head) ||
        !target_field_address(target, 0, "_EPROCESS", "JobLinks", &links))
        return;
    list_walk(target->vm, head, PROCESS_LIMIT, &walk);
    report_list(context, "_EJOB.ProcessListHead", head, &walk);
    json_t *array = json_array();
    for (size_t i = 0; i < walk.count; i++) {
        struct field_read pid =
            target_read_field(target, walk.entries[i] - links, "_EPROCESS", "UniqueProcessId");
        if (pid.state == READ_PRESENT)
            json_array_append_new(array, json_integer((json_int_t)pid.value));
        else
            context->coverage->unreadable[pid.state]++;
    }
    list_walk_deinit(&walk);
    json_object_set_new(json, "processes", array);
}

/* A pointer that is 0 is left out. */
static void put_parent(struct analysis_context *context, json_t *json, uint64_t job) {
    struct field_read parent = target_read_field(context->target, job, "_EJOB", "ParentJob");
    if (!parent.absent && (parent.state != READ_PRESENT || parent.value))
        put_value(context, json, "parent", parent.state, parent.value, VALUE_ADDRESS);
}

static json_t *extract_one(struct analysis_context *context, struct jobs *jobs, uint64_t job) {
    static const struct {
        const char *key, *member;
        enum value_form form;
    } members[] = {
        {"session", "SessionId", VALUE_INTEGER},
        {"total_processes", "TotalProcesses", VALUE_INTEGER},
        {"active_processes", "ActiveProcesses", VALUE_INTEGER},
        {"terminated_processes", "TotalTerminatedProcesses", VALUE_INTEGER},
        {"active_process_limit", "ActiveProcessLimit", VALUE_INTEGER},
        {"is_silo", "Silo", VALUE_BOOLEAN},
    };
    json_t *json = json_object();
    put_job_identity(context, json, job);
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        put_field(context, json, members[i].key, job, "_EJOB", members[i].member, members[i].form);
    put_flags(context, json, "limits", job, "LimitFlags", limits, ARRAY_LENGTH(limits));
    put_flags(context, json, "ui_limits", job, "UIRestrictionsClass", ui_limits,
              ARRAY_LENGTH(ui_limits));
    put_parent(context, json, job);
    put_members(context, json, job);
    if (jobs->is_list_known)
        json_object_set_new(json, "listed", json_boolean(!address_set_add(&jobs->listed, job)));
    return json;
}

static json_t *extract(struct analysis_context *context) {
    struct jobs jobs = {0};
    uint64_t links;
    if (!target_field_address(context->target, 0, "_EPROCESS", "Job", &links))
        return coverage_none(context, "the symbols do not describe jobs");
    find_all(context, &jobs);
    if (jobs.count)
        qsort(jobs.items, jobs.count, sizeof *jobs.items, by_address);
    if (jobs.count >= JOBS_MOST)
        coverage_partial(context, "there are more jobs than a real machine has");
    json_t *section = json_array();
    for (size_t i = 0; i < jobs.count; i++)
        json_array_append_new(section, extract_one(context, &jobs, jobs.items[i]));
    address_set_deinit(&jobs.met);
    address_set_deinit(&jobs.listed);
    free(jobs.items);
    return section;
}

static const char *const types[] = {"_EJOB", "_EPROCESS", "_LIST_ENTRY", NULL};
static const char *const publics[] = {"PspJobList", NULL};

const struct analysis analysis_jobs = {
    .name = "jobs", .needs_symbols = true, .types = types, .publics = publics, .extract = extract};
