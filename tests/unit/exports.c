/* exports.c - tests of kernel/exports.h on images that tell the truth, and on such that do not. */
#include <string.h>

#include "kernel/exports.h"
#include "machine.h"
#include "test.h"

#define BASE      0x7ffa3da20000
#define SIZE      0x5000
#define DIRECTORY 0x1000
#define FUNCTIONS 0x1100
#define NAMES     0x1200
#define ORDINALS  0x1300
#define STRINGS   0x1400
#define END       0x1800 /* of the directory: an address below is a forwarder's */

enum { O_BASE = 16, O_FUNCTIONS = 20, O_NAMES = 24 };

/* An image of 64 bits with an export directory that has no entries yet. */
static struct machine *image_machine(void) {
    struct machine *machine = machine_create();
    machine_write(machine, BASE, "MZ", 2);
    machine_put(machine, BASE + 0x3c, 0x80, 4);
    machine_write(machine, BASE + 0x80, "PE\0\0", 4);
    machine_put(machine, BASE + 0x84, 0x8664, 2);
    machine_put(machine, BASE + 0x98, 0x20b, 2);
    machine_put(machine, BASE + 0x98 + 56, SIZE, 4);
    machine_put(machine, BASE + 0x98 + 108, 16, 4);
    machine_put(machine, BASE + 0x98 + 112, DIRECTORY, 4);
    machine_put(machine, BASE + 0x98 + 116, END - DIRECTORY, 4);
    machine_put(machine, BASE + DIRECTORY + O_BASE, 7, 4);
    machine_put(machine, BASE + DIRECTORY + 28, FUNCTIONS, 4);
    machine_put(machine, BASE + DIRECTORY + 32, NAMES, 4);
    machine_put(machine, BASE + DIRECTORY + 36, ORDINALS, 4);
    return machine;
}

static void set_counts(struct machine *machine, uint32_t functions, uint32_t names) {
    machine_put(machine, BASE + DIRECTORY + O_FUNCTIONS, functions, 4);
    machine_put(machine, BASE + DIRECTORY + O_NAMES, names, 4);
}

static void put_name(struct machine *machine, uint32_t index, uint16_t function, uint32_t rva,
                     const char *name) {
    machine_put(machine, BASE + NAMES + 4 * index, rva, 4);
    machine_put(machine, BASE + ORDINALS + 2 * index, function, 2);
    machine_write(machine, BASE + rva, name, strlen(name) + 1);
}

static void put_function(struct machine *machine, uint32_t index, uint32_t rva) {
    machine_put(machine, BASE + FUNCTIONS + 4 * index, rva, 4);
}

/* NtClose and ZwClose at 0x2000, an ordinal at 0x2100, a forwarder; number 3 is left out. */
static struct machine *honest_machine(void) {
    struct machine *machine = image_machine();
    set_counts(machine, 5, 3);
    put_function(machine, 0, 0x2000);
    put_function(machine, 1, STRINGS + 0x100);
    put_function(machine, 2, 0x2100);
    put_function(machine, 4, 0x2000);
    put_name(machine, 0, 1, STRINGS, "HeapAlloc");
    put_name(machine, 1, 4, STRINGS + 0x20, "NtClose");
    put_name(machine, 2, 0, STRINGS + 0x40, "ZwClose");
    machine_write(machine, BASE + STRINGS + 0x100, "NTDLL.RtlAllocateHeap", 22);
    machine_put(machine, BASE + SIZE - 1, 0, 1);
    return machine;
}

static void read_exports(struct target *target, struct exports *exports) {
    struct pe_image image;
    pe_read(target->vm, BASE, &image);
    assert_int_equal(image.headers, READ_PRESENT);
    exports_read(target->vm, &image, exports);
}

static size_t missing(const struct exports *exports) {
    size_t count = 0;
    for (size_t i = 0; i < READ_STATE_COUNT; i++)
        count += exports->unreadable[i];
    return count;
}

static void names_ordinals_and_forwarders(void **state) {
    (void)state;
    struct machine *machine = honest_machine();
    struct target *target = machine_open(machine);
    struct exports exports;
    read_exports(target, &exports);
    assert_int_equal(exports.state, READ_PRESENT);
    assert_int_equal(exports.count, 4);
    assert_int_equal(exports.direct, 3);
    assert_int_equal(missing(&exports), 0);
    assert_int_equal(exports_find(&exports, "NtClose")->rva, 0x2000);
    assert_string_equal(exports_find(&exports, "HeapAlloc")->forwarder, "NTDLL.RtlAllocateHeap");
    assert_false(exports_find(&exports, "Ordinal9")->named);
    assert_null(exports_find(&exports, "NtClos"));
    assert_null(exports_find(&exports, "ZwClosed"));
    exports_deinit(&exports);
    target_close(target);
    machine_destroy(machine);
}

static void nearest_at_or_below(void **state) {
    (void)state;
    struct machine *machine = honest_machine();
    struct target *target = machine_open(machine);
    struct exports exports;
    read_exports(target, &exports);
    assert_null(exports_below(&exports, 0x1fff));
    assert_string_equal(exports_below(&exports, 0x2000)->name, "NtClose");
    assert_string_equal(exports_below(&exports, 0x20ff)->name, "NtClose");
    assert_string_equal(exports_below(&exports, 0x2100)->name, "Ordinal9");
    assert_string_equal(exports_below(&exports, UINT32_MAX)->name, "Ordinal9");
    exports_deinit(&exports);
    target_close(target);
    machine_destroy(machine);
}

static void an_image_without_exports(void **state) {
    (void)state;
    struct machine *machine = image_machine();
    machine_put(machine, BASE + 0x98 + 112, 0, 8);
    struct target *target = machine_open(machine);
    struct exports exports;
    read_exports(target, &exports);
    assert_true(exports.absent);
    assert_int_equal(exports.state, READ_NOT_MAPPED);
    assert_null(exports_find(&exports, "NtClose"));
    assert_null(exports_below(&exports, 0x2000));
    exports_deinit(&exports);
    target_close(target);
    machine_destroy(machine);
}

static void tables_outside_the_image(void **state) {
    (void)state;
    static const uint32_t counts[][2] = {
        {UINT32_MAX, 0}, {0, UINT32_MAX}, {0x10000, 0}, {0, SIZE}, {0x40000001, 0}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct machine *machine = honest_machine();
        set_counts(machine, counts[i][0], counts[i][1]);
        struct target *target = machine_open(machine);
        struct exports exports;
        read_exports(target, &exports);
        assert_int_equal(exports.state, READ_BAD_VALUE);
        assert_int_equal(exports.count, 0);
        exports_deinit(&exports);
        target_close(target);
        machine_destroy(machine);
    }
}

/* A name outside of the image, an ordinal that no function has, a function outside, and a name in a
 * page that is not mapped: each costs its own entry. */
static void bad_entries_cost_themselves(void **state) {
    (void)state;
    struct machine *machine = honest_machine();
    set_counts(machine, 6, 7);
    put_function(machine, 5, SIZE);
    put_name(machine, 3, 0, STRINGS + 0x60, "Unseen");
    machine_put(machine, BASE + NAMES + 12, SIZE + 1, 4);
    put_name(machine, 4, 6, STRINGS + 0x80, "NoFunction");
    put_name(machine, 5, 5, STRINGS + 0xa0, "Outside");
    put_name(machine, 6, 0, STRINGS + 0xc0, "NotMapped");
    machine_put(machine, BASE + NAMES + 24, 0x3000, 4);
    struct target *target = machine_open(machine);
    struct exports exports;
    read_exports(target, &exports);
    assert_int_equal(exports.state, READ_PRESENT);
    assert_int_equal(exports.count, 4);
    assert_int_equal(exports.unreadable[READ_BAD_VALUE], 3);
    assert_int_equal(exports.unreadable[READ_NOT_MAPPED], 1);
    assert_null(exports_find(&exports, "Outside"));
    exports_deinit(&exports);
    target_close(target);
    machine_destroy(machine);
}

/* The page behind the end of a name need not be there. */
static void a_name_at_the_end_of_a_page(void **state) {
    (void)state;
    struct machine *machine = honest_machine();
    put_name(machine, 1, 4, 0x3000 - 8, "NtClose");
    struct target *target = machine_open(machine);
    struct exports exports;
    read_exports(target, &exports);
    assert_int_equal(missing(&exports), 0);
    assert_non_null(exports_find(&exports, "NtClose"));
    exports_deinit(&exports);
    target_close(target);
    machine_destroy(machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_ordinals_and_forwarders),
        cmocka_unit_test(nearest_at_or_below),
        cmocka_unit_test(an_image_without_exports),
        cmocka_unit_test(tables_outside_the_image),
        cmocka_unit_test(bad_entries_cost_themselves),
        cmocka_unit_test(a_name_at_the_end_of_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
