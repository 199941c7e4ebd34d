/* private_namespaces.c - private namespaces by their table and by handles, and tables that lie; who
 * holds which objects. */
#include "test.h"

#include "analyses/holdings.h"
#include "analyses/process_set.h"
#include "base/memory.h"
#include "kernel/object.h"
#include "kernel/private_namespace.h"
#include "small_namespaces.h"

static void close_machine(struct small_objects *objects, struct target *target) {
    target_close(target);
    machine_destroy(objects->machine);
}

static void assert_item(const struct private_namespace *namespace, size_t item,
                        enum boundary_item_kind kind, const char *text) {
    assert_in_range(item, 0, namespace->item_count - 1);
    assert_int_equal(namespace->items[item].kind, kind);
    assert_string_equal(namespace->items[item].text.data, text);
}

static void assert_namespace(const struct private_namespaces *namespaces) {
    assert_int_equal(namespaces->count, 1);
    const struct private_namespace *namespace = &namespaces->items[0];
    assert_int_equal(namespace->address, NS_ENTRY);
    assert_int_equal(namespace->directory, NS_DIRECTORY);
    assert_int_equal(namespace->state, READ_PRESENT);
    assert_int_equal(namespace->item_count, 3);
    assert_item(namespace, 0, BOUNDARY_NAME, "NS");
    assert_item(namespace, 1, BOUNDARY_SID, "S-1-1-0");
    assert_item(namespace, 2, BOUNDARY_INTEGRITY, "S-1-16-4096");
}

static void assert_readable(const struct private_namespaces *namespaces) {
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        assert_int_equal(namespaces->unreadable[state], 0);
}

/* ---- namespaces ---- */

static void test_by_the_table(void **state) {
    (void)state;
    struct small_objects machine = namespace_machine(NS_PROFILE);
    struct target *target = open_namespaces(&machine, true);
    struct private_namespaces namespaces;
    private_namespaces_read(target, &namespaces);
    assert_string_equal(namespaces.table, "ObpPrivateNamespaceLookupTable");
    assert_namespace(&namespaces);
    private_namespaces_add(target, NS_DIRECTORY, &namespaces);    /* known */
    private_namespaces_add(target, small_object(2), &namespaces); /* \Device: of none */
    assert_namespace(&namespaces);
    assert_readable(&namespaces);
    private_namespaces_deinit(&namespaces);
    close_machine(&machine, target);
}

static void test_by_a_directory(void **state) {
    (void)state;
    struct small_objects machine = namespace_machine(NS_PROFILE);
    struct target *target = open_namespaces(&machine, false);
    struct private_namespaces namespaces;
    private_namespaces_read(target, &namespaces);
    assert_null(namespaces.table);
    assert_int_equal(namespaces.count, 0);
    private_namespaces_add(target, NS_DIRECTORY, &namespaces);
    assert_namespace(&namespaces);
    assert_readable(&namespaces);
    private_namespaces_deinit(&namespaces);
    close_machine(&machine, target);
}

static void test_a_build_that_has_none(void **state) {
    (void)state;
    struct small_objects machine = namespace_machine(NS_PROFILE);
    struct target *target = open_namespaces(&machine, true);
    target->symbols = builtin_symbols("nt-2600-x86");
    struct private_namespaces namespaces;
    private_namespaces_read(target, &namespaces);
    assert_true(namespaces.absent);
    private_namespaces_add(target, NS_DIRECTORY, &namespaces);
    assert_int_equal(namespaces.count, 0);
    private_namespaces_deinit(&namespaces);
    symbols_free(machine.symbols);
    close_machine(&machine, target);
}

/* What one word of the machine is set to, and what is left then. */
struct lie {
    uint64_t address, value;
    size_t width;
    size_t count;            /* of namespaces */
    enum read_state state;   /* of the boundary descriptor of the one */
    enum read_state counted; /* why something is missing */
};

#define BUCKET       (NS_TABLE + 16 * NS_BUCKET)
#define ITEM         (NS_BOUNDARY + 0x10)
#define NOT_A_KERNEL 0x1000
#define NOWHERE      0xffffe00000900000 /* not mapped */

static void test_tables_that_lie(void **state) {
    (void)state;
    const struct lie lies[] = {
        {NS_ENTRY, NS_ENTRY, 8, 1, READ_PRESENT, READ_BAD_VALUE}, /* a ring that goes round */
        {NS_ENTRY, NOWHERE, 8, 1, READ_PRESENT, READ_NOT_MAPPED},
        {BUCKET, NOT_A_KERNEL, 8, 1, READ_PRESENT, READ_BAD_VALUE}, /* found backwards */
        {NS_ENTRY + 0x10, 0, 8, 0, READ_PRESENT, READ_PRESENT},     /* it is being made */
        {NS_ENTRY + 0x10, small_object(2), 8, 0, READ_PRESENT, READ_BAD_VALUE},
        {NS_ENTRY + 0x10, NOWHERE, 8, 0, READ_PRESENT, READ_NOT_MAPPED},
        {NS_ENTRY + 0x18, UINT64_MAX, 8, 1, READ_BAD_VALUE, READ_PRESENT},
        {NS_ENTRY + 0x18, 15, 8, 1, READ_BAD_VALUE, READ_PRESENT},
        {NS_BOUNDARY, 2, 4, 1, READ_BAD_VALUE, READ_PRESENT},              /* another version */
        {NS_BOUNDARY + 4, UINT32_MAX, 4, 1, READ_BAD_VALUE, READ_PRESENT}, /* entries */
        {NS_BOUNDARY + 8, UINT32_MAX, 4, 1, READ_BAD_VALUE, READ_PRESENT}, /* in so many bytes */
        {NS_BOUNDARY + 8, 8, 4, 1, READ_BAD_VALUE, READ_PRESENT},
        {ITEM, 4, 4, 1, READ_BAD_VALUE, READ_PRESENT}, /* of no kind */
        {ITEM + 4, 0, 4, 1, READ_BAD_VALUE, READ_PRESENT},
        {ITEM + 4, UINT32_MAX, 4, 1, READ_BAD_VALUE, READ_PRESENT},
        {ITEM + 4, 0x2d, 4, 1, READ_BAD_VALUE, READ_PRESENT}, /* the next entry is past the end */
        {ITEM + 0x18, 0xff01, 2, 1, READ_BAD_VALUE, READ_PRESENT}, /* a SID of 255 subauthorities */
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct small_objects machine = namespace_machine(NS_PROFILE);
        machine_put(machine.machine, lies[i].address, lies[i].value, lies[i].width);
        struct target *target = open_namespaces(&machine, true);
        struct private_namespaces namespaces;
        private_namespaces_read(target, &namespaces);
        if (namespaces.count != lies[i].count ||
            (namespaces.count && namespaces.items[0].state != lies[i].state) ||
            (lies[i].counted != READ_PRESENT && !namespaces.unreadable[lies[i].counted]))
            fail_msg("lie %zu: %zu namespaces", i, namespaces.count);
        if (lies[i].counted == READ_PRESENT)
            assert_readable(&namespaces);
        private_namespaces_deinit(&namespaces);
        close_machine(&machine, target);
    }
}

/* ---- names ---- */

static void test_names_inside(void **state) {
    (void)state;
    struct small_objects machine = namespace_machine(NS_PROFILE);
    struct target *target = open_namespaces(&machine, true);
    struct objects *objects = objects_new(target);
    AUTO(text_deinit) struct text path = TEXT_EMPTY;
    assert_int_equal(object_path(objects, NS_EVENT, &path), READ_PRESENT);
    assert_string_equal(path.data, "\\...\\Inside");
    assert_int_equal(object_path(objects, NS_DIRECTORY, &path), READ_PRESENT);
    assert_string_equal(path.data, "");
    objects_free(objects);
    close_machine(&machine, target);
}

/* ---- holdings ---- */

static void assert_holding(const struct holdings *holdings, size_t at, uint64_t object,
                           uint64_t process, const struct process_set *set) {
    assert_int_equal(holdings->items[at].object, object);
    assert_int_equal(set->items[holdings->items[at].process].address, process);
}

static void test_holdings(void **state) {
    (void)state;
    struct small_objects machine = namespace_machine(NS_PROFILE);
    struct target *target = open_namespaces(&machine, true);
    struct process_set *set = process_set_create(target, NULL);
    struct holdings *holdings = holdings_new(target, set);
    assert_false(holdings->absent || holdings->cut);
    assert_int_equal(holdings->count, 5); /* one of two handles to one object is dropped */
    assert_int_equal(holdings_find(holdings, NS_DIRECTORY), 0);
    assert_int_equal(holdings_end(holdings, 0), 1);
    assert_holding(holdings, 0, NS_DIRECTORY, small_process(1), set);
    size_t event = holdings_find(holdings, NS_EVENT);
    assert_int_equal(holdings_end(holdings, event), event + 2);
    assert_holding(holdings, event, NS_EVENT, small_process(1), set);
    assert_holding(holdings, event + 1, NS_EVENT, small_process(2), set);
    assert_int_equal(holdings->items[event].order, 2);
    assert_int_equal(holdings->items[holdings_find(holdings, NS_SHARED)].order, 0);
    assert_int_equal(holdings_find(holdings, NS_EVENT + 1), holdings->count);
    assert_int_equal(holdings_find(holdings, UINT64_MAX), holdings->count);
    assert_true(holdings->tables[0].none); /* System has no table here */
    holdings_free(holdings);
    process_set_destroy(set);
    close_machine(&machine, target);
}

/* A page of handles that is not there, and an entry that leads to no object. */
static void test_holdings_that_cannot_be_read(void **state) {
    (void)state;
    struct small_objects machine = namespace_machine(NS_PROFILE);
    machine_put(machine.machine,
                TABLE + 0x100 + objects_offset(&machine, "_HANDLE_TABLE", "TableCode"), NOWHERE, 8);
    machine_put(machine.machine, TABLE_PAGES + 2 * PAGE + 16 * 2, 0x12340000000013, 8);
    struct target *target = open_namespaces(&machine, true);
    struct process_set *set = process_set_create(target, NULL);
    struct holdings *holdings = holdings_new(target, set);
    assert_int_equal(holdings->count, 1);
    assert_holding(holdings, 0, NS_EVENT, small_process(2), set);
    assert_int_equal(holdings->unreadable[READ_NOT_MAPPED], 1);
    assert_int_equal(holdings->unreadable[READ_BAD_VALUE], 1);
    for (size_t i = 0; i < set->count; i++)
        assert_int_equal(holdings->tables[i].state, set->items[i].address == small_process(1)
                                                        ? READ_NOT_MAPPED
                                                        : READ_PRESENT);
    holdings_free(holdings);
    process_set_destroy(set);
    close_machine(&machine, target);
}

/* A table that has room for millions, and no page: nobody knows what is in the one after it. */
static void test_tables_without_pages(void **state) {
    (void)state;
    const uint64_t empty = TABLE_PAGES + 8 * PAGE;
    struct small_objects machine = namespace_machine(NS_PROFILE);
    machine_put(machine.machine, empty, 0, 8);
    objects_table(&machine, TABLE + 0x100, empty | 2, 0xfffffffc);
    struct target *target = open_namespaces(&machine, true);
    struct process_set *set = process_set_create(target, NULL);
    struct holdings *holdings = holdings_new(target, set);
    assert_int_equal(holdings->pages, 65536);
    assert_true(holdings->cut);
    assert_int_equal(holdings->count, 0);
    for (size_t i = 0; i < set->count; i++)
        assert_int_equal(holdings->tables[i].state,
                         holdings->tables[i].none ? READ_PRESENT : READ_BAD_VALUE);
    holdings_free(holdings);
    process_set_destroy(set);
    close_machine(&machine, target);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_the_table),
        cmocka_unit_test(test_by_a_directory),
        cmocka_unit_test(test_a_build_that_has_none),
        cmocka_unit_test(test_tables_that_lie),
        cmocka_unit_test(test_names_inside),
        cmocka_unit_test(test_holdings),
        cmocka_unit_test(test_holdings_that_cannot_be_read),
        cmocka_unit_test(test_tables_without_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
