/*
 * jobs.c - job objects, the processes in them, how they are nested, and silos.
 *
 * Sources: the symbol files for _EJOB and _ESERVERSILO_GLOBALS; winnt.h for the bits of LimitFlags.
 */
#include <stdio.h>
#include <stdlib.h>

#include "objects.h"
#include "util.h"

static const char type[] = "_EJOB";

/* A row of the scenario: {"processes": [pid...], "limits", "active_limit", "ui", "name", "parent":
 * number of the row before that it is nested in, "silo": 1 for a silo, 2 for a server silo,
 * "values" and "bits": {member: value}}. */
struct job {
    const json_t *row;
    uint64_t address;
    size_t parent;          /* NO_PARENT: none */
    uint64_t depth;         /* how many it is nested in */
    uint64_t limits;        /* its own and those of the jobs around it */
    uint64_t process_count; /* in it and in those within it */
};
#define NO_PARENT SIZE_MAX

/* ---- one job ---- */

static void put_processes(struct machine *machine, const struct job *job) {
    const json_t *members = array(job->row, "processes");
    size_t count = json_array_size(members), i;
    uint64_t *links = xcalloc(count, sizeof *links);
    const json_t *pid;
    json_array_foreach(members, i, pid) {
        const struct process *process = find_process(machine, number_of(pid, "processes"));
        must_set(machine, process->address, "_EPROCESS", "Job", job->address);
        links[i] = field(machine, process->address, "_EPROCESS", "JobLinks");
        set(machine, job->address, type, "SessionId",
            process->session > 0 ? (uint64_t)process->session : 0);
    }
    link_ring(machine, field(machine, job->address, type, "ProcessListHead"), links, count);
    free(links);
}

/* A server silo has globals of its own: its state is SERVERSILO_STARTED, and its root is a
 * directory of objects. */
static void make_silo(struct machine *machine, const struct job *job, size_t number) {
    static const char globals_type[] = "_ESERVERSILO_GLOBALS";
    uint64_t silo = number_or(job->row, "silo", 0);
    char root[64];
    if (!silo)
        return;
    must_set(machine, job->address, type, "Silo", 1);
    if (silo < 2)
        return;
    uint64_t globals = pool_take(machine, &machine->nonpaged,
                                 layout_size(machine->layout, globals_type), 0x10, "silo globals");
    must_set(machine, job->address, type, "ServerSiloGlobals", globals);
    memory_put(&machine->memory, field(machine, globals, globals_type, "State"), 1, 4);
    snprintf(root, sizeof root, "\\Silos\\%zu", 1000 + number);
    write_unicode(machine, field(machine, globals, globals_type, "SiloRootDirectoryName"), root,
                  &machine->paged);
}

static void put_members(struct machine *machine, const struct job *job, const char *key) {
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(job->row, key), name, value)
        must_set(machine, job->address, type, name, number_of(value, name));
}

static void write_job(struct machine *machine, const struct job *job, const struct job *jobs) {
    size_t number = (size_t)(job - jobs);
    put_processes(machine, job);
    must_set(machine, job->address, type, "TotalProcesses", job->process_count);
    must_set(machine, job->address, type, "ActiveProcesses", job->process_count);
    must_set(machine, job->address, type, "LimitFlags", number_or(job->row, "limits", 0));
    must_set(machine, job->address, type, "ActiveProcessLimit",
             number_or(job->row, "active_limit", 0));
    must_set(machine, job->address, type, "UIRestrictionsClass", number_or(job->row, "ui", 0));
    set(machine, job->address, type, "EffectiveLimitFlags", job->limits);
    set(machine, job->address, type, "NestingDepth", job->depth);
    set(machine, job->address, type, "JobId", 1000 + number);
    if (job->parent != NO_PARENT)
        must_set(machine, job->address, type, "ParentJob", jobs[job->parent].address);
    put_members(machine, job, "values");
    put_members(machine, job, "bits");
    make_silo(machine, job, number);
}

/* ---- all of them ---- */

/* What follows from the jobs around a job, which are before it, and from those within it. */
static void nest(struct job *jobs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct job *job = &jobs[i];
        uint64_t parent = number_or(job->row, "parent", UINT64_MAX);
        job->parent = parent == UINT64_MAX ? NO_PARENT : (size_t)parent;
        if (job->parent != NO_PARENT && job->parent >= i)
            die("a job is nested in one before it");
        job->limits = number_or(job->row, "limits", 0);
        job->process_count = json_array_size(array(job->row, "processes"));
        if (job->parent == NO_PARENT)
            continue;
        job->depth = jobs[job->parent].depth + 1;
        job->limits |= jobs[job->parent].limits;
    }
    for (size_t i = count; i-- > 0;)
        if (jobs[i].parent != NO_PARENT)
            jobs[jobs[i].parent].process_count += jobs[i].process_count;
}

/* Jobs nest from Windows 8 on. */
static void link_children(struct machine *machine, const struct job *jobs, size_t count) {
    uint64_t *links = xcalloc(count, sizeof *links);
    struct member head;
    for (size_t i = 0; layout_member(machine->layout, type, "ChildJobListHead", &head) && i < count;
         i++) {
        size_t children = 0;
        for (size_t child = i + 1; child < count; child++)
            if (jobs[child].parent == i)
                links[children++] = field(machine, jobs[child].address, type, "SiblingJobLinks");
        link_ring(machine, jobs[i].address + head.offset, links, children);
    }
    free(links);
}

static void note_job(struct machine *machine, const struct job *job) {
    json_array_append_new(json_object_get(machine->facts, "jobs"),
                          json_pack("{s:o, s:O, s:I, s:I, s:I}", "address",
                                    address_text(machine, job->address), "processes",
                                    array(job->row, "processes"), "depth", (json_int_t)job->depth,
                                    "effective_limits", (json_int_t)job->limits, "process_count",
                                    (json_int_t)job->process_count));
}

void forge_jobs(struct machine *machine) {
    const json_t *rows = json_object_get(machine->scenario, "jobs");
    size_t count = json_array_size(rows);
    if (!count)
        return;
    struct job *jobs = xcalloc(count, sizeof *jobs);
    uint64_t *entries = xcalloc(count, sizeof *entries), size = layout_size(machine->layout, type);
    json_object_set_new(machine->facts, "jobs", json_array());
    for (size_t i = 0; i < count; i++) {
        jobs[i].row = json_array_get(rows, i);
        jobs[i].address = make_named(machine, TYPE_JOB, 0, size, string(jobs[i].row, "name"));
        entries[i] = field(machine, jobs[i].address, type, "JobLinks");
    }
    nest(jobs, count);
    for (size_t i = 0; i < count; i++) {
        write_job(machine, &jobs[i], jobs);
        note_job(machine, &jobs[i]);
    }
    link_children(machine, jobs, count);
    link_ring(machine, global(machine, "PspJobList", 16), entries, count);
    free(entries);
    free(jobs);
}
