/*
 * processor.c - KiProcessorBlock and the processors it points to.
 */
#include "kernel/processor.h"

#include "base/memory.h"
#include "kernel/address.h"

static void read_one(const struct target *target, uint64_t entry, struct processor *processor) {
    *processor = (struct processor){.number_absent = true, .number_state = READ_BAD_VALUE};
    processor->state = vm_read_pointer(target->vm, entry, &processor->prcb);
    if (processor->state == READ_PRESENT && processor->prcb < first_kernel_address(target->vm))
        processor->state = READ_BAD_VALUE;
    if (processor->state != READ_PRESENT)
        return;
    struct field_read number = target_read_field(target, processor->prcb, "_KPRCB", "Number");
    processor->number_absent = number.absent;
    processor->number_state = number.state;
    processor->number = (uint32_t)number.value;
}

void processor_block_read(const struct target *target, struct processor_block *block) {
    *block = (struct processor_block){0};
    uint64_t declared = 0;
    image_header_value(target->image, "NumberProcessors", &declared);
    block->declared = (uint32_t)declared;
    if (!target_global(target, "KiProcessorBlock", &block->address)) {
        block->address = 0;
        return;
    }
    block->count = block->declared < PROCESSOR_LIMIT ? block->declared : PROCESSOR_LIMIT;
    block->items = xcalloc(block->count + 1, sizeof *block->items);
    for (size_t i = 0; i < block->count; i++)
        read_one(target, block->address + vm_pointer_size(target->vm) * i, &block->items[i]);
}

void processor_block_deinit(struct processor_block *block) {
    free(block->items);
    *block = (struct processor_block){0};
}
