/*
 * thread_queues.h - the lists by which the dispatcher knows threads: those that are ready to run,
 * and those that wait and whose stacks may be swapped out. They are of each processor
 * (_KPRCB.DispatcherReadyListHead, .DeferredReadyListHead, .WaitListHead) and of processors that
 * share them (_KPRCB.SharedReadyQueue); in XP they are the kernel's own (KiDispatcherReadyListHead,
 * KiWaitListHead).
 *
 * Not every thread that waits is on a list: most hang on what they wait for alone. So a thread that
 * is here and nowhere else is somebody's that hides; one that is not here is nothing special.
 *
 * Sources: the members of _KPRCB, _KSHARED_READY_QUEUE and _KTHREAD in the kernel's symbol files.
 * That a thread hangs on ready and wait lists by WaitListEntry, which shares its place with the
 * SwapListEntry of deferred ones: in a real triage dump of 19041, the lists of 16 processors lead
 * to addresses of threads so. For the names in Windows 2000 and XP, J. Rutkowska's klister.
 */
#ifndef NTDRIFT_KERNEL_THREAD_QUEUES_H
#define NTDRIFT_KERNEL_THREAD_QUEUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/target.h"

enum thread_queue_kind { QUEUE_READY, QUEUE_WAIT, QUEUE_KIND_COUNT };

struct queued_thread {
    uint64_t thread; /* of the _KTHREAD; it is one by its dispatcher header */
    enum thread_queue_kind kind;
};

/* A list that does not close. */
struct broken_queue {
    char *name; /* "DispatcherReadyListHead[8] of processor 0" */
    uint64_t head;
    struct list_walk walk; /* without its entries */
};

/* An entry of a list that is no thread. */
struct strange_entry {
    char *name; /* of the list */
    uint64_t address;
};

struct thread_queues {
    struct queued_thread *items;
    size_t count;
    bool absent[QUEUE_KIND_COUNT];           /* this build has no such list that anything names */
    bool whole[QUEUE_KIND_COUNT];            /* all lists of the kind were read to their ends */
    enum read_state state[QUEUE_KIND_COUNT]; /* why not: the first reason */
    struct broken_queue *broken;             /* at most QUEUE_REPORTS_MOST */
    size_t broken_count;
    struct strange_entry *strange; /* likewise */
    size_t strange_count;
};

/* What is told of lists that lie is bounded: the first of them say enough. */
#define QUEUE_REPORTS_MOST 64

void thread_queues_read(const struct target *target, struct thread_queues *queues);
void thread_queues_deinit(struct thread_queues *queues);

#endif
