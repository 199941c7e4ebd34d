/*
 * thread.h - the threads of a process, the trap frame of a thread, and the system call it is in.
 *
 * A process keeps its threads on two lists: the executive's (_EPROCESS.ThreadListHead), which a
 * thread stays on until its object is deleted, and the scheduler's (_KPROCESS.ThreadListHead),
 * which it leaves when it ends. Names of addresses, services and objects are for others.
 */
#ifndef NTDRIFT_KERNEL_THREAD_H
#define NTDRIFT_KERNEL_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/target.h"

/* More entries than this are taken for a list that lies: thread ids are multiples of four, and a
 * process of today's largest machines has some ten thousand threads. */
#define THREAD_LIMIT 65536

#define THREAD_OBJECT 6 /* ThreadObject of _KOBJECTS, in DISPATCHER_HEADER.Type */

/* ---- the members that are read of every thread, looked up once ---- */

struct thread_member {
    bool present; /* this build has it */
    struct field field;
};

enum thread_member_name {
    THREAD_EXECUTIVE_HEAD, /* of _EPROCESS */
    THREAD_SCHEDULER_HEAD,
    THREAD_EXECUTIVE_ENTRY, /* of _ETHREAD */
    THREAD_SCHEDULER_ENTRY,
    THREAD_TYPE,
    THREAD_INSERTED,
    THREAD_STATE,
    THREAD_TRAP_FRAME,
    THREAD_SYSTEM_CALL_NUMBER,
    THREAD_FIRST_ARGUMENT,
    FRAME_RIP, /* of _KTRAP_FRAME */
    FRAME_CODE_SEGMENT,
    FRAME_EXCEPTION_ACTIVE,
    FRAME_OUTER,
    FRAME_USER_STACK,
    THREAD_MEMBER_COUNT
};

/* A thread that a processor runs, and whether in user mode. */
struct thread_running {
    uint64_t thread;
    uint64_t process; /* 0: not known */
    bool in_user_mode;
};

/* The requested privilege level of a code segment's selector is 3: Intel SDM volume 3A, 3.4.2. */
static inline bool is_user_segment(uint64_t selector) {
    return (selector & 3) == 3;
}

struct thread_reader {
    const struct target *target;
    struct thread_member members[THREAD_MEMBER_COUNT];
    struct thread_running *running; /* of each processor */
    size_t running_count;
    uint64_t call_returns[2]; /* x86: where a system call returns to in ntdll; 0: not known */
};

void thread_reader_init(struct thread_reader *reader, const struct target *target);
void thread_reader_deinit(struct thread_reader *reader);

/* ---- the lists ---- */

struct thread_list {
    bool absent;   /* this build has no such list, or no symbols are attached */
    uint64_t head; /* the LIST_ENTRY */
    struct list_walk walk;
};

struct thread_entry {
    uint64_t address; /* of the _ETHREAD */
    bool on_executive, on_scheduler;
    enum read_state type_state; /* of its dispatcher header */
    bool strange;               /* that can be read, and is no thread's */
};

struct process_threads {
    struct thread_list executive, scheduler;
    /* In the executive's order; behind it those of the other list alone; at last those that
     * neither list has: a processor runs them, or they were added. */
    struct thread_entry *items;
    size_t count;
};

void process_threads_read(const struct thread_reader *reader, uint64_t process,
                          struct process_threads *threads);

/* Adds threads of the process that are known otherwise, and on neither list, as far as they are. */
void process_threads_add(const struct thread_reader *reader, const uint64_t *more, size_t count,
                         struct process_threads *threads);
void process_threads_deinit(struct process_threads *threads);

/* ---- what a thread does ---- */

/* Of _KTHREAD_STATE. */
enum { THREAD_INITIALIZED = 0, THREAD_RUNNING = 2, THREAD_TERMINATED = 4 };

/* How the processor came from user mode into the kernel. */
enum thread_entered {
    ENTERED_NOT,     /* the thread has no frame from user mode */
    ENTERED_SERVICE, /* by a system call */
    ENTERED_OTHER,   /* by an exception or interrupt */
    ENTERED_UNKNOWN, /* a frame that tells it cannot be read */
};

struct thread_frame {
    struct field_read address; /* _KTHREAD.TrapFrame; 0: there is none */
    bool has_rip;              /* there is a frame, and the thread has a stack for it to be on */
    struct field_read rip;     /* Rip or Eip of it, where has_rip */
    uint64_t user_frame;       /* the outermost frame, where it is from user mode; 0: none */
    enum thread_entered entered;
    enum read_state unknown; /* why, where ENTERED_UNKNOWN */
};

/* `state` is the thread's State; any other value than those above where it is not known. */
struct thread_frame thread_frame_read(const struct thread_reader *reader, uint64_t thread,
                                      uint64_t state);

/* The system call of a thread that is ENTERED_SERVICE. A value that this kernel keeps nowhere is
 * absent. */
struct thread_call {
    struct field_read number;
    struct field_read first_argument;
};

/* `user` is the process's own address space, for builds that keep number and argument in user
 * memory alone (x86 before Windows 7); may be NULL: not in the dump. */
struct thread_call thread_call_read(const struct thread_reader *reader, uint64_t thread,
                                    const struct thread_frame *frame, struct vm *user);

#endif
