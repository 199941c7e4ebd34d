/* kernel_object_scan.c - processes and threads that only a scan of kernel memory finds, and what
 * only looks like them. */
#include "test.h"

#include "base/memory.h"
#include "kernel/object_scan.h"
#include "small_objects.h"

enum { TYPE_PROCESS = 7, TYPE_THREAD = 8 };

/* Of a size that two never overlap, and one reaches from a page into the next. */
static uint64_t object(unsigned index) {
    return 0xffffe00000300f80 + 0x1010 * (uint64_t)index;
}

struct world {
    struct small_objects objects;
    struct target *target;
    struct objects *types;
    struct object_scan scan;
};

static struct world make_world(void) {
    struct world world = {.objects = small_objects("nt-10240-x64", true)};
    objects_type(&world.objects, TYPE_PROCESS, "Process", small_object(16));
    objects_type(&world.objects, TYPE_THREAD, "Thread", small_object(17));
    objects_list_types(&world.objects);
    return world;
}

static uint64_t member(struct world *world, uint64_t address, const char *type, const char *path) {
    return address + objects_offset(&world->objects, type, path);
}

static void set(struct world *world, uint64_t address, const char *type, const char *path,
                uint64_t value) {
    machine_put(world->objects.machine, member(world, address, type, path), value, 8);
}

/* An empty list leads to itself. */
static void put_head(struct world *world, uint64_t head) {
    machine_ring(world->objects.machine, &head, 1);
}

static void put_process(struct world *world, uint64_t process, uint64_t pid) {
    objects_put(&world->objects, process, TYPE_PROCESS, NULL, 0, 0);
    set(world, process, "_EPROCESS", "Pcb.Header.Type", 3);
    set(world, process, "_EPROCESS", "Pcb.DirectoryTableBase", 0x1aa000);
    set(world, process, "_EPROCESS", "UniqueProcessId", pid);
    put_head(world, member(world, process, "_EPROCESS", "Pcb.Header.WaitListHead"));
    put_head(world, member(world, process, "_EPROCESS", "ThreadListHead"));
}

static void put_thread(struct world *world, uint64_t thread, uint64_t process) {
    objects_put(&world->objects, thread, TYPE_THREAD, NULL, 0, 0);
    set(world, thread, "_ETHREAD", "Tcb.Header.Type", 6);
    set(world, thread, "_ETHREAD", "Tcb.ApcState.Process", process);
    set(world, thread, "_ETHREAD", "Cid.UniqueThread", 0x20c);
    put_head(world, member(world, thread, "_ETHREAD", "Tcb.Header.WaitListHead"));
}

static void scan_world(struct world *world) {
    world->target = objects_open(&world->objects);
    world->types = objects_new(world->target);
    object_scan_run(world->target, world->types, &world->scan);
}

static void close_world(struct world *world) {
    object_scan_deinit(&world->scan);
    objects_free(world->types);
    target_close(world->target);
    machine_destroy(world->objects.machine);
}

static void assert_found(const struct scanned_objects *found, size_t count, uint64_t first) {
    assert_int_equal(found->count, count);
    assert_int_equal(found->kept, count);
    if (count)
        assert_int_equal(found->items[0], first);
}

static void what_is_on_no_list_is_found(void **state) {
    (void)state;
    struct world world = make_world();
    put_process(&world, object(0), 0x3c4);
    put_process(&world, object(1), 0x3c8);
    put_thread(&world, object(2), object(0));
    scan_world(&world);
    assert_null(world.scan.impossible);
    assert_true(world.scan.whole);
    assert_true(world.scan.pages > 0);
    assert_found(&world.scan.live[SCANNED_PROCESS], 2, object(0));
    assert_int_equal(world.scan.live[SCANNED_PROCESS].items[1], object(1));
    assert_found(&world.scan.live[SCANNED_THREAD], 1, object(2));
    assert_found(&world.scan.freed[SCANNED_PROCESS], 0, 0);
    close_world(&world);
}

static void a_deleted_object_is_told_apart(void **state) {
    (void)state;
    struct world world = make_world();
    put_process(&world, object(0), 0x3c4);
    machine_put(world.objects.machine, object(0) - BODY, 0, 8); /* PointerCount */
    scan_world(&world);
    assert_found(&world.scan.live[SCANNED_PROCESS], 0, 0);
    assert_found(&world.scan.freed[SCANNED_PROCESS], 1, object(0));
    close_world(&world);
}

/* ---- what only looks like a process ---- */

static void spoil_type(struct world *world) {
    set(world, object(0), "_EPROCESS", "Pcb.Header.Type", 5);
}

static void spoil_header(struct world *world) {
    objects_put(&world->objects, object(0), TYPE_FILE, NULL, 0, 0);
}

static void spoil_id(struct world *world) {
    set(world, object(0), "_EPROCESS", "UniqueProcessId", 0x3c5);
}

static void spoil_tables(struct world *world) {
    set(world, object(0), "_EPROCESS", "Pcb.DirectoryTableBase", 0x2);
}

/* A copy at another address: its lists lead to where it was copied from. */
static void spoil_place(struct world *world) {
    static const char *const heads[] = {"Pcb.Header.WaitListHead", "ThreadListHead"};
    for (size_t i = 0; i < ARRAY_LENGTH(heads); i++) {
        uint64_t original = member(world, object(3), "_EPROCESS", heads[i]);
        put_head(world, original);
        set(world, object(0), "_EPROCESS", heads[i], original);
    }
}

static void what_only_looks_like_a_process_is_none(void **state) {
    (void)state;
    static void (*const spoil[])(struct world * world) = {spoil_type, spoil_header, spoil_id,
                                                          spoil_tables, spoil_place};
    for (size_t i = 0; i < ARRAY_LENGTH(spoil); i++) {
        struct world world = make_world();
        put_process(&world, object(0), 0x3c4);
        spoil[i](&world);
        scan_world(&world);
        assert_true(world.scan.whole);
        assert_found(&world.scan.live[SCANNED_PROCESS], 0, 0);
        assert_found(&world.scan.freed[SCANNED_PROCESS], 0, 0);
        close_world(&world);
    }
}

/* One of its lists is enough: the other may be in pages that are not there. */
static void one_list_that_leads_back_is_enough(void **state) {
    (void)state;
    struct world world = make_world();
    put_process(&world, object(0), 0x3c4);
    set(&world, object(0), "_EPROCESS", "Pcb.Header.WaitListHead", 0xffffd000f0000000);
    scan_world(&world);
    assert_found(&world.scan.live[SCANNED_PROCESS], 1, object(0));
    close_world(&world);
}

static void without_types_nothing_is_looked_at(void **state) {
    (void)state;
    struct world world = {.objects = small_objects("nt-10240-x64", true)};
    objects_list_types(&world.objects);
    put_process(&world, object(0), 0x3c4);
    scan_world(&world);
    assert_non_null(world.scan.impossible);
    assert_int_equal(world.scan.pages, 0);
    close_world(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_no_list_is_found),
        cmocka_unit_test(a_deleted_object_is_told_apart),
        cmocka_unit_test(what_only_looks_like_a_process_is_none),
        cmocka_unit_test(one_list_that_leads_back_is_enough),
        cmocka_unit_test(without_types_nothing_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
