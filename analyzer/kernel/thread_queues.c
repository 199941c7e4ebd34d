/* thread_queues.c - walking the dispatcher's ready and wait lists. */
#include "kernel/thread_queues.h"

#include <inttypes.h>
#include <string.h>

#include "base/address_set.h"
#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/processor_scan.h"
#include "kernel/thread.h"

#define PRIORITIES 32 /* MAXIMUM_PRIORITY of the Windows Driver Kit: one list for each */
/* Entries of all lists: lists that are led to again and again lie. */
#define ENTRIES_MOST (4 * (size_t)THREAD_LIMIT)

struct reading {
    const struct target *target;
    struct thread_queues *queues;
    struct field type, wait_entry, swap_entry; /* of _KTHREAD */
    bool has_swap_entry;
    struct address_set heads; /* walked before: processors share queues */
    size_t capacity;
    size_t entries; /* that were walked */
};

/* ---- what is told ---- */

static void not_whole(struct reading *reading, enum thread_queue_kind kind, enum read_state state) {
    struct thread_queues *queues = reading->queues;
    if (queues->whole[kind])
        queues->state[kind] = state;
    queues->whole[kind] = false;
}

static void report_broken(struct reading *reading, const char *name, uint64_t head,
                          const struct list_walk *walk) {
    struct thread_queues *queues = reading->queues;
    if (queues->broken_count >= QUEUE_REPORTS_MOST)
        return;
    struct broken_queue *broken = &queues->broken[queues->broken_count++];
    *broken = (struct broken_queue){xstrdup(name), head, *walk};
    broken->walk.entries = NULL;
}

static void report_strange(struct reading *reading, const char *name, uint64_t address) {
    struct thread_queues *queues = reading->queues;
    if (queues->strange_count < QUEUE_REPORTS_MOST)
        queues->strange[queues->strange_count++] = (struct strange_entry){xstrdup(name), address};
}

static void add(struct reading *reading, enum thread_queue_kind kind, const char *name,
                uint64_t thread) {
    struct thread_queues *queues = reading->queues;
    struct field_read type = target_read_member(reading->target, thread, &reading->type);
    if (type.state != READ_PRESENT || type.value != THREAD_OBJECT) {
        not_whole(reading, kind, type.state != READ_PRESENT ? type.state : READ_BAD_VALUE);
        if (type.state == READ_PRESENT)
            report_strange(reading, name, thread);
        return;
    }
    ARRAY_RESERVE(queues->items, queues->count, reading->capacity);
    queues->items[queues->count++] = (struct queued_thread){thread, kind};
}

/* ---- one list ---- */

static bool may_walk(struct reading *reading, enum thread_queue_kind kind, uint64_t head) {
    if (!address_set_add(&reading->heads, head))
        return false;
    if (reading->entries < ENTRIES_MOST)
        return true;
    not_whole(reading, kind, READ_BAD_VALUE);
    return false;
}

/* A head that the dump does not hold says nothing of its list. */
static void end_walk(struct reading *reading, enum thread_queue_kind kind, const char *name,
                     uint64_t head, const struct list_walk *walk) {
    reading->entries += walk->count;
    if (walk->end == LIST_CLOSED)
        return;
    not_whole(reading, kind, walk->end == LIST_BROKEN ? walk->state : READ_BAD_VALUE);
    if (walk->end != LIST_BROKEN || walk->broken_at != head)
        report_broken(reading, name, head, walk);
}

static void walk_ring(struct reading *reading, enum thread_queue_kind kind, const char *name,
                      uint64_t head) {
    struct list_walk walk;
    if (!may_walk(reading, kind, head))
        return;
    list_walk(reading->target->vm, head, THREAD_LIMIT, &walk);
    for (size_t i = 0; i < walk.count; i++)
        add(reading, kind, name, walk.entries[i] - reading->wait_entry.offset);
    end_walk(reading, kind, name, head, &walk);
    list_walk_deinit(&walk);
}

/* One list for each priority. */
static void walk_priorities(struct reading *reading, const char *name, const char *of,
                            uint64_t heads) {
    uint64_t size = 2 * (uint64_t)vm_pointer_size(reading->target->vm);
    for (unsigned priority = 0; priority < PRIORITIES; priority++) {
        AUTO_FREE char *list = xasprintf("%s[%u]%s", name, priority, of);
        walk_ring(reading, QUEUE_READY, list, heads + priority * size);
    }
}

/* Goes from entry to entry of a list of one direction, as far as it leads. */
static void follow(struct reading *reading, const char *name, uint64_t head,
                   struct list_walk *walk) {
    struct vm *vm = reading->target->vm;
    struct address_set seen = {0};
    uint64_t next = 0;
    *walk = (struct list_walk){.end = LIST_BROKEN, .broken_from = head, .broken_at = head};
    walk->state = vm_read_pointer(vm, head, &next);
    while (walk->state == READ_PRESENT && next) {
        uint64_t entry = walk->broken_at = next;
        if (walk->count >= THREAD_LIMIT || !address_set_add(&seen, entry)) {
            walk->end = walk->count >= THREAD_LIMIT ? LIST_TOO_LONG : LIST_CYCLE;
            break;
        }
        walk->state =
            entry < first_kernel_address(vm) ? READ_BAD_VALUE : vm_read_pointer(vm, entry, &next);
        if (walk->state != READ_PRESENT)
            break;
        add(reading, QUEUE_READY, name, entry - reading->swap_entry.offset);
        walk->count++;
        walk->broken_from = entry;
    }
    if (walk->state == READ_PRESENT && !next)
        walk->end = LIST_CLOSED;
    walk->gap = walk->count;
    address_set_deinit(&seen);
}

/* A list that ends with 0: threads that a processor is yet to put on a list of their priority. */
static void walk_deferred(struct reading *reading, const char *name, uint64_t head) {
    struct list_walk walk;
    if (!may_walk(reading, QUEUE_READY, head))
        return;
    follow(reading, name, head, &walk);
    end_walk(reading, QUEUE_READY, name, head, &walk);
}

/* ---- of a processor ---- */

static bool member_of(struct reading *reading, enum thread_queue_kind kind, uint64_t prcb,
                      const char *member, uint64_t *address) {
    if (!target_field_address(reading->target, prcb, "_KPRCB", member, address))
        return false;
    reading->queues->absent[kind] = false;
    return true;
}

static void walk_shared(struct reading *reading, uint64_t prcb, const char *of) {
    uint64_t heads;
    struct field_read queue =
        target_read_field(reading->target, prcb, "_KPRCB", "SharedReadyQueue");
    if (queue.absent || (queue.state == READ_PRESENT && !queue.value))
        return;
    if (queue.state != READ_PRESENT)
        not_whole(reading, QUEUE_READY, queue.state);
    else if (queue.value < first_kernel_address(reading->target->vm))
        not_whole(reading, QUEUE_READY, READ_BAD_VALUE);
    else if (target_field_address(reading->target, queue.value, "_KSHARED_READY_QUEUE",
                                  "ReadyListHead", &heads))
        walk_priorities(reading, "SharedReadyQueue.ReadyListHead", of, heads);
}

static void walk_processor(struct reading *reading, const struct processor *processor,
                           size_t number) {
    uint64_t prcb = processor->prcb, list;
    AUTO_FREE char *of = xasprintf(" of processor %zu", number);
    if (member_of(reading, QUEUE_READY, prcb, "DispatcherReadyListHead", &list))
        walk_priorities(reading, "DispatcherReadyListHead", of, list);
    walk_shared(reading, prcb, of);
    AUTO_FREE char *deferred = xasprintf("DeferredReadyListHead%s", of);
    if (reading->has_swap_entry &&
        member_of(reading, QUEUE_READY, prcb, "DeferredReadyListHead", &list))
        walk_deferred(reading, deferred, list);
    AUTO_FREE char *waits = xasprintf("WaitListHead%s", of);
    if (member_of(reading, QUEUE_WAIT, prcb, "WaitListHead", &list))
        walk_ring(reading, QUEUE_WAIT, waits, list);
}

static void walk_processors(struct reading *reading) {
    struct processor_block block;
    processor_block_read(reading->target, &block);
    processor_block_complete(reading->target, &block);
    for (size_t i = 0; i < block.count; i++) {
        if (block.items[i].state == READ_PRESENT)
            walk_processor(reading, &block.items[i], i);
        else
            for (enum thread_queue_kind kind = 0; kind < QUEUE_KIND_COUNT; kind++)
                not_whole(reading, kind, block.items[i].state);
    }
    processor_block_deinit(&block);
}

/* ---- of the kernel: before the processors had their own ---- */

static void walk_globals(struct reading *reading) {
    static const char *const waits[] = {"KiWaitListHead", "KiWaitInListHead", "KiWaitOutListHead"};
    uint64_t list;
    if (target_symbol(reading->target, "KiDispatcherReadyListHead", &list)) {
        reading->queues->absent[QUEUE_READY] = false;
        walk_priorities(reading, "KiDispatcherReadyListHead", "", list);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(waits); i++) {
        if (!target_symbol(reading->target, waits[i], &list))
            continue;
        reading->queues->absent[QUEUE_WAIT] = false;
        walk_ring(reading, QUEUE_WAIT, waits[i], list);
    }
}

/* ---- all of them ---- */

void thread_queues_read(const struct target *target, struct thread_queues *queues) {
    struct reading reading = {.target = target, .queues = queues};
    const struct symbols *symbols = target->symbols;
    *queues = (struct thread_queues){.absent = {true, true}, .whole = {true, true}};
    if (!symbols || !symbols_field(symbols, "_KTHREAD", "Header.Type", &reading.type) ||
        !symbols_field(symbols, "_KTHREAD", "WaitListEntry", &reading.wait_entry))
        return;
    reading.has_swap_entry =
        symbols_field(symbols, "_KTHREAD", "SwapListEntry", &reading.swap_entry);
    queues->broken = xcalloc(QUEUE_REPORTS_MOST, sizeof *queues->broken);
    queues->strange = xcalloc(QUEUE_REPORTS_MOST, sizeof *queues->strange);
    walk_globals(&reading);
    walk_processors(&reading);
    address_set_deinit(&reading.heads);
}

void thread_queues_deinit(struct thread_queues *queues) {
    for (size_t i = 0; i < queues->broken_count; i++)
        free(queues->broken[i].name);
    for (size_t i = 0; i < queues->strange_count; i++)
        free(queues->strange[i].name);
    free(queues->broken);
    free(queues->strange);
    free(queues->items);
    *queues = (struct thread_queues){0};
}
