/* processes.h - what the files of section `processes` share among themselves. */
#ifndef NTDRIFT_ANALYSES_PROCESSES_H
#define NTDRIFT_ANALYSES_PROCESSES_H

#include "analyses/sections.h"

/* A value that could be read, or not. */
struct known {
    bool known;
    uint64_t value;
    bool absent; /* this build has no such member */
};

/* What deciding on parents and findings takes, of one process. */
struct process_facts {
    struct known pid;
    struct known ppid;
    struct known create_time;
    struct known exit_time;
    struct known active_threads;
    struct known exiting;
    struct known inserted;
    struct known minimal;
    char *name; /* "" where it cannot be read */
};

/* facts[i] belongs to set->items[i]; free with process_facts_free(). */
struct process_facts *process_facts_read(const struct target *target,
                                         const struct process_set *set);
void process_facts_free(struct process_facts *facts, size_t count);

enum parent_state {
    PARENT_NONE,    /* no parent's id: System, Idle */
    PARENT_ALIVE,   /* its object is there and runs */
    PARENT_EXITED,  /* its object is there and has ended */
    PARENT_ABSENT,  /* no process has that id */
    PARENT_REUSED,  /* the process that has that id was created after the child */
    PARENT_UNKNOWN, /* an id, time or list that this rests on could not be read */
};

struct parent {
    enum parent_state state;
    size_t position; /* of the parent, where ALIVE or EXITED; of the other process, where REUSED */
};

/* parents[i] belongs to set->items[i]; the caller frees it. */
struct parent *process_parents(const struct process_set *set, const struct process_facts *facts);

/* "none", "alive", ...; NULL for PARENT_UNKNOWN. */
const char *parent_state_name(enum parent_state state);

/* Why a process is by right not on a list that holds every process which runs: "exited",
 * "being-created", "idle", "registry", "memory-compression". NULL where none of these lists lacks
 * it, and where no reason is known: then it is hidden, or its own members cannot be read. */
const char *process_benign(const struct process_set *set, const struct process_entry *entry,
                           const struct process_facts *facts);

/* Adds what is strange about processes to the findings. */
void process_findings(struct analysis_context *context, const struct process_facts *facts,
                      const struct parent *parents);

#endif
