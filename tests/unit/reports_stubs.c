/* reports_stubs.c - tests of listings of system call stubs. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "reports/assembly.h"
#include "reports/stub.h"
#include "test.h"

static void check_listing(const char *bytes, bool is_64_bit, const char *expected) {
    struct text out = TEXT_EMPTY;
    assert_true(assembly_list(&out, bytes, is_64_bit));
    assert_string_equal(out.data, expected);
    text_deinit(&out);
}

/* The two shapes that WinDbg shows of NtDeviceIoControlFile in 10240 and 14393. */
static void test_published_stubs(void **state) {
    (void)state;
    check_listing("4c8bd1b8070000000f05c3", true,
                  "+0x00  4c8bd1            mov r10, rcx\n"
                  "+0x03  b807000000        mov eax, 0x7\n"
                  "+0x08  0f05              syscall\n"
                  "+0x0a  c3                ret\n");
    check_listing("4c8bd1b807000000f604250803fe7f0175030f05c3cd2ec3", true,
                  "+0x00  4c8bd1            mov r10, rcx\n"
                  "+0x03  b807000000        mov eax, 0x7\n"
                  "+0x08  f604250803fe7f01  test byte ptr [0x7ffe0308], 0x1  ; "
                  "SharedUserData+0x308\n"
                  "+0x10  7503              jnz 0x15\n"
                  "+0x12  0f05              syscall\n"
                  "+0x14  c3                ret\n"
                  "+0x15  cd2e              int 0x2e\n"
                  "+0x17  c3                ret\n");
}

static void test_32_bit_stubs(void **state) {
    (void)state;
    check_listing("b807000000ba0003fe7fff12c22800", false,
                  "+0x00  b807000000        mov eax, 0x7\n"
                  "+0x05  ba0003fe7f        mov edx, 0x7ffe0300\n"
                  "+0x0a  ff12              call [edx]\n"
                  "+0x0c  c22800            ret 0x28\n");
    check_listing("64ff15c0000000", false, "+0x00  64ff15c0000000    call fs:[0xc0]\n");
}

static void test_what_is_no_code(void **state) {
    (void)state;
    check_listing("06c3", true, "+0x00  06                db\n+0x01  c3                ret\n");
    check_listing("0f", true, "+0x00  0f                db\n");
    static const char *const refused[] = {"", "4", "4c8", "4c8bd1b8????????", "4C", "zz", " 90"};
    struct text out = TEXT_EMPTY;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        assert_false(assembly_list(&out, refused[i], true));
    char longest[2 * ASSEMBLY_MOST + 3];
    memset(longest, '9', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(assembly_list(&out, longest, true));
    assert_int_equal(out.length, 0);
    longest[2 * ASSEMBLY_MOST] = '\0';
    assert_true(assembly_list(&out, longest, true));
    text_deinit(&out);
}

static json_t *side_value(const char *mechanism) {
    return json_pack("{s:s, s:s, s:i, s:{s:s, s:s}}", "template", "4c8bd1b8????????0f05c3",
                     "mechanism", mechanism, "count", 463, "example", "name", "NtReadFile", "bytes",
                     "ba0003fe7fc3");
}

static void check_side(const char *arch, const char *mechanism, const char *first_line) {
    const struct side side = {.arch = arch};
    json_t *value = side_value(mechanism);
    struct text caption = TEXT_EMPTY, lines = TEXT_EMPTY;
    assert_true(stub_list(&side, value, &caption, &lines));
    assert_true(strncmp(caption.data, "NtReadFile: ", strlen("NtReadFile: ")) == 0);
    assert_non_null(strstr(caption.data, ", as in 463 stubs"));
    assert_memory_equal(lines.data, first_line, strlen(first_line));
    text_deinit(&caption);
    text_deinit(&lines);
    json_decref(value);
}

/* The same bytes are other instructions in 32-bit code. */
static void test_width_follows_the_side(void **state) {
    (void)state;
    static const char line[] = "+0x00  ba0003fe7f        mov edx, 0x7ffe0300\n";
    check_side("x64", "syscall", line);
    check_side("x86pae", "sysenter", line);
    check_side("x64", "wow64", line);
    const struct side side = {.arch = "x64"};
    json_t *nothing = json_pack("{s:i}", "count", 3);
    struct text caption = TEXT_EMPTY, lines = TEXT_EMPTY;
    assert_false(stub_list(&side, nothing, &caption, &lines));
    assert_false(stub_list(&side, NULL, &caption, &lines));
    assert_int_equal(caption.length + lines.length, 0);
    json_decref(nothing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_stubs),
        cmocka_unit_test(test_32_bit_stubs),
        cmocka_unit_test(test_what_is_no_code),
        cmocka_unit_test(test_width_follows_the_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
