/* What snapshots have alike is taken out of their texts, and nothing else. */
#include "test.h"

#include <glob.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "differ/difference.h"
#include "reports/report.h"
#include "snapshot/alike.h"
#include "snapshot/snapshot.h"

static struct text text_of(const char *string) {
    struct text text = TEXT_EMPTY;
    text_puts(&text, string);
    return text;
}

static void check_reduced(const char *const *texts, const char *const *expected, size_t count,
                          enum alike_reader reader) {
    struct text whole[3], reduced[3];
    for (size_t i = 0; i < count; i++)
        whole[i] = text_of(texts[i]);
    alike_remove(whole, count, reader, reduced);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(reduced[i].data, expected[i]);
        text_deinit(&whole[i]);
        text_deinit(&reduced[i]);
    }
}

static void check_removed(const char *const *texts, const char *const *expected, size_t count) {
    check_reduced(texts, expected, count, ALIKE_FOR_MEANING);
}

#define TYPES(...)  "{\"layouts\": {\"types\": {" __VA_ARGS__ "}}}"
#define A           "\"_A\": {\"fields\": {\"X\": 1}, \"size\": 8}"
#define A_EMPTY     "\"_A\": {\"fields\": {}, \"size\": 8}"
#define A_OTHER     "\"_A\": {\"fields\": {\"X\": 2}, \"size\": 8}"
#define E           "\"_E\": {\"constants\": {\"One\": 1}, \"kind\": \"enum\"}"
#define E_EMPTY     "\"_E\": {\"constants\": {}, \"kind\": \"enum\"}"
#define WITHOUT(it) "{\"schema\": 1, \"symbols\": " it ", \"system\": 7}"

static void what_is_alike_goes(void **state) {
    (void)state;
    check_removed((const char *const[]){TYPES(A ", " E), TYPES(E ", " A)},
                  (const char *const[]){TYPES(A_EMPTY ", " E_EMPTY), TYPES(E_EMPTY ", " A_EMPTY)},
                  2);
    check_removed((const char *const[]){TYPES(A), TYPES(A_OTHER), TYPES(A)},
                  (const char *const[]){TYPES(A), TYPES(A_OTHER), TYPES(A)}, 3);
    check_removed((const char *const[]){WITHOUT("{\"a\": 1}"), WITHOUT("[]")},
                  (const char *const[]){WITHOUT("{}"), WITHOUT("[]")}, 2);
}

static void what_one_lacks_stays(void **state) {
    (void)state;
    check_removed((const char *const[]){TYPES(A ", " E), TYPES(E)},
                  (const char *const[]){TYPES(A ", " E_EMPTY), TYPES(E_EMPTY)}, 2);
}

#define PROCESSES(...)  "{\"processes\": [" __VA_ARGS__ "], \"symbols\": {\"s\": 1}}"
#define NO_SYMBOLS(...) "{\"processes\": [" __VA_ARGS__ "], \"symbols\": {}}"
#define HANDLES(it)     "{\"handles\": {\"count\": 1, \"entries\": " it ", \"table\": 5}, \"pid\": 4}"

/* Nobody reads single handles but who compares value by value: he reads those that differ. */
static void handles_go(void **state) {
    (void)state;
    static const char *const whole[] = {
        PROCESSES(HANDLES("[1, [2]]") ", " HANDLES("[3]") ", {}, " HANDLES("[4]")),
        PROCESSES(HANDLES("[1, [2]]") ", " HANDLES("[5]") ", " HANDLES("[4]"))};
    static const char *const meaning[] = {
        NO_SYMBOLS(HANDLES("[]") ", " HANDLES("[]") ", {}, " HANDLES("[]")),
        NO_SYMBOLS(HANDLES("[]") ", " HANDLES("[]") ", " HANDLES("[]"))};
    static const char *const values[] = {
        NO_SYMBOLS(HANDLES("[]") ", " HANDLES("[3]") ", {}, " HANDLES("[4]")),
        NO_SYMBOLS(HANDLES("[]") ", " HANDLES("[5]") ", " HANDLES("[4]"))};
    check_reduced(whole, meaning, 2, ALIKE_FOR_MEANING);
    check_reduced(whole, values, 2, ALIKE_FOR_VALUES);
}

/* What is left out for who compares by meaning may be another value. */
static void symbols_that_differ_are_values(void **state) {
    (void)state;
    static const char *const whole[] = {WITHOUT("{\"a\": 1}"), WITHOUT("{\"a\": 2}")};
    static const char *const meaning[] = {WITHOUT("{}"), WITHOUT("{}")};
    check_reduced(whole, meaning, 2, ALIKE_FOR_MEANING);
    check_reduced(whole, whole, 2, ALIKE_FOR_VALUES);
}

/* Values of another shape than the schema's are for the comparison to complain of. */
static void strange_values_stay(void **state) {
    (void)state;
    static const char *const strange[] = {
        "{\"layouts\": [1], \"symbols\": 4}",
        TYPES("\"_A\": 4, \"_B\": {\"fields\": 5}, \"_\\u0043\": {\"fields\": {\"X\": 1}}"),
        "{\"layouts\": {\"types\": [" A_EMPTY "]}}",
        "{\"processes\": [4, {\"handles\": 5}, {\"handles\": {\"entries\": {\"a\": 1}}}]}",
        "[{}]",
        "",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(strange); i++) {
        struct text whole[2] = {text_of(strange[i]), text_of(strange[i])}, reduced[2];
        alike_remove(whole, 2, ALIKE_FOR_MEANING, reduced);
        if (i < 2 || i == 3)
            assert_string_equal(reduced[0].data, strange[i]);
        else
            assert_int_equal(reduced[0].length, 0);
        for (size_t j = 0; j < 2; j++) {
            text_deinit(&whole[j]);
            text_deinit(&reduced[j]);
        }
    }
}

/* ---- what remains says the same of the difference ---- */

static json_t *parse(const struct text *text) {
    json_t *snapshot = NULL;
    return snapshot_parse(NULL, "input", text, &snapshot) ? NULL : snapshot;
}

static char *report(const json_t *old, const json_t *new) {
    struct difference difference;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    difference_make(&difference, old, new);
    renderer_find("json")->render(&difference, NULL, &text);
    difference_deinit(&difference);
    return text_take(&text);
}

/* Whether both texts were snapshots. */
static bool check_same_difference(const struct text *whole) {
    struct text reduced[2];
    alike_remove(whole, 2, ALIKE_FOR_MEANING, reduced);
    json_t *old = parse(&whole[0]), *new = parse(&whole[1]);
    bool both = old && new;
    if (both && reduced[0].length) {
        json_t *old_rest = parse(&reduced[0]), *new_rest = parse(&reduced[1]);
        assert_non_null(old_rest);
        assert_non_null(new_rest);
        AUTO_FREE char *expected = report(old, new);
        AUTO_FREE char *actual = report(old_rest, new_rest);
        assert_string_equal(actual, expected);
        json_decref(old_rest);
        json_decref(new_rest);
    }
    json_decref(old);
    json_decref(new);
    for (size_t i = 0; i < 2; i++)
        text_deinit(&reduced[i]);
    return both;
}

/* Golden pairs, with one byte changed here and there, on either side. */
static void damaged_texts_compare_as_whole_ones(void **state) {
    (void)state;
    glob_t cases;
    size_t compared = 0;
    assert_int_equal(glob(NTDRIFT_SOURCE "/tests/golden/layout-[betf]*/old.json", 0, NULL, &cases),
                     0);
    for (size_t i = 0; i < cases.gl_pathc; i++) {
        AUTO_FREE char *new_path =
            xasprintf("%.*snew.json", (int)(strlen(cases.gl_pathv[i]) - strlen("old.json")),
                      cases.gl_pathv[i]);
        struct text whole[2];
        assert_int_equal(file_read(NULL, cases.gl_pathv[i], SNAPSHOT_LIMIT, &whole[0]), 0);
        assert_int_equal(file_read(NULL, new_path, SNAPSHOT_LIMIT, &whole[1]), 0);
        assert_true(check_same_difference(whole));
        for (size_t at = 0; at < whole[i % 2].length; at += 3) {
            char *byte = &whole[i % 2].data[at], before = *byte;
            *byte = "\"{}[]0 a\\"[at % 9];
            compared += check_same_difference(whole);
            *byte = before;
        }
        text_deinit(&whole[0]);
        text_deinit(&whole[1]);
    }
    globfree(&cases);
    assert_true(compared > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_alike_goes),
        cmocka_unit_test(what_one_lacks_stays),
        cmocka_unit_test(handles_go),
        cmocka_unit_test(symbols_that_differ_are_values),
        cmocka_unit_test(strange_values_stay),
        cmocka_unit_test(damaged_texts_compare_as_whole_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
