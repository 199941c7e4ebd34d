/*
 * thread_set.h - threads by every place but the lists of their processes: PspCidTable, the
 * dispatcher's ready and wait lists, the processors and, where it was asked for, the scan of kernel
 * memory. Made once for a snapshot. Which lists of its process have a thread is for thread.h.
 */
#ifndef NTDRIFT_ANALYSES_THREAD_SET_H
#define NTDRIFT_ANALYSES_THREAD_SET_H

#include "kernel/object_scan.h"
#include "kernel/thread_queues.h"

/* In the order in which a thread is looked for: the first that has it is named as evidence. */
enum thread_place {
    PLACE_CID_TABLE,
    PLACE_READY_LIST,
    PLACE_WAIT_LIST,
    PLACE_PROCESSOR, /* current, next or idle thread */
    PLACE_SCAN,
    PLACE_COUNT
};

/* How far a place could be read. */
struct thread_extent {
    bool absent;           /* this build has no such place, or nobody looked there */
    bool whole;            /* all of it was read: who is not there is known not to be */
    enum read_state state; /* why not: the first reason */
};

struct thread_sighting {
    uint64_t thread;
    uint64_t process; /* that it belongs to, where process_state is READ_PRESENT */
    enum read_state process_state;
    unsigned places; /* a bit for each thread_place */
};

/* More threads than this of one place are taken for tables and lists that lie. */
#define THREAD_SET_MOST 262144

struct thread_set {
    struct thread_extent extents[PLACE_COUNT];
    struct thread_sighting *items; /* each once, in the order of the places */
    size_t count;
    struct thread_queues queues; /* with what is wrong with them; the items are those above */
    /* Positions of the items by process, then thread, where the process is known. */
    size_t *by_process;
    size_t by_process_count;
};

/* `scan` may be NULL. */
struct thread_set *thread_set_create(const struct target *target, const struct object_scan *scan);
void thread_set_destroy(struct thread_set *set);

/* The threads of a process: `*count` positions in set->items. */
const size_t *thread_set_of(const struct thread_set *set, uint64_t process, size_t *count);

/* The thread of a process; NULL where no place has it. */
const struct thread_sighting *thread_set_find(const struct thread_set *set, uint64_t process,
                                              uint64_t thread);

/* "cid_table", "ready_list", "wait_list", "processor", "object_scan" */
const char *thread_place_name(enum thread_place place);

/* The first place that has the thread. */
enum thread_place thread_first_place(const struct thread_sighting *sighting);

#endif
