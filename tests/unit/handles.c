/* handles.c - tests of the handles in a snapshot: what is known of one whose type cannot be read.
 */
#include "test.h"

#include "analyses/assemble.h"
#include "small_ports.h"
#include "snapshot_json.h"

/* Of the process smss.exe; takes the machine over. */
static json_t *handles_of(struct small_objects *machine) {
    struct assembly assembly = {.in_detail = true};
    for (size_t row = 0; row < analyses_count(); row++)
        assembly.selected[row] = analyses[row] == analysis_find("processes") ||
                                 analyses[row] == analysis_find("handles");
    struct target *target = open_ports(machine, false);
    struct text text = TEXT_EMPTY;
    assemble(target, &assembly, NULL, &text);
    target_close(target);
    machine_destroy(machine->machine);
    json_t *snapshot = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    text_deinit(&text);
    assert_non_null(snapshot);
    return snapshot;
}

static struct small_objects machine_with_a_handle(void) {
    struct small_objects machine = port_machine("Port");
    machine_put(machine.machine,
                small_process(1) + objects_offset(&machine, "_EPROCESS", "ObjectTable"), TABLE, 8);
    objects_table(&machine, TABLE, TABLE_PAGES, 0x400);
    objects_packed(&machine, TABLE_PAGES + 0x10, small_object(3), 2, 0x100000);
    return machine;
}

static void test_handle(void **state) {
    (void)state;
    struct small_objects machine = machine_with_a_handle();
    json_t *snapshot = handles_of(&machine);
    expect(snapshot, "processes.1.name", "\"smss.exe\"");
    expect(snapshot, "processes.1.handles.by_type", "{\"Device\":1}");
    expect(snapshot, "processes.1.handles.entries.0.type", "\"Device\"");
    expect(snapshot, "processes.1.handles.entries.0.name", "\"\\\\Device\\\\Disk\"");
    expect(snapshot, "processes.1.handles.entries.0.rights", "[\"SYNCHRONIZE\"]");
    expect(snapshot, "processes.1.handles.entries.0.attributes", "[\"Inherit\"]");
    json_decref(snapshot);
}

/* The handle is counted; that its type has no name in the dump is no type "". */
static void test_type_whose_name_is_not_there(void **state) {
    (void)state;
    struct small_objects machine = machine_with_a_handle();
    uint64_t name = small_object(14) + objects_offset(&machine, "_OBJECT_TYPE", "Name");
    machine_put(machine.machine, name + 8, NOWHERE, 8);
    json_t *snapshot = handles_of(&machine);
    expect(snapshot, "processes.1.handles.count", "1");
    expect(snapshot, "processes.1.handles.by_type", "{}");
    expect(snapshot, "processes.1.handles.entries.0.type", "null");
    expect(snapshot, "processes.1.handles.entries.0.name", "\"\\\\Device\\\\Disk\"");
    expect(snapshot, "coverage.sections.handles.unreadable.not-mapped", "1");
    json_decref(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handle),
        cmocka_unit_test(test_type_whose_name_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
