/* stub.c - the shapes of system call stubs, as debuggers list them, and what is none of them. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/stub.h"

static size_t bytes_of(const char *hex, uint8_t *bytes) {
    size_t length = strlen(hex) / 2;
    for (size_t i = 0; i < length; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return length;
}

struct expected {
    bool is_64_bit;
    const char *mechanism;
    uint32_t number;
    const char *bytes;
    const char *template;
};

/* Of real files: ntdll.dll of 7601 and 10586 (x64), of 2600 and of 19041 under WoW64 (x86); Zw
 * functions of ntoskrnl.exe of 2600 and 10240. */
static const struct expected known[] = {
    {true, "syscall", 3, "4c8bd1b8030000000f05c3", "4c8bd1b8????????0f05c3"},
    {true, "syscall-or-int2e", 6, "4c8bd1b806000000f604250803fe7f0175030f05c3cd2ec3",
     "4c8bd1b8????????f604250803fe7f0175030f05c3cd2ec3"},
    {true, "int2e", 0x1007, "4c8bd1b807100000cd2ec3", "4c8bd1b8????????cd2ec3"},
    {true, "kernel-service", 0x26, "488bc4fa4883ec10509c6a10488d055d2e000050b826000000e9923f0000",
     "488bc4fa4883ec10509c6a10488d05????????50b8????????e9????????"},
    {false, "int2e", 0x18, "b8180000008d542404cd2ec22c00", "b8????????8d542404cd2ec22c00"},
    {false, "int2e", 0x11e, "b81e0100008d542404cd2ec3", "b8????????8d542404cd2ec3"},
    {false, "sysenter", 0x25, "b825000000ba0003fe7fff12c22c00", "b8????????ba0003fe7fff12c22c00"},
    {false, "sysenter", 0x25, "b825000000ba0003fe7fffd2c22c00", "b8????????ba0003fe7fffd2c22c00"},
    {false, "sysenter", 0x116, "b816010000ba0003fe7fff12c3", "b8????????ba0003fe7fff12c3"},
    {false, "sysenter", 0x174, "b874010000e803000000c22c008bd40f34c3",
     "b8????????e803000000c22c008bd40f34c3"},
    {false, "sysenter", 0x17, "b817000000e801000000c38bd40f34c3",
     "b8????????e801000000c38bd40f34c3"},
    {false, "wow64", 0x52, "b85200000033c98d54240464ff15c000000083c404c22c00",
     "b8????????33c98d54240464ff15c000000083c404c22c00"},
    {false, "wow64", 0x3, "b803000000b9080000008d54240464ff15c000000083c404c22400",
     "b8????????b9????????8d54240464ff15c000000083c404c22400"},
    {false, "wow64", 0x53, "b85300000064ff15c0000000c22c00", "b8????????64ff15c0000000c22c00"},
    {false, "wow64", 0x4, "b80400000033c964ff15c0000000c22400",
     "b8????????33c964ff15c0000000c22400"},
    {false, "wow64", 0x5, "b805000000b91a00000064ff15c0000000c22400",
     "b8????????b9????????64ff15c0000000c22400"},
    {false, "wow64", 0x1a, "b81a001e00ba408b304bffd2c21400", "b8????????ba????????ffd2c21400"},
    {false, "wow64", 0x19,
     "b819000000e8000000005a807a144b750e64ff15c0000000c214000000284bba408b304bffd2c21400",
     "b8????????e8000000005a807a14??750e64ff15c0000000c21400????????ba????????ffd2c21400"},
    {false, "kernel-service", 0x25, "b8250000008d5424049c6a08e8c1180000c22c00",
     "b8????????8d5424049c6a08e8????????c22c00"},
};

static struct stub read_hex(const char *hex, bool is_64_bit, uint8_t bytes[STUB_MOST]) {
    memset(bytes, 0xcc, STUB_MOST);
    bytes_of(hex, bytes);
    return stub_read(bytes, STUB_MOST, is_64_bit);
}

static void every_shape_is_known(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        const struct expected *row = &known[i];
        uint8_t bytes[STUB_MOST];
        struct stub stub = read_hex(row->bytes, row->is_64_bit, bytes);
        struct text shown AUTO(text_deinit) = TEXT_EMPTY;
        struct text template AUTO(text_deinit) = TEXT_EMPTY;
        stub_bytes(&shown, &stub, bytes);
        stub_template(&template, &stub, bytes);
        assert_string_equal(stub_mechanism_name(stub.mechanism), row->mechanism);
        assert_true(stub.has_number);
        assert_int_equal(stub.number, row->number);
        assert_string_equal(shown.data, row->bytes);
        assert_string_equal(template.data, row->template);
    }
}

static void shapes_of_the_other_width_are_not(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        uint8_t bytes[STUB_MOST];
        struct stub stub = read_hex(known[i].bytes, !known[i].is_64_bit, bytes);
        assert_int_equal(stub.mechanism, STUB_UNKNOWN);
        assert_false(stub.has_number);
    }
}

/* One byte less than the stub has, or one byte of its code changed: neither is read as one. */
static void nearly_a_stub_is_none(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        uint8_t bytes[STUB_MOST];
        size_t length = strlen(known[i].bytes) / 2;
        read_hex(known[i].bytes, known[i].is_64_bit, bytes);
        for (size_t size = 1; size < length; size++) {
            struct stub stub = stub_read(bytes, size, known[i].is_64_bit);
            assert_int_equal(stub.mechanism, STUB_UNKNOWN);
            assert_in_range(stub.length, 1, size);
        }
        bytes[0] ^= 0x10;
        assert_int_equal(stub_read(bytes, STUB_MOST, known[i].is_64_bit).mechanism, STUB_UNKNOWN);
    }
}

static void hooks_are_shown_up_to_where_they_leave(void **state) {
    (void)state;
    uint8_t bytes[STUB_MOST];
    struct stub stub = read_hex("e9fb0f0000cccc0f05c3", true, bytes);
    assert_int_equal(stub.length, 5);
    assert_true(stub.jumps);
    assert_int_equal(stub.jump, 0x1000);
    stub = read_hex("e9bb1afdff", true, bytes); /* NtQuerySystemTime of 10586: backwards */
    assert_int_equal(stub.jump, 5 - 0x2e545);
    stub = read_hex("ebfe", false, bytes);
    assert_true(stub.jumps);
    assert_int_equal(stub.jump, 0);
    stub = read_hex("48b88877665544332211ffe0", true, bytes); /* mov rax; jmp rax */
    assert_int_equal(stub.length, 12);
    assert_false(stub.jumps);
    stub = read_hex("ff2500000000", true, bytes); /* through memory */
    assert_int_equal(stub.length, 6);
    assert_false(stub.jumps);
    stub = read_hex("90e9fb0f0000", true, bytes); /* not at its first byte */
    assert_int_equal(stub.length, 6);
    assert_false(stub.jumps);
}

static void code_that_does_not_end_is_cut(void **state) {
    (void)state;
    uint8_t bytes[STUB_MOST];
    memset(bytes, 0x90, sizeof bytes);
    assert_int_equal(stub_read(bytes, sizeof bytes, true).length, 32);
    assert_int_equal(stub_read(bytes, 3, true).length, 3);
    memset(bytes, 0x06, sizeof bytes); /* no instruction of 64 bits */
    assert_int_equal(stub_read(bytes, sizeof bytes, true).length, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_is_known),
        cmocka_unit_test(shapes_of_the_other_width_are_not),
        cmocka_unit_test(nearly_a_stub_is_none),
        cmocka_unit_test(hooks_are_shown_up_to_where_they_leave),
        cmocka_unit_test(code_that_does_not_end_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
