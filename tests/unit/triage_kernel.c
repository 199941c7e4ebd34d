/* triage_kernel.c - a triage dump as a kernel: what ran, why it stopped, and its snapshot. */
#include <string.h>

#include "analyses/assemble.h"
#include "base/memory.h"
#include "kernel/fault.h"
#include "kernel/proof.h"
#include "small_triage.h"

#include "test.h"

static struct target *open_target(const struct small_dump *dump) {
    struct error err = {0};
    struct target *target;
    if (target_open_bytes(&err, "small.dmp", dump->bytes, dump->size, &target))
        fail_msg("%s", err.message);
    return target;
}

static void test_current(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct target *target = open_target(&dump);
    uint64_t value = 0;
    assert_int_equal(target->kdbg.state, READ_PRESENT);
    assert_int_equal(target->kernel.base, KERNEL_BASE);
    assert_int_equal(target->kernel.size, KERNEL_SIZE);
    assert_int_equal(target->current.prcb, PRCB_ADDRESS);
    assert_int_equal(target->current.thread, THREAD);
    assert_int_equal(target->current.process, PROCESS);
    assert_int_equal(vm_read_u64(target->vm, PRCB_ADDRESS + 8, &value), READ_PRESENT);
    assert_int_equal(value, THREAD);
    assert_int_equal(vm_read_u64(target->vm, PROCESS, &value), READ_PRESENT);
    assert_int_equal(value, 3);
    target_close(target);
    small_free(&dump);
}

/* A number that no processor has, or a pointer that leads nowhere, is not followed. */
static void test_current_unknown(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    put(&dump, AT_PRCB + 0x24, 2, 4);
    put(&dump, AT_PRCB + 0x8, 0x1000, 8);
    put(&dump, AT_KDBG + 0x2a0, 0xffff, 2);
    struct target *target = open_target(&dump);
    uint64_t value;
    assert_int_equal(target->current.prcb, 0);
    assert_int_equal(target->current.thread, 0);
    assert_int_equal(target->current.process, 0);
    assert_int_equal(vm_read_u64(target->vm, PROCESS, &value), READ_NOT_IN_DUMP);
    target_close(target);
    small_free(&dump);
}

/* Without KDBG the list of drivers says which image holds the head of the loader's list. */
static void test_kernel_by_driver_list(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    put(&dump, AT_TRIAGE + 0x70, 0, 4);
    struct target *target = open_target(&dump);
    assert_int_equal(target->kdbg.state, READ_NOT_IN_DUMP);
    assert_int_equal(target->kernel.base, KERNEL_BASE);
    assert_int_equal(target->kernel.size, KERNEL_SIZE);
    assert_string_equal(target->kernel_found_by, "driver list");
    assert_int_equal(target->current.process, 0);
    target_close(target);
    put(&dump, 0x20, DRIVER_BASE + 0x3000, 8);
    target = open_target(&dump);
    assert_int_equal(target->kernel.base, 0);
    target_close(target);
    small_free(&dump);
}

static void test_fault(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct target *target = open_target(&dump);
    struct fault fault;
    assert_true(fault_of_bug_check(target, &fault));
    assert_string_equal(fault.found_by, "BugCheckParameter3");
    assert_int_equal(fault.code, 0xc0000005);
    assert_int_equal(fault.address, DRIVER_BASE + 0x34c);
    assert_int_equal(fault.parameter_count, 2);
    assert_int_equal(fault.parameters[1], UINT64_MAX);
    assert_int_equal(fault_module(target, &fault)->base, DRIVER_BASE);
    assert_string_equal(fault_code_name(fault.code), "Access violation");
    assert_true(fault_of_header(target, &fault));
    assert_int_equal(fault.code, 0x80000003);
    assert_int_equal(fault.address, KERNEL_BASE + 0x5a80);
    assert_int_equal(fault.parameter_count, 0);
    target_close(target);
    small_free(&dump);
}

static void test_fault_without_record(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct fault fault;
    put(&dump, AT_RECORD + 0x10, DRIVER_BASE + 0x34d, 8); /* contradicts the parameters */
    memcpy(dump.bytes + 0xf00, "PAGE", 4);
    struct target *target = open_target(&dump);
    assert_true(fault_of_bug_check(target, &fault));
    assert_string_equal(fault.found_by, "BugCheckParameters");
    assert_int_equal(fault.code, 0xc0000005);
    assert_false(fault.has_record);
    assert_false(fault_of_header(target, &fault));
    target_close(target);
    put(&dump, 0x38, 0x3b, 4);
    target = open_target(&dump);
    assert_true(fault_of_bug_check(target, &fault));
    assert_string_equal(fault.found_by, "BugCheckParameters");
    target_close(target);
    put(&dump, 0x38, 0x1c8, 4);
    target = open_target(&dump);
    assert_false(fault_of_bug_check(target, &fault));
    target_close(target);
    small_free(&dump);
}

static void test_fault_of_nonsense(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct fault fault;
    put(&dump, AT_RECORD + 0x18, 16, 4);
    put(&dump, AT_TRIAGE + 0xc, 0xfffffff0, 4);
    put(&dump, AT_TRIAGE + 0x10, (uint32_t)dump.size - 4, 4);
    struct target *target = open_target(&dump);
    struct fault_register registers[FAULT_REGISTERS_MOST];
    assert_true(fault_of_bug_check(target, &fault));
    assert_int_equal(fault.parameter_count, 0);
    assert_false(fault_of_header(target, &fault));
    assert_int_equal(fault_registers(target, registers), 0);
    target_close(target);
    small_free(&dump);
}

static void test_registers(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct fault_register registers[FAULT_REGISTERS_MOST];
    struct target *target = open_target(&dump);
    assert_int_equal(fault_registers(target, registers), 4);
    assert_string_equal(registers[0].name, "rip");
    assert_int_equal(registers[0].value, DRIVER_BASE + 0x34c);
    assert_string_equal(registers[1].name, "rsp");
    assert_int_equal(registers[1].value, STACK);
    target_close(target);
    put(&dump, 0x30, 0xaa64, 4);
    put(&dump, 0x348, 0x400007, 4);
    put(&dump, 0x348 + 0x108, KERNEL_BASE + 0x123, 8);
    target = open_target(&dump);
    assert_int_equal(fault_registers(target, registers), 5);
    assert_string_equal(registers[0].name, "pc");
    assert_int_equal(registers[0].value, KERNEL_BASE + 0x123);
    target_close(target);
    small_free(&dump);
}

/* ---- snapshots ---- */

static json_t *snapshot(const struct small_dump *dump) {
    struct target *target = open_target(dump);
    struct error err;
    struct text text;
    struct assembly assembly = {0};
    const struct symbols_search search = {.no_builtin = true};
    text_init(&text);
    for (size_t row = 0; analyses[row]; row++)
        assembly.selected[row] = true;
    assert_int_equal(target_attach(&err, target, &search), STATUS_NO_SYMBOLS);
    assemble(target, &assembly, NULL, &text);
    json_t *json = json_loadb(text.data, text.length, 0, NULL);
    text_deinit(&text);
    target_close(target);
    assert_non_null(json);
    return json;
}

static const char *string_at(const json_t *json, const char *path) {
    AUTO_FREE char *copy = xstrdup(path);
    for (char *rest = copy, *part; (part = strsep(&rest, "/"));)
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(part))
                                   : json_object_get(json, part);
    return json_is_string(json) ? json_string_value(json) : "(none)";
}

static void test_snapshot(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    json_t *json = snapshot(&dump);
    assert_string_equal(string_at(json, "dump/type"), "triage");
    assert_string_equal(string_at(json, "dump/triage/exception/module"), "b.sys");
    assert_string_equal(string_at(json, "dump/triage/exception/offset"), "0x34c");
    assert_string_equal(string_at(json, "dump/triage/process"), "0xffffa00000030080");
    assert_string_equal(string_at(json, "dump/triage/unloaded_drivers/1/name"), "dump_storpor");
    assert_string_equal(string_at(json, "dump/triage/secondary_data/0/guid"),
                        "13121110-1514-1716-1819-1a1b1c1d1e1f");
    assert_string_equal(string_at(json, "modules/0/name"), "ntoskrnl.exe");
    assert_string_equal(string_at(json, "modules/1/base"), "0xfffff80001000000");
    assert_string_equal(string_at(json, "coverage/sections/dump/status"), "complete");
    assert_string_equal(string_at(json, "coverage/sections/modules/status"), "partial");
    assert_string_equal(string_at(json, "coverage/sections/processes/reason"),
                        "no symbols for this kernel");
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
    json_decref(json);
    put(&dump, 0x30, 0xaa64, 4);
    json = snapshot(&dump);
    assert_string_equal(string_at(json, "system/arch"), "arm64");
    assert_string_equal(string_at(json, "coverage/sections/processes/reason"),
                        "an ARM64 dump: no symbols are tried against it");
    json_decref(json);
    small_free(&dump);
}

static void test_snapshot_of_a_cut_file(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    dump.size = AT_BLOCKS + 16;
    json_t *json = snapshot(&dump);
    assert_string_equal(string_at(json, "findings/0/kind"), "dump.truncated");
    assert_string_equal(string_at(json, "coverage/sections/dump/status"), "partial");
    const json_t *triage = json_object_get(json_object_get(json, "dump"), "triage");
    assert_int_equal(json_integer_value(json_object_get(triage, "data_blocks")), BLOCKS);
    assert_int_equal(json_integer_value(json_object_get(triage, "data_blocks_present")), 0);
    json_decref(json);
    small_free(&dump);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_by_driver_list),
        cmocka_unit_test(test_current),
        cmocka_unit_test(test_current_unknown),
        cmocka_unit_test(test_fault),
        cmocka_unit_test(test_fault_without_record),
        cmocka_unit_test(test_fault_of_nonsense),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_snapshot_of_a_cut_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
