/*
 * processor.h - the processors of a dump: the entries of KiProcessorBlock, each the address of a
 * _KPRCB. How many there are is the header's NumberProcessors, never above PROCESSOR_LIMIT.
 */
#ifndef NTDRIFT_KERNEL_PROCESSOR_H
#define NTDRIFT_KERNEL_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/target.h"

/* KiProcessorBlock of 22000 has room for 2048 (the space from that symbol to the next). */
#define PROCESSOR_LIMIT 2048

struct processor {
    enum read_state state; /* of the entry in KiProcessorBlock; BAD_VALUE: no kernel address */
    uint64_t prcb;         /* where READ_PRESENT */
    bool scanned;                /* found without KiProcessorBlock: processor_scan.h */
    enum read_state block_state; /* of the entry, where scanned */
    bool number_absent;    /* no symbols, or no such member */
    enum read_state number_state;
    uint32_t number; /* _KPRCB.Number: the entry's index on a machine that is whole */
};

struct processor_block {
    uint64_t address;  /* of KiProcessorBlock; 0: nothing names it */
    uint32_t declared; /* NumberProcessors of the header */
    struct processor *items;
    size_t count; /* `declared`, at most PROCESSOR_LIMIT; 0 where the address is */
};

void processor_block_read(const struct target *target, struct processor_block *block);
void processor_block_deinit(struct processor_block *block);

#endif
