/*
 * process.h - finding the processes of a dump: by the ring of ActiveProcessLinks, by the Memory
 * Manager's ring of MmProcessLinks, and the two that are known otherwise, System and Idle.
 *
 * All of it needs symbols. Which processes are strange, and what their fields hold, is for the
 * analyses.
 */
#ifndef NTDRIFT_KERNEL_PROCESS_H
#define NTDRIFT_KERNEL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "kernel/list.h"
#include "kernel/target.h"

/* More entries than this are taken for a ring that lies: process ids are multiples of four below
 * 2^26 in theory, some thousands in the largest real machines. */
#define PROCESS_LIMIT 65536

#define PROCESS_OBJECT 3 /* ProcessObject of _KOBJECTS, in DISPATCHER_HEADER.Type */

enum process_kind {
    PROCESS_PROCESS,    /* an _EPROCESS by its dispatcher header */
    PROCESS_IDLE,       /* the Idle process: it is on no list but the Memory Manager's */
    PROCESS_LIST_HEAD,  /* the ring's head, read as if it were an _EPROCESS */
    PROCESS_UNREADABLE, /* its dispatcher header cannot be read */
    PROCESS_STRANGE,    /* it can, and is no process; and the entry is not the head either */
};

struct process_view {
    uint64_t address; /* of the _EPROCESS: the link less the member's offset */
    uint64_t link;    /* of the LIST_ENTRY */
    enum process_kind kind;
};

/* A ring walked. `walk` says how it ended and where it broke; views[i] belongs to
 * walk.entries[i]. */
struct process_ring {
    bool absent;           /* this build has no such ring, or no symbols are attached */
    uint64_t start;        /* the LIST_ENTRY where the walk began; 0: no place to begin */
    uint64_t head;         /* the LIST_ENTRY that is the head; 0 where it was not found */
    const char *head_by;   /* "PsActiveProcessHead", "MmProcessList", "MiState", "image": the only
                              entry inside the kernel image that is no process; NULL */
    struct list_walk walk; /* from `start`, which is not among the entries */
    struct process_view *views;
};

/* From PsActiveProcessHead; the head is not among the views. */
void process_ring_active(const struct target *target, struct process_ring *ring);

/* From the MmProcessLinks of `process` (a process that is known otherwise: System), which is not
 * among the views; from the head, where symbols name it, if `process` is 0. With a process to
 * start from, the head is among the views, as in `!validatelist`. */
void process_ring_memory_manager(const struct target *target, uint64_t process,
                                 struct process_ring *ring);
void process_ring_deinit(struct process_ring *ring);

/* What the object is by its dispatcher header: PROCESS_PROCESS, _UNREADABLE, _STRANGE; and
 * PROCESS_IDLE for the address that process_idle() gives. */
enum process_kind process_kind(const struct target *target, uint64_t process);

/* The same where process_idle() is known already: for many objects. */
enum process_kind process_kind_beside(const struct target *target, uint64_t process, uint64_t idle);

/* "process", "idle", "list-head", "unreadable", "strange" */
const char *process_kind_name(enum process_kind kind);

/* The Idle process: nt!PsIdleProcess, nt!KiInitialProcess, or the process of an idle thread. 0
 * where none can be found. */
uint64_t process_idle(const struct target *target);

/* System: nt!PsInitialSystemProcess, or the first process of the ActiveProcessLinks ring. */
uint64_t process_system(const struct target *target);

/* ImageFileName as text; "" with READ_PRESENT where it is empty. `name` must be initialized. */
enum read_state process_name(const struct target *target, uint64_t process, struct text *name);

/* Where the page tables lie that a process has in user mode under KVA shadow, the mitigation of
 * CVE-2017-5754: _KPROCESS.UserDirectoryTableBase, whose low bits are a PCID. 0 where there are
 * none: the build or the processor does not need them (the member is absent, or 0), or the process
 * is trusted and runs on the kernel's tables (AddressPolicy 1: the member is the PCID alone). */
uint64_t process_user_tables(const struct target *target, uint64_t process);

/* The process a thread belongs to: _KTHREAD.Process; before Vista, which has none,
 * _ETHREAD.ThreadsProcess. An idle thread, which is no object there, has neither: then
 * ApcState.Process, where any other thread may be attached to a process that is not its own. */
struct field_read thread_process(const struct target *target, uint64_t thread);

/* The same for many threads: members looked up once. */
struct thread_owner {
    const struct target *target;
    struct field fields[3]; /* in the order in which they are asked */
    bool present[3];
};
void thread_owner_init(struct thread_owner *owner, const struct target *target);
struct field_read thread_owner_read(const struct thread_owner *owner, uint64_t thread);

#endif
