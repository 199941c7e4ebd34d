/* kernel_list.c - rings that are whole, broken, mislinked, cyclic, too long. */
#include "test.h"

#include "kernel/list.h"
#include "machine.h"

#define PLACE  0xfffff80000010000
#define ABSENT 0xfffff80000900000 /* no page is there */

static uint64_t at(unsigned index) {
    return PLACE + 0x40 * index;
}

/* Links entries head, 1, 2, ... count - 1 as a whole ring; the test then damages it. */
static struct machine *ring_of(unsigned count) {
    struct machine *machine = machine_create();
    uint64_t links[64];
    for (unsigned i = 0; i < count; i++)
        links[i] = at(i);
    machine_ring(machine, links, count);
    return machine;
}

static void set_flink(struct machine *machine, unsigned index, uint64_t value) {
    machine_put(machine, at(index), value, 8);
}

static void set_blink(struct machine *machine, unsigned index, uint64_t value) {
    machine_put(machine, at(index) + 8, value, 8);
}

/* Walks, checks the entries (by index), and frees the machine. */
static struct list_walk walk(struct machine *machine, size_t limit, size_t count,
                             const unsigned *expected) {
    struct target *target = machine_open(machine);
    struct list_walk walk;
    list_walk(target->vm, at(0), limit, &walk);
    assert_int_equal(walk.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(walk.entries[i], at(expected[i]));
    struct list_walk seen = walk;
    list_walk_deinit(&walk);
    target_close(target);
    machine_destroy(machine);
    return seen;
}

static void whole_ring_closes(void **state) {
    (void)state;
    struct list_walk seen = walk(ring_of(4), 100, 3, (unsigned[]){1, 2, 3});
    assert_int_equal(seen.end, LIST_CLOSED);
    assert_int_equal(seen.gap, 3);
    assert_int_equal(seen.broken_at, 0);
}

static void empty_ring_closes(void **state) {
    (void)state;
    assert_int_equal(walk(ring_of(1), 100, 0, NULL).end, LIST_CLOSED);
}

static void long_ring_is_remembered(void **state) {
    (void)state;
    struct machine *machine = machine_create();
    enum { COUNT = 5000 };
    static uint64_t links[COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        links[i] = PLACE + 0x10 * i;
    machine_ring(machine, links, COUNT);
    struct target *target = machine_open(machine);
    struct list_walk walk;
    list_walk(target->vm, links[0], COUNT, &walk);
    assert_int_equal(walk.end, LIST_CLOSED);
    assert_int_equal(walk.count, COUNT - 1);
    list_walk_deinit(&walk);
    target_close(target);
    machine_destroy(machine);
}

static void break_is_told_and_passed_backwards(void **state) {
    (void)state;
    struct machine *machine = ring_of(6);
    set_flink(machine, 2, ABSENT);
    set_blink(machine, 4, ABSENT);
    struct list_walk seen = walk(machine, 100, 4, (unsigned[]){1, 2, 4, 5});
    assert_int_equal(seen.end, LIST_BROKEN);
    assert_int_equal(seen.gap, 2);
    assert_int_equal(seen.broken_at, ABSENT);
    assert_int_equal(seen.broken_from, at(2));
    assert_int_equal(seen.state, READ_NOT_MAPPED);
    assert_int_equal(seen.back_end, LIST_BROKEN);
    assert_int_equal(seen.back_broken_at, ABSENT);
}

static void user_address_is_no_link(void **state) {
    (void)state;
    struct machine *machine = ring_of(3);
    set_flink(machine, 1, 0x10000);
    struct list_walk seen = walk(machine, 100, 2, (unsigned[]){1, 2});
    assert_int_equal(seen.end, LIST_BROKEN);
    assert_int_equal(seen.state, READ_BAD_VALUE);
    assert_int_equal(seen.back_end, LIST_CLOSED);
}

/* An entry is aligned like the pointers in it, even where the bytes behind an odd one can be read.
 */
static void odd_address_is_no_link(void **state) {
    (void)state;
    struct machine *machine = ring_of(3);
    set_flink(machine, 1, at(2) + 1);
    struct list_walk seen = walk(machine, 100, 2, (unsigned[]){1, 2});
    assert_int_equal(seen.end, LIST_BROKEN);
    assert_int_equal(seen.broken_at, at(2) + 1);
    assert_int_equal(seen.state, READ_BAD_VALUE);
}

/* An entry that was taken out of the forward links alone shows up again from behind. */
static void entry_hidden_forwards_is_found(void **state) {
    (void)state;
    struct machine *machine = ring_of(5);
    set_flink(machine, 1, at(3));
    struct list_walk seen = walk(machine, 100, 4, (unsigned[]){1, 2, 3, 4});
    assert_int_equal(seen.end, LIST_MISLINKED);
    assert_int_equal(seen.broken_at, at(3));
    assert_int_equal(seen.broken_from, at(1));
    assert_int_equal(seen.gap, 1);
    assert_int_equal(seen.back_end, LIST_CLOSED);
}

static void last_entry_hidden_is_found(void **state) {
    (void)state;
    struct machine *machine = ring_of(4);
    set_flink(machine, 2, at(0));
    struct list_walk seen = walk(machine, 100, 3, (unsigned[]){1, 2, 3});
    assert_int_equal(seen.end, LIST_MISLINKED);
    assert_int_equal(seen.broken_at, at(0));
}

static void cycle_ends(void **state) {
    (void)state;
    struct machine *machine = ring_of(5);
    set_flink(machine, 3, at(2));
    struct list_walk seen = walk(machine, 100, 4, (unsigned[]){1, 2, 3, 4});
    assert_int_equal(seen.end, LIST_CYCLE);
    assert_int_equal(seen.broken_at, at(2));
    assert_int_equal(seen.broken_from, at(3));
}

static void limit_holds(void **state) {
    (void)state;
    struct list_walk seen = walk(ring_of(20), 5, 5, (unsigned[]){1, 2, 3, 4, 5});
    assert_int_equal(seen.end, LIST_TOO_LONG);
}

static void head_that_is_not_there(void **state) {
    (void)state;
    struct machine *machine = machine_create();
    machine_put(machine, PLACE + 0x1000, 0, 8);
    struct list_walk seen = walk(machine, 100, 0, NULL);
    assert_int_equal(seen.end, LIST_BROKEN);
    assert_int_equal(seen.broken_at, at(0));
    assert_int_equal(seen.state, READ_NOT_MAPPED);
    assert_string_equal(list_end_name(seen.end), "broken");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_ring_closes),
        cmocka_unit_test(empty_ring_closes),
        cmocka_unit_test(long_ring_is_remembered),
        cmocka_unit_test(break_is_told_and_passed_backwards),
        cmocka_unit_test(user_address_is_no_link),
        cmocka_unit_test(odd_address_is_no_link),
        cmocka_unit_test(entry_hidden_forwards_is_found),
        cmocka_unit_test(last_entry_hidden_is_found),
        cmocka_unit_test(cycle_ends),
        cmocka_unit_test(limit_holds),
        cmocka_unit_test(head_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
