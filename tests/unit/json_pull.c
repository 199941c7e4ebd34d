/* json_pull.c - tests of the JSON tokenizer: Jansson, which shares no line with it, is the oracle
 * of what is JSON and what is not. */
#include "test.h"

#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/json_pull.h"

static bool accepts(const char *json, size_t length, struct error *err) {
    struct json_pull pull AUTO(pull_deinit);
    pull_init(&pull, err, json, length);
    return pull_skip(&pull) && pull_end(&pull);
}

static bool jansson_accepts(const char *json, size_t length) {
    json_t *value = json_loadb(json, length, JSON_DECODE_ANY, NULL);
    json_decref(value);
    return value != NULL;
}

static const char *const samples[] = {
    "{}",
    "[]",
    " [1, -0, 12, 0.5, -1.25e3, 1E+2, 1e-2] ",
    "{\"a\": [true, false, null, {\"b\": \"c\"}], \"d\": {}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
    "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf\"",
    "",
    " ",
    "{",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\":1,}",
    "{\"a\" 1}",
    "{a:1}",
    "{\"a\":}",
    "{1:2}",
    "[1}",
    "{\"a\":1]",
    "[] []",
    "01",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x10",
    "nul",
    "nulls",
    "True",
    "'a'",
    "\"a",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\u0041\"",
    "\"\\udc00\"",
    "\"\t\"",
    "\"\n\"",
    "\"\xff\"",
    "\"\xc0\xaf\"",
    "\"\xe0\x80\xaf\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xf0\x9f\x98\"",
    "\"\x80\"",
    "[1] // no comments",
    "\xef\xbb\xbf[]",
};

static void test_agrees_with_jansson(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        struct error err;
        size_t length = strlen(samples[i]);
        if (accepts(samples[i], length, &err) != jansson_accepts(samples[i], length))
            fail_msg("disagree over sample %zu: %s", i, samples[i]);
    }
}

/* Every sample with every byte replaced by each of some that matter, and cut off at every byte. */
static void test_agrees_with_jansson_on_mutations(void **state) {
    (void)state;
    static const char bytes[] = "\"\\{}[],:01-.eEu\x80\xff x";
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        size_t length = strlen(samples[i]);
        for (size_t at = 0; at < length; at++) {
            assert_int_equal(accepts(samples[i], at, NULL), jansson_accepts(samples[i], at));
            for (size_t b = 0; b < sizeof bytes - 1; b++) {
                AUTO_FREE char *text = xstrndup(samples[i], length);
                text[at] = bytes[b];
                if (accepts(text, length, NULL) != jansson_accepts(text, length))
                    fail_msg("disagree over: %s", text);
            }
        }
    }
}

static void test_strings_are_decoded(void **state) {
    (void)state;
    const char *json = samples[4];
    struct json_pull pull AUTO(pull_deinit);
    pull_init(&pull, NULL, json, strlen(json));
    assert_true(pull_string(&pull));
    assert_int_equal(pull.length, 14);
    assert_memory_equal(pull.text, "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80", 14);
}

static void test_a_nul_is_refused(void **state) {
    (void)state;
    struct error err;
    assert_false(accepts("\"a\\u0000b\"", 10, &err));
    assert_string_equal(err.message, "NUL in a string (line 1, offset 4)");
    assert_false(accepts("\"a\0b\"", 5, &err));
}

static void test_nesting_is_bounded(void **state) {
    (void)state;
    char json[1 << 16];
    struct error err;
    memset(json, '[', sizeof json);
    assert_false(accepts(json, sizeof json, &err));
    assert_string_equal(err.message, "nested deeper than 64 levels (line 1, offset 64)");
    memset(json + PULL_DEPTH, ']', PULL_DEPTH);
    assert_true(accepts(json, 2 * PULL_DEPTH, &err));
}

static bool integer(const char *json, int64_t *value) {
    struct json_pull pull AUTO(pull_deinit);
    pull_init(&pull, NULL, json, strlen(json));
    return pull_integer(&pull, value);
}

static bool number(const char *json, uint64_t most, uint64_t *value) {
    struct json_pull pull AUTO(pull_deinit);
    pull_init(&pull, NULL, json, strlen(json));
    return pull_unsigned(&pull, most, value);
}

static void test_numbers_have_limits(void **state) {
    (void)state;
    int64_t i;
    uint64_t u;
    assert_true(integer("-9223372036854775808", &i) && i == INT64_MIN);
    assert_true(integer("9223372036854775807", &i) && i == INT64_MAX);
    assert_false(integer("9223372036854775808", &i));
    assert_false(integer("-9223372036854775809", &i));
    assert_true(number("18446744073709551615", UINT64_MAX, &u) && u == UINT64_MAX);
    assert_false(number("18446744073709551616", UINT64_MAX, &u));
    assert_false(number("99999999999999999999999999", UINT64_MAX, &u));
    assert_true(number("255", 255, &u));
    assert_false(number("256", 255, &u));
    assert_false(number("-1", 255, &u));
    assert_true(number("-0", 255, &u) && u == 0);
    assert_false(integer("1.0", &i));
    assert_false(integer("1e3", &i));
    assert_false(integer("\"1\"", &i));
}

static void test_errors_say_where(void **state) {
    (void)state;
    struct error err;
    static const char json[] = "{\n  \"a\": 1,\n  \"b\" 2\n}";
    assert_false(accepts(json, strlen(json), &err));
    assert_string_equal(err.message, "expected ':', found '2' (line 3, offset 18)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_jansson),
        cmocka_unit_test(test_agrees_with_jansson_on_mutations),
        cmocka_unit_test(test_strings_are_decoded),
        cmocka_unit_test(test_a_nul_is_refused),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_numbers_have_limits),
        cmocka_unit_test(test_errors_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
