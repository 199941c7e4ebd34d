/*
 * process_set.h - all processes that any view of a dump holds, each once, with the views it was
 * seen in. Made once for a snapshot: several sections read it.
 */
#ifndef NTDRIFT_ANALYSES_PROCESS_SET_H
#define NTDRIFT_ANALYSES_PROCESS_SET_H

#include "kernel/process.h"
#include "kernel/processor.h"

/* In the order in which a snapshot lists what they found. */
enum process_origin { VIEW_ACTIVE, VIEW_MEMORY_MANAGER, VIEW_PROCESSOR, VIEW_COUNT };

struct process_entry {
    uint64_t address;
    enum process_kind kind;
    unsigned views; /* a bit for each process_origin */
    uint64_t link;  /* its MmProcessLinks, where the Memory Manager's ring has it; else 0 */
};

struct process_set {
    struct process_ring active;
    struct process_ring memory;
    uint64_t system; /* 0: not found */
    uint64_t idle;
    bool processors_whole; /* the current thread of every processor is known, and its process */
    struct process_entry *items;
    size_t count;
};

struct process_set *process_set_create(const struct target *target);
void process_set_destroy(struct process_set *set);

/* Whether a process that `view` has not is known to be absent there. */
bool process_view_whole(const struct process_set *set, enum process_origin view);

#endif
