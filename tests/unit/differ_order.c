/* Which members kept their order: held against all subsets of small random layouts. */
#include "test.h"

#include <stdbool.h>
#include <stdlib.h>

#include "differ/comparisons/order.h"

#define MOST 10

/* Whether two members kept their order to each other. */
static bool agree(const struct place *a, const struct place *b) {
    return (a->old < b->old) == (a->new < b->new) && (a->old > b->old) == (a->new > b->new);
}

static bool is_chain(const struct place *places, size_t count, unsigned subset) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (subset & 1u << i && subset & 1u << j && !agree(&places[i], &places[j]))
                return false;
    return true;
}

static bool holds_unchanged(const struct place *places, size_t count, unsigned subset) {
    for (size_t i = 0; i < count; i++)
        if (places[i].old == places[i].new && !(subset & 1u << i))
            return false;
    return true;
}

/* The size of the largest chain with all unchanged places in it. */
static int best_size(const struct place *places, size_t count) {
    int best = 0;
    for (unsigned subset = 0; subset < 1u << count; subset++) {
        int size = __builtin_popcount(subset);
        if (size > best && holds_unchanged(places, count, subset) &&
            is_chain(places, count, subset))
            best = size;
    }
    return best;
}

static unsigned kept_set(const struct place *places, size_t count) {
    unsigned subset = 0;
    for (size_t i = 0; i < count; i++)
        subset |= (unsigned)places[i].kept << i;
    return subset;
}

static void keeps_as_many_as_can_be(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 3000; round++) {
        struct place places[MOST] = {0};
        size_t count = (size_t)(round % (MOST + 1));
        for (size_t i = 0; i < count; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            places[i] = (struct place){.old = (random >> 33) % 8, .new = (random >> 43) % 8};
        }
        order_mark(places, count);
        unsigned kept = kept_set(places, count);
        assert_true(is_chain(places, count, kept));
        assert_true(holds_unchanged(places, count, kept));
        assert_int_equal(__builtin_popcount(kept), best_size(places, count));
    }
}

static void an_insertion_moves_nothing(void **state) {
    (void)state;
    struct place places[] = {{0, 0, false}, {8, 16, false}, {8, 16, false}, {16, 24, false}};
    order_mark(places, 4);
    assert_int_equal(kept_set(places, 4), 0xf);
}

static void the_one_that_jumped_is_named(void **state) {
    (void)state;
    struct place places[] = {{0, 24, false}, {8, 0, false}, {16, 8, false}, {24, 16, false}};
    order_mark(places, 4);
    assert_int_equal(kept_set(places, 4), 0xe);
}

static void a_parted_overlay_is_named(void **state) {
    (void)state;
    struct place places[] = {{0, 0, false}, {0, 8, false}, {16, 16, false}};
    order_mark(places, 3);
    assert_int_equal(kept_set(places, 3), 0x5);
}

/* Quadratic work on 200,000 members would take minutes. */
static void large_layouts_are_quick(void **state) {
    (void)state;
    size_t count = 200000;
    struct place *places = calloc(count, sizeof *places);
    assert_non_null(places);
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){.old = i, .new = i % 2 ? count - i : 7};
    order_mark(places, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept += places[i].kept;
    assert_in_range(kept, 1, count);
    free(places);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_as_many_as_can_be),
        cmocka_unit_test(an_insertion_moves_nothing),
        cmocka_unit_test(the_one_that_jumped_is_named),
        cmocka_unit_test(a_parted_overlay_is_named),
        cmocka_unit_test(large_layouts_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
