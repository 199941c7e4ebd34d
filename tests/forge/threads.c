/*
 * threads.c - ETHREAD objects and the two thread lists of a process.
 */
#include <stdlib.h>

#include "machine.h"
#include "util.h"

static const struct object_kind thread_object = {"a thread", "Thre", 8, true};

enum { STACK_SIZE = 0x6000, STATE_WAITING = 5 };

/* Thread ids come from the same table as process ids. */
static uint64_t take_thread_id(struct machine *machine) {
    for (;;) {
        uint64_t id = machine->next_thread_id;
        machine->next_thread_id += 4;
        size_t i = 0;
        while (i < machine->process_count && machine->processes[i].pid != id)
            i++;
        if (i == machine->process_count)
            return id;
    }
}

static void write_stack(struct machine *machine, uint64_t thread) {
    uint64_t limit = ALIGN_UP(machine->stacks.next, PAGE_SIZE);
    uint64_t base = limit + STACK_SIZE;
    machine->stacks.next = base + PAGE_SIZE; /* a guard page */
    set(machine, thread, "_ETHREAD", "Tcb.InitialStack", base - 0x70);
    set(machine, thread, "_ETHREAD", "Tcb.StackBase", base);
    set(machine, thread, "_ETHREAD", "Tcb.StackLimit", limit);
    set(machine, thread, "_ETHREAD", "Tcb.KernelStack", base - 0x5e0);
}

/* What the `number`th thread of a process waits for: UserRequest, WrQueue, Executive, ... */
static void write_wait(struct machine *machine, uint64_t thread, uint64_t number) {
    static const uint8_t reasons[] = {6, 15, 15, 0, 6, 16, 15, 4};
    set(machine, thread, "_ETHREAD", "Tcb.State", STATE_WAITING);
    set(machine, thread, "_ETHREAD", "Tcb.WaitReason", reasons[number % sizeof reasons]);
    set(machine, thread, "_ETHREAD", "Tcb.Priority", 8 + number % 4);
    set(machine, thread, "_ETHREAD", "Tcb.WaitTime", machine->uptime / 156250 - 40 * number - 1);
}

static void write_times(struct machine *machine, uint64_t thread, const struct process *process,
                        uint64_t number) {
    uint64_t created = process->created + number * 1300000;
    if (created > machine->system_time)
        created = machine->system_time;
    /* XP keeps two other members in the low three bits. */
    struct member faults;
    bool shifted = layout_member(machine->layout, "_ETHREAD", "NestedFaultCount", &faults) &&
                   faults.offset == layout_offset(machine->layout, "_ETHREAD", "CreateTime");
    set(machine, thread, "_ETHREAD", "CreateTime", shifted ? created << 3 : created);
    bool user = process->user_space, wide = machine->pointer_size == 8;
    uint64_t start = wide ? 0x00007ff9a7be9040ull : 0x7c810659;
    if (!user)
        start = machine->kernel_base + 0x1400;
    set(machine, thread, "_ETHREAD", "StartAddress", start);
    set(machine, thread, "_ETHREAD", "Win32StartAddress", start);
    if (user)
        set(machine, thread, "_ETHREAD", "Tcb.Teb",
            wide ? 0x7fffffdd000 - 0x2000 * number : 0x7ffde000 - 0x1000 * number);
}

uint64_t make_thread(struct machine *machine, const struct process *process, uint64_t address,
                     uint64_t number) {
    uint64_t size = layout_size(machine->layout, "_ETHREAD");
    /* The idle threads are no objects of the pool; their place is made already. */
    bool idle = process == &machine->idle;
    uint64_t thread = idle ? address : make_object(machine, &thread_object, address, size);
    must_set(machine, thread, "_ETHREAD", "Tcb.Header.Type", 6);
    must_set(machine, thread, "_ETHREAD", "Cid.UniqueProcess", process->pid);
    must_set(machine, thread, "_ETHREAD", "Cid.UniqueThread",
             process->pid ? take_thread_id(machine) : 0);
    set(machine, thread, "_ETHREAD", "Tcb.Process", process->address);
    set(machine, thread, "_ETHREAD", "ThreadsProcess", process->address);
    set(machine, thread, "_ETHREAD", "Tcb.ApcState.Process", process->address);
    uint64_t wait = field(machine, thread, "_ETHREAD", "Tcb.Header.WaitListHead");
    link_entry(machine, wait, wait, wait);
    write_stack(machine, thread);
    write_wait(machine, thread, number);
    write_times(machine, thread, process, number);
    return thread;
}

void link_threads(struct machine *machine, const struct process *process, const uint64_t *threads,
                  size_t count) {
    static const struct {
        const char *head, *entry;
    } lists[] = {
        {"ThreadListHead", "ThreadListEntry"},
        {"Pcb.ThreadListHead", "Tcb.ThreadListEntry"},
    };
    uint64_t *entries = xcalloc(count, sizeof *entries);
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        for (size_t i = 0; i < count; i++)
            entries[i] = field(machine, threads[i], "_ETHREAD", lists[list].entry);
        link_ring(machine, field(machine, process->address, "_EPROCESS", lists[list].head), entries,
                  count);
    }
    free(entries);
}
