/* kernel_values.c - names and times as text. */
#include "test.h"

#include <string.h>
#include <time.h>

#include "kernel/values.h"
#include "machine.h"

static void expect_bytes(const char *bytes, size_t length, const char *expected) {
    struct text text;
    text_init(&text);
    value_bytes(&text, (const uint8_t *)bytes, length);
    assert_string_equal(text.data, expected);
    text_deinit(&text);
}

static void bytes_keep_text_and_say_the_rest(void **state) {
    (void)state;
    expect_bytes("System\0garbage", 14, "System");
    expect_bytes("svchost.exe1234", 15, "svchost.exe1234");
    expect_bytes("", 1, "");
    expect_bytes("a\x01z\x7f", 4, "a\\x01z\\x7f");
    expect_bytes("caf\xc3\xa9", 5, "caf\xc3\xa9");
    expect_bytes("\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80");
    expect_bytes("\xe9t\xe9", 3, "\\xe9t\\xe9");
    expect_bytes("\xc0\x80", 2, "\\xc0\\x80");                   /* overlong */
    expect_bytes("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");          /* surrogate */
    expect_bytes("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
    expect_bytes("\xe2\x82", 2, "\\xe2\\x82");                   /* cut */
    expect_bytes("\xc2\x9b", 2, "\\xc2\\x9b");                   /* a terminal's CSI */
}

/* A name that looks like an escape must not be taken for one. */
static void bytes_are_not_ambiguous(void **state) {
    (void)state;
    expect_bytes("\\x41", 4, "\\x5cx41");
    expect_bytes("\\xhci.sys", 9, "\\xhci.sys");
    expect_bytes("\\x4", 3, "\\x4");
}

static void expect_utf16(const char *bytes, size_t length, const char *expected) {
    struct text text;
    text_init(&text);
    value_utf16(&text, (const uint8_t *)bytes, length);
    assert_string_equal(text.data, expected);
    text_deinit(&text);
}

static void utf16_keeps_what_is_text(void **state) {
    (void)state;
    expect_utf16("h\0a\0l\0", 6, "hal");
    expect_utf16("\xe9\0\xac\x20", 4, "\xc3\xa9\xe2\x82\xac");
    expect_utf16("\x3d\xd8\0\xde", 4, "\xf0\x9f\x98\x80");
    expect_utf16("\x3d\xd8"
                 "a\0",
                 4,
                 "\\x3d\\xd8"
                 "a");
    expect_utf16("\0\xdc", 2, "\\x00\\xdc");
    expect_utf16("a\0\0\0b\0", 6,
                 "a\\x00\\x00"
                 "b");
    expect_utf16("\\\0x\0"
                 "4\0"
                 "1\0",
                 8, "\\x5c\\x00x41");
    expect_utf16("a\0b", 3, "a\\x62");
}

static void unicode_strings_are_bounded(void **state) {
    (void)state;
    struct machine *machine = machine_create();
    uint64_t at = 0xfffff80000001000;
    machine_put(machine, at, 6, 2);
    machine_put(machine, at + 2, 8, 2);
    machine_put(machine, at + 8, at + 0xffc, 8); /* over a page border */
    machine_write(machine, at + 0xffc, "h\0a\0l\0", 6);
    machine_put(machine, at + 16, 5, 2); /* odd */
    machine_put(machine, at + 18, 8, 2);
    machine_put(machine, at + 24, at, 8);
    machine_put(machine, at + 32, 10, 2); /* above MaximumLength */
    machine_put(machine, at + 34, 8, 2);
    machine_put(machine, at + 40, at, 8);
    machine_put(machine, at + 48, 8, 2); /* not mapped */
    machine_put(machine, at + 50, 8, 2);
    machine_put(machine, at + 56, at + 0x100000, 8);
    machine_put(machine, at + 64, 8, 2); /* zeros */
    machine_put(machine, at + 66, 8, 2);
    machine_put(machine, at + 72, at + 0x800, 8);
    struct target *target = machine_open(machine);
    struct text text;
    text_init(&text);
    assert_int_equal(value_unicode_string(target->vm, at, &text), READ_PRESENT);
    assert_string_equal(text.data, "hal");
    text_deinit(&text);
    text_init(&text);
    assert_int_equal(value_unicode_string(target->vm, at + 16, &text), READ_BAD_VALUE);
    assert_int_equal(value_unicode_string(target->vm, at + 32, &text), READ_BAD_VALUE);
    assert_int_equal(value_unicode_string(target->vm, at + 48, &text), READ_NOT_MAPPED);
    assert_int_equal(value_unicode_string(target->vm, at + 64, &text), READ_BAD_VALUE);
    assert_int_equal(text.length, 0);
    target_close(target);
    machine_destroy(machine);
}

static void expect_time(uint64_t time, const char *expected) {
    char buffer[32];
    assert_int_equal(value_time(buffer, time), READ_PRESENT);
    assert_string_equal(buffer, expected);
}

static void times_are_exact(void **state) {
    (void)state;
    expect_time(0, "1601-01-01T00:00:00.0000000Z");
    expect_time(1, "1601-01-01T00:00:00.0000001Z");
    expect_time(116444736000000000, "1970-01-01T00:00:00.0000000Z");
    expect_time(130831284826580000, "2015-08-04T02:21:22.6580000Z");
    expect_time(2650467743999999999, "9999-12-31T23:59:59.9999999Z");
    char buffer[32];
    assert_int_equal(value_time(buffer, 2650467744000000000), READ_BAD_VALUE);
    assert_string_equal(buffer, "");
    assert_int_equal(value_time(buffer, UINT64_MAX), READ_BAD_VALUE);
}

/* The C library is the oracle for every day from 1601 to 9999. */
static void calendar_agrees_with_the_library(void **state) {
    (void)state;
    for (uint64_t day = 0; day < 3067671; day++) {
        struct time_parts parts;
        time_t seconds = (time_t)day * 86400 - 11644473600;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        assert_int_equal(value_time_parts(day * 864000000000, &parts), READ_PRESENT);
        if (parts.year != (unsigned)tm.tm_year + 1900 || parts.month != (unsigned)tm.tm_mon + 1 ||
            parts.day != (unsigned)tm.tm_mday || parts.weekday != (unsigned)tm.tm_wday)
            fail_msg("day %llu: %u-%u-%u", (unsigned long long)day, parts.year, parts.month,
                     parts.day);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_keep_text_and_say_the_rest),
        cmocka_unit_test(bytes_are_not_ambiguous),
        cmocka_unit_test(utf16_keeps_what_is_text),
        cmocka_unit_test(unicode_strings_are_bounded),
        cmocka_unit_test(times_are_exact),
        cmocka_unit_test(calendar_agrees_with_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
