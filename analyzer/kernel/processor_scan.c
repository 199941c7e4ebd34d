/*
 * processor_scan.c - looking for _KPCRs.
 *
 * Sources: _KPCR.Self, _KPCR.CurrentPrcb, _KPCR.Prcb of the kernel's own symbol files. Up to 16299
 * the first processor's _KPCR is in the kernel image (nt!KiInitialPCR); later the loader allocates
 * it, in a real 17763 some 18 MiB below the image. 32-bit kernels have it at an address of its own.
 */
#include "kernel/processor_scan.h"

#include "kernel/address.h"

#define SCAN_BELOW (64u << 20)
#define SCAN_ABOVE (64u << 20) /* the largest ntoskrnl.exe of today is some 17 MiB */

static size_t count_missing(const struct processor_block *block) {
    size_t missing = 0;
    for (size_t i = 0; i < block->count; i++)
        missing += block->items[i].state != READ_PRESENT;
    return missing;
}

/* The members that tell a _KPCR from any other page. */
struct pcr_layout {
    struct field self;
    struct field current;
    struct field prcb;
};

/* Their names on x64 and on x86. */
static const struct {
    const char *self, *current, *prcb;
} pcr_names[] = {{"Self", "CurrentPrcb", "Prcb"}, {"SelfPcr", "Prcb", "PrcbData"}};

static bool pcr_layout_resolve(const struct target *target, struct pcr_layout *layout) {
    for (size_t i = 0; i < sizeof pcr_names / sizeof *pcr_names; i++)
        if (symbols_field(target->symbols, "_KPCR", pcr_names[i].self, &layout->self) &&
            symbols_field(target->symbols, "_KPCR", pcr_names[i].current, &layout->current) &&
            symbols_field(target->symbols, "_KPCR", pcr_names[i].prcb, &layout->prcb))
            return true;
    return false;
}

static bool is_pcr(const struct target *target, const struct pcr_layout *layout, uint64_t page) {
    uint64_t self, current;
    return vm_read_pointer(target->vm, page + layout->self.offset, &self) == READ_PRESENT &&
           self == page &&
           vm_read_pointer(target->vm, page + layout->current.offset, &current) == READ_PRESENT &&
           current == page + layout->prcb.offset;
}

/* Whether that filled an entry. */
static bool take(const struct target *target, uint64_t prcb, struct processor_block *block) {
    struct field_read number = target_read_field(target, prcb, "_KPRCB", "Number");
    if (number.absent || number.state != READ_PRESENT || number.value >= block->count)
        return false;
    struct processor *processor = &block->items[number.value];
    if (processor->state == READ_PRESENT)
        return false;
    *processor = (struct processor){.state = READ_PRESENT,
                                    .prcb = prcb,
                                    .scanned = true,
                                    .block_state = processor->state,
                                    .number_state = READ_PRESENT,
                                    .number = (uint32_t)number.value};
    return true;
}

void processor_block_complete(const struct target *target, struct processor_block *block) {
    struct pcr_layout layout;
    uint64_t base = target->kernel.base;
    size_t missing = count_missing(block);
    if (!target->symbols || !base || !missing || !pcr_layout_resolve(target, &layout))
        return;
    uint64_t above = target->kernel.size < SCAN_ABOVE ? target->kernel.size : SCAN_ABOVE;
    if (vm_pointer_size(target->vm) == 4 && is_pcr(target, &layout, FIRST_PCR_X86))
        missing -= take(target, FIRST_PCR_X86 + layout.prcb.offset, block);
    for (uint64_t page = base - SCAN_BELOW; page < base + above && missing; page += IMAGE_PAGE_SIZE)
        if (is_pcr(target, &layout, page))
            missing -= take(target, page + layout.prcb.offset, block);
}
