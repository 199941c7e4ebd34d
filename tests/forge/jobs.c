/*
 * jobs.c - job objects and the processes in them.
 *
 * Source: the symbol files for _EJOB; winnt.h for the bits of LimitFlags.
 */
#include <stdlib.h>

#include "objects.h"
#include "util.h"

/* A row: {"processes": [pid...], "limits", "active_limit", "ui", "name", "parent": number of the
 * row before that it is nested in, "silo": 1 for a silo, 2 for a server silo}. Gives its address.
 */
static uint64_t make_job(struct machine *machine, const json_t *row, const uint64_t *before,
                         size_t before_count) {
    static const char type[] = "_EJOB";
    const json_t *members = array(row, "processes");
    size_t count = json_array_size(members), i;
    uint64_t size = layout_size(machine->layout, type);
    uint64_t job = make_named(machine, TYPE_JOB, 0, size, string(row, "name"));
    uint64_t *links = xcalloc(count, sizeof *links);
    const json_t *pid;
    for (i = 0; i < count; i++) {
        pid = json_array_get(members, i);
        const struct process *process = find_process(machine, number_of(pid, "processes"));
        must_set(machine, process->address, "_EPROCESS", "Job", job);
        links[i] = field(machine, process->address, "_EPROCESS", "JobLinks");
        set(machine, job, type, "SessionId", process->session > 0 ? (uint64_t)process->session : 0);
    }
    link_ring(machine, field(machine, job, type, "ProcessListHead"), links, count);
    free(links);
    must_set(machine, job, type, "TotalProcesses", count);
    must_set(machine, job, type, "ActiveProcesses", count);
    must_set(machine, job, type, "LimitFlags", number_or(row, "limits", 0));
    must_set(machine, job, type, "ActiveProcessLimit", number_or(row, "active_limit", 0));
    must_set(machine, job, type, "UIRestrictionsClass", number_or(row, "ui", 0));
    uint64_t parent = number_or(row, "parent", UINT64_MAX);
    if (parent != UINT64_MAX && parent >= before_count)
        die("a job is nested in one before it");
    if (parent != UINT64_MAX)
        must_set(machine, job, type, "ParentJob", before[parent]);
    unsigned silo = (unsigned)number_or(row, "silo", 0);
    if (silo)
        must_set(machine, job, type, "Silo", 1);
    if (silo == 2) /* what its globals hold is nobody's business here */
        must_set(machine, job, type, "ServerSiloGlobals", job);
    json_array_append_new(
        json_object_get(machine->facts, "jobs"),
        json_pack("{s:o, s:O}", "address", address_text(machine, job), "processes", members));
    return job;
}

void forge_jobs(struct machine *machine) {
    const json_t *rows = json_object_get(machine->scenario, "jobs");
    size_t count = json_array_size(rows);
    if (!count)
        return;
    uint64_t *jobs = xcalloc(count, sizeof *jobs), *entries = xcalloc(count, sizeof *entries);
    json_object_set_new(machine->facts, "jobs", json_array());
    for (size_t i = 0; i < count; i++) {
        jobs[i] = make_job(machine, json_array_get(rows, i), jobs, i);
        entries[i] = field(machine, jobs[i], "_EJOB", "JobLinks");
    }
    link_ring(machine, global(machine, "PspJobList", 16), entries, count);
    free(entries);
    free(jobs);
}
