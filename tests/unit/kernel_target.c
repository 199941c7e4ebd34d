/* kernel_target.c - finding the kernel, its version, its processes; and members by name. */
#include "test.h"

#include "kernel/process.h"
#include "kernel/processor.h"
#include "kernel/proof.h"
#include "kernel/version.h"
#include "small_kernel.h"

/* Opens the machine with symbols of 10240, as proved. */
static struct target *open_with_symbols(struct machine *machine) {
    struct target *target = machine_open(machine);
    struct error err;
    struct symbols_search search = {0};
    assert_int_equal(target_attach(&err, target, &search), STATUS_OK);
    assert_int_equal(target->match, MATCH_PROVED);
    return target;
}

static void close_all(struct target *target, struct machine *machine) {
    target_close(target);
    machine_destroy(machine);
}

/* ---- the kernel ---- */

static void expect_found_by(struct machine *machine, const char *by) {
    struct target *target = machine_open(machine);
    if (by) {
        assert_int_equal(target->kernel.base, NT);
        assert_string_equal(target->kernel_found_by, by);
        assert_int_equal(target->kernel.size, NT_SIZE);
        assert_string_equal(target->kernel.pdb.guid, NT_GUID);
        assert_int_equal(target->kernel.pdb.age, 42);
        assert_string_equal(target->kernel.pdb.name, "ntkrnlmp.pdb");
    } else {
        assert_int_equal(target->kernel.base, 0);
    }
    close_all(target, machine);
}

static void kernel_by_the_debugger_block(void **state) {
    (void)state;
    expect_found_by(small_kernel(), "KdDebuggerDataBlock.KernBase");
}

static void kernel_by_the_module_list(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0x80, 0, 8);
    expect_found_by(machine, "PsLoadedModuleList");
}

static void kernel_by_a_scan(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0x80, NT + 0x7000, 8);
    machine_put(machine, NT_MODULES, 0xffffe00000f00000, 8);
    /* A stray page that starts like an image, too small to hold the list, is not the kernel. */
    machine_write(machine, NT + 0x3000, "MZ", 2);
    machine_put(machine, NT + 0x303c, 0x200, 4);
    machine_write(machine, NT + 0x3200, "PE\0\0", 4);
    machine_put(machine, NT + 0x3218, 0x20b, 2);
    machine_put(machine, NT + 0x3218 + 56, 0x1000, 4);
    expect_found_by(machine, "scan");
}

static void no_kernel_is_no_error(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    machine_put(machine, NT + 0x80, 0, 4);
    expect_found_by(machine, NULL);
}

static void damaged_debug_directory_is_told(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    machine_put(machine, NT + 0x98 + 112 + 6 * 8, 0xfffffff0, 4);
    struct target *target = machine_open(machine);
    assert_false(target->kernel.has_pdb);
    assert_int_equal(target->kernel.pdb_state, READ_BAD_VALUE);
    close_all(target, machine);
    machine = small_kernel();
    machine_put(machine, NT + 0x101c + 20, 0x8000, 4); /* no page there */
    target = machine_open(machine);
    assert_int_equal(target->kernel.pdb_state, READ_NOT_MAPPED);
    close_all(target, machine);
}

static void pdb_name_is_cut_and_escaped(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    char path[240];
    memset(path, '\xff', sizeof path);
    memcpy(path, "c:\\bin\\", 7);
    machine_put(machine, NT + 0x101c + 16, 24 + sizeof path, 4);
    machine_write(machine, NT + 0x1118, path, sizeof path);
    struct target *target = machine_open(machine);
    assert_true(target->kernel.has_pdb);
    assert_int_equal(strlen(target->kernel.pdb.name), 60); /* 15 whole escapes */
    assert_memory_equal(target->kernel.pdb.name, "\\xff\\xff", 8);
    close_all(target, machine);
}

/* ---- the debugger block ---- */

static void block_ends_where_it_says(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    struct target *target = machine_open(machine);
    uint64_t value = 1;
    assert_int_equal(target->kdbg.size, 0x360);
    assert_true(kdbg_value(&target->kdbg, "SizeEProcess", &value));
    assert_int_equal(value, 0x7a8);
    assert_true(kdbg_value(&target->kdbg, "OffsetPrcbIdleThread", &value));
    assert_int_equal(value, 0); /* a zero is a value */
    assert_false(kdbg_value(&target->kdbg, "PteBase", &value));
    assert_false(kdbg_value(&target->kdbg, "NoSuchMember", &value));
    for (const struct kdbg_field *field = kdbg_fields; field[1].name; field++)
        assert_true(field->offset + field->size <= field[1].offset);
    close_all(target, machine);
}

static void block_over_a_missing_page(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    machine_write(machine, NT + 0x7fe0 + 0x10, "KDBG", 4);
    machine_put(machine, NT + 0x7fe0 + 0x14, 0x360, 4);
    machine_put(machine, NT + 0x7fe0 + 0x18, NT, 8);
    put(&machine->header, 0x80, NT + 0x7fe0, 8);
    struct target *target = machine_open(machine);
    uint64_t value = 0;
    assert_int_equal(target->kdbg.state, READ_PRESENT);
    assert_int_equal(target->kdbg.held, 0x20);
    assert_true(kdbg_value(&target->kdbg, "KernBase", &value));
    assert_false(kdbg_value(&target->kdbg, "PsLoadedModuleList", &value));
    close_all(target, machine);
}

/* ---- versions ---- */

static void version_from_every_place(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    struct target *target = machine_open(machine);
    struct version version;
    version_read(target, &version);
    assert_int_equal(version.build, 10240);
    assert_false(version.disagree);
    assert_true(version.builds[VERSION_BUILD_SYMBOL].absent);
    assert_int_equal(version.builds[VERSION_BUILD_LAB].value, 10240);
    assert_int_equal(version.revision, 16393);
    assert_string_equal(version.build_lab, "10240.th1_st1.150717-1719");
    assert_string_equal(target_build_lab(&version), "10240.16393.amd64fre.th1_st1.150717-1719");
    assert_false(version.service_pack.absent);
    assert_int_equal(version.service_pack.value, 0);
    close_all(target, machine);
}

static void other_builds_show(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0xc, 9600, 4);
    machine_put(machine, NT_CSD, 0x100, 4);
    struct target *target = machine_open(machine);
    struct version version;
    version_read(target, &version);
    assert_int_equal(version.build, 9600);
    assert_true(version.disagree);
    assert_int_equal(version.service_pack.value, 1);
    close_all(target, machine);
}

/* A string of another build near by is not taken; the revision stays unknown. */
static void lab_of_another_build_is_not_taken(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    machine_write(machine, NT_LAB_EX, "10240.16393.amd64fre.th1_st1.150717-1720", 41);
    struct target *target = machine_open(machine);
    struct version version;
    version_read(target, &version);
    assert_int_equal(version.revision, -1);
    assert_string_equal(version.build_lab_ex, "");
    assert_string_equal(target_build_lab(&version), "10240.th1_st1.150717-1719");
    close_all(target, machine);
}

static void lab_that_the_block_names_itself(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    machine_put(machine, NT_KDBG + 0x208, NT_LAB_EX, 8);
    struct target *target = machine_open(machine);
    struct version version;
    version_read(target, &version);
    assert_int_equal(version.revision, 16393);
    assert_string_equal(version.build_lab_ex, "10240.16393.amd64fre.th1_st1.150717-1719");
    close_all(target, machine);
}

static void lab_form(void **state) {
    (void)state;
    uint32_t build, revision;
    assert_true(
        version_parse_lab_ex("7601.22616.amd64fre.win7sp1_ldr.140303-2307", &build, &revision));
    assert_int_equal(build, 7601);
    assert_int_equal(revision, 22616);
    static const char *const wrong[] = {
        "",
        "7601",
        "7601.",
        "7601.22616",
        "7601.22616.amd64fre",
        ".1.a.b.140303-2307",
        "7601.win7sp1_ldr.140303-2307",
        "7601.22616.amd64fre.win7sp1_ldr.140303_2307",
        "99999999999.1.a.b.140303-2307",
        "7601.22616..win7.140303-2307",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(version_parse_lab_ex(wrong[i], &build, &revision));
}

static void names_of_products(void **state) {
    (void)state;
    assert_string_equal(version_marketing_name(7601, 1), "Windows 7");
    assert_string_equal(version_marketing_name(9600, 1), "Windows 8.1");
    assert_string_equal(version_marketing_name(15063, 1), "Windows 10");
    assert_string_equal(version_marketing_name(22000, 1), "Windows 11");
    assert_string_equal(version_marketing_name(17763, 3), "Windows Server 2019");
    assert_string_equal(version_marketing_name(-1, 1), "Windows NT");
    assert_string_equal(version_product_name(1), "WinNt");
    assert_null(version_product_name(4));
    assert_string_equal(version_suite_name(4), "TerminalServer");
    assert_null(version_suite_name(31));
}

/* ---- members ---- */

static void members_by_name(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    uint64_t flags = small_process(1) + 0x6b4;
    machine_put(machine, flags, 0x100, 4);
    struct target *target = open_with_symbols(machine);
    struct field_read bit =
        target_read_field(target, small_process(1), "_EPROCESS", "SubsystemProcess");
    assert_false(bit.absent);
    assert_int_equal(bit.value, 1);
    assert_int_equal(bit.address, flags);
    bit = target_read_field(target, small_process(1), "_EPROCESS", "Minimal");
    assert_int_equal(bit.value, 0);
    assert_true(target_read_field(target, NT, "_EPROCESS", "SystemProcess").absent);
    assert_true(target_read_field(target, NT, "_NO_SUCH_TYPE", "Member").absent);
    struct field_read away = target_read_field(target, 0xffffe00000f00000, "_EPROCESS", "Peb");
    assert_false(away.absent);
    assert_int_equal(away.state, READ_NOT_MAPPED);
    struct field_read wide = target_read_field(target, NT, "_EPROCESS", "ImageFileName");
    assert_int_equal(wide.state, READ_BAD_VALUE); /* 15 bytes are no integer */
    close_all(target, machine);
}

static void globals_by_whatever_names_them(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0x28, NT + 0x1, 8); /* the block goes before the header */
    struct target *target = machine_open(machine);
    uint64_t address = 0;
    assert_true(target_global(target, "PsActiveProcessHead", &address));
    assert_int_equal(address, NT_ACTIVE);
    assert_false(target_global(target, "SizeEProcess", &address));
    assert_false(target_global(target, "NumberProcessors", &address));
    assert_false(target_global(target, "MmUnloadedDrivers", &address));
    target->kdbg.state = READ_BAD_VALUE;
    assert_true(target_global(target, "PsActiveProcessHead", &address));
    assert_int_equal(address, NT + 1);
    close_all(target, machine);
}

/* ---- processes ---- */

static void active_ring(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    struct target *target = open_with_symbols(machine);
    struct process_ring ring;
    process_ring_active(target, &ring);
    assert_int_equal(ring.walk.end, LIST_CLOSED);
    assert_int_equal(ring.walk.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ring.views[i].address, small_process(i));
        assert_int_equal(ring.views[i].kind, PROCESS_PROCESS);
    }
    assert_int_equal(process_system(target), small_process(0));
    assert_int_equal(process_idle(target), NT_IDLE);
    process_ring_deinit(&ring);
    close_all(target, machine);
}

/* Without the symbol, the head is the one entry inside the image that is no process. */
static void memory_manager_ring(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    struct target *target = open_with_symbols(machine);
    struct process_ring ring;
    process_ring_memory_manager(target, process_system(target), &ring);
    assert_int_equal(ring.walk.end, LIST_CLOSED);
    assert_int_equal(ring.walk.count, 4);
    static const enum process_kind kinds[] = {PROCESS_PROCESS, PROCESS_PROCESS, PROCESS_LIST_HEAD,
                                              PROCESS_IDLE};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ring.views[i].kind, kinds[i]);
    assert_int_equal(ring.head, NT_LIST);
    assert_string_equal(ring.head_by, "image");
    assert_string_equal(process_kind_name(ring.views[2].kind), "list-head");
    struct text name;
    text_init(&name);
    assert_int_equal(process_name(target, ring.views[3].address, &name), READ_PRESENT);
    assert_string_equal(name.data, "Idle");
    text_deinit(&name);
    process_ring_deinit(&ring);
    close_all(target, machine);
}

/* Two entries of which either could be the head: neither is called so. */
static void doubtful_head_is_not_named(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    struct symbols *symbols = builtin_symbols("nt-10240-x64");
    uint32_t links = offset_of(symbols, "_EPROCESS", "MmProcessLinks");
    symbols_free(symbols);
    machine_ring(machine,
                 (uint64_t[]){NT_LIST, NT + 0x5200, small_process(0) + links, NT_IDLE + links}, 4);
    struct target *target = open_with_symbols(machine);
    struct process_ring ring;
    process_ring_memory_manager(target, small_process(0), &ring);
    assert_int_equal(ring.head, 0);
    assert_null(ring.head_by);
    assert_int_equal(ring.views[1].kind, PROCESS_STRANGE);
    process_ring_deinit(&ring);
    close_all(target, machine);
}

static void rings_need_symbols(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    struct target *target = machine_open(machine);
    struct process_ring ring;
    process_ring_active(target, &ring);
    assert_true(ring.absent);
    process_ring_deinit(&ring);
    process_ring_memory_manager(target, 0, &ring);
    assert_true(ring.absent);
    process_ring_deinit(&ring);
    assert_int_equal(process_idle(target), 0);
    assert_int_equal(process_system(target), 0);
    close_all(target, machine);
}

static void processors_are_bounded(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0x34, 0xffffffff, 4);
    machine_put(machine, NT_BLOCK + 8, 0x1234, 8);
    struct target *target = open_with_symbols(machine);
    struct processor_block block;
    processor_block_read(target, &block);
    assert_int_equal(block.address, NT_BLOCK);
    assert_int_equal(block.declared, 0xffffffff);
    assert_int_equal(block.count, PROCESSOR_LIMIT);
    assert_int_equal(block.items[0].state, READ_PRESENT);
    assert_int_equal(block.items[0].prcb, NT_PRCB);
    assert_false(block.items[0].number_absent);
    assert_int_equal(block.items[0].number, 0);
    assert_int_equal(block.items[1].state, READ_BAD_VALUE);
    processor_block_deinit(&block);
    close_all(target, machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_by_the_debugger_block),
        cmocka_unit_test(kernel_by_the_module_list),
        cmocka_unit_test(kernel_by_a_scan),
        cmocka_unit_test(no_kernel_is_no_error),
        cmocka_unit_test(damaged_debug_directory_is_told),
        cmocka_unit_test(pdb_name_is_cut_and_escaped),
        cmocka_unit_test(block_ends_where_it_says),
        cmocka_unit_test(block_over_a_missing_page),
        cmocka_unit_test(version_from_every_place),
        cmocka_unit_test(other_builds_show),
        cmocka_unit_test(lab_of_another_build_is_not_taken),
        cmocka_unit_test(lab_that_the_block_names_itself),
        cmocka_unit_test(lab_form),
        cmocka_unit_test(names_of_products),
        cmocka_unit_test(members_by_name),
        cmocka_unit_test(globals_by_whatever_names_them),
        cmocka_unit_test(active_ring),
        cmocka_unit_test(memory_manager_ring),
        cmocka_unit_test(doubtful_head_is_not_named),
        cmocka_unit_test(rings_need_symbols),
        cmocka_unit_test(processors_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
