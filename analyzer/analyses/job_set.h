/* job_set.h - every job that PspJobList, a process, or another job leads to. For the sections
 * `jobs` and `silos`. */
#ifndef NTDRIFT_ANALYSES_JOB_SET_H
#define NTDRIFT_ANALYSES_JOB_SET_H

#include "analyses/sections.h"
#include "base/address_set.h"

struct job {
    uint64_t address;
    bool is_listed; /* on PspJobList */
    bool nests;     /* this build nests jobs: `children` are those on its ChildJobListHead */
    size_t first_child, child_count;
};

struct job_set {
    struct job *items; /* by address */
    size_t count, capacity;
    uint64_t *children; /* of all jobs, those of each together, in the order of its list */
    size_t children_count, children_capacity;
    struct address_set met;
    bool is_list_known; /* PspJobList has a name, and closes */
};

/* Lists that break, and values that cannot be read, are reported and counted. */
void job_set_find(struct analysis_context *context, struct job_set *set);
void job_set_deinit(struct job_set *set);

#endif
