/* kernel_handles.c - tests of handle tables: levels, codings, kernel handles, tables that lie. */
#include "test.h"

#include "kernel/access.h"
#include "kernel/handles.h"
#include "small_objects.h"

#define OBJECT(n) small_object(20 + (n))
#define KERNEL    (TABLE + 0x800)

static uint64_t entry_at(uint64_t page, unsigned position) {
    return page + 16 * position;
}

static void close_machine(struct small_objects *objects, struct target *target) {
    target_close(target);
    machine_destroy(objects->machine);
}

static void assert_entry(const struct handle_table *table, uint64_t handle, uint64_t object,
                         uint32_t access, unsigned attributes) {
    struct handle_entry entry;
    assert_true(handle_table_lookup(table, handle, &entry));
    assert_int_equal(entry.state, READ_PRESENT);
    assert_int_equal(entry.handle, handle & ~3ull);
    assert_int_equal(entry.object, object);
    assert_int_equal(entry.granted_access, access);
    assert_int_equal(entry.attributes, attributes);
}

/* The published one: handle 0x1c0, all three attributes, access 0012019f. */
static void test_packed_entries(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    objects_table(&objects, TABLE, TABLE_PAGES, 0x400);
    objects_packed(&objects, entry_at(TABLE_PAGES, 0x70), OBJECT(0), 7, 0x0012019f);
    objects_packed(&objects, entry_at(TABLE_PAGES, 1), OBJECT(1), 0, 0x1f0003);
    struct target *target = objects_open(&objects);
    struct handle_table table;
    handle_table_open(target, TABLE, &table);
    assert_int_equal(table.levels, 1);
    assert_entry(&table, 0x1c0, OBJECT(0), 0x0012019f,
                 HANDLE_PROTECT_CLOSE | HANDLE_INHERIT | HANDLE_AUDIT);
    assert_entry(&table, 0x1c3, OBJECT(0), 0x0012019f, 7); /* the low bits are the program's */
    assert_entry(&table, 4, OBJECT(1), 0x1f0003, 0);
    struct handle_entry entry;
    assert_true(handle_table_lookup(&table, 0x1c0, &entry));
    assert_int_equal(entry.address, TABLE_PAGES + 0x700);
    assert_false(handle_table_lookup(&table, 8, &entry)); /* free */
    assert_int_equal(entry.state, READ_PRESENT);
    assert_int_equal(entry.object, 0);
    assert_false(handle_table_lookup(&table, 0x400, &entry)); /* the limit */
    close_machine(&objects, target);
}

/* XP and 7: pointers with flags, OBJ_PROTECT_CLOSE in the access. */
static void test_entries_of_windows_7(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-7601-x64", false);
    objects_table(&objects, TABLE, TABLE_PAGES, 0x400);
    uint64_t first = entry_at(TABLE_PAGES, 1), second = entry_at(TABLE_PAGES, 2);
    machine_put(objects.machine, first, (OBJECT(0) - BODY) | 3, 8); /* unlocked, inherited */
    machine_put(objects.machine, first + 8, 0x0212019f, 4);
    machine_put(objects.machine, second, (OBJECT(1) - BODY) | 5, 8); /* audited */
    machine_put(objects.machine, second + 8, 0x20019, 4);
    struct target *target = objects_open(&objects);
    struct handle_table table;
    handle_table_open(target, TABLE, &table);
    assert_entry(&table, 4, OBJECT(0), 0x0012019f, HANDLE_PROTECT_CLOSE | HANDLE_INHERIT);
    assert_entry(&table, 8, OBJECT(1), 0x20019, HANDLE_AUDIT);
    close_machine(&objects, target);
}

/* A page of pointers with two pages of entries, and one that is not mapped. */
static void test_two_levels(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    uint64_t first = TABLE_PAGES + 0x1000, second = TABLE_PAGES + 0x2000;
    objects_table(&objects, TABLE, TABLE_PAGES | 1, 0x1000);
    machine_put(objects.machine, TABLE_PAGES, first, 8);
    machine_put(objects.machine, TABLE_PAGES + 8, TABLE_PAGES + 0x100000, 8);
    machine_put(objects.machine, TABLE_PAGES + 16, second, 8);
    objects_packed(&objects, entry_at(first, 255), OBJECT(0), 0, 1);
    objects_packed(&objects, entry_at(second, 1), OBJECT(1), 2, 2);
    objects_packed(&objects, entry_at(second, 0), OBJECT(2), 0, 3); /* holds no handle */
    struct target *target = objects_open(&objects);
    struct handle_table table;
    handle_table_open(target, TABLE, &table);
    assert_int_equal(table.levels, 2);
    assert_entry(&table, 0x3fc, OBJECT(0), 1, 0);
    assert_entry(&table, 0x804, OBJECT(1), 2, HANDLE_INHERIT);
    struct handle_entry entry;
    assert_false(handle_table_lookup(&table, 0x404, &entry));
    assert_int_equal(entry.state, READ_NOT_MAPPED);
    assert_false(handle_table_lookup(&table, 0x800, &entry));
    struct handle_walk walk = {.table = &table};
    assert_true(handle_walk_next(&walk, &entry));
    assert_int_equal(entry.handle, 0x3fc);
    assert_int_equal(entry.address, entry_at(first, 255));
    assert_true(handle_walk_next(&walk, &entry));
    assert_int_equal(entry.handle, 0x804);
    assert_int_equal(entry.object, OBJECT(1));
    assert_false(handle_walk_next(&walk, &entry));
    assert_int_equal(walk.pages, 2);
    assert_int_equal(walk.unreadable[READ_NOT_MAPPED], 1);
    close_machine(&objects, target);
}

static void test_three_levels(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    uint64_t middle = TABLE_PAGES + 0x1000, leaf = TABLE_PAGES + 0x2000;
    uint64_t handle = 4 * (512 * 256 + 3 * 256 + 9); /* second middle page, its fourth leaf */
    objects_table(&objects, TABLE, TABLE_PAGES | 2, 4 * (512 * 256 + 4 * 256));
    machine_put(objects.machine, TABLE_PAGES + 8, middle, 8);
    machine_put(objects.machine, middle + 3 * 8, leaf, 8);
    objects_packed(&objects, entry_at(leaf, 9), OBJECT(0), 0, 0x1fffff);
    struct target *target = objects_open(&objects);
    struct handle_table table;
    struct handle_entry entry;
    handle_table_open(target, TABLE, &table);
    assert_int_equal(table.levels, 3);
    assert_entry(&table, handle, OBJECT(0), 0x1fffff, 0);
    struct handle_walk walk = {.table = &table};
    assert_true(handle_walk_next(&walk, &entry));
    assert_int_equal(entry.handle, handle);
    assert_false(handle_walk_next(&walk, &entry));
    close_machine(&objects, target);
}

static void test_handles_of_the_kernel(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    uint32_t table_at = objects_offset(&objects, "_EPROCESS", "ObjectTable");
    objects_table(&objects, TABLE, TABLE_PAGES, 0x400);
    objects_table(&objects, KERNEL, TABLE_PAGES + 0x1000, 0x400);
    objects_packed(&objects, entry_at(TABLE_PAGES, 3), OBJECT(0), 0, 1);
    objects_packed(&objects, entry_at(TABLE_PAGES + 0x1000, 3), OBJECT(1), 0, 1);
    machine_put(objects.machine, small_process(1) + table_at, TABLE, 8);
    machine_put(objects.machine, small_process(0) + table_at, KERNEL, 8); /* System */
    struct target *target = objects_open(&objects);
    struct handle_entry entry;
    assert_true(handle_lookup(target, small_process(1), 12, &entry));
    assert_int_equal(entry.object, OBJECT(0));
    assert_false(entry.is_kernel);
    assert_true(handle_lookup(target, small_process(1), 0xffffffff8000000c, &entry));
    assert_int_equal(entry.object, OBJECT(1));
    assert_int_equal(entry.handle, 12);
    assert_true(entry.is_kernel);
    assert_true(handle_lookup(target, small_process(1), UINT64_MAX, &entry));
    assert_int_equal(entry.object, small_process(1));
    assert_true(entry.is_pseudo);
    assert_false(handle_lookup(target, small_process(1), UINT64_MAX - 1, &entry));
    assert_true(entry.is_pseudo);
    /* A process that has exited has no table. */
    assert_false(handle_lookup(target, small_process(2), 12, &entry));
    assert_int_equal(entry.state, READ_PRESENT);
    close_machine(&objects, target);
}

/* PspCidTable leads to objects, not to their headers: what objects_packed() takes for the header of
 * its object is the process. */
static void test_ids(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    uint64_t pointer = NT + 0x4410;
    objects_table(&objects, TABLE, TABLE_PAGES, 0x400);
    objects_packed(&objects, entry_at(TABLE_PAGES, 1), small_process(0) + BODY, 0, 0);
    machine_put(objects.machine, NT_KDBG + 0x58, pointer, 8);
    machine_put(objects.machine, pointer, TABLE, 8);
    struct target *target = objects_open(&objects);
    struct handle_table table;
    struct handle_entry entry;
    handle_table_of_ids(target, &table);
    assert_int_equal(table.state, READ_PRESENT);
    assert_true(handle_table_lookup(&table, 4, &entry));
    assert_int_equal(entry.object, small_process(0));
    assert_false(handle_table_lookup(&table, 8, &entry));
    close_machine(&objects, target);
}

static void test_ids_without_a_table(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    struct target *target = objects_open(&objects);
    struct handle_table table;
    handle_table_of_ids(target, &table);
    assert_false(table.absent);
    assert_int_equal(table.state, READ_BAD_VALUE);
    close_machine(&objects, target);
}

/* A level that does not exist, a root in user memory, entries that lead to no kernel address. */
static void test_tables_that_lie(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    uint64_t levels = TABLE + 0x100, root = TABLE + 0x200, huge = TABLE + 0x300;
    objects_table(&objects, levels, TABLE_PAGES | 5, 0x400);
    objects_table(&objects, root, 0x10000, 0x400);
    objects_table(&objects, huge, TABLE_PAGES, 0xfffffffc); /* one level holds 0x400 */
    machine_put(objects.machine, entry_at(TABLE_PAGES, 1), 0x1000000000000, 8);
    struct target *target = objects_open(&objects);
    struct handle_table table;
    struct handle_entry entry;
    handle_table_open(target, levels, &table);
    assert_int_equal(table.state, READ_BAD_VALUE);
    assert_false(handle_table_lookup(&table, 4, &entry));
    assert_int_equal(entry.state, READ_BAD_VALUE);
    handle_table_open(target, root, &table);
    assert_int_equal(table.state, READ_BAD_VALUE);
    handle_table_open(target, huge, &table);
    assert_int_equal(table.limit, 0x400);
    assert_false(handle_table_lookup(&table, 4, &entry));
    assert_int_equal(entry.state, READ_BAD_VALUE);
    struct handle_walk walk = {.table = &table};
    assert_true(handle_walk_next(&walk, &entry));
    assert_int_equal(entry.state, READ_BAD_VALUE);
    assert_false(handle_walk_next(&walk, &entry));
    handle_table_open(target, 0xffffc00000900000, &table);
    assert_int_equal(table.state, READ_NOT_MAPPED);
    close_machine(&objects, target);
}

/* All pages of entries of both tables are one. */
static void test_a_page_in_many_places(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    uint64_t leaf = TABLE_PAGES + 0x1000, other = TABLE + 0x100;
    objects_table(&objects, TABLE, TABLE_PAGES | 1, 0x1000);
    objects_table(&objects, other, leaf, 0x400);
    for (unsigned i = 0; i < 4; i++)
        machine_put(objects.machine, TABLE_PAGES + 8 * i, leaf, 8);
    objects_packed(&objects, entry_at(leaf, 1), OBJECT(0), 0, 1);
    struct target *target = objects_open(&objects);
    struct handle_table table, second;
    struct handle_entry entry;
    struct address_set met = {0};
    handle_table_open(target, TABLE, &table);
    handle_table_open(target, other, &second);
    struct handle_walk walk = {.table = &table, .met = &met};
    assert_true(handle_walk_next(&walk, &entry));
    assert_int_equal(entry.handle, 4);
    assert_false(handle_walk_next(&walk, &entry));
    assert_int_equal(walk.unreadable[READ_BAD_VALUE], 3);
    assert_int_equal(walk.pages, 4); /* what it cost */
    walk = (struct handle_walk){.table = &second, .met = &met};
    assert_false(handle_walk_next(&walk, &entry));
    assert_int_equal(walk.unreadable[READ_BAD_VALUE], 1);
    walk = (struct handle_walk){.table = &second};
    assert_true(handle_walk_next(&walk, &entry));
    address_set_deinit(&met);
    close_machine(&objects, target);
}

/* Bits of a type's own, bits that all types share, and bits without a name. */
static void test_names_of_rights(void **state) {
    (void)state;
    assert_string_equal(access_right("File", 5), "FILE_EXECUTE");
    assert_string_equal(access_right("Process", 4), "PROCESS_VM_READ");
    assert_string_equal(access_right("Mutant", 20), "SYNCHRONIZE");
    assert_string_equal(access_right("IoCompletion", 1), "IO_COMPLETION_MODIFY_STATE");
    assert_string_equal(access_right("KeyedEvent", 1), "KEYEDEVENT_WAKE");
    assert_string_equal(access_right("TpWorkerFactory", 5), "WORKER_FACTORY_SHUTDOWN");
    assert_string_equal(access_right("ALPC Port", 0), "PORT_CONNECT");
    assert_string_equal(access_right("Port", 0), "PORT_CONNECT");
    assert_string_equal(access_right("DebugObject", 1), "DEBUG_PROCESS_ASSIGN");
    assert_string_equal(access_right("Session", 1), "SESSION_MODIFY_ACCESS");
    assert_string_equal(access_right("Partition", 1), "MEMORY_PARTITION_MODIFY_ACCESS");
    assert_string_equal(access_right("EtwRegistration", 11), "TRACELOG_REGISTER_GUIDS");
    assert_string_equal(access_right("WmiGuid", 0), "WMIGUID_QUERY");
    assert_string_equal(access_right(NULL, 16), "DELETE");
    assert_null(access_right("Mutant", 1));
    assert_null(access_right("Key", 6));
    assert_null(access_right("SomethingNew", 0));
    assert_null(access_right(NULL, 0));
    assert_null(access_right("File", 32));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed_entries),
        cmocka_unit_test(test_entries_of_windows_7),
        cmocka_unit_test(test_two_levels),
        cmocka_unit_test(test_three_levels),
        cmocka_unit_test(test_handles_of_the_kernel),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_ids_without_a_table),
        cmocka_unit_test(test_tables_that_lie),
        cmocka_unit_test(test_a_page_in_many_places),
        cmocka_unit_test(test_names_of_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
