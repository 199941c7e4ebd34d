/*
 * queues.c - the dispatcher's lists of threads: ready, to be made ready, waiting; and objects in
 * memory that are on no list at all.
 *
 * A thread of the scenario says by "queue" where it is: "ready" (with "priority"), "shared" (the
 * same, in the queue that processors share), "deferred", "wait". Which entry of a thread hangs on
 * which list is as !ready of WinDbg reads it. XP has lists of the kernel in place of a processor's.
 */
#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "util.h"

enum { PRIORITIES = 32, STATE_READY = 1, STATE_DEFERRED_READY = 7, READY_PRIORITY = 8 };

static uint64_t queue_priority(const json_t *row) {
    return number_or(row, "priority", READY_PRIORITY);
}

/* The threads that the scenario puts on `queue`, those of `priority` alone where it is not
 * negative: their entries, which the caller frees. */
static uint64_t *collect(struct machine *machine, const char *queue, int priority,
                         const char *member, size_t *count) {
    size_t capacity = 1;
    for (size_t i = 0; i < machine->process_count; i++)
        capacity += machine->processes[i].threads;
    uint64_t *entries = xcalloc(capacity, sizeof *entries);
    *count = 0;
    for (size_t i = 0; i < machine->process_count; i++) {
        const struct process *process = &machine->processes[i];
        const json_t *given = json_object_get(process->extras, "threads");
        for (uint64_t k = 0; k < process->threads; k++) {
            const json_t *row = json_array_get(given, k);
            const char *named = json_string_value(json_object_get(row, "queue"));
            if (!named || strcmp(named, queue) != 0 ||
                (priority >= 0 && queue_priority(row) != (uint64_t)priority))
                continue;
            uint64_t thread = process->thread_addresses[k];
            if (priority >= 0)
                must_set(machine, thread, "_KTHREAD", "Priority", (uint64_t)priority);
            entries[(*count)++] = field(machine, thread, "_KTHREAD", member);
        }
    }
    return entries;
}

/* `queue` NULL: an empty ring. */
static void make_ring(struct machine *machine, uint64_t head, const char *queue, int priority) {
    size_t count = 0;
    uint64_t *entries =
        queue ? collect(machine, queue, priority, "WaitListEntry", &count) : xcalloc(1, 8);
    link_ring(machine, head, entries, count);
    free(entries);
}

static void make_rings(struct machine *machine, uint64_t heads, const char *queue) {
    for (int priority = 0; priority < PRIORITIES; priority++)
        make_ring(machine, heads + 2 * machine->pointer_size * (unsigned)priority, queue, priority);
}

/* A list that ends with 0. */
static void make_deferred(struct machine *machine, uint64_t head) {
    size_t count;
    uint64_t *entries = collect(machine, "deferred", -1, "SwapListEntry", &count);
    for (size_t i = 0; i < count; i++)
        put_pointer(machine, i ? entries[i - 1] : head, entries[i]);
    put_pointer(machine, count ? entries[count - 1] : head, 0);
    free(entries);
}

static bool member_of(const struct machine *machine, uint64_t prcb, const char *name,
                      uint64_t *address) {
    struct member member;
    if (!layout_member(machine->layout, "_KPRCB", name, &member))
        return false;
    *address = prcb + member.offset;
    return true;
}

/* All threads of the scenario are the first processor's. */
static void make_processor_queues(struct machine *machine, uint64_t prcb, bool is_first) {
    uint64_t list;
    if (member_of(machine, prcb, "DispatcherReadyListHead", &list))
        make_rings(machine, list, is_first ? "ready" : NULL);
    if (member_of(machine, prcb, "WaitListHead", &list))
        make_ring(machine, list, is_first ? "wait" : NULL, -1);
    if (is_first && member_of(machine, prcb, "DeferredReadyListHead", &list))
        make_deferred(machine, list);
}

/* One queue that all processors share. */
static void make_shared_queue(struct machine *machine, const json_t *rows) {
    static const char type[] = "_KSHARED_READY_QUEUE";
    uint64_t list;
    if (!layout_has(machine->layout, type) || !member_of(machine, 0, "SharedReadyQueue", &list))
        return;
    uint64_t queue = pool_take(machine, &machine->nonpaged, layout_size(machine->layout, type),
                               0x10, "a shared ready queue");
    make_rings(machine, field(machine, queue, type, "ReadyListHead"), "shared");
    for (size_t i = 0; i < json_array_size(rows); i++)
        must_set(machine, number(json_array_get(rows, i), "prcb"), "_KPRCB", "SharedReadyQueue",
                 queue);
}

void forge_queues(struct machine *machine) {
    const json_t *rows = array(machine->scenario, "processors");
    for (size_t i = 0; i < json_array_size(rows); i++)
        make_processor_queues(machine, number(json_array_get(rows, i), "prcb"), i == 0);
    make_shared_queue(machine, rows);
    if (machine->pointer_size == 8)
        return;
    make_rings(machine, global(machine, "KiDispatcherReadyListHead", 0x100), "ready");
    make_ring(machine, global(machine, "KiWaitListHead", 8), "wait", -1);
}

/* ---- what somebody plants ---- */

/* Copies of a process as a cache may hold them: everything in them leads to the original. */
static void plant_copies(struct machine *machine, const struct process *original, uint64_t count) {
    static const struct object_kind kind = {"a copy", TYPE_PROCESS, true, NULL, 0};
    uint64_t size = layout_size(machine->layout, "_EPROCESS");
    uint8_t *bytes = xcalloc(1, size);
    memory_read(&machine->memory, original->address, bytes, size);
    for (uint64_t i = 0; i < count; i++)
        memory_write(&machine->memory, make_object(machine, &kind, 0, size), bytes, size);
    free(bytes);
}

/* Objects that look like processes in all that a scan can check. */
static void plant_fakes(struct machine *machine, uint64_t count) {
    static const struct object_kind kind = {"a fake", TYPE_PROCESS, true, NULL, 0};
    static const char *const heads[] = {"Pcb.Header.WaitListHead", "ThreadListHead"};
    for (uint64_t i = 0; i < count; i++) {
        uint64_t fake = make_object(machine, &kind, 0, layout_size(machine->layout, "_EPROCESS"));
        must_set(machine, fake, "_EPROCESS", "Pcb.Header.Type", 3);
        must_set(machine, fake, "_EPROCESS", "UniqueProcessId", 0x10000 + 4 * i);
        must_set(machine, fake, "_EPROCESS", "ActiveThreads", 1);
        must_set(machine, fake, "_EPROCESS", "Pcb.DirectoryTableBase",
                 machine->directory_table_base);
        set(machine, fake, "_EPROCESS", "ProcessInserted", 1);
        memory_write(&machine->memory, field(machine, fake, "_EPROCESS", "ImageFileName"), "fake",
                     5);
        for (size_t k = 0; k < sizeof heads / sizeof *heads; k++) {
            uint64_t head = field(machine, fake, "_EPROCESS", heads[k]);
            link_ring(machine, head, NULL, 0);
        }
    }
}

void forge_planted(struct machine *machine) {
    const json_t *planted = json_object_get(machine->scenario, "planted");
    if (!planted)
        return;
    plant_copies(machine, find_process(machine, number(planted, "copy_of")),
                 number(planted, "copies"));
    plant_fakes(machine, number(planted, "fakes"));
}
