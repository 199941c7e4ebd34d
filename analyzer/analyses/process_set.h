/*
 * process_set.h - all processes that any view of a dump holds, each once, with the views it was
 * seen in. Made once for a snapshot: several sections read it.
 */
#ifndef NTDRIFT_ANALYSES_PROCESS_SET_H
#define NTDRIFT_ANALYSES_PROCESS_SET_H

#include "analyses/thread_set.h"
#include "kernel/process.h"
#include "kernel/processor.h"

/* In the order in which a snapshot lists what they found. */
enum process_origin {
    VIEW_ACTIVE,
    VIEW_MEMORY_MANAGER,
    VIEW_PROCESSOR,
    VIEW_CID_TABLE,
    VIEW_DISPATCHER, /* KiProcessListHead */
    VIEW_HANDLE_TABLES,
    VIEW_SESSION,
    VIEW_JOB,
    VIEW_THREAD_OWNER, /* the process of a thread in PspCidTable, on a ready or a wait list */
    VIEW_CSRSS,
    VIEW_OBJECT_SCAN, /* only where it was asked for */
    VIEW_COUNT
};

/* How far a place that leads to processes could be read; the two rings have more to say. */
struct process_place {
    bool absent;           /* this build has no such place */
    bool whole;            /* all of it was read: who is not there is known not to be */
    enum read_state state; /* why not */
};

struct process_entry {
    uint64_t address;
    enum process_kind kind;
    unsigned views;  /* a bit for each process_origin */
    uint64_t link;   /* its MmProcessLinks, where the Memory Manager's ring has it; else 0 */
    uint64_t thread; /* the first that is its and led to it; else 0 */
    enum thread_place thread_place; /* that has this thread */
};

struct process_set {
    struct process_ring active;
    struct process_ring memory;
    uint64_t system; /* 0: not found */
    uint64_t idle;
    struct process_place places[VIEW_COUNT]; /* from VIEW_PROCESSOR on */
    struct process_entry *items;
    size_t count;
    size_t unlisted; /* processes that the scan alone has, beyond SCANNED_ALONE_MOST */
    struct thread_set *threads;
    const struct object_scan *scan; /* NULL: nobody asked for it */
};

/* Of processes that only the scan of memory has, no more than this are listed: the others were
 * planted, and are counted. */
#define SCANNED_ALONE_MOST 1024

/* `scan` outlives the set; it may be NULL. */
struct process_set *process_set_create(const struct target *target, const struct object_scan *scan);
void process_set_destroy(struct process_set *set);

/* Whether a process that `view` has not is known to be absent there. */
bool process_view_whole(const struct process_set *set, enum process_origin view);

/* Whether a list that has every process could be read to its end. */
bool process_set_whole(const struct process_set *set);

/* Whether this build has no such view. */
bool process_view_absent(const struct process_set *set, enum process_origin view);

/* Why a process that `view`, which is not whole, has not might still be there. */
enum read_state process_view_state(const struct process_set *set, enum process_origin view);

/* Whether its handles are those of System: Idle has the same table, the kernel's, because System
 * takes it over when it is made (ntoskrnl/ps/process.c of ReactOS). They are told of System. */
bool process_has_handles_of_system(const struct target *target, const struct process_set *set,
                                   const struct process_entry *entry);

/* Its key in a snapshot: "active_process_links". */
const char *process_view_key(enum process_origin view);

#endif
