/* pte_mask.c - finding the mask of PTEs that are not valid. */
#include "kernel/pte_mask.h"

#include "kernel/process.h"

static const char state_type[] = "_MI_SYSTEM_INFORMATION";

/* MiState, from the ring's head inside it. */
static bool state_of_ring(const struct target *target, uint64_t *state) {
    struct field head;
    if (!symbols_field(target->symbols, state_type, "Processes.ProcessList", &head))
        return false;
    struct process_ring ring;
    process_ring_memory_manager(target, process_system(target), &ring);
    bool found = ring.head != 0;
    if (found)
        *state = ring.head - head.offset;
    process_ring_deinit(&ring);
    return found;
}

static bool find_mask(const struct target *target, uint64_t *address) {
    if (target_symbol(target, "MiInvalidPteMask", address))
        return true;
    uint64_t state;
    struct field mask;
    if (!symbols_field(target->symbols, state_type, "Hardware.InvalidPteMask", &mask))
        return false;
    if (!target_symbol(target, "MiState", &state) && !state_of_ring(target, &state))
        return false;
    *address = state + mask.offset;
    return true;
}

void pte_mask_learn(struct target *target) {
    uint64_t address, mask;
    if (find_mask(target, &address) && vm_read_u64(target->vm, address, &mask) == READ_PRESENT)
        vm_set_invalid_pte_mask(target->vm, mask);
}
