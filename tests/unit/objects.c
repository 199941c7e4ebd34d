/* objects.c - tests of the objects and handles in a snapshot: what cannot be read, and machines
 * that lie. */
#include "test.h"

#include "small_ports.h"
#include "snapshot_json.h"
#include "some_sections.h"

/* Takes the machine over. */
static json_t *snapshot_of(struct small_objects *machine) {
    static const char *const names[] = {"processes", "objects", "handles", NULL};
    struct target *target = open_ports(machine, false);
    json_t *snapshot = some_sections(target, names, true);
    target_close(target);
    machine_destroy(machine->machine);
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
    json_t *snapshot = snapshot_of(&machine);
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
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.1.handles.count", "1");
    expect(snapshot, "processes.1.handles.by_type", "{}");
    expect(snapshot, "processes.1.handles.entries.0.type", "null");
    expect(snapshot, "processes.1.handles.entries.0.name", "\"\\\\Device\\\\Disk\"");
    expect(snapshot, "coverage.sections.handles.unreadable.not-mapped", "1");
    json_decref(snapshot);
}

/* A second directory that says it is `\Device`: neither hides what is in the other. */
static void test_two_directories_of_one_path(void **state) {
    (void)state;
    struct small_objects machine = port_machine("Port");
    uint64_t root = small_object(1), second = small_object(30), event = small_object(31);
    objects_put(&machine, second, TYPE_DIRECTORY, "Device", root, 0);
    objects_put(&machine, event, TYPE_EVENT, "Hidden", second, 0);
    objects_enter(&machine, root, 9, second);
    objects_enter(&machine, second, 0, event);
    json_t *snapshot = snapshot_of(&machine);
    const json_t *entries = json_object_get(at(snapshot, "objects.directories"), "\\Device");
    assert_int_equal(json_array_size(entries), 3);
    expect(json_array_get(entries, 0), "name", "\"Disk\"");
    expect(json_array_get(entries, 1), "name", "\"Port\"");
    expect(json_array_get(entries, 2), "name", "\"Hidden\"");
    json_decref(snapshot);
}

/* Names that all have one text, of three bytes a character: they are kept as long as they are no
 * longer together than the dump, or 16 MiB. */
static void test_names_are_bounded(void **state) {
    (void)state;
    enum { OBJECTS = 200, BYTES = 0xfffc, NAME_BYTES = BYTES / 2 * 3 };
    const uint64_t text = 0xffffd00000300000, objects = 0xffffd00000320080;
    struct small_objects machine = port_machine("Port");
    for (unsigned i = 0; i < BYTES; i++)
        machine_put(machine.machine, text + i, 'A', 1);
    for (unsigned i = 0; i < OBJECTS; i++) {
        uint64_t object = objects + 0x100 * (uint64_t)i, name = object - BODY - NAME_INFO + 8;
        objects_put(&machine, object, TYPE_EVENT, "", small_object(3), 0);
        machine_put(machine.machine, name, BYTES * 0x10001u, 4);
        machine_put(machine.machine, name + 8, text, 8);
        objects_enter(&machine, small_object(2), 5, object);
    }
    json_t *snapshot = snapshot_of(&machine);
    size_t listed = 2 + (16u << 20) / NAME_BYTES; /* two short names are before */
    assert_int_equal(
        json_array_size(json_object_get(at(snapshot, "objects.directories"), "\\Device")),
        listed + 1);
    expect(snapshot, "coverage.sections.objects.status", "\"partial\"");
    json_decref(snapshot);
}

/* Idle and System have one table, the kernel's: its handles are System's, and nobody lies. */
static void test_table_of_the_kernel(void **state) {
    (void)state;
    struct small_objects machine = machine_with_a_handle();
    const uint64_t owners[] = {small_process(0), NT_IDLE}, kernel = TABLE + 0x100;
    objects_table(&machine, kernel, TABLE_PAGES + PAGE, 0x400);
    objects_packed(&machine, TABLE_PAGES + PAGE + 0x10, small_object(3), 0, 0x100000);
    for (size_t i = 0; i < ARRAY_LENGTH(owners); i++)
        machine_put(machine.machine,
                    owners[i] + objects_offset(&machine, "_EPROCESS", "ObjectTable"), kernel, 8);
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.0.name", "\"System\"");
    expect(snapshot, "processes.0.handles.count", "1");
    expect(snapshot, "processes.3.address", "\"0xfffff80229406000\""); /* Idle */
    expect(snapshot, "processes.3.handles", "nothing");
    expect(snapshot, "coverage.sections.handles.unreadable", "{}");
    json_decref(snapshot);
}

/* A table that has room for millions, and no page: of the one after it, nothing is known. */
static void test_table_without_pages(void **state) {
    (void)state;
    const uint64_t empty = TABLE_PAGES + 8 * PAGE, table = TABLE + 0x100;
    struct small_objects machine = machine_with_a_handle();
    machine_put(machine.machine, empty, 0, 8);
    objects_table(&machine, TABLE, empty | 2, 0xfffffffc);
    objects_table(&machine, table, TABLE_PAGES, 0x400);
    machine_put(machine.machine,
                small_process(2) + objects_offset(&machine, "_EPROCESS", "ObjectTable"), table, 8);
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.2.name", "\"csrss.exe\"");
    expect(snapshot, "processes.2.handles", "null");
    expect(snapshot, "coverage.sections.handles.status", "\"partial\"");
    json_decref(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handle),
        cmocka_unit_test(test_type_whose_name_is_not_there),
        cmocka_unit_test(test_two_directories_of_one_path),
        cmocka_unit_test(test_names_are_bounded),
        cmocka_unit_test(test_table_of_the_kernel),
        cmocka_unit_test(test_table_without_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
