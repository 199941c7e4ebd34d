/*
 * trap.c - KTRAP_FRAME of a thread that entered the kernel by a system call.
 *
 * The volatile registers are not saved for system calls: what was called is in the KTHREAD alone.
 *
 * Source: KTRAP_FRAME of AMD64 in Microsoft's public headers (ExceptionActive is 2 in a service
 * frame); the selectors of user mode as ntddk.h and published debugger output have them.
 */
#include "threads.h"

enum { USER_FLAGS = 0x246, MXCSR = 0x1f80, SERVICE_FRAME = 2 };

struct value {
    const char *member;
    uint64_t value;
};

static void write_values(struct machine *machine, uint64_t frame, const struct value *values,
                         size_t count) {
    for (size_t i = 0; i < count; i++)
        must_set(machine, frame, "_KTRAP_FRAME", values[i].member, values[i].value);
}

static uint64_t user_stack(const struct machine *machine, const struct thread_plan *plan) {
    uint64_t first = machine->pointer_size == 8 ? 0x000000d25f2ff6a8 : 0x0012fe9c;
    return first + plan->number * 0x100000;
}

static void write_wide(struct machine *machine, uint64_t frame, const struct thread_plan *plan) {
    const struct value values[] = {
        {"PreviousMode", 1}, {"ExceptionActive", SERVICE_FRAME},
        {"MxCsr", MXCSR},    {"Rip", plan->rip},
        {"SegCs", 0x33},     {"EFlags", USER_FLAGS},
        {"SegSs", 0x2b},     {"Rsp", user_stack(machine, plan)},
    };
    write_values(machine, frame, values, sizeof values / sizeof *values);
}

static void write_narrow(struct machine *machine, uint64_t frame, const struct thread_plan *plan) {
    const struct value values[] = {
        {"PreviousPreviousMode", 1},
        {"Edx", user_stack(machine, plan)},
        {"Eip", plan->rip},
        {"SegCs", 0x1b},
        {"EFlags", USER_FLAGS},
        {"HardwareEsp", user_stack(machine, plan)},
        {"HardwareSegSs", 0x23},
        {"SegFs", 0x3b},
        {"SegDs", 0x23},
        {"SegEs", 0x23},
    };
    write_values(machine, frame, values, sizeof values / sizeof *values);
}

void write_trap_frame(struct machine *machine, uint64_t frame, const struct thread_plan *plan) {
    if (machine->pointer_size == 8)
        write_wide(machine, frame, plan);
    else
        write_narrow(machine, frame, plan);
}
