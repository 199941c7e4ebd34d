/* vm_x86.c - the page tables of x86: two levels with 4 MiB pages, PAE; and five levels of x64. */
#include "test.h"

#include "base/memory.h"
#include "small_dump32.h"
#include "vm/vm.h"

enum { ROOT = 1, FRAMES = 64 };

#define FLAGS 0x863u /* Dirty, Accessed, Write, Valid, and Windows' own Write */
#define LARGE 0x80u

struct machine {
    struct small_dump dump;
    struct image *image;
    struct vm *vm;
};

/* Frames 1 to 9 are left for tables. */
static struct machine machine_of(bool pae) {
    const struct small_run run = {0, FRAMES};
    struct machine machine = {.dump = small_full32(&run, 1, 1)};
    put(&machine.dump, 0x5c, pae, 1);
    memset(machine.dump.bytes + machine.dump.first_page + PAGE, 0, 9 * PAGE);
    return machine;
}

static void put_entry(struct machine *machine, uint64_t frame, size_t index, uint64_t entry,
                      size_t width) {
    put(&machine->dump, machine->dump.first_page + frame * PAGE + index * width, entry, width);
}

static void start(struct machine *machine, uint64_t directory_table_base) {
    struct error err = {.message = ""};
    if (image_open_bytes(&err, "dump", machine->dump.bytes, machine->dump.size, &machine->image))
        fail_msg("%s", err.message);
    machine->vm = vm_create(machine->image, directory_table_base);
}

static void stop(struct machine *machine) {
    vm_destroy(machine->vm);
    image_close(machine->image);
    small_free(&machine->dump);
}

static void leads_to(struct vm *vm, uint64_t address, uint64_t physical, uint64_t page_size) {
    struct vm_translation walk = vm_translate(vm, address);
    assert_int_equal(walk.state, READ_PRESENT);
    assert_int_equal(walk.physical, physical);
    assert_int_equal(walk.page_size, page_size);
}

static void ends_as(struct vm *vm, uint64_t address, enum read_state state) {
    assert_int_equal(vm_translate(vm, address).state, state);
}

static void test_two_levels(void **state) {
    (void)state;
    struct machine machine = machine_of(false);
    put_entry(&machine, ROOT, 0x202, 0x2000 | FLAGS, 4);
    put_entry(&machine, ROOT, 0x203, 0x00400000 | FLAGS | LARGE, 4);
    put_entry(&machine, ROOT, 0x204, 0x08006000 | FLAGS | LARGE, 4); /* bits 13, 14: PSE-36 */
    put_entry(&machine, ROOT, 0x205, 0x08101000 | FLAGS | LARGE, 4); /* bits 12 (PAT) and 20 */
    put_entry(&machine, ROOT, 0x3ff, 0x3000 | FLAGS, 4);
    put_entry(&machine, 2, 5, 0x20000 | FLAGS, 4);
    put_entry(&machine, 2, 6, 0xfffff000 | FLAGS | LARGE, 4); /* bit 7 of a PTE is no size */
    put_entry(&machine, 3, 0x3ff, 0x21000 | FLAGS, 4);
    start(&machine, ROOT * PAGE | 0x18); /* PWT, PCD */
    assert_int_equal(vm_paging(machine.vm), VM_X86);
    assert_int_equal(vm_pointer_size(machine.vm), 4);
    assert_int_equal(vm_directory_table_base(machine.vm), ROOT * PAGE);
    leads_to(machine.vm, 0x80805123, 0x20123, PAGE);
    leads_to(machine.vm, 0x80806123, 0xfffff123, PAGE);
    leads_to(machine.vm, 0x80cabcde, 0x004abcde, 0x400000);
    leads_to(machine.vm, 0x81000001, 0x308000001, 0x400000);
    leads_to(machine.vm, 0x81400001, 0x8008000001, 0x400000);
    ends_as(machine.vm, 0x80804fff, READ_NOT_MAPPED);
    ends_as(machine.vm, 0x00001000, READ_NOT_MAPPED);
    uint64_t value = 0;
    assert_int_equal(vm_read_pointer(machine.vm, 0x80805004, &value), READ_PRESENT);
    assert_int_equal(value, content(0x20, 0) >> 32);
    stop(&machine);
}

/* The last byte of 4 GiB, and what lies behind it. */
static void test_end_of_addresses(void **state) {
    (void)state;
    struct machine machine = machine_of(false);
    put_entry(&machine, ROOT, 0x3ff, 0x3000 | FLAGS, 4);
    put_entry(&machine, ROOT, 0, 0x3000 | FLAGS, 4);
    put_entry(&machine, 3, 0x3ff, 0x21000 | FLAGS, 4);
    put_entry(&machine, 3, 0, 0x22000 | FLAGS, 4);
    start(&machine, ROOT * PAGE);
    uint8_t bytes[16];
    uint64_t failed_at = 0;
    assert_int_equal(vm_read(machine.vm, 0xfffffff8, bytes, 8, &failed_at), READ_PRESENT);
    assert_int_equal(vm_read(machine.vm, 0xfffffff8, bytes, 9, &failed_at), READ_NON_CANONICAL);
    assert_int_equal(failed_at, 0x100000000);
    assert_true(vm_is_canonical(machine.vm, 0x80000000));
    assert_false(vm_is_canonical(machine.vm, 0xffffffff80000000));
    ends_as(machine.vm, 0xffffffff80000000, READ_NON_CANONICAL);
    stop(&machine);
}

/* MMPTE_SOFTWARE of 4 bytes has PageFileHigh in bits 12 to 31, that of 8 bytes in 32 to 63. */
static void test_software_ptes(void **state) {
    (void)state;
    static const struct {
        uint64_t entry;
        enum read_state without_pae, with_pae;
    } samples[] = {
        {0, READ_NOT_MAPPED, READ_NOT_MAPPED},
        {0x80, READ_DEMAND_ZERO, READ_DEMAND_ZERO},
        {0x1a2b4082, READ_PAGED_OUT, READ_DEMAND_ZERO},
        {0x0001a2b400000082, READ_DEMAND_ZERO, READ_PAGED_OUT},
        {0x12345400, READ_PROTOTYPE, READ_PROTOTYPE},
        {0x12345c00, READ_PROTOTYPE, READ_PROTOTYPE},
        {0x00123002, READ_NOT_MAPPED, READ_NOT_MAPPED}, /* MMPTE_LIST */
        {0x20880, READ_PRESENT, READ_PRESENT},
    };
    for (int pae = 0; pae < 2; pae++) {
        struct machine machine = machine_of(pae);
        size_t width = pae ? 8 : 4;
        if (pae) {
            put_entry(&machine, ROOT, 2, 0x2001, 8);
            put_entry(&machine, 2, 0, 0x3000 | FLAGS, 8);
        } else {
            put_entry(&machine, ROOT, 0x200, 0x3000 | FLAGS, 4);
        }
        for (size_t index = 0; index < ARRAY_LENGTH(samples); index++)
            put_entry(&machine, 3, index, samples[index].entry, width);
        start(&machine, ROOT * PAGE);
        for (size_t index = 0; index < ARRAY_LENGTH(samples); index++)
            ends_as(machine.vm, 0x80000000 + index * PAGE,
                    pae ? samples[index].with_pae : samples[index].without_pae);
        struct vm_translation walk = vm_translate(machine.vm, 0x80007123);
        assert_true(walk.transition);
        assert_int_equal(walk.physical, 0x20123);
        stop(&machine);
    }
}

static void test_pae(void **state) {
    (void)state;
    struct machine machine = machine_of(true);
    const size_t inside = 0x60; /* CR3 points to 32 bytes anywhere in a page */
    put_entry(&machine, ROOT, inside / 8 + 0, 0x880, 8); /* not valid, and no transition PTE */
    put_entry(&machine, ROOT, inside / 8 + 2, 0x2001, 8);
    put_entry(&machine, ROOT, inside / 8 + 3, 0x4001, 8);
    put_entry(&machine, 2, 1, 0x3000 | FLAGS, 8);
    put_entry(&machine, 2, 2, 0x8000000123e01000 | FLAGS | LARGE, 8); /* NX, PAT */
    put_entry(&machine, 3, 5, 0x8000000000020000 | FLAGS, 8);
    put_entry(&machine, 3, 6, 0x0000000fffff0000 | FLAGS, 8);
    put_entry(&machine, 4, 3, 0x4000 | FLAGS, 8); /* a self-map, as Windows has it */
    start(&machine, ROOT * PAGE | inside | 0x18);
    assert_int_equal(vm_paging(machine.vm), VM_X86_PAE);
    assert_int_equal(vm_directory_table_base(machine.vm), ROOT * PAGE | inside);
    leads_to(machine.vm, 0x80205abc, 0x20abc, PAGE);
    leads_to(machine.vm, 0x80206abc, 0xfffff0abc, PAGE);
    leads_to(machine.vm, 0x804abcde, 0x123eabcde, 0x200000);
    leads_to(machine.vm, 0xc0603018, 0x4018, PAGE);
    ends_as(machine.vm, 0x00000000, READ_NOT_MAPPED);
    ends_as(machine.vm, 0x40000000, READ_NOT_MAPPED);
    stop(&machine);
}

/* Five levels, in an address space like another one. */
static void test_five_levels(void **state) {
    (void)state;
    const struct small_run run = {0, FRAMES};
    struct machine machine = {.dump = small_full(&run, 1, 1)};
    memset(machine.dump.bytes + machine.dump.first_page + PAGE, 0, 9 * PAGE);
    put_entry(&machine, ROOT, 0x102, 0x2000 | FLAGS, 8);
    put_entry(&machine, 2, 3, 0x3000 | FLAGS, 8);
    put_entry(&machine, 3, 4, 0x4000 | FLAGS, 8);
    put_entry(&machine, 4, 5, 0x5000 | FLAGS, 8);
    put_entry(&machine, 5, 6, 0x20000 | FLAGS, 8);
    put_entry(&machine, 5, 7, 0x0000200000020880, 8);
    start(&machine, ROOT * PAGE);
    assert_int_equal(vm_paging(machine.vm), VM_X64);
    const uint64_t address = 0xff02018100a06123;
    ends_as(machine.vm, address, READ_NON_CANONICAL);
    struct vm *deep = vm_create_paging(machine.image, VM_X64_LA57, ROOT * PAGE | 2);
    leads_to(deep, address, 0x20123, PAGE);
    assert_int_equal(vm_translate(deep, address).level, 1);
    assert_int_equal(vm_translate(deep, 0xff03000000000000).level, 5);
    ends_as(deep, 0x0100000000000000, READ_NON_CANONICAL);
    vm_set_invalid_pte_mask(deep, 0x0000200000000000);
    struct vm *like = vm_create_like(deep, ROOT * PAGE);
    assert_int_equal(vm_paging(like), VM_X64_LA57);
    leads_to(like, address + PAGE, 0x20123, PAGE);
    vm_destroy(like);
    vm_destroy(deep);
    stop(&machine);
}

/* The last page of the address space is found, and nothing behind it. */
static void test_next_page(void **state) {
    (void)state;
    struct machine machine = machine_of(false);
    put_entry(&machine, ROOT, 0x203, 0x00000000 | FLAGS | LARGE, 4);
    put_entry(&machine, ROOT, 0x3ff, 0x3000 | FLAGS, 4);
    put_entry(&machine, 3, 0x3ff, 0x21000 | FLAGS, 4);
    start(&machine, ROOT * PAGE);
    uint64_t address = 0x80000000, physical, entries = 1 << 20;
    assert_true(vm_next_page(machine.vm, UINT32_MAX, &entries, &address, &physical));
    assert_int_equal(address, 0x80c00000);
    assert_int_equal(physical, 0);
    address = 0x81000000;
    assert_true(vm_next_page(machine.vm, UINT32_MAX, &entries, &address, &physical));
    assert_int_equal(address, 0xfffff000);
    assert_int_equal(physical, 0x21000);
    address += PAGE;
    assert_false(vm_next_page(machine.vm, UINT32_MAX, &entries, &address, &physical));
    assert_false(vm_next_page(machine.vm, UINT64_MAX, &entries, &address, &physical));
    stop(&machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_levels),    cmocka_unit_test(test_end_of_addresses),
        cmocka_unit_test(test_software_ptes), cmocka_unit_test(test_pae),
        cmocka_unit_test(test_five_levels),   cmocka_unit_test(test_next_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
