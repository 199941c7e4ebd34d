/* kernel_token.c - tests of security identifiers and tokens, and of what is none. */
#include "test.h"

#include "base/memory.h"
#include "kernel/token.h"
#include "small_objects.h"

#define PROCESS small_object(6)
#define TOKEN   0xffffe00000230000 /* aligned: a fast reference has a count in its low bits */
#define GROUPS  0xffffe00000231000
#define SID     0xffffe00000232000

static void put_sid(struct machine *machine, uint64_t address, unsigned revision, unsigned count,
                    uint64_t authority, uint32_t first) {
    machine_put(machine, address, revision, 1);
    machine_put(machine, address + 1, count, 1);
    for (unsigned i = 0; i < 6; i++)
        machine_put(machine, address + 2 + i, authority >> (40 - 8 * i) & 0xff, 1);
    for (unsigned i = 0; i < count; i++)
        machine_put(machine, address + 8 + 4 * (uint64_t)i, first + i, 4);
}

static void assert_sid(const struct target *target, uint64_t address, const char *expected) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    struct sid sid;
    assert_int_equal(sid_read(target, address, &sid), READ_PRESENT);
    sid_print(&sid, &text);
    assert_string_equal(text.data, expected);
}

static void test_sids(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    struct sid sid;
    put_sid(objects.machine, SID, 1, 1, 16, 0x2000);
    put_sid(objects.machine, SID + 0x100, 1, 1, 0x123456789abc, UINT32_MAX);
    put_sid(objects.machine, SID + 0x200, 1, 15, 5, 1);
    put_sid(objects.machine, SID + 0x300, 1, 16, 5, 1);
    put_sid(objects.machine, SID + 0x400, 2, 1, 5, 1);
    put_sid(objects.machine, SID + 0x500, 1, 0, 0, 0);
    struct target *target = objects_open(&objects);
    assert_sid(target, SID, "S-1-16-8192");
    assert_sid(target, SID + 0x100, "S-1-0x123456789abc-4294967295");
    assert_sid(target, SID + 0x200, "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15");
    assert_sid(target, SID + 0x500, "S-1-0");
    assert_int_equal(sid_read(target, SID + 0x300, &sid), READ_BAD_VALUE);
    assert_int_equal(sid_read(target, SID + 0x400, &sid), READ_BAD_VALUE);
    assert_int_not_equal(sid_read(target, 0xffffe00009990000, &sid), READ_PRESENT);
    target_close(target);
    machine_destroy(objects.machine);
}

/* A token of `count` groups whose array holds two. */
static struct small_objects token_of(uint32_t count) {
    struct small_objects objects = small_objects("nt-10240-x64", true);
    struct machine *machine = objects.machine;
    machine_put(machine, PROCESS + objects_offset(&objects, "_EPROCESS", "Token"), TOKEN | 0xd, 8);
    machine_put(machine, TOKEN + objects_offset(&objects, "_TOKEN", "UserAndGroupCount"), count, 4);
    machine_put(machine, TOKEN + objects_offset(&objects, "_TOKEN", "UserAndGroups"), GROUPS, 8);
    put_sid(machine, SID, 1, 1, 5, 18);
    put_sid(machine, SID + 0x100, 1, 1, 16, 0x4000);
    machine_put(machine, GROUPS, SID, 8);
    machine_put(machine, GROUPS + 8, 0, 4);
    machine_put(machine, GROUPS + 0x10, SID + 0x100, 8);
    machine_put(machine, GROUPS + 0x18, 0x60, 4);
    return objects;
}

static void test_groups(void **state) {
    (void)state;
    struct small_objects objects = token_of(2);
    struct target *target = objects_open(&objects);
    struct token_group group;
    enum read_state read;
    uint64_t token;
    assert_true(token_of_process(target, PROCESS, &read, &token));
    assert_int_equal(read, READ_PRESENT);
    assert_int_equal(token, TOKEN);
    assert_int_equal(token_group(target, TOKEN, 0, &group), READ_PRESENT);
    assert_int_equal(group.sid.subauthorities[0], 18);
    assert_int_equal(token_group(target, TOKEN, 1, &group), READ_PRESENT);
    assert_int_equal(group.sid.authority, 16);
    assert_int_equal(group.sid.subauthorities[0], 0x4000);
    assert_int_equal(group.attributes, 0x60);
    assert_int_equal(token_group(target, TOKEN, 2, &group), READ_BAD_VALUE);
    target_close(target);
    machine_destroy(objects.machine);
}

static void test_more_groups_than_windows_makes(void **state) {
    (void)state;
    struct small_objects objects = token_of(UINT32_MAX);
    struct target *target = objects_open(&objects);
    struct token_group group;
    assert_int_equal(token_group(target, TOKEN, 2048, &group), READ_BAD_VALUE);
    assert_int_equal(token_group(target, TOKEN, UINT32_MAX - 1, &group), READ_BAD_VALUE);
    target_close(target);
    machine_destroy(objects.machine);
}

#define SESSION 0xffffe00000233000

/* The token of a logon session whose buddy's low half is `buddy`. */
static void expect_elevation(uint32_t buddy, uint32_t flags, enum token_elevation expected) {
    struct small_objects objects = token_of(2);
    struct machine *machine = objects.machine;
    enum token_elevation elevation;
    enum read_state read;
    machine_put(machine, TOKEN + objects_offset(&objects, "_TOKEN", "LogonSession"), SESSION, 8);
    machine_put(machine, TOKEN + objects_offset(&objects, "_TOKEN", "TokenFlags"), flags, 4);
    machine_put(machine,
                SESSION + objects_offset(&objects, "_SEP_LOGON_SESSION_REFERENCES", "BuddyLogonId"),
                buddy, 8);
    struct target *target = objects_open(&objects);
    assert_true(token_elevation(target, TOKEN, &read, &elevation));
    assert_int_equal(read, READ_PRESENT);
    assert_int_equal(elevation, expected);
    target_close(target);
    machine_destroy(machine);
}

static void test_elevation(void **state) {
    (void)state;
    expect_elevation(0, 0x2000, TOKEN_ELEVATION_DEFAULT);
    expect_elevation(0, 0x2800, TOKEN_ELEVATION_DEFAULT); /* restricted by its own user */
    expect_elevation(0x2c8f1, 0x2000, TOKEN_ELEVATION_FULL);
    expect_elevation(0x2c8b3, 0x2800, TOKEN_ELEVATION_LIMITED);
}

static void test_token_without_a_logon_session(void **state) {
    (void)state;
    const struct {
        uint64_t session;
        enum read_state expected;
    } cases[] = {{0, READ_BAD_VALUE}, {0xffffe00009990000, READ_NOT_MAPPED}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct small_objects objects = token_of(2);
        enum token_elevation elevation;
        enum read_state read;
        machine_put(objects.machine, TOKEN + objects_offset(&objects, "_TOKEN", "LogonSession"),
                    cases[i].session, 8);
        struct target *target = objects_open(&objects);
        assert_true(token_elevation(target, TOKEN, &read, &elevation));
        assert_int_equal(read, cases[i].expected);
        target_close(target);
        machine_destroy(objects.machine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sids),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_more_groups_than_windows_makes),
        cmocka_unit_test(test_elevation),
        cmocka_unit_test(test_token_without_a_logon_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
