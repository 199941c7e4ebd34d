/*
 * stack.h - the kernel stack that a dump's own registers point into: who called whom when the
 * machine stopped.
 *
 * From the registers of DUMP_HEADER (those of the exception, in a crash) the stack is unwound by
 * the function tables of the images, as far as these are in the dump. From there on there is no
 * telling: what follows are the values on the stack that point into an image, behind a call
 * instruction where the code is there to show it, and among them are the return addresses (WinDbg's
 * dps). Does not unwind into user mode; x64 only.
 */
#ifndef NTDRIFT_KERNEL_STACK_H
#define NTDRIFT_KERNEL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/names.h"
#include "kernel/target.h"

#define STACK_FRAMES_MOST 512

enum stack_method { STACK_REGISTERS, STACK_UNWOUND, STACK_SCANNED };

struct stack_frame {
    uint64_t address; /* of code */
    uint64_t at;      /* the slot that holds it; 0 where it is rip of the registers */
    enum stack_method method;
};

struct stack {
    bool known;                 /* the header holds registers, and rsp is a kernel address */
    uint64_t thread, process;   /* whose stack it is; 0: not known */
    uint64_t pointer;           /* rsp */
    uint64_t end;               /* _KTHREAD.StackBase, or as far as is looked */
    enum read_state end_state;  /* why nothing more was found before the end */
    uint64_t ended_at;          /* the slot that could not be read */
    enum read_state unwinding;  /* why unwinding ended; READ_PRESENT: in user mode, or at the end */
    struct stack_frame *frames; /* the first is rip */
    size_t count;
};

/* `names` finds the images. */
void stack_read(const struct target *target, struct names *names, struct stack *stack);
void stack_deinit(struct stack *stack);

/* "registers", "unwind", "scan" */
const char *stack_method_name(enum stack_method method);

#endif
