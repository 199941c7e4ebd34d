/* handle_list.c - tests of what is kept of every handle, and of how it is written. */
#include "test.h"

#include <string.h>

#include "analyses/handle_list.h"
#include "base/memory.h"
#include "small_objects.h"

#define FILE_OBJECT small_object(4)
#define EVENT       small_object(5)
#define FREE        small_object(6) /* zeros: of no type */

static const char file_name[] = "\\Device\\Disk\\pagefile.sys";

/* A machine with a file and an event. */
struct fixture {
    struct small_objects objects;
    struct target *target;
    struct objects *known;
    struct handle_list *list;
};

static struct fixture fixture_open(void) {
    struct fixture fixture = {.objects = small_objects("nt-10240-x64", true)};
    objects_list_types(&fixture.objects);
    objects_file(&fixture.objects, FILE_OBJECT, "\\pagefile.sys");
    objects_put(&fixture.objects, EVENT, TYPE_EVENT, "Ready", 0, 0x5f);
    machine_put(fixture.objects.machine, FREE - BODY, 0, 8);
    fixture.target = objects_open(&fixture.objects);
    fixture.known = objects_new(fixture.target);
    fixture.list = handle_list_create(fixture.target, fixture.known);
    return fixture;
}

static void fixture_close(struct fixture *fixture) {
    handle_list_destroy(fixture->list);
    objects_free(fixture->known);
    target_close(fixture->target);
    machine_destroy(fixture->objects.machine);
}

static enum read_state add(struct fixture *fixture, uint64_t handle, uint64_t address,
                           uint32_t access, unsigned attributes) {
    const struct handle_entry entry = {.state = READ_PRESENT,
                                       .handle = handle,
                                       .address = TABLE_PAGES + 4 * handle,
                                       .object = address,
                                       .granted_access = access,
                                       .attributes = attributes};
    struct object object;
    object_read(fixture->known, address, &object);
    return handle_list_add(fixture->list, &entry, &object);
}

/* The handles from `first` on, as JSON. */
static json_t *written(struct fixture *fixture, size_t first) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    struct rows rows = {0};
    struct canon canon;
    json_t *tree = json_pack("{s:o}", "entries", handle_list_place(&rows, fixture->list, first));
    canon_init(&canon, &text);
    rows_use(&rows, &canon);
    canon_json(&canon, NULL, tree);
    canon_finish(&canon);
    json_decref(tree);
    rows_deinit(&rows);
    json_t *read = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
    json_t *entries = json_incref(json_object_get(read, "entries"));
    json_decref(read);
    return entries;
}

static void assert_handle(const json_t *entries, size_t index, const char *expected) {
    AUTO_FREE char *found = json_dumps(json_array_get(entries, index), JSON_SORT_KEYS);
    assert_string_equal(found, expected);
}

static void test_what_is_written(void **state) {
    (void)state;
    struct fixture fixture = fixture_open();
    assert_int_equal(add(&fixture, 4, EVENT, 0x100002, 0), READ_PRESENT);
    size_t first = handle_list_count(fixture.list);
    assert_int_equal(first, 1);
    assert_int_equal(add(&fixture, 8, FILE_OBJECT, 0x20, HANDLE_INHERIT), READ_PRESENT);
    assert_int_equal(add(&fixture, 12, EVENT, 0, 7), READ_PRESENT);
    assert_int_equal(add(&fixture, 16, FREE, 1, 0), READ_PRESENT);
    json_t *entries = written(&fixture, first);
    assert_int_equal(json_array_size(entries), 3);
    assert_handle(entries, 0,
                  "{\"attributes\": [\"Inherit\"], \"entry\": \"0xffffc00000201020\", "
                  "\"granted_access\": \"0x20\", \"handle\": \"0x8\", \"handle_count\": 1, "
                  "\"header\": {\"address\": \"0xffffe00000202710\", "
                  "\"flags\": [\"KernelOnlyAccess\", \"SingleHandleEntry\"], \"optional\": {}}, "
                  "\"name\": \"\\\\Device\\\\Disk\\\\pagefile.sys\", "
                  "\"object\": \"0xffffe00000202740\", \"pointer_count\": 32770, "
                  "\"rights\": [\"FILE_EXECUTE\"], \"type\": \"File\"}");
    assert_handle(entries, 1,
                  "{\"attributes\": [\"Protected\", \"Inherit\", \"Audit\"], "
                  "\"entry\": \"0xffffc00000201030\", \"granted_access\": \"0x0\", "
                  "\"handle\": \"0xc\", \"handle_count\": 1, "
                  "\"header\": {\"address\": \"0xffffe000002030e0\", "
                  "\"flags\": [\"KernelOnlyAccess\", \"SingleHandleEntry\"], \"optional\": {"
                  "\"CREATOR_INFO\": \"0xffffe000002030c0\", "
                  "\"HANDLE_INFO\": \"0xffffe00000203090\", "
                  "\"NAME_INFO\": \"0xffffe000002030a0\", "
                  "\"PROCESS_INFO\": \"0xffffe00000203060\", "
                  "\"QUOTA_INFO\": \"0xffffe00000203070\"}}, \"name\": \"Ready\", "
                  "\"object\": \"0xffffe00000203110\", \"pointer_count\": 32770, "
                  "\"rights\": [], \"type\": \"Event\"}");
    /* Nothing is said of an object that is none. */
    assert_handle(entries, 2,
                  "{\"attributes\": [], \"entry\": \"0xffffc00000201040\", "
                  "\"granted_access\": \"0x1\", \"handle\": \"0x10\", "
                  "\"object\": \"0xffffe00000203ae0\", \"rights\": [], \"type\": null}");
    json_decref(entries);
    fixture_close(&fixture);
}

/* More objects than the first table of them has room for: each stays what it was. */
static void test_many_objects(void **state) {
    (void)state;
    enum { OBJECTS = 3000 };
    struct fixture fixture = fixture_open();
    for (unsigned i = 0; i < OBJECTS; i++) /* that are not in the dump */
        add(&fixture, 4 * i + 4, 0xffffe00010000000 + 0x1000 * (uint64_t)i, 0, 0);
    for (unsigned i = 0; i < OBJECTS; i++)
        add(&fixture, 4 * i + 8, 0xffffe00010000000 + 0x1000 * (uint64_t)i, 0, 0);
    json_t *entries = written(&fixture, 0);
    assert_int_equal(json_array_size(entries), 2 * OBJECTS);
    for (unsigned i = 0; i < 2 * OBJECTS; i++) {
        AUTO_FREE char *object = xasprintf("0xffffe0001%07x", 0x1000 * (i % OBJECTS));
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(entries, i), "object")), object);
    }
    json_decref(entries);
    fixture_close(&fixture);
}

/* Every handle to an object has its name, as long as the names are no longer than the dump, or
 * 16 MiB: a page of a dump that lies could hold the name of millions. */
static void test_names_are_bounded(void **state) {
    (void)state;
    struct fixture fixture = fixture_open();
    const size_t most = (16u << 20) / strlen(file_name);
    size_t named = 0, nameless = 0;
    for (size_t i = 0; i < most + 10; i++) {
        if (add(&fixture, 4, FILE_OBJECT, 0, 0) == READ_PRESENT)
            named++;
        else
            nameless++;
    }
    assert_int_equal(named, most);
    assert_int_equal(nameless, 10);
    json_t *entries = written(&fixture, most - 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(entries, 0), "name")),
                        file_name);
    assert_true(json_is_null(json_object_get(json_array_get(entries, 1), "name")));
    json_decref(entries);
    fixture_close(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written),
        cmocka_unit_test(test_many_objects),
        cmocka_unit_test(test_names_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
