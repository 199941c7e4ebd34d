/* cross_session.c - what a process holds outside of its session, where sessions, silos, tokens or
 * tables are other than the synthetic dumps have them. */
#include "test.h"

#include "analyses/session_users.h"
#include "base/memory.h"
#include "small_namespaces.h"
#include "snapshot_json.h"
#include "some_sections.h"

#define PROFILE "nt-18362-x64"
#define SMSS    small_process(1) /* of no session */
#define CSRSS   small_process(2) /* of session 3 */
#define SPACE   0xffffd00020020000
#define JOB     0xffffe00000100000
#define KEYS    0xffffc00000110000
#define NOWHERE 0xffffe00000900000 /* not mapped */

enum { TYPE_KEY = 35 };

static void write_member(struct small_objects *machine, uint64_t object, const char *type,
                         const char *path, uint64_t value, size_t width) {
    machine_put(machine->machine, object + objects_offset(machine, type, path), value, width);
}

static struct small_objects session_machine(void) {
    struct small_objects machine = namespace_machine(PROFILE);
    write_member(&machine, CSRSS, "_EPROCESS", "Session", SPACE, 8);
    write_member(&machine, SPACE, "_MM_SESSION_SPACE", "SessionId", 3, 4);
    return machine;
}

/* Takes the machine over. */
static json_t *snapshot_of(struct small_objects *machine) {
    static const char *const names[] = {"processes", "cross_session", NULL};
    struct target *target = open_namespaces(machine, true);
    json_t *snapshot = some_sections(target, names, false);
    target_close(target);
    machine_destroy(machine->machine);
    return snapshot;
}

static void test_two_sessions(void **state) {
    (void)state;
    struct small_objects machine = session_machine();
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.1.name", "\"smss.exe\"");
    expect(snapshot, "processes.0.cross_session", "nothing"); /* no handle table */
    assert_int_equal(json_array_size(at(snapshot, "processes.1.cross_session")), 1);
    expect(snapshot, "processes.1.cross_session.0.scope", "\"private\"");
    expect(snapshot, "processes.1.cross_session.0.shared_with", "[3]");
    assert_int_equal(json_array_size(at(snapshot, "processes.2.cross_session")), 2);
    expect(snapshot, "processes.2.cross_session.0.name", "\"\\\\...\\\\Inside\"");
    expect(snapshot, "processes.2.cross_session.1.name", "\"\\\\Device\\\\Shared\"");
    expect(snapshot, "processes.2.cross_session.1.scope", "\"global\"");
    expect(snapshot, "processes.2.cross_session.1.shared_with", "[0]");
    expect(snapshot, "processes.2.cross_session.1.sessions", "nothing");
    expect(snapshot, "coverage.sections.cross_session.status", "\"complete\"");
    json_decref(snapshot);
}

/* The same object is a silo's own, for a process in the silo. */
static void test_silo(void **state) {
    (void)state;
    struct small_objects machine = session_machine();
    objects_put(&machine, small_object(33), TYPE_DIRECTORY, "Silos", small_object(1), 0);
    objects_put(&machine, small_object(34), TYPE_DIRECTORY, "77", small_object(33), 0);
    objects_put(&machine, NS_SHARED, TYPE_EVENT, "Shared", small_object(34), 0);
    write_member(&machine, CSRSS, "_EPROCESS", "Job", JOB, 8);
    write_member(&machine, JOB, "_EJOB", "JobId", 77, 4);
    struct field silo;
    assert_true(symbols_field(machine.symbols, "_EJOB", "Silo", &silo));
    machine_put(machine.machine, JOB + silo.offset, UINT64_C(1) << silo.bit_position, 4);
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.1.cross_session.0.name", "\"\\\\Silos\\\\77\\\\Shared\"");
    expect(snapshot, "processes.1.cross_session.0.scope", "\"silo\"");
    assert_int_equal(json_array_size(at(snapshot, "processes.2.cross_session")), 1);
    expect(snapshot, "processes.2.cross_session.0.scope", "\"private\"");
    json_decref(snapshot);
}

static uint64_t put_key_block(struct small_objects *machine, unsigned index, const char *name) {
    static const char control[] = "_CM_KEY_CONTROL_BLOCK", block[] = "_CM_NAME_CONTROL_BLOCK";
    uint64_t key = KEYS + 0x400 * index, text = key + 0x200;
    write_member(machine, key, control, "ParentKcb", index ? key - 0x400 : 0, 8);
    write_member(machine, key, control, "NameBlock", text, 8);
    machine_put(machine->machine, text, 1, 4); /* Compressed */
    write_member(machine, text, block, "NameLength", strlen(name), 2);
    machine_write(machine->machine, text + objects_offset(machine, block, "Name"), name,
                  strlen(name));
    return key;
}

/* A hive of nobody that is known: of nobody, unless there is a token that cannot be read. */
static void check_hive(bool unreadable, const char *sessions) {
    static const char *const names[] = {"REGISTRY", "USER", "S-1-5-9_Classes"};
    struct small_objects machine = session_machine();
    uint64_t key = 0;
    objects_type(&machine, TYPE_KEY, "Key", small_object(16));
    objects_list_types(&machine);
    objects_put(&machine, NS_SHARED, TYPE_KEY, NULL, 0, 0);
    for (unsigned i = 0; i < 3; i++)
        key = put_key_block(&machine, i, names[i]);
    write_member(&machine, NS_SHARED, "_CM_KEY_BODY", "KeyControlBlock", key, 8);
    if (unreadable)
        write_member(&machine, CSRSS, "_EPROCESS", "Token.Value", NOWHERE, 8);
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.1.cross_session.0.name",
           "\"\\\\REGISTRY\\\\USER\\\\S-1-5-9_Classes\"");
    expect(snapshot, "processes.1.cross_session.0.scope", "\"user\"");
    expect(snapshot, "processes.1.cross_session.0.sessions", sessions);
    expect(snapshot, "coverage.sections.cross_session.unreadable",
           unreadable ? "{\"not-mapped\":1}" : "{}");
    json_decref(snapshot);
}

static void test_hive_of_nobody(void **state) {
    (void)state;
    check_hive(false, "[]");
    check_hive(true, "null");
}

static void test_table_that_cannot_be_read(void **state) {
    (void)state;
    struct small_objects machine = session_machine();
    write_member(&machine, TABLE + 0x100, "_HANDLE_TABLE", "TableCode", NOWHERE, 8);
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.1.cross_session", "null");
    expect(snapshot, "processes.2.cross_session.1.shared_with", "[]");
    expect(snapshot, "coverage.sections.cross_session.status", "\"partial\"");
    json_decref(snapshot);
}

static void test_session_that_cannot_be_read(void **state) {
    (void)state;
    struct small_objects machine = session_machine();
    write_member(&machine, CSRSS, "_EPROCESS", "Session", NOWHERE, 8);
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.2.cross_session", "null");
    expect(snapshot, "processes.1.cross_session.0.shared_with", "[]");
    json_decref(snapshot);
}

/* Nobody can tell where it belongs: it is listed, without a place. */
static void test_name_that_cannot_be_read(void **state) {
    (void)state;
    struct small_objects machine = session_machine();
    machine_put(machine.machine, NS_SHARED - BODY - NAME_INFO + 0x10, NOWHERE, 8);
    json_t *snapshot = snapshot_of(&machine);
    expect(snapshot, "processes.1.cross_session.0.name", "null");
    expect(snapshot, "processes.1.cross_session.0.scope", "null");
    expect(snapshot, "processes.2.cross_session.1.shared_with", "[0]");
    expect(snapshot, "coverage.sections.cross_session.unreadable", "{\"not-mapped\":2}");
    json_decref(snapshot);
}

/* Names that all have one text, of three bytes a character: they are listed as long as they are no
 * longer together than the dump, or 16 MiB. */
static void test_names_are_bounded(void **state) {
    (void)state;
    enum { OBJECTS = 100, BYTES = 0xfffc, NAME_BYTES = BYTES / 2 * 3 };
    const uint64_t text = 0xffffd00000300000, objects = 0xffffd00000320080;
    uint64_t held[OBJECTS];
    struct small_objects machine = session_machine();
    for (unsigned i = 0; i < BYTES; i++)
        machine_put(machine.machine, text + i, 'A', 1);
    for (unsigned i = 0; i < OBJECTS; i++) {
        held[i] = objects + 0x100 * (uint64_t)i;
        objects_put(&machine, held[i], TYPE_EVENT, "", 0, 0);
        machine_put(machine.machine, held[i] - BODY - NAME_INFO + 8, BYTES * 0x10001u, 4);
        machine_put(machine.machine, held[i] - BODY - NAME_INFO + 0x10, text, 8);
    }
    put_table(&machine, 1, held, OBJECTS);
    put_table(&machine, 2, held, OBJECTS);
    json_t *snapshot = snapshot_of(&machine);
    const json_t *first = at(snapshot, "processes.1.cross_session.0.name");
    assert_int_equal(json_string_length(first), NAME_BYTES);
    assert_int_equal(json_array_size(at(snapshot, "processes.2.cross_session")),
                     (16u << 20) / (3 * NAME_BYTES)); /* read, and listed twice */
    expect(snapshot, "coverage.sections.cross_session.reason",
           "\"the names of objects are longer than the dump\"");
    json_decref(snapshot);
}

/* ---- users ---- */

static void test_users_by_session(void **state) {
    (void)state;
    struct session_user items[] = {
        {"S-1-5-18", 0}, {"S-1-5-18", 1}, {"S-1-5-18", 4}, {"S-1-5-180", 2}, {"S-1-5-19", 0}};
    const struct session_users users = {.items = items, .count = ARRAY_LENGTH(items)};
    size_t first, end = session_users_find(&users, "s-1-5-18\\Software", 8, &first);
    assert_int_equal(first, 0);
    assert_int_equal(end, 3);
    assert_true(session_users_run_in(&users, first, end, 0));
    assert_true(session_users_run_in(&users, first, end, 4));
    assert_false(session_users_run_in(&users, first, end, 2));
    assert_false(session_users_run_in(&users, first, end, 5));
    end = session_users_find(&users, "S-1-5-180", 9, &first);
    assert_int_equal(first, 3);
    assert_int_equal(end, 4);
    end = session_users_find(&users, "S-1-5-2", 7, &first);
    assert_int_equal(end, first);
    assert_false(session_users_run_in(&users, first, end, 0));
}

/* What is not known of a process is not that it is in session 0. */
static void test_user_of_a_process_that_cannot_be_read(void **state) {
    (void)state;
    struct small_objects machine = session_machine();
    struct target *target = open_namespaces(&machine, true);
    struct process_entry items[] = {{.address = CSRSS, .kind = PROCESS_PROCESS},
                                    {.address = NOWHERE, .kind = PROCESS_UNREADABLE}};
    struct process_set set = {.items = items, .count = 1};
    struct session_users users;
    session_users_read(target, &set, &users);
    assert_true(users.whole);
    session_users_deinit(&users);
    set.count = 2;
    session_users_read(target, &set, &users);
    assert_false(users.whole);
    assert_int_equal(users.sessions[0].id, 3);
    assert_int_equal(users.sessions[1].state, READ_NOT_MAPPED);
    session_users_deinit(&users);
    target_close(target);
    machine_destroy(machine.machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_sessions),
        cmocka_unit_test(test_silo),
        cmocka_unit_test(test_hive_of_nobody),
        cmocka_unit_test(test_table_that_cannot_be_read),
        cmocka_unit_test(test_session_that_cannot_be_read),
        cmocka_unit_test(test_name_that_cannot_be_read),
        cmocka_unit_test(test_names_are_bounded),
        cmocka_unit_test(test_users_by_session),
        cmocka_unit_test(test_user_of_a_process_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
