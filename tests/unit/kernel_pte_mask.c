/* kernel_pte_mask.c - tests that transition pages of a kernel with the L1TF mitigation are read. */
#include "test.h"

#include "kernel/proof.h"
#include "small_kernel.h"

#define MASK        0x200000000000
#define NT_MASK     (NT + 0x4320) /* MiInvalidPteMask */
#define PAGED       0xffffc00000000000
#define PAGED_VALUE 0x1122334455667788

/* Makes the page at PAGED a transition page, its PTE with the mask's bits. */
static void make_transition_page(struct machine *machine) {
    machine_put(machine, PAGED, PAGED_VALUE, 8);
    uint64_t frame = MACHINE_PML4;
    for (int shift = 39; shift > 12; shift -= 9)
        frame = machine_follow(machine, frame, PAGED >> shift & 511);
    uint64_t entry;
    memcpy(&entry, machine->frames[frame] + 8 * (PAGED >> 12 & 511), 8);
    entry = (entry & 0xffffffffff000) | 0x880 | MASK; /* Transition, Protection 4; not Valid */
    memcpy(machine->frames[frame] + 8 * (PAGED >> 12 & 511), &entry, 8);
}

static void assert_read_with(struct machine *machine, const char *symbols, enum symbols_match match,
                             bool expected) {
    make_transition_page(machine);
    struct target *target = machine_open(machine);
    struct error err;
    struct symbols_search search = {.paths = &symbols, .path_count = symbols ? 1 : 0};
    assert_int_equal(target_attach(&err, target, &search), STATUS_OK);
    assert_int_equal(target->match, match);
    uint64_t value = 0;
    enum read_state state = vm_read_u64(target->vm, PAGED, &value);
    assert_int_equal(state == READ_PRESENT, expected);
    assert_int_equal(value, expected ? PAGED_VALUE : 0);
    target_close(target);
    machine_destroy(machine);
}

static void test_mask_by_its_symbol(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    machine_put(machine, NT_MASK, MASK, 8);
    write_own_profile("pte-mask.json", NT_GUID);
    assert_read_with(machine, "pte-mask.json", MATCH_EXACT, true);
    unlink("pte-mask.json");
}

static void test_mask_in_the_state_that_holds_the_ring(void **state) {
    (void)state;
    struct machine *machine = small_kernel_of("nt-17763-x64");
    struct symbols *symbols = builtin_symbols("nt-17763-x64");
    uint64_t mi_state =
        NT_LIST - offset_of(symbols, "_MI_SYSTEM_INFORMATION", "Processes.ProcessList");
    machine_put(machine,
                mi_state + offset_of(symbols, "_MI_SYSTEM_INFORMATION", "Hardware.InvalidPteMask"),
                MASK, 8);
    symbols_free(symbols);
    assert_read_with(machine, NULL, MATCH_PROVED, true);
}

static void test_build_without_a_mask(void **state) {
    (void)state;
    assert_read_with(small_kernel(), NULL, MATCH_PROVED, false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask_by_its_symbol),
        cmocka_unit_test(test_mask_in_the_state_that_holds_the_ring),
        cmocka_unit_test(test_build_without_a_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
