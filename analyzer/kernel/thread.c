/*
 * thread.c - the members that are read of threads, and the two lists of a process.
 */
#include "kernel/thread.h"

#include <stdlib.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/process.h"
#include "kernel/processor_scan.h"

#define INT_2E_RETURN 6 /* bytes of KiIntSystemCall up to and with its int 2Eh */

/* ---- members ---- */

/* The outer frame of a system service's frame: a member of its own on x64, in Edx on x86. */
static const struct {
    const char *type, *path, *other;
} paths[THREAD_MEMBER_COUNT] = {
    [THREAD_EXECUTIVE_HEAD] = {"_EPROCESS", "ThreadListHead", NULL},
    [THREAD_SCHEDULER_HEAD] = {"_EPROCESS", "Pcb.ThreadListHead", NULL},
    [THREAD_EXECUTIVE_ENTRY] = {"_ETHREAD", "ThreadListEntry", NULL},
    [THREAD_SCHEDULER_ENTRY] = {"_ETHREAD", "Tcb.ThreadListEntry", NULL},
    [THREAD_TYPE] = {"_ETHREAD", "Tcb.Header.Type", NULL},
    [THREAD_INSERTED] = {"_ETHREAD", "ThreadInserted", NULL},
    [THREAD_STATE] = {"_ETHREAD", "Tcb.State", NULL},
    [THREAD_TRAP_FRAME] = {"_ETHREAD", "Tcb.TrapFrame", NULL},
    [THREAD_SYSTEM_CALL_NUMBER] = {"_ETHREAD", "Tcb.SystemCallNumber", NULL},
    [THREAD_FIRST_ARGUMENT] = {"_ETHREAD", "Tcb.FirstArgument", NULL},
    [FRAME_RIP] = {"_KTRAP_FRAME", "Rip", "Eip"},
    [FRAME_CODE_SEGMENT] = {"_KTRAP_FRAME", "SegCs", NULL},
    [FRAME_EXCEPTION_ACTIVE] = {"_KTRAP_FRAME", "ExceptionActive", NULL},
    [FRAME_OUTER] = {"_KTRAP_FRAME", "TrapFrame", "Edx"},
    [FRAME_USER_STACK] = {"_KTRAP_FRAME", "Rsp", "HardwareEsp"},
};

static void resolve(struct thread_reader *reader) {
    const struct symbols *symbols = reader->target->symbols;
    for (size_t i = 0; symbols && i < THREAD_MEMBER_COUNT; i++) {
        struct thread_member *member = &reader->members[i];
        member->present = symbols_field(symbols, paths[i].type, paths[i].path, &member->field) ||
                          (paths[i].other &&
                           symbols_field(symbols, paths[i].type, paths[i].other, &member->field));
    }
}

/* The processor's own registers as they were saved when the machine stopped. */
static bool in_user_mode(const struct target *target, uint64_t prcb) {
    struct field_read segment =
        target_read_field(target, prcb, "_KPRCB", "ProcessorState.ContextFrame.SegCs");
    return !segment.absent && segment.state == READ_PRESENT && is_user_segment(segment.value);
}

static void find_running(struct thread_reader *reader) {
    const struct target *target = reader->target;
    struct processor_block block;
    processor_block_read(target, &block);
    processor_block_complete(target, &block);
    reader->running = xcalloc(block.count + 1, sizeof *reader->running);
    for (size_t i = 0; i < block.count; i++) {
        if (block.items[i].state != READ_PRESENT)
            continue;
        uint64_t prcb = block.items[i].prcb;
        struct field_read thread = target_read_field(target, prcb, "_KPRCB", "CurrentThread");
        if (thread.absent || thread.state != READ_PRESENT)
            continue;
        struct field_read process = thread_process(target, thread.value);
        bool known = !process.absent && process.state == READ_PRESENT;
        reader->running[reader->running_count++] = (struct thread_running){
            thread.value, known ? process.value : 0, in_user_mode(target, prcb)};
    }
    processor_block_deinit(&block);
}

/* Stubs of 32-bit ntdll.dll call through SharedUserData!SystemCall: KiFastSystemCall, whose
 * sysenter returns to SharedUserData!SystemCallReturn, or KiIntSystemCall (lea edx,[esp+8];
 * int 2Eh; ret). */
static void find_call_returns(struct thread_reader *reader) {
    uint64_t shared = shared_data_address(reader->target->vm);
    struct field_read fast =
        target_read_field(reader->target, shared, "_KUSER_SHARED_DATA", "SystemCallReturn");
    struct field_read call =
        target_read_field(reader->target, shared, "_KUSER_SHARED_DATA", "SystemCall");
    if (!fast.absent && fast.state == READ_PRESENT)
        reader->call_returns[0] = fast.value;
    if (!call.absent && call.state == READ_PRESENT && call.value)
        reader->call_returns[1] = call.value + INT_2E_RETURN;
}

void thread_reader_init(struct thread_reader *reader, const struct target *target) {
    *reader = (struct thread_reader){.target = target};
    resolve(reader);
    find_running(reader);
    if (vm_pointer_size(target->vm) == 4)
        find_call_returns(reader);
}

void thread_reader_deinit(struct thread_reader *reader) {
    free(reader->running);
    *reader = (struct thread_reader){0};
}

/* ---- the lists ---- */

static void read_list(const struct thread_reader *reader, uint64_t process,
                      enum thread_member_name head, enum thread_member_name entry,
                      struct thread_list *list) {
    *list = (struct thread_list){0};
    if (!reader->members[head].present || !reader->members[entry].present) {
        list->absent = true;
        return;
    }
    list->head = process + reader->members[head].field.offset;
    list_walk(reader->target->vm, list->head, THREAD_LIMIT, &list->walk);
}

static int by_address(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* The threads of a list, ascending by address. The caller frees. */
static uint64_t *sorted_threads(const struct list_walk *walk, uint32_t offset) {
    uint64_t *sorted = xcalloc(walk->count + 1, sizeof *sorted);
    for (size_t i = 0; i < walk->count; i++)
        sorted[i] = walk->entries[i] - offset;
    qsort(sorted, walk->count, sizeof *sorted, by_address);
    return sorted;
}

static void look_at(const struct thread_reader *reader, struct thread_entry *entry) {
    struct field_read type =
        target_read_member(reader->target, entry->address, &reader->members[THREAD_TYPE].field);
    entry->type_state = type.state;
    entry->strange = type.state == READ_PRESENT && type.value != THREAD_OBJECT;
}

/* Adds the threads of `list`; of those that are among `others` it is noted that they are. */
static void add_threads(const struct list_walk *list, uint32_t offset, const uint64_t *others,
                        size_t other_count, bool executive, struct process_threads *threads) {
    for (size_t i = 0; i < list->count; i++) {
        uint64_t address = list->entries[i] - offset;
        bool on_both = bsearch(&address, others, other_count, sizeof *others, by_address);
        if (!executive && on_both)
            continue;
        threads->items[threads->count++] = (struct thread_entry){
            .address = address,
            .on_executive = executive,
            .on_scheduler = !executive || on_both,
        };
    }
}

void process_threads_add(const struct thread_reader *reader, const uint64_t *more, size_t count,
                         struct process_threads *threads) {
    size_t listed = threads->count;
    AUTO_FREE uint64_t *known = xcalloc(listed + 1, sizeof *known);
    for (size_t i = 0; i < listed; i++)
        known[i] = threads->items[i].address;
    qsort(known, listed, sizeof *known, by_address);
    threads->items = xreallocarray(threads->items, listed + count + 1, sizeof *threads->items);
    for (size_t i = 0; i < count; i++) {
        if (bsearch(&more[i], known, listed, sizeof *known, by_address))
            continue;
        struct thread_entry *entry = &threads->items[threads->count++];
        *entry = (struct thread_entry){.address = more[i]};
        if (reader->members[THREAD_TYPE].present)
            look_at(reader, entry);
    }
}

/* A triage dump has the current thread alone, and not the lists that lead to it. */
static void add_running(const struct thread_reader *reader, uint64_t process,
                        struct process_threads *threads) {
    AUTO_FREE uint64_t *own = xcalloc(reader->running_count + 1, sizeof *own);
    size_t count = 0;
    for (size_t i = 0; i < reader->running_count; i++)
        if (reader->running[i].process == process)
            own[count++] = reader->running[i].thread;
    if (count)
        process_threads_add(reader, own, count, threads);
}

void process_threads_read(const struct thread_reader *reader, uint64_t process,
                          struct process_threads *threads) {
    *threads = (struct process_threads){0};
    read_list(reader, process, THREAD_EXECUTIVE_HEAD, THREAD_EXECUTIVE_ENTRY, &threads->executive);
    read_list(reader, process, THREAD_SCHEDULER_HEAD, THREAD_SCHEDULER_ENTRY, &threads->scheduler);
    const struct list_walk *executive = &threads->executive.walk;
    const struct list_walk *scheduler = &threads->scheduler.walk;
    uint32_t executive_offset = reader->members[THREAD_EXECUTIVE_ENTRY].field.offset;
    uint32_t scheduler_offset = reader->members[THREAD_SCHEDULER_ENTRY].field.offset;
    AUTO_FREE uint64_t *on_executive = sorted_threads(executive, executive_offset);
    AUTO_FREE uint64_t *on_scheduler = sorted_threads(scheduler, scheduler_offset);
    threads->items = xcalloc(executive->count + scheduler->count + 1, sizeof *threads->items);
    add_threads(executive, executive_offset, on_scheduler, scheduler->count, true, threads);
    add_threads(scheduler, scheduler_offset, on_executive, executive->count, false, threads);
    for (size_t i = 0; i < threads->count && reader->members[THREAD_TYPE].present; i++)
        look_at(reader, &threads->items[i]);
    add_running(reader, process, threads);
}

void process_threads_deinit(struct process_threads *threads) {
    list_walk_deinit(&threads->executive.walk);
    list_walk_deinit(&threads->scheduler.walk);
    free(threads->items);
    *threads = (struct process_threads){0};
}
