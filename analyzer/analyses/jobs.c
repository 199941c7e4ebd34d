/* jobs.c - section `jobs`: what each job limits, who is in it, and how jobs are nested. */
#include "analyses/job_set.h"
#include "analyses/process_layers.h"
#include "base/memory.h"

/* The position is the bit: winnt.h, JOBOBJECT_BASIC_LIMIT_INFORMATION.LimitFlags; the last is of
 * phnt's ntpsapi.h. */
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
                                     "JOB_OBJECT_LIMIT_CPU_RATE_CONTROL",
                                     "JOB_OBJECT_LIMIT_IO_RATE_CONTROL",
                                     "JOB_OBJECT_LIMIT_NET_RATE_CONTROL",
                                     NULL,
                                     "JOB_OBJECT_LIMIT_SILO_READY"};

/* winnt.h: JOBOBJECT_BASIC_UI_RESTRICTIONS.UIRestrictionsClass. */
static const char *const ui_limits[] = {"JOB_OBJECT_UILIMIT_HANDLES",
                                        "JOB_OBJECT_UILIMIT_READCLIPBOARD",
                                        "JOB_OBJECT_UILIMIT_WRITECLIPBOARD",
                                        "JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS",
                                        "JOB_OBJECT_UILIMIT_DISPLAYSETTINGS",
                                        "JOB_OBJECT_UILIMIT_GLOBALATOMS",
                                        "JOB_OBJECT_UILIMIT_DESKTOP",
                                        "JOB_OBJECT_UILIMIT_EXITWINDOWS",
                                        "JOB_OBJECT_UILIMIT_IME",
                                        "JOB_OBJECT_UILIMIT_INJECTION"};

/* ---- limits ---- */

static const char *name_of_bit(unsigned bit, const char *const *names, size_t count) {
    return bit < count ? names[bit] : NULL;
}

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
        const char *name = name_of_bit(bit, names, count);
        json_array_append_new(array, name ? json_string(name) : json_hex((uint64_t)1 << bit));
    }
    json_object_set_new(json, key, array);
}

/* What a limit is set to: a member counts where its bit of LimitFlags is set. The rates of
 * CpuRateControl are in a structure that no symbol file describes. */
static void put_limit_values(struct analysis_context *context, json_t *json, uint64_t job) {
    static const struct {
        unsigned bit; /* as in `limits` */
        const char *key, *member;
    } values[] = {
        {0, "MinimumWorkingSetSize", "MinimumWorkingSetSize"},
        {0, "MaximumWorkingSetSize", "MaximumWorkingSetSize"},
        {1, "PerProcessUserTimeLimit", "PerProcessUserTimeLimit.QuadPart"},
        {2, "PerJobUserTimeLimit", "PerJobUserTimeLimit.QuadPart"},
        {3, "ActiveProcessLimit", "ActiveProcessLimit"},
        {5, "PriorityClass", "PriorityClass"},
        {7, "SchedulingClass", "SchedulingClass"},
        {8, "ProcessMemoryLimit", "ProcessMemoryLimit"},
        {9, "JobMemoryLimit", "JobMemoryLimit"},
    };
    struct field_read flags = target_read_field(context->target, job, "_EJOB", "LimitFlags");
    if (flags.absent || flags.state != READ_PRESENT)
        return;
    json_t *object = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        if (flags.value >> values[i].bit & 1)
            put_field(context, object, values[i].key, job, "_EJOB", values[i].member,
                      VALUE_INTEGER);
    json_object_set_new(json, "limit_values", object);
}

/* ---- who is in it ---- */

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

static void put_children(struct analysis_context *context, json_t *json, const struct job_set *set,
                         const struct job *job) {
    if (!job->nests)
        return;
    json_t *array = json_array();
    for (size_t i = 0; i < job->child_count; i++)
        json_array_append_new(array,
                              json_address(context->target, set->children[job->first_child + i]));
    json_object_set_new(json, "children", array);
}

/* ---- the section ---- */

static json_t *extract_one(struct analysis_context *context, const struct job_set *set,
                           const struct job *job) {
    static const struct {
        const char *key, *member;
        enum value_form form;
    } members[] = {
        {"id", "JobId", VALUE_INTEGER},
        {"session", "SessionId", VALUE_INTEGER},
        {"total_processes", "TotalProcesses", VALUE_INTEGER},
        {"active_processes", "ActiveProcesses", VALUE_INTEGER},
        {"terminated_processes", "TotalTerminatedProcesses", VALUE_INTEGER},
        {"active_process_limit", "ActiveProcessLimit", VALUE_INTEGER},
        {"nesting_depth", "NestingDepth", VALUE_INTEGER},
        {"is_silo", "Silo", VALUE_BOOLEAN},
    };
    uint64_t address = job->address;
    json_t *json = json_object();
    put_job_identity(context, json, address);
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        put_field(context, json, members[i].key, address, "_EJOB", members[i].member,
                  members[i].form);
    put_flags(context, json, "limits", address, "LimitFlags", limits, ARRAY_LENGTH(limits));
    put_flags(context, json, "effective_limits", address, "EffectiveLimitFlags", limits,
              ARRAY_LENGTH(limits));
    put_flags(context, json, "ui_limits", address, "UIRestrictionsClass", ui_limits,
              ARRAY_LENGTH(ui_limits));
    put_limit_values(context, json, address);
    put_bits_set(context, json, "flags", address, "_EJOB", "JobFlags");
    put_parent(context, json, address);
    put_children(context, json, set, job);
    put_members(context, json, address);
    if (set->is_list_known)
        json_object_set_new(json, "listed", json_boolean(job->is_listed));
    return json;
}

static json_t *extract(struct analysis_context *context) {
    struct job_set jobs;
    uint64_t links;
    if (!target_field_address(context->target, 0, "_EPROCESS", "Job", &links))
        return coverage_none(context, "the symbols do not describe jobs");
    job_set_find(context, &jobs);
    if (!jobs.is_list_known)
        report_processes(context);
    json_t *section = json_array();
    for (size_t i = 0; i < jobs.count; i++)
        json_array_append_new(section, extract_one(context, &jobs, &jobs.items[i]));
    job_set_deinit(&jobs);
    return section;
}

static const char *const types[] = {"_EJOB", "_EPROCESS", "_LARGE_INTEGER", "_LIST_ENTRY", NULL};
static const char *const publics[] = {"PspJobList", NULL};

const struct analysis analysis_jobs = {
    .name = "jobs", .needs_symbols = true, .types = types, .publics = publics, .extract = extract};
