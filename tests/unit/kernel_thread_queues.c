/* kernel_thread_queues.c - the dispatcher's lists of threads: whole, empty, and ones that lie. */
#include "test.h"

#include "analyses/thread_set.h"
#include "base/memory.h"
#include "kernel/thread_queues.h"
#include "small_kernel.h"

#define PRIORITIES 32
#define SHARED     0xffffe00000180000 /* the _KSHARED_READY_QUEUE */
#define USER       0x00007ff9a7c43d70

static uint64_t thread(unsigned index) {
    return 0xffffe00000100000 + 0x1000 * (uint64_t)index;
}

struct world {
    struct machine *machine;
    struct symbols *symbols;
    struct target *target;
    struct thread_queues queues;
};

static uint64_t of_thread(struct world *world, unsigned index, const char *entry) {
    return thread(index) + offset_of(world->symbols, "_KTHREAD", entry);
}

static uint64_t of_processor(struct world *world, const char *member, unsigned index) {
    return NT_PRCB + offset_of(world->symbols, "_KPRCB", member) + 16 * index;
}

/* A list of the processor with these threads, at most three. */
static void put_list(struct world *world, uint64_t head, const unsigned *threads, size_t count) {
    uint64_t links[4] = {head};
    for (size_t i = 0; i < count; i++)
        links[i + 1] = of_thread(world, threads[i], "WaitListEntry");
    machine_ring(world->machine, links, count + 1);
}

/* Every list is there, and empty. */
static struct world make_world(void) {
    struct world world = {.machine = small_kernel(), .symbols = builtin_symbols("nt-10240-x64")};
    for (unsigned i = 0; i < PRIORITIES; i++)
        put_list(&world, of_processor(&world, "DispatcherReadyListHead", i), NULL, 0);
    put_list(&world, of_processor(&world, "WaitListHead", 0), NULL, 0);
    machine_put(world.machine, of_processor(&world, "DeferredReadyListHead", 0), 0, 8);
    machine_put(world.machine, of_processor(&world, "SharedReadyQueue", 0), 0, 8);
    for (unsigned i = 0; i < 6; i++)
        machine_put(world.machine, thread(i) + offset_of(world.symbols, "_KTHREAD", "Header.Type"),
                    6, 1);
    return world;
}

static void read_world(struct world *world) {
    world->target = machine_open(world->machine);
    world->target->symbols = builtin_symbols("nt-10240-x64");
    world->target->match = MATCH_PROVED;
    thread_queues_read(world->target, &world->queues);
}

static void close_world(struct world *world) {
    thread_queues_deinit(&world->queues);
    target_close(world->target);
    symbols_free(world->symbols);
    machine_destroy(world->machine);
}

static void assert_whole(const struct world *world, enum thread_queue_kind kind, bool whole) {
    assert_false(world->queues.absent[kind]);
    assert_int_equal(world->queues.whole[kind], whole);
}

static void assert_thread(const struct world *world, size_t at, unsigned index,
                          enum thread_queue_kind kind) {
    assert_true(at < world->queues.count);
    assert_int_equal(world->queues.items[at].thread, thread(index));
    assert_int_equal(world->queues.items[at].kind, kind);
}

/* ---- lists that are whole ---- */

static void empty_lists_are_whole(void **state) {
    (void)state;
    struct world world = make_world();
    read_world(&world);
    assert_whole(&world, QUEUE_READY, true);
    assert_whole(&world, QUEUE_WAIT, true);
    assert_int_equal(world.queues.count, 0);
    assert_int_equal(world.queues.broken_count, 0);
    close_world(&world);
}

static void threads_of_all_lists_are_found(void **state) {
    (void)state;
    struct world world = make_world();
    put_list(&world, of_processor(&world, "DispatcherReadyListHead", 8), (unsigned[]){2, 0}, 2);
    put_list(&world, of_processor(&world, "DispatcherReadyListHead", 31), (unsigned[]){1}, 1);
    put_list(&world, of_processor(&world, "WaitListHead", 0), (unsigned[]){5}, 1);
    uint64_t deferred[] = {of_processor(&world, "DeferredReadyListHead", 0),
                           of_thread(&world, 4, "SwapListEntry"),
                           of_thread(&world, 3, "SwapListEntry"), 0};
    for (size_t i = 0; i < 3; i++)
        machine_put(world.machine, deferred[i], deferred[i + 1], 8);
    read_world(&world);
    assert_whole(&world, QUEUE_READY, true);
    assert_whole(&world, QUEUE_WAIT, true);
    assert_int_equal(world.queues.count, 6);
    const unsigned expected[] = {2, 0, 1, 4, 3, 5};
    for (size_t i = 0; i < 6; i++)
        assert_thread(&world, i, expected[i], i == 5 ? QUEUE_WAIT : QUEUE_READY);
    close_world(&world);
}

/* Processors share it: each leads to the same. */
static void a_shared_queue_is_walked(void **state) {
    (void)state;
    struct world world = make_world();
    struct field lists;
    if (!symbols_field(world.symbols, "_KSHARED_READY_QUEUE", "ReadyListHead", &lists)) {
        symbols_free(world.symbols);
        machine_destroy(world.machine);
        skip();
    }
    for (unsigned i = 0; i < PRIORITIES; i++)
        put_list(&world, SHARED + lists.offset + 16 * i, (unsigned[]){3}, i == 9);
    machine_put(world.machine, of_processor(&world, "SharedReadyQueue", 0), SHARED, 8);
    read_world(&world);
    assert_whole(&world, QUEUE_READY, true);
    assert_int_equal(world.queues.count, 1);
    assert_thread(&world, 0, 3, QUEUE_READY);
    close_world(&world);
}

/* ---- lists that lie ---- */

static void assert_broken(const struct world *world, const char *name, enum list_end end) {
    assert_int_equal(world->queues.broken_count, 1);
    assert_string_equal(world->queues.broken[0].name, name);
    assert_int_equal(world->queues.broken[0].walk.end, end);
    assert_whole(world, QUEUE_READY, false);
    assert_whole(world, QUEUE_WAIT, true);
}

static void a_ring_that_goes_round_is_told(void **state) {
    (void)state;
    struct world world = make_world();
    put_list(&world, of_processor(&world, "DispatcherReadyListHead", 8), (unsigned[]){0, 1, 2}, 3);
    machine_put(world.machine, of_thread(&world, 2, "WaitListEntry"),
                of_thread(&world, 0, "WaitListEntry"), 8);
    read_world(&world);
    assert_broken(&world, "DispatcherReadyListHead[8] of processor 0", LIST_CYCLE);
    assert_int_equal(world.queues.count, 3);
    close_world(&world);
}

static void a_deferred_list_that_lies_is_told(void **state) {
    (void)state;
    const struct {
        uint64_t last; /* where the second thread leads */
        enum list_end end;
    } cases[] = {{thread(0), LIST_CYCLE}, {USER, LIST_BROKEN}, {0xffffd000f0000000, LIST_BROKEN}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world = make_world();
        uint32_t entry = offset_of(world.symbols, "_KTHREAD", "SwapListEntry");
        machine_put(world.machine, of_processor(&world, "DeferredReadyListHead", 0),
                    thread(0) + entry, 8);
        machine_put(world.machine, thread(0) + entry, thread(1) + entry, 8);
        machine_put(world.machine, thread(1) + entry,
                    cases[i].last == thread(0) ? thread(0) + entry : cases[i].last, 8);
        read_world(&world);
        assert_broken(&world, "DeferredReadyListHead of processor 0", cases[i].end);
        assert_int_equal(world.queues.broken[0].walk.broken_from, thread(1) + entry);
        assert_int_equal(world.queues.count, 2);
        close_world(&world);
    }
}

static void an_entry_that_is_no_thread_is_told(void **state) {
    (void)state;
    struct world world = make_world();
    put_list(&world, of_processor(&world, "WaitListHead", 0), (unsigned[]){0, 1}, 2);
    machine_put(world.machine, thread(0) + offset_of(world.symbols, "_KTHREAD", "Header.Type"), 3,
                1);
    read_world(&world);
    assert_whole(&world, QUEUE_WAIT, false);
    assert_int_equal(world.queues.count, 1);
    assert_thread(&world, 0, 1, QUEUE_WAIT);
    assert_int_equal(world.queues.strange_count, 1);
    assert_string_equal(world.queues.strange[0].name, "WaitListHead of processor 0");
    assert_int_equal(world.queues.strange[0].address, thread(0));
    close_world(&world);
}

/* What the dump does not hold is not known, and nothing strange. */
static void a_head_that_is_not_there_is_no_broken_list(void **state) {
    (void)state;
    struct world world = {.machine = small_kernel(), .symbols = builtin_symbols("nt-10240-x64")};
    read_world(&world);
    assert_whole(&world, QUEUE_READY, false);
    assert_whole(&world, QUEUE_WAIT, false);
    assert_int_equal(world.queues.broken_count, 0);
    close_world(&world);
}

static void without_symbols_there_are_none(void **state) {
    (void)state;
    struct world world = {.machine = small_kernel(), .symbols = builtin_symbols("nt-10240-x64")};
    world.target = machine_open(world.machine);
    thread_queues_read(world.target, &world.queues);
    assert_true(world.queues.absent[QUEUE_READY]);
    assert_true(world.queues.absent[QUEUE_WAIT]);
    close_world(&world);
}

/* ---- threads by all places ---- */

/* A bound is of each place: a machine of many threads has each of them in several. */
static void test_a_place_that_is_full(void **state) {
    (void)state;
    struct world world = make_world();
    AUTO_FREE uint64_t *items = xcalloc(THREAD_SET_MOST + 1, sizeof *items);
    for (size_t i = 0; i <= THREAD_SET_MOST; i++)
        items[i] = thread(0) + 16 * i;
    struct object_scan scan = {
        .whole = true, .live = {[SCANNED_THREAD] = {items, THREAD_SET_MOST, THREAD_SET_MOST}}};
    machine_put(world.machine, of_processor(&world, "CurrentThread", 0), thread(1), 8);
    read_world(&world);
    struct thread_set *set = thread_set_create(world.target, &scan);
    assert_int_equal(set->extents[PLACE_PROCESSOR].absent, false);
    assert_true(set->extents[PLACE_SCAN].whole);
    thread_set_destroy(set);
    scan.live[SCANNED_THREAD].kept++;
    set = thread_set_create(world.target, &scan);
    assert_false(set->extents[PLACE_SCAN].whole);
    thread_set_destroy(set);
    close_world(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_lists_are_whole),
        cmocka_unit_test(threads_of_all_lists_are_found),
        cmocka_unit_test(a_shared_queue_is_walked),
        cmocka_unit_test(a_ring_that_goes_round_is_told),
        cmocka_unit_test(a_deferred_list_that_lies_is_told),
        cmocka_unit_test(an_entry_that_is_no_thread_is_told),
        cmocka_unit_test(a_head_that_is_not_there_is_no_broken_list),
        cmocka_unit_test(without_symbols_there_are_none),
        cmocka_unit_test(test_a_place_that_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
