/* vm.c - x64 page tables: every kind of entry, page sizes, borders, tables that are not there. */
#include "test.h"

#include "base/memory.h"
#include "small_dump.h"
#include "vm/vm.h"

/* Frames 0 to 63 are in the dump. Frame 1 is the PML4; 2 to 9 are left for tables. */
enum { PML4 = 1, FRAMES = 64 };

#define VALID     0x1u
#define LARGE     0x80u
#define NX        0x8000000000000000u
#define FLAGS     0x863u /* as Windows sets them on kernel pages: Dirty, Accessed, Write, Valid */
#define BASE      0xffffa00000000000u
#define SOFT_BITS 0x7ff0000000000000u

struct machine {
    struct small_dump dump;
    struct image *image;
    struct vm *vm;
};

static void set_entry(struct machine *machine, uint64_t frame, unsigned index, uint64_t entry) {
    put(&machine->dump, machine->dump.first_page + frame * PAGE + index * 8, entry, 8);
}

static void clear_frame(struct machine *machine, uint64_t frame) {
    memset(machine->dump.bytes + machine->dump.first_page + frame * PAGE, 0, PAGE);
}

/* BASE leads through PML4[320], tables 2 and 3, to page table 4, which is empty. */
static void machine_init(struct machine *machine) {
    const struct small_run run = {0, FRAMES};
    *machine = (struct machine){.dump = small_full(&run, 1, 1)};
    for (uint64_t frame = PML4; frame < 10; frame++)
        clear_frame(machine, frame);
    set_entry(machine, PML4, 320, 0x2000 | FLAGS);
    set_entry(machine, 2, 0, 0x3000 | FLAGS);
    set_entry(machine, 3, 0, 0x4000 | FLAGS);
}

/* After the tables are as they should be. */
static void machine_start(struct machine *machine, uint64_t directory_table_base) {
    struct error err = {.message = ""};
    if (image_open_bytes(&err, "dump", machine->dump.bytes, machine->dump.size, &machine->image))
        fail_msg("%s", err.message);
    machine->vm = vm_create(machine->image, directory_table_base);
}

static void machine_deinit(struct machine *machine) {
    vm_destroy(machine->vm);
    image_close(machine->image);
    small_free(&machine->dump);
}

static void assert_word(struct vm *vm, uint64_t address, uint64_t expected) {
    uint64_t value = 0;
    assert_int_equal(vm_read_u64(vm, address, &value), READ_PRESENT);
    assert_int_equal(value, expected);
}

static void assert_state(struct vm *vm, uint64_t address, enum read_state state) {
    uint8_t byte;
    assert_string_equal(read_state_name(vm_read_u8(vm, address, &byte)), read_state_name(state));
}

static void test_page_4k(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 5, 0x20000 | FLAGS | NX | SOFT_BITS);
    machine_start(&machine, PML4 * PAGE);
    struct vm_translation walk = vm_translate(machine.vm, BASE + 0x5123);
    assert_int_equal(walk.state, READ_PRESENT);
    assert_int_equal(walk.physical, 0x20123);
    assert_int_equal(walk.page_size, PAGE);
    assert_int_equal(walk.level, 1);
    assert_int_equal(walk.entry, 0x20000 | FLAGS | NX | SOFT_BITS);
    assert_int_equal(walk.entry_address, 0x4000 + 5 * 8);
    assert_false(walk.transition);
    assert_word(machine.vm, BASE + 0x5120, content(0x20, 0x120));
    machine_deinit(&machine);
}

static void test_directory_table_base_flags(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 0, 0x20000 | FLAGS);
    machine_start(&machine, PML4 * PAGE | 0x002 | 0x8000000000000000);
    assert_int_equal(vm_directory_table_base(machine.vm), PML4 * PAGE);
    assert_word(machine.vm, BASE, content(0x20, 0));
    machine_deinit(&machine);
}

/* Bit 12 of a large page's entry is PAT, and the bits up to its size are no address. */
static void test_large_pages(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 3, 1, 0x0 | FLAGS | LARGE | 0x1000 | NX);
    set_entry(&machine, 3, 2, 0x40000000 | FLAGS | LARGE);
    set_entry(&machine, 2, 1, 0x0 | FLAGS | LARGE | 0x1000 | NX | SOFT_BITS);
    machine_start(&machine, PML4 * PAGE);

    struct vm_translation walk = vm_translate(machine.vm, BASE + 0x200000 + 0x21008);
    assert_int_equal(walk.physical, 0x21008);
    assert_int_equal(walk.page_size, 0x200000);
    assert_int_equal(walk.level, 2);
    assert_word(machine.vm, BASE + 0x200000 + 0x21008, content(0x21, 8));
    assert_state(machine.vm, BASE + 0x200000 + FRAMES * PAGE, READ_NOT_IN_DUMP);

    walk = vm_translate(machine.vm, BASE + 0x400000 + 0x1fffff);
    assert_int_equal(walk.state, READ_PRESENT);
    assert_int_equal(walk.physical, 0x401fffff);

    walk = vm_translate(machine.vm, BASE + 0x40000000 + 0x3fffffff);
    assert_int_equal(walk.physical, 0x3fffffff);
    assert_int_equal(walk.page_size, 0x40000000);
    assert_int_equal(walk.level, 3);
    assert_word(machine.vm, BASE + 0x40000000 + 0x22ff8, content(0x22, 0xff8));
    machine_deinit(&machine);
}

/* PTEs that are not valid, as MMPTE_SOFTWARE, MMPTE_TRANSITION and MMPTE_PROTOTYPE have them. */
static const struct {
    uint64_t entry;
    enum read_state state;
    const char *what;
} software_ptes[] = {
    {0, READ_NOT_MAPPED, "nothing"},
    {0x800fe08020d80400, READ_PROTOTYPE, "prototype, a real one of 17763"},
    {0xffffffff00000420, READ_PROTOTYPE, "prototype that the VAD knows (7601)"},
    {0x80000000abcd0c80, READ_PROTOTYPE, "prototype with bit 11, Protection or Combined"},
    {0x0000000000000080, READ_DEMAND_ZERO, "Protection alone"},
    {0x00000000000000c0, READ_DEMAND_ZERO, "Protection alone, no-access bit pattern"},
    {0x0000123400000080, READ_PAGED_OUT, "PageFileHigh"},
    {0x0000123400000084, READ_PAGED_OUT, "PageFileHigh, PageFileLow 2 (7601)"},
    {0x0000123400002086, READ_PAGED_OUT, "PageFileHigh, PageFileLow 2 (17763)"},
    {0x000074c400000000, READ_NOT_MAPPED, "link of a free system PTE, a real one of 17763"},
    {0x00007c8400000010, READ_NOT_MAPPED, "the same with SwizzleBit"},
};

static void test_software_ptes(void **state) {
    (void)state;
    for (unsigned index = 0; index < ARRAY_LENGTH(software_ptes); index++) {
        struct machine machine;
        machine_init(&machine);
        set_entry(&machine, 4, 7, software_ptes[index].entry);
        set_entry(&machine, 3, 7, software_ptes[index].entry);
        set_entry(&machine, 2, 7, software_ptes[index].entry);
        machine_start(&machine, PML4 * PAGE);
        const uint64_t addresses[] = {BASE + (7ull << 12), BASE + (7ull << 21),
                                      BASE + (7ull << 30)};
        for (unsigned level = 1; level <= 3; level++) {
            struct vm_translation walk = vm_translate(machine.vm, addresses[level - 1]);
            if (walk.state != software_ptes[index].state)
                fail_msg("%s: %s", software_ptes[index].what, read_state_name(walk.state));
            assert_int_equal(walk.level, level);
            assert_int_equal(walk.entry, software_ptes[index].entry);
            assert_int_equal(walk.page_size, 0);
            assert_state(machine.vm, addresses[level - 1], software_ptes[index].state);
        }
        machine_deinit(&machine);
    }
}

static void test_transition(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 1, 0x30000 | 0x880);
    set_entry(&machine, 4, 2, 0x31000 | 0x8c0);       /* Protection with bit 7 */
    set_entry(&machine, 4, 3, FRAMES * PAGE | 0x880); /* not in the dump */
    set_entry(&machine, 3, 1, 0x5000 | 0x880);        /* a page table on its way out */
    set_entry(&machine, 5, 0, 0x32000 | FLAGS);
    machine_start(&machine, PML4 * PAGE);
    struct vm_translation walk = vm_translate(machine.vm, BASE + 0x1008);
    assert_int_equal(walk.state, READ_PRESENT);
    assert_int_equal(walk.physical, 0x30008);
    assert_int_equal(walk.page_size, PAGE);
    assert_true(walk.transition);
    assert_word(machine.vm, BASE + 0x1008, content(0x30, 8));
    assert_word(machine.vm, BASE + 0x2008, content(0x31, 8));
    assert_state(machine.vm, BASE + 0x3000, READ_NOT_IN_DUMP);
    walk = vm_translate(machine.vm, BASE + 0x200000);
    assert_true(walk.transition);
    assert_int_equal(walk.physical, 0x32000);
    assert_word(machine.vm, BASE + 0x200000, content(0x32, 0));
    machine_deinit(&machine);
}

/* The mask of the 17763 machine whose pages are in the oracle test. */
static void test_invalid_pte_mask(void **state) {
    (void)state;
    const uint64_t mask = 0x0000200000000000;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 1, mask | 0x30000 | 0x880);
    set_entry(&machine, 4, 2, mask | 0x80);
    set_entry(&machine, 4, 3, mask | 0x0000123400000000 | 0x80);
    set_entry(&machine, 4, 4, mask | 0x90); /* SwizzleBit: the bit is the PTE's own */
    set_entry(&machine, 4, 5, 0x33000 | FLAGS);
    machine_start(&machine, PML4 * PAGE);
    assert_state(machine.vm, BASE + 0x1000, READ_NOT_IN_DUMP);
    assert_state(machine.vm, BASE + 0x2000, READ_PAGED_OUT);
    vm_set_invalid_pte_mask(machine.vm, mask);
    assert_word(machine.vm, BASE + 0x1008, content(0x30, 8));
    assert_int_equal(vm_translate(machine.vm, BASE + 0x1008).entry, mask | 0x30880);
    assert_state(machine.vm, BASE + 0x2000, READ_DEMAND_ZERO);
    assert_state(machine.vm, BASE + 0x3000, READ_PAGED_OUT);
    assert_state(machine.vm, BASE + 0x4000, READ_PAGED_OUT);
    assert_word(machine.vm, BASE + 0x5000, content(0x33, 0));
    vm_set_invalid_pte_mask(machine.vm, 0);
    assert_state(machine.vm, BASE + 0x1000, READ_NOT_IN_DUMP);
    machine_deinit(&machine);
}

static void test_missing_tables(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, PML4, 1, 0x7777000 | FLAGS);
    set_entry(&machine, 2, 1, 0x8888000 | FLAGS);
    set_entry(&machine, 3, 1, 0x9999000 | FLAGS);
    set_entry(&machine, 4, 1, 0xaaaa000 | FLAGS);
    machine_start(&machine, PML4 * PAGE);
    struct vm_translation walk = vm_translate(machine.vm, (1ull << 39) + (5ull << 30));
    assert_int_equal(walk.state, READ_NOT_IN_DUMP);
    assert_int_equal(walk.level, 4);
    assert_int_equal(walk.entry, 0x7777000 | FLAGS);
    assert_int_equal(walk.physical, 0x7777000 + 5 * 8);
    assert_int_equal(walk.page_size, 0);
    assert_int_equal(vm_translate(machine.vm, BASE + (1ull << 30)).state, READ_NOT_IN_DUMP);
    assert_int_equal(vm_translate(machine.vm, BASE + (1ull << 21)).state, READ_NOT_IN_DUMP);
    assert_state(machine.vm, BASE + (1ull << 21), READ_NOT_IN_DUMP);
    /* The page is missing, not a table: a translation there is. */
    walk = vm_translate(machine.vm, BASE + 0x1010);
    assert_int_equal(walk.state, READ_PRESENT);
    assert_int_equal(walk.physical, 0xaaaa010);
    assert_state(machine.vm, BASE + 0x1010, READ_NOT_IN_DUMP);
    vm_destroy(machine.vm);
    machine.vm = vm_create(machine.image, 0x5555000);
    walk = vm_translate(machine.vm, BASE);
    assert_int_equal(walk.state, READ_NOT_IN_DUMP);
    assert_int_equal(walk.level, 0);
    machine_deinit(&machine);
}

/* Cut behind frame 9: the tables are there, the pages are not; then the last table is gone too. */
static void test_cut_off(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 1, 0x30000 | FLAGS);
    set_entry(&machine, 4, 2, FRAMES * PAGE | FLAGS);
    set_entry(&machine, 3, 1, 0x9000 | FLAGS);
    machine.dump.size = machine.dump.first_page + 10 * PAGE;
    machine_start(&machine, PML4 * PAGE);
    assert_state(machine.vm, BASE + 0x1000, READ_CUT_OFF);
    assert_state(machine.vm, BASE + 0x2000, READ_NOT_IN_DUMP);
    assert_state(machine.vm, BASE + 0x200000, READ_NOT_MAPPED);
    vm_destroy(machine.vm);
    image_close(machine.image);
    machine.dump.size -= 1;
    machine_start(&machine, PML4 * PAGE);
    assert_state(machine.vm, BASE + 0x200000, READ_CUT_OFF);
    assert_int_equal(vm_translate(machine.vm, BASE + 0x200000).physical, 0x9000);
    machine_deinit(&machine);
}

static void test_canonical(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    machine_start(&machine, PML4 * PAGE);
    const struct {
        uint64_t address;
        bool canonical;
    } cases[] = {
        {0, true},
        {0x00007fffffffffff, true},
        {0x0000800000000000, false},
        {0xffff7fffffffffff, false},
        {0xffff800000000000, true},
        {UINT64_MAX, true},
        {0x0001000000000000, false},
        {0x7fffffffffffffff, false},
        {0x8000000000000000, false},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        struct vm_translation walk = vm_translate(machine.vm, cases[index].address);
        assert_int_equal(vm_is_canonical(machine.vm, cases[index].address), cases[index].canonical);
        assert_int_equal(walk.state, cases[index].canonical ? READ_NOT_MAPPED : READ_NON_CANONICAL);
        assert_state(machine.vm, cases[index].address,
                     cases[index].canonical ? READ_NOT_MAPPED : READ_NON_CANONICAL);
    }
    machine_deinit(&machine);
}

static void test_reads_over_pages(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    /* Neighbours in the address space, but not in memory; a gap follows. */
    set_entry(&machine, 4, 0, 0x38000 | FLAGS);
    set_entry(&machine, 4, 1, 0x30000 | FLAGS);
    set_entry(&machine, 4, 2, 0x34000 | FLAGS);
    set_entry(&machine, 4, 4, 0x0000123400000080);
    machine_start(&machine, PML4 * PAGE);
    uint64_t words[2 + PAGE / 8];
    uint64_t failed_at = 1;
    assert_int_equal(vm_read(machine.vm, BASE + PAGE - 8, words, sizeof words, &failed_at),
                     READ_PRESENT);
    assert_int_equal(words[0], content(0x38, PAGE - 8));
    assert_int_equal(words[1], content(0x30, 0));
    assert_int_equal(words[PAGE / 8], content(0x30, PAGE - 8));
    assert_int_equal(words[1 + PAGE / 8], content(0x34, 0));
    assert_int_equal(failed_at, 1);

    uint64_t value = 7;
    assert_int_equal(vm_read_u64(machine.vm, BASE + PAGE - 3, &value), READ_PRESENT);
    assert_int_equal(value, content(0x38, PAGE - 8) >> 40 | content(0x30, 0) << 24);

    assert_int_equal(vm_read(machine.vm, BASE + 3 * PAGE - 4, words, 8, &failed_at),
                     READ_NOT_MAPPED);
    assert_int_equal(failed_at, BASE + 3 * PAGE);
    assert_int_equal(vm_read(machine.vm, BASE + 4 * PAGE + 5, words, 8, &failed_at),
                     READ_PAGED_OUT);
    assert_int_equal(failed_at, BASE + 4 * PAGE + 5);
    assert_int_equal(vm_read(machine.vm, BASE + 3 * PAGE, words, 0, &failed_at), READ_PRESENT);
    machine_deinit(&machine);
}

static void test_integers(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 0, 0x38000 | FLAGS);
    put(&machine.dump, machine.dump.first_page + 0x38 * PAGE + 0x10, 0x8877665544332211, 8);
    machine_start(&machine, PML4 * PAGE);
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    assert_int_equal(vm_read_u8(machine.vm, BASE + 0x10, &u8), READ_PRESENT);
    assert_int_equal(vm_read_u16(machine.vm, BASE + 0x10, &u16), READ_PRESENT);
    assert_int_equal(vm_read_u32(machine.vm, BASE + 0x10, &u32), READ_PRESENT);
    assert_int_equal(vm_read_u64(machine.vm, BASE + 0x10, &u64), READ_PRESENT);
    assert_int_equal(u8, 0x11);
    assert_int_equal(u16, 0x2211);
    assert_int_equal(u32, 0x44332211);
    assert_int_equal(u64, 0x8877665544332211);
    /* The first bytes are there, the last are not: the value stays as it was. */
    assert_int_equal(vm_read_u16(machine.vm, BASE + PAGE - 1, &u16), READ_NOT_MAPPED);
    assert_int_equal(vm_read_u32(machine.vm, BASE + PAGE - 1, &u32), READ_NOT_MAPPED);
    assert_int_equal(vm_read_u64(machine.vm, BASE + PAGE - 1, &u64), READ_NOT_MAPPED);
    assert_int_equal(vm_read_u8(machine.vm, BASE + PAGE, &u8), READ_NOT_MAPPED);
    assert_int_equal(u8, 0x11);
    assert_int_equal(u16, 0x2211);
    assert_int_equal(u32, 0x44332211);
    assert_int_equal(u64, 0x8877665544332211);
    machine_deinit(&machine);
}

/* The ends of both halves of the address space. */
static void test_ends(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    const unsigned entries[] = {511, 255};
    for (unsigned index = 0; index < 2; index++)
        set_entry(&machine, PML4, entries[index], 0x5000 | FLAGS);
    set_entry(&machine, 5, 511, 0x6000 | FLAGS);
    set_entry(&machine, 6, 511, 0x7000 | FLAGS);
    set_entry(&machine, 7, 511, 0x33000 | FLAGS);
    /* What a read would find that went on at address 0. */
    set_entry(&machine, PML4, 0, 0x8000 | FLAGS | LARGE);
    set_entry(&machine, 8, 0, 0 | FLAGS | LARGE);
    machine_start(&machine, PML4 * PAGE);
    uint8_t bytes[16];
    uint64_t failed_at = 1;
    assert_state(machine.vm, 0, READ_PRESENT);
    assert_int_equal(vm_read(machine.vm, UINT64_MAX - 7, bytes, 8, &failed_at), READ_PRESENT);
    assert_int_equal(vm_read(machine.vm, UINT64_MAX - 7, bytes, 9, &failed_at), READ_NON_CANONICAL);
    assert_int_equal(failed_at, 0);
    assert_int_equal(vm_read(machine.vm, 0x00007ffffffffff8, bytes, 8, &failed_at), READ_PRESENT);
    assert_int_equal(vm_read(machine.vm, 0x00007ffffffffff8, bytes, 9, &failed_at),
                     READ_NON_CANONICAL);
    assert_int_equal(failed_at, 0x0000800000000000);
    machine_deinit(&machine);
}

/* A table that is its own child ends after four steps, as Windows' PTE base wants it to. */
static void test_self_map(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, PML4, 488, PML4 * PAGE | FLAGS);
    set_entry(&machine, 4, 5, 0x20000 | FLAGS);
    machine_start(&machine, PML4 * PAGE);
    const uint64_t pte_base = 0xfffff40000000000;
    assert_word(machine.vm, pte_base + (((BASE + 0x5000) & 0xffffffffffff) >> 12) * 8,
                0x20000 | FLAGS);
    const uint64_t pml4 = 0xfffff47a3d1e8000;
    struct vm_translation walk = vm_translate(machine.vm, pml4 + 488 * 8);
    assert_int_equal(walk.physical, PML4 * PAGE + 488 * 8);
    assert_word(machine.vm, pml4 + 488 * 8, PML4 * PAGE | FLAGS);
    machine_deinit(&machine);
}

/* Addresses that share a place in the TLB, and ones that failed before. */
static void test_tlb(void **state) {
    (void)state;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 0, 0x20000 | FLAGS);
    for (unsigned index = 1; index < 4; index++) {
        set_entry(&machine, 3, index * 2, (4 + index) * PAGE | FLAGS);
        set_entry(&machine, 4 + index, 0, (0x20 + index) * PAGE | FLAGS);
    }
    machine_start(&machine, PML4 * PAGE);
    for (unsigned round = 0; round < 3; round++) {
        for (uint64_t index = 0; index < 4; index++)
            assert_word(machine.vm, BASE + (index << 22), content(0x20 + index, 0));
        assert_state(machine.vm, BASE + (1ull << 30), READ_NOT_MAPPED);
        assert_state(machine.vm, BASE + (4ull << 22), READ_NOT_MAPPED);
    }
    machine_deinit(&machine);
}

/* Pages one by one, small and large; what is not mapped, or by a table that is not there, is passed
 * over. */
static void test_next_page(void **state) {
    (void)state;
    const uint64_t none = 0x7ffff000, last = BASE + (1ull << 39) - 1;
    struct machine machine;
    machine_init(&machine);
    set_entry(&machine, 4, 7, 0x20000 | FLAGS);
    set_entry(&machine, 4, 511, 0x21000 | FLAGS);
    set_entry(&machine, 3, 1, none | FLAGS);        /* a page table outside of the dump */
    set_entry(&machine, 3, 3, 0x0 | FLAGS | LARGE); /* 512 pages */
    set_entry(&machine, 2, 511, 0x5000 | FLAGS);    /* an empty page directory */
    machine_start(&machine, PML4 * PAGE);
    const struct {
        uint64_t from, address, physical;
    } steps[] = {
        {BASE, BASE + 0x7000, 0x20000},
        {BASE + 0x7008, BASE + 0x7008, 0x20008},
        {BASE + 0x8000, BASE + 0x1ff000, 0x21000},
        {BASE + 0x200000, BASE + 0x600000, 0},
        {BASE + 0x601000, BASE + 0x601000, 0x1000},
    };
    uint64_t address, physical, entries = 1 << 20;
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        address = steps[i].from;
        assert_true(vm_next_page(machine.vm, last, &entries, &address, &physical));
        assert_int_equal(address, steps[i].address);
        assert_int_equal(physical, steps[i].physical);
    }
    address = BASE + 0x800000;
    assert_false(vm_next_page(machine.vm, UINT64_MAX, &entries, &address, &physical));
    assert_true(entries > (1 << 20) - 8000); /* an empty part of a table costs its entries once */
    address = BASE;
    assert_false(vm_next_page(machine.vm, BASE + 0x6fff, &entries, &address, &physical));
    entries = 8;
    address = BASE;
    assert_false(vm_next_page(machine.vm, last, &entries, &address, &physical));
    assert_int_equal(entries, 0);
    machine_deinit(&machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_4k),        cmocka_unit_test(test_directory_table_base_flags),
        cmocka_unit_test(test_large_pages),    cmocka_unit_test(test_software_ptes),
        cmocka_unit_test(test_transition),     cmocka_unit_test(test_invalid_pte_mask),
        cmocka_unit_test(test_missing_tables), cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_canonical),      cmocka_unit_test(test_reads_over_pages),
        cmocka_unit_test(test_integers),       cmocka_unit_test(test_ends),
        cmocka_unit_test(test_self_map),       cmocka_unit_test(test_tlb),
        cmocka_unit_test(test_next_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
