/* jobs.c - tests of jobs that are nested, of silos, of who is in them, and of jobs that lie. */
#include "test.h"

#include "small_jobs.h"
#include "snapshot_json.h"
#include "some_sections.h"

/* Takes the machine over. */
static json_t *snapshot_of(struct small_objects *objects) {
    static const char *const names[] = {"processes", "jobs", "silos", NULL};
    struct target *target = objects_open(objects);
    json_t *snapshot = some_sections(target, names, false);
    target_close(target);
    machine_destroy(objects->machine);
    return snapshot;
}

static void test_nested_jobs_and_silos(void **state) {
    (void)state;
    struct small_objects objects = job_machine();
    json_t *snapshot = snapshot_of(&objects);
    assert_int_equal(json_array_size(at(snapshot, "jobs")), JOBS);
    expect(snapshot, "jobs.0.children", "[\"0xffffe00000251100\"]");
    expect(snapshot, "jobs.0.parent", "nothing");
    expect(snapshot, "jobs.0.flags", "[\"Silo\"]");
    expect(snapshot, "jobs.1.parent", "\"0xffffe00000250100\"");
    expect(snapshot, "jobs.1.is_silo", "false");
    expect(snapshot, "jobs.2.children", "[]");
    expect(snapshot, "jobs.2.processes", "[324]");
    assert_int_equal(json_array_size(at(snapshot, "silos")), 2);
    expect(snapshot, "silos.0.id", "7");
    expect(snapshot, "silos.0.server", "true");
    expect(snapshot, "silos.0.state", "\"SHUTTING_DOWN\"");
    expect(snapshot, "silos.0.root", "\"\\\\Silos\\\\7\"");
    expect(snapshot, "silos.0.processes", "[]");
    expect(snapshot, "silos.1.processes", "[324]");
    expect(snapshot, "silos.1.state", "nothing");
    expect(snapshot, "processes.1.silo.address", "\"0xffffe00000252100\"");
    expect(snapshot, "processes.1.server_silo.address", "\"0xffffe00000250100\"");
    expect(snapshot, "processes.0.silo", "nothing");
    json_decref(snapshot);
}

static void test_token_of_an_app_container(void **state) {
    (void)state;
    struct small_objects objects = job_machine();
    json_t *snapshot = snapshot_of(&objects);
    expect(snapshot, "processes.0.integrity", "nothing");
    expect(snapshot, "processes.1.integrity",
           "{\"administrators\":\"absent\",\"app_container\":true,\"capabilities\":3,"
           "\"elevation\":\"Limited\",\"filtered\":true,\"level\":\"Low\",\"lowbox_number\":6,"
           "\"package\":\"S-1-5-18\",\"sid\":\"S-1-16-4096\",\"token\":\"0xffffe00000270000\","
           "\"user\":\"S-1-5-18\"}");
    json_decref(snapshot);
    objects = job_machine();
    put_token(&objects, "LowboxNumberEntry", NOWHERE, 8);
    put_token(&objects, "LogonSession", NOWHERE, 8);
    snapshot = snapshot_of(&objects);
    expect(snapshot, "processes.1.integrity.lowbox_number", "null");
    expect(snapshot, "processes.1.integrity.elevation", "null");
    expect(snapshot, "processes.1.integrity.filtered", "true");
    json_decref(snapshot);
}

/* What no symbol file names: the bit's value; a state that there is not; names out of reach. */
static void test_values_that_make_no_sense(void **state) {
    (void)state;
    struct small_objects objects = job_machine();
    put_job(&objects, 1, "LimitFlags", 0x80200001, 4);
    machine_put(objects.machine,
                GLOBALS + objects_offset(&objects, "_ESERVERSILO_GLOBALS", "State"), 5, 4);
    put_job(&objects, 2, "ServerSiloGlobals", NOWHERE, 8);
    json_t *snapshot = snapshot_of(&objects);
    expect(snapshot, "jobs.1.limits",
           "[\"JOB_OBJECT_LIMIT_WORKINGSET\",\"0x200000\",\"0x80000000\"]");
    expect(snapshot, "jobs.1.limit_values",
           "{\"MaximumWorkingSetSize\":0,\"MinimumWorkingSetSize\":0}");
    expect(snapshot, "silos.0.state", "null");
    expect(snapshot, "silos.1.server", "true");
    expect(snapshot, "silos.1.state", "null");
    expect(snapshot, "silos.1.root", "null");
    expect(snapshot, "coverage.sections.silos.unreadable", "{\"bad-value\":1,\"not-mapped\":2}");
    json_decref(snapshot);
}

/* Every job is met once, and a process in a ring of jobs is in no silo that is known. */
static void test_jobs_around_each_other(void **state) {
    (void)state;
    struct small_objects objects = job_machine();
    put_job(&objects, 0, "ParentJob", job_at(2), 8);
    put_job(&objects, 0, "JobFlags", 0, 4);
    json_t *snapshot = snapshot_of(&objects);
    assert_int_equal(json_array_size(at(snapshot, "jobs")), JOBS);
    expect(snapshot, "processes.1.silo", "null");
    expect(snapshot, "processes.1.server_silo", "nothing");
    expect(snapshot, "silos.0.processes", "[]");
    json_decref(snapshot);
}

/* The children that were reached are there; the list is reported. */
static void test_list_of_children_that_breaks(void **state) {
    (void)state;
    struct small_objects objects = job_machine();
    put_job(&objects, 1, "SiblingJobLinks", NOWHERE, 8);
    json_t *snapshot = snapshot_of(&objects);
    expect(snapshot, "jobs.0.children", "[\"0xffffe00000251100\"]");
    expect_finding(snapshot, "list.broken", "subject", "\"_EJOB.ChildJobListHead\"");
    expect(snapshot, "coverage.sections.jobs.status", "\"partial\"");
    json_decref(snapshot);
}

/* Lists of one name, each with a head of its own: none hides another. The section silos reads both
 * again. */
static void test_two_lists_that_break(void **state) {
    (void)state;
    struct small_objects objects = job_machine();
    put_job(&objects, 1, "SiblingJobLinks", NOWHERE, 8);
    put_job(&objects, 2, "SiblingJobLinks", NOWHERE, 8);
    json_t *snapshot = snapshot_of(&objects);
    size_t broken = 0, i;
    json_t *each;
    json_array_foreach(at(snapshot, "findings"), i, each) {
        const char *subject = json_string_value(json_object_get(each, "subject"));
        broken += strcmp(subject, "_EJOB.ChildJobListHead") == 0;
    }
    assert_int_equal(broken, 2);
    json_decref(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nested_jobs_and_silos),
        cmocka_unit_test(test_token_of_an_app_container),
        cmocka_unit_test(test_values_that_make_no_sense),
        cmocka_unit_test(test_jobs_around_each_other),
        cmocka_unit_test(test_list_of_children_that_breaks),
        cmocka_unit_test(test_two_lists_that_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
