/* symbols_lint.c - tests of the checks of layouts: small profiles, and what is found in each. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/lint.h"
#include "symbols/profile.h"

/* A profile with the structure _T of these members, which are in the order of their names. */
static struct symbols *profile_of(const char *size, const char *fields) {
    struct text json AUTO(text_deinit) = TEXT_EMPTY;
    struct symbols *symbols;
    struct error err;
    text_printf(
        &json,
        "{\"arch\": \"x64\", \"build\": 1, \"name\": \"n\", \"origin\": \"o\", \"pdb\": null,"
        "\"precision\": {\"enums\": true, \"kinds\": true, \"pointees\": true},"
        "\"revision\": null, \"schema\": \"ntdrift-profile/1\", \"symbols\": {},"
        "\"types\": {\"_T\": {\"fields\": {%s}, \"kind\": \"struct\", \"size\": %s}}}",
        fields, size);
    if (symbols_parse(&err, "profile", json.data, json.length, &symbols))
        fail_msg("%s", err.message);
    return symbols;
}

struct layout_case {
    const char *size;
    const char *fields;
    const char *found; /* part of the line; NULL: nothing is */
};

static void check_members(const struct layout_case *layout) {
    struct text out AUTO(text_deinit) = TEXT_EMPTY;
    struct symbols *symbols = profile_of(layout->size, layout->fields);
    struct lint lint = {.file = "f", .symbols = symbols, .out = &out};
    lint_members(&lint);
    if (layout->found ? !strstr(out.data, layout->found) : out.length > 0)
        fail_msg("%s: expected \"%s\", found: %s", layout->fields,
                 layout->found ? layout->found : "", out.data);
    assert_int_equal(lint.errors > 0, layout->found != NULL);
    assert_int_equal(lint.warnings, 0);
    symbols_free(symbols);
}

#define LONG " unsigned long\""
#define QUAD " unsigned long long\""

static void layouts_of_compilers_pass(void **state) {
    (void)state;
    static const struct layout_case cases[] = {
        {"16", "\"a\": \"0x0" LONG ", \"b\": \"0x8" QUAD, NULL},            /* padding */
        {"16", "\"a\": \"0x0" QUAD ", \"b\": \"0x8 unsigned char\"", NULL}, /* at the end */
        {"128", "\"a\": \"0x0" QUAD ", \"b\": \"0x40 _OTHER\"", NULL},      /* declspec(align) */
        {"32", "\"a\": \"0x0 _OTHER\", \"b\": \"0x18" QUAD, NULL},          /* size not known */
        {"8", "\"a\": \"0x0" QUAD ", \"b\": \"0x0" LONG ", \"c\": \"0x4" LONG, NULL}, /* union */
        {"4", "\"a\": \"0x0:0:1" LONG ", \"b\": \"0x0:1:31" LONG, NULL},
        {"16", "\"a\": \"0x0" QUAD ", \"b\": \"0x8 unsigned char[0]\"", NULL},
        {"0", "", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        check_members(&cases[i]);
}

static void wrong_layouts_are_found(void **state) {
    (void)state;
    static const struct layout_case cases[] = {
        {"8", "\"a\": \"0x0" QUAD ", \"b\": \"0x8" LONG,
         "error: _T.b: at 0x8, 4 bytes: past the end"},
        {"8", "\"a\": \"0x0" LONG ", \"b\": \"0xfffffffc" QUAD,
         "error: _T.b: at 0xfffffffc, 8 bytes"},
        {"16", "\"a\": \"0x0" LONG ", \"b\": \"0x4" QUAD,
         "error: _T.b: at 0x4: expected a multiple of 8"},
        {"16", "\"a\": \"0x0 void*\", \"b\": \"0xa void*[1]\"", "the alignment of void*[1]"},
        {"4", "\"a\": \"0x0:30:3" LONG, "error: _T.a: bits 30 to 32: outside their word"},
        {"16", "\"a\": \"0x0" LONG ", \"b\": \"0xc" LONG,
         "error: _T.b: at 0xc: the 8 bytes before it"},
        {"16", "\"b\": \"0x8" QUAD, "error: _T.b: at 0x8: the 8 bytes before it"},
        {"24", "\"a\": \"0x0" QUAD, "error: _T: the last 16 of its 0x18 bytes"},
        {"16", "\"a\": \"0x0" QUAD ", \"b\": \"0x4" LONG,
         "error: _T.b: at 0x4: inside a (0x0, 8 bytes)"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        check_members(&cases[i]);
}

/* ---- neighbours ---- */

#define BEFORE "\"a\": \"0x0 _X\", \"b\": \"0x10 _X\", \"c\": \"0x20 _X\", \"d\": \"0x30 _X\""

static void check_neighbour(const char *fields, const char *found) {
    struct text out AUTO(text_deinit) = TEXT_EMPTY;
    struct symbols *symbols = profile_of("4096", fields);
    struct symbols *before = profile_of("4096", BEFORE);
    struct lint lint = {.file = "f", .symbols = symbols, .out = &out};
    lint_neighbours(&lint, (const struct symbols *const[]){NULL, before}, 2);
    if (found ? !strstr(out.data, found) : out.length > 0)
        fail_msg("%s: expected \"%s\", found: %s", fields, found ? found : "", out.data);
    assert_int_equal(lint.warnings, found != NULL);
    assert_int_equal(lint.errors, 0);
    symbols_free(symbols);
    symbols_free(before);
}

static void one_member_that_moved_alone_is_found(void **state) {
    (void)state;
    check_neighbour(BEFORE, NULL);
    check_neighbour("\"a\": \"0x0 _X\", \"b\": \"0x10 _X\", \"c\": \"0x28 _X\", \"d\": \"0x30 _X\"",
                    "warning: _T.c: at 0x28, n has it at 0x20; the members beside it");
    /* Pushed along by something new, which has a neighbour in nobody. */
    check_neighbour(
        "\"a\": \"0x0 _X\", \"b\": \"0x10 _X\", \"c\": \"0x28 _X\", \"d\": \"0x38 _X\", "
        "\"n\": \"0x20 _X\"",
        NULL);
    /* Right behind a member whose end is known. */
    check_neighbour(
        "\"a\": \"0x0 _X\", \"b\": \"0x10 _X\", \"c\": \"0x28 _X\", \"d\": \"0x30 _X\", "
        "\"n\": \"0x20 unsigned long long\"",
        NULL);
}

/* A member at the place of another looks like a union, and is none in the build before. */
static void one_that_fell_on_another_is_found(void **state) {
    (void)state;
    struct text out AUTO(text_deinit) = TEXT_EMPTY;
    struct symbols *before = profile_of("32", "\"a\": \"0x0 _X\", \"b\": \"0x8" QUAD
                                              ", \"c\": \"0x10" QUAD ", \"d\": \"0x18" QUAD);
    struct symbols *after = profile_of("32", "\"a\": \"0x0 _X\", \"b\": \"0x0" QUAD
                                             ", \"c\": \"0x10" QUAD ", \"d\": \"0x18" QUAD);
    struct lint lint = {.file = "f", .symbols = after, .out = &out};
    lint_members(&lint);
    assert_int_equal(lint.errors, 0);
    lint_neighbours(&lint, (const struct symbols *const *)&before, 1);
    assert_string_equal(out.data, "f: warning: _T.b: at 0x0, n has it at 0x8; the members beside "
                                  "it do not explain that\n");
    symbols_free(before);
    symbols_free(after);
}

static void bits_are_members_too(void **state) {
    (void)state;
    struct text out AUTO(text_deinit) = TEXT_EMPTY;
    struct symbols *before = profile_of("4", "\"a\": \"0x0:0:1" LONG ", \"b\": \"0x0:8:1" LONG
                                             ", \"c\": \"0x0:16:1" LONG);
    struct symbols *after = profile_of("4", "\"a\": \"0x0:0:1" LONG ", \"b\": \"0x0:9:1" LONG
                                            ", \"c\": \"0x0:16:1" LONG);
    struct lint lint = {.file = "f", .symbols = after, .out = &out};
    lint_neighbours(&lint, (const struct symbols *const *)&before, 1);
    assert_string_equal(out.data, "f: warning: _T.b: at 0x0, bit 9, n has it at 0x0, bit 8; the "
                                  "members beside it do not explain that\n");
    symbols_free(before);
    symbols_free(after);
}

/* ---- needs ---- */

static void missing_members_are_found(void **state) {
    (void)state;
    static const char *const needs[] = {"_T.a", "_T.b|_T.a", "_T", "_T.b", "_U|_U.a", NULL};
    struct text out AUTO(text_deinit) = TEXT_EMPTY;
    struct symbols *symbols = profile_of("8", "\"a\": \"0x0" QUAD);
    struct lint lint = {.file = "f", .symbols = symbols, .out = &out};
    lint_needs(&lint, "processes", needs);
    lint_needs(&lint, "modules", NULL);
    assert_string_equal(out.data,
                        "f: error: _T.b: missing; the section \"processes\" needs it\n"
                        "f: error: _U|_U.a: missing; the section \"processes\" needs it\n");
    symbols_free(symbols);
}

static void names_do_not_reach_the_terminal(void **state) {
    (void)state;
    check_members(&(struct layout_case){"8", "\"\\u001b[2J\": \"0x8" QUAD, "error: _T.?[2J: "});
}

/* Many members of one offset, each larger than what is left: no time to be lost in them. */
static void hostile_profiles_are_linted_fast(void **state) {
    (void)state;
    struct text fields AUTO(text_deinit) = TEXT_EMPTY;
    for (int i = 0; i < 50000; i++)
        text_printf(&fields, "\"m%06d\": \"0x0 unsigned long[%d]\", ", i, 2 + i);
    text_printf(&fields, "\"z\": \"0x4 unsigned long\"");
    struct symbols *symbols = profile_of("200004", fields.data);
    struct text out AUTO(text_deinit) = TEXT_EMPTY;
    struct lint lint = {.file = "f", .symbols = symbols, .out = &out};
    lint_members(&lint);
    lint_neighbours(&lint, (const struct symbols *const[]){symbols}, 1);
    assert_int_equal(lint.errors, 1);
    symbols_free(symbols);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_of_compilers_pass),
        cmocka_unit_test(wrong_layouts_are_found),
        cmocka_unit_test(one_member_that_moved_alone_is_found),
        cmocka_unit_test(one_that_fell_on_another_is_found),
        cmocka_unit_test(bits_are_members_too),
        cmocka_unit_test(missing_members_are_found),
        cmocka_unit_test(names_do_not_reach_the_terminal),
        cmocka_unit_test(hostile_profiles_are_linted_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
