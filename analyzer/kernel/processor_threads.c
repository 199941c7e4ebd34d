/*
 * processor_threads.c - processors found by the threads that waited on them.
 *
 * Sources: _KTHREAD.WaitPrcb, _KPCR.Self, _KPCR.CurrentPrcb, _KPCR.Prcb of the kernel's own symbol
 * files.
 */
#include "kernel/processor_threads.h"

#include "kernel/address.h"
#include "kernel/list.h"
#include "kernel/process.h"

#define THREADS_MOST 4096 /* that are looked at, of all processes together */

static size_t count_missing(const struct processor_block *block) {
    size_t missing = 0;
    for (size_t i = 0; i < block->count; i++)
        missing += block->items[i].state != READ_PRESENT;
    return missing;
}

static bool reads_as(const struct target *target, uint64_t object, const char *member,
                     uint64_t expected) {
    struct field_read read = target_read_field(target, object, "_KPCR", member);
    return !read.absent && read.state == READ_PRESENT && read.value == expected;
}

/* Whether the _KPCR that embeds `prcb` says so. */
static bool is_prcb(const struct target *target, uint64_t prcb) {
    struct field embedded;
    if (prcb < FIRST_KERNEL_ADDRESS || !symbols_field(target->symbols, "_KPCR", "Prcb", &embedded))
        return false;
    uint64_t pcr = prcb - embedded.offset;
    return reads_as(target, pcr, "Self", pcr) && reads_as(target, pcr, "CurrentPrcb", prcb);
}

static void take(const struct target *target, uint64_t prcb, struct processor_block *block) {
    struct field_read number = target_read_field(target, prcb, "_KPRCB", "Number");
    if (number.absent || number.state != READ_PRESENT || number.value >= block->count)
        return;
    struct processor *processor = &block->items[number.value];
    if (processor->state == READ_PRESENT)
        return;
    *processor = (struct processor){.state = READ_PRESENT,
                                    .prcb = prcb,
                                    .by_thread = true,
                                    .block_state = processor->state,
                                    .number_state = READ_PRESENT,
                                    .number = (uint32_t)number.value};
}

static void look_at_threads(const struct target *target, uint64_t process, size_t *budget,
                            struct processor_block *block) {
    struct field entry;
    uint64_t head;
    if (!symbols_field(target->symbols, "_ETHREAD", "ThreadListEntry", &entry) ||
        !target_field_address(target, process, "_EPROCESS", "ThreadListHead", &head))
        return;
    struct list_walk walk;
    list_walk(target->vm, head, *budget, &walk);
    for (size_t i = 0; i < walk.count && *budget; i++) {
        --*budget;
        struct field_read prcb =
            target_read_field(target, walk.entries[i] - entry.offset, "_KTHREAD", "WaitPrcb");
        if (!prcb.absent && prcb.state == READ_PRESENT && is_prcb(target, prcb.value))
            take(target, prcb.value, block);
    }
    list_walk_deinit(&walk);
}

void processor_block_complete(const struct target *target, struct processor_block *block) {
    size_t budget = THREADS_MOST;
    if (!target->symbols || !count_missing(block))
        return;
    struct process_ring ring;
    process_ring_active(target, &ring);
    for (size_t i = 0; i < ring.walk.count && budget && count_missing(block); i++)
        if (ring.views[i].kind == PROCESS_PROCESS)
            look_at_threads(target, ring.views[i].address, &budget, block);
    process_ring_deinit(&ring);
}
