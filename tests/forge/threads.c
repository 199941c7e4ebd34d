/*
 * threads.c - ETHREAD objects, what each thread waits in, and the two thread lists of a process.
 */
#include "threads.h"

#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "services.h"
#include "stubs.h"
#include "user.h"
#include "user_images.h"
#include "util.h"

static const struct object_kind thread_object = {"a thread", TYPE_THREAD, true, NULL, 0};

enum { STACK_SIZE = 0x6000, STATE_WAITING = 5, WHEN_ALL = 8 };

/* What a made-up thread waits in: KWAIT_REASON, the service by which it waits (the second where a
 * build lacks the first), and that service's first argument, a handle that every process has. */
static const struct wait {
    uint8_t reason;
    const char *service, *older;
    uint64_t argument;
} waits[WHEN_ALL] = {
    {6, "NtWaitForSingleObject", NULL, HANDLE_EVENT},                              /* UserRequest */
    {15, "NtWaitForWorkViaWorkerFactory", "NtRemoveIoCompletion", HANDLE_WORKERS}, /* WrQueue */
    {15, "NtWaitForWorkViaWorkerFactory", "NtRemoveIoCompletion", HANDLE_WORKERS},
    {0, "NtDeviceIoControlFile", NULL, HANDLE_FILE}, /* Executive */
    {6, "NtWaitForSingleObject", NULL, HANDLE_EVENT},
    {16, "NtAlpcSendWaitReceivePort", "NtReplyWaitReceivePortEx", HANDLE_PORT}, /* WrLpcReceive */
    {15, "NtWaitForWorkViaWorkerFactory", "NtRemoveIoCompletion", HANDLE_WORKERS},
    {4, "NtDelayExecution", NULL, 0}, /* DelayExecution */
};

/* Thread ids come from the same table as process ids; the first entry of a page is no handle's. */
static uint64_t take_thread_id(struct machine *machine) {
    uint64_t page = PAGE_SIZE / layout_size(machine->layout, "_HANDLE_TABLE_ENTRY") * 4;
    for (;;) {
        uint64_t id = machine->next_thread_id;
        machine->next_thread_id += 4;
        if (id % page == 0)
            continue;
        size_t i = 0;
        while (i < machine->process_count && machine->processes[i].pid != id)
            i++;
        if (i == machine->process_count)
            return id;
    }
}

/* ---- the plan of a thread: the scenario's values, else made-up ones ---- */

static const struct service *usual_service(const struct machine *machine, const struct wait *wait) {
    const struct service *service = find_service(machine, wait->service);
    return service || !wait->older ? service : find_service(machine, wait->older);
}

/* Where a thread of the process goes on after the call. A WoW64 thread entered through wow64cpu,
 * one of XP through the code that SharedUserData leads to. */
static uint64_t return_address(const struct machine *machine, const struct process *process,
                               const struct service *service) {
    const struct user_image *image = image_of_service(machine, service);
    if (!image)
        return 0;
    const struct user_image *layer = is_wow64(process) ? find_image(machine, "wow64cpu.dll") : NULL;
    if (layer)
        return image_base(process, layer) + image_symbol(layer, "CpupSyscallStub") + 9;
    uint64_t shared = image_symbol(image, "KiFastSystemCallRet");
    if (shared)
        return image_base(process, image) + shared;
    return image_base(process, image) + stub_rva(image, service->number) + image->stubs->returns_at;
}

static uint64_t worker_start(const struct machine *machine, const struct process *process,
                             uint64_t number) {
    const struct user_image *ntdll = find_image(machine, "ntdll.dll");
    uint64_t worker = ntdll ? image_symbol(ntdll, "TppWorkerThread") : 0;
    if (number && worker)
        return image_base(process, ntdll) + worker;
    return main_image_base(machine, process) + 0x1000 + (number ? 0x40 * number : 0);
}

static uint64_t first_start(const struct machine *machine, const struct process *process,
                            uint64_t otherwise) {
    const struct user_image *ntdll = find_image(machine, "ntdll.dll");
    uint64_t start = ntdll ? image_symbol(ntdll, "RtlUserThreadStart") : 0;
    return start ? image_base(process, ntdll) + start : otherwise;
}

static void plan_user(const struct machine *machine, const struct process *process, uint64_t number,
                      struct thread_plan *plan) {
    const struct wait *wait = &waits[number % WHEN_ALL];
    const char *given = json_string_value(json_object_get(plan->row, "call"));
    const struct service *service =
        given ? find_service(machine, given) : usual_service(machine, wait);
    if (given && !service)
        die("there is no service %s", given);
    plan->service = service;
    plan->argument = number_or(plan->row, "argument", wait->argument);
    plan->rip = number_or(plan->row, "rip", return_address(machine, process, service));
    plan->win32_start = number_or(plan->row, "start", worker_start(machine, process, number));
    plan->start = first_start(machine, process, plan->win32_start);
    plan->gui = number == 0 && process->session > 0;
    plan->user = plan->rip != 0;
}

/* An item of "threads" is an address, or an object that has more. */
static struct thread_plan make_plan(const struct machine *machine, const struct process *process,
                                    const json_t *item, uint64_t number) {
    const json_t *address = json_is_object(item) ? json_object_get(item, "address") : item;
    struct thread_plan plan = {
        .row = json_is_object(item) ? item : NULL,
        .address = address && !json_is_null(address) ? number_of(address, "threads") : 0,
        .number = number,
        .start = machine->kernel_base + 0x1400,
        .win32_start = machine->kernel_base + 0x1400,
    };
    plan.state = number_or(plan.row, "state", STATE_WAITING);
    plan.reason = number_or(plan.row, "wait_reason", waits[number % WHEN_ALL].reason);
    plan.resident = plan.row || number % 4 != 3;
    if (process->user_space)
        plan_user(machine, process, number, &plan);
    return plan;
}

/* ---- writing ---- */

/* The stack of the scenario's trap frame, or the next one. Of a stack that is in memory the topmost
 * page is written: the frame lies there. */
static void write_stack(struct machine *machine, uint64_t thread, const struct thread_plan *plan) {
    bool wide = machine->pointer_size == 8;
    uint64_t frame_size = layout_size(machine->layout, "_KTRAP_FRAME");
    uint64_t given = number_or(plan->row, "trap_frame", 0);
    uint64_t limit = ALIGN_UP(machine->stacks.next, PAGE_SIZE);
    uint64_t base = given ? ALIGN_UP(given, PAGE_SIZE) : limit + STACK_SIZE;
    uint64_t initial = given ? given + frame_size : base - (wide ? 0x270 : 0x210);
    if (given)
        limit = base - STACK_SIZE;
    else
        machine->stacks.next = base + PAGE_SIZE; /* a guard page */
    set(machine, thread, "_ETHREAD", "Tcb.InitialStack", initial);
    set(machine, thread, "_ETHREAD", "Tcb.StackBase", base);
    set(machine, thread, "_ETHREAD", "Tcb.StackLimit", limit);
    set(machine, thread, "_ETHREAD", "Tcb.KernelStack", base - 0x9e0);
    set(machine, thread, "_ETHREAD", "Tcb.KernelStackResident", plan->resident);
    if (!plan->user)
        return;
    uint64_t frame = initial - frame_size;
    must_set(machine, thread, "_ETHREAD", "Tcb.TrapFrame", frame);
    if (!plan->resident)
        return;
    memory_map(&machine->memory, base - PAGE_SIZE, PAGE_SIZE, machine->stacks.kind);
    memory_claim(&machine->memory, base - PAGE_SIZE, PAGE_SIZE, "a stack");
    write_trap_frame(machine, frame, plan);
}

static void write_wait(struct machine *machine, uint64_t thread, const struct thread_plan *plan) {
    set(machine, thread, "_ETHREAD", "Tcb.State", plan->state);
    set(machine, thread, "_ETHREAD", "Tcb.WaitReason", plan->reason);
    set(machine, thread, "_ETHREAD", "Tcb.WaitMode", plan->user);
    set(machine, thread, "_ETHREAD", "Tcb.Priority", 8 + plan->number % 4);
    set(machine, thread, "_ETHREAD", "Tcb.WaitTime",
        machine->uptime / 156250 - 40 * plan->number - 1);
}

/* What the entry of a system call leaves in the thread; XP leaves the table there instead. */
static void write_call(struct machine *machine, uint64_t thread, const struct thread_plan *plan) {
    const char *table = plan->gui ? "KeServiceDescriptorTableShadow" : "KeServiceDescriptorTable";
    set(machine, thread, "_ETHREAD", "Tcb.GuiThread", plan->gui);
    if (machine->services.count)
        set(machine, thread, "_ETHREAD", "Tcb.ServiceTable",
            number_of(json_object_get(machine->globals, table), table));
    if (!plan->user || !plan->service)
        return;
    set(machine, thread, "_ETHREAD", "Tcb.PreviousMode", 1);
    set(machine, thread, "_ETHREAD", "Tcb.SystemCallNumber", plan->service->number);
    set(machine, thread, "_ETHREAD", "Tcb.FirstArgument", plan->argument);
}

static void write_times(struct machine *machine, uint64_t thread, const struct process *process,
                        const struct thread_plan *plan) {
    uint64_t created = process->created + plan->number * 1300000;
    if (created > machine->system_time)
        created = machine->system_time;
    /* XP keeps two other members in the low three bits. */
    struct member faults;
    bool shifted = layout_member(machine->layout, "_ETHREAD", "NestedFaultCount", &faults) &&
                   faults.offset == layout_offset(machine->layout, "_ETHREAD", "CreateTime");
    set(machine, thread, "_ETHREAD", "CreateTime", shifted ? created << 3 : created);
    set(machine, thread, "_ETHREAD", "StartAddress", plan->start);
    set(machine, thread, "_ETHREAD", "Win32StartAddress", plan->win32_start);
    if (process->user_space)
        set(machine, thread, "_ETHREAD", "Tcb.Teb",
            machine->pointer_size == 8 ? 0x7fffffdd000 - 0x2000 * plan->number
                                       : 0x7ffde000 - 0x1000 * plan->number);
}

/* Only those threads are noted that the scenario describes: the others follow a rule. */
static void note_thread(struct machine *machine, uint64_t thread, const struct thread_plan *plan) {
    if (!plan->row)
        return;
    uint64_t frame = get_pointer(machine, field(machine, thread, "_ETHREAD", "Tcb.TrapFrame"));
    json_t *notes = json_object_get(machine->facts, "threads");
    if (!notes) {
        notes = json_array();
        json_object_set_new(machine->facts, "threads", notes);
    }
    json_array_append_new(
        notes, json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:s?, s:i}", "address",
                         address_text(machine, thread), "trap_frame", address_text(machine, frame),
                         "win32_start", address_text(machine, plan->win32_start), "rip",
                         address_text(machine, plan->rip), "state", (int)plan->state, "wait_reason",
                         (int)plan->reason, "call", plan->service ? plan->service->name : NULL,
                         "argument", (int)plan->argument));
}

uint64_t make_thread(struct machine *machine, const struct process *process, const json_t *item,
                     uint64_t number) {
    uint64_t size = layout_size(machine->layout, "_ETHREAD");
    struct thread_plan plan = make_plan(machine, process, item, number);
    /* The idle threads are no objects of the pool; their place is made already. */
    bool idle = process == &machine->idle;
    uint64_t thread =
        idle ? plan.address : make_object(machine, &thread_object, plan.address, size);
    must_set(machine, thread, "_ETHREAD", "Tcb.Header.Type", 6);
    must_set(machine, thread, "_ETHREAD", "Cid.UniqueProcess", process->pid);
    must_set(machine, thread, "_ETHREAD", "Cid.UniqueThread",
             process->pid ? take_thread_id(machine) : 0);
    set(machine, thread, "_ETHREAD", "Tcb.Process", process->address);
    set(machine, thread, "_ETHREAD", "ThreadsProcess", process->address);
    set(machine, thread, "_ETHREAD", "ThreadInserted", !idle);
    uint64_t attached = number_or(plan.row, "attached", process->pid);
    set(machine, thread, "_ETHREAD", "Tcb.ApcState.Process",
        attached == process->pid ? process->address : find_process(machine, attached)->address);
    uint64_t wait = field(machine, thread, "_ETHREAD", "Tcb.Header.WaitListHead");
    link_entry(machine, wait, wait, wait);
    write_stack(machine, thread, &plan);
    write_wait(machine, thread, &plan);
    write_call(machine, thread, &plan);
    write_times(machine, thread, process, &plan);
    note_thread(machine, thread, &plan);
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
    const json_t *given = json_object_get(process->extras, "threads");
    uint64_t *entries = xcalloc(count, sizeof *entries);
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        size_t linked = 0;
        for (size_t i = 0; i < count; i++)
            if (!number_or(json_array_get(given, i), "off_lists", 0))
                entries[linked++] = field(machine, threads[i], "_ETHREAD", lists[list].entry);
        link_ring(machine, field(machine, process->address, "_EPROCESS", lists[list].head), entries,
                  linked);
    }
    free(entries);
}
