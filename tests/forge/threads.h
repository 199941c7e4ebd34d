/*
 * threads.h - what a thread of the forged machine does, before it is written.
 */
#ifndef FORGE_THREADS_H
#define FORGE_THREADS_H

#include "machine.h"

/* Handles that every process with user space has. */
enum { HANDLE_EVENT = 0x4, HANDLE_FILE = 0x8, HANDLE_WORKERS = 0xc, HANDLE_PORT = 0x10 };

struct thread_plan {
    const json_t *row; /* of the scenario; NULL: none */
    uint64_t address;  /* 0: the pool gives one */
    uint64_t number;   /* within its process */
    uint64_t start, win32_start;
    uint64_t state, reason;
    const struct service *service; /* NULL: in no system call */
    uint64_t argument, rip;
    bool user;     /* came from user mode: has a trap frame */
    bool resident; /* the stack is in memory */
    bool gui;
};

/* trap.c */
void write_trap_frame(struct machine *machine, uint64_t frame, const struct thread_plan *plan);

#endif
