/* The tree of a snapshot is the one that Jansson makes, and none where Jansson makes none. */
#include "test.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "snapshot/tree.h"

static json_t *both(const char *bytes, size_t length, bool may_refuse) {
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    text_append(&text, bytes, length);
    json_t *tree = tree_parse(&text);
    json_t *expected = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    if (!may_refuse)
        assert_int_equal(tree != NULL, expected != NULL);
    if (tree)
        assert_true(json_equal(tree, expected));
    json_decref(expected);
    return tree;
}

static void trees_are_equal(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        " {\"a\": [1, -2, 0, true, false, null, \"\"], \"b\": {\"c\": {\"d\": []}}}\n",
        "{\"\\u00e9\\n\": \"\\ud83d\\ude00 \\\\\", \"\xc3\xa9 \": \"\xf0\x9f\x98\x80\", \"\": 9}",
        "[9223372036854775807, -9223372036854775808]",
        "[[[[[[]]]], {}], [{}, {\"x\": {}}]]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        json_t *tree = both(texts[i], strlen(texts[i]), false);
        assert_non_null(tree);
        json_decref(tree);
    }
}

static void what_is_no_json_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[1,]",
        "{\"a\": 1,}",
        "{\"a\": 1} x",
        "{\"a\" 1}",
        "\"\xff\"",
        "[\"\\ud800\"]",
        "[01]",
        "[tru]",
        "{a: 1}",
        "[1 2]",
        "[\"a]",
        "[\"\\u0000\"]",
        "{\"a\": 1, \"a\": 2}",
        "[[}]",
        "{\"a\": ]",
        "[92233720368547758080]",
        "nul",
        "{\"a\": {\"b\": 1, \"b\": 1}}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_null(both(texts[i], strlen(texts[i]), false));
}

/* What a snapshot never holds is for Jansson: a fraction, a nesting without end. */
static void what_no_snapshot_holds_is_left_to_jansson(void **state) {
    (void)state;
    char deep[201];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    deep[200] = '\0';
    const char *const texts[] = {"[1.5]", "[1e3]", deep};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_null(both(texts[i], strlen(texts[i]), true));
}

static void damaged_texts_are_read_alike(void **state) {
    (void)state;
    char text[] = "{\"layouts\": {\"types\": {\"_A\": {\"fields\": {\"X\": {\"offset\": \"0x8\","
                  " \"bit\": {\"length\": 1, \"position\": 30}}}, \"kind\": null, \"size\": 16}}},"
                  " \"list\": [true, false, [\"\\u0041\\\"\", -7]]}";
    size_t length = strlen(text);
    for (size_t at = 0; at < length; at++)
        for (const char *with = "\"\\{}[],:0-1tfn x\x80\x01"; *with; with++) {
            char before = text[at];
            text[at] = *with;
            json_decref(both(text, length, true));
            text[at] = before;
        }
    for (size_t cut = 0; cut < length; cut++)
        json_decref(both(text, cut, false));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_equal),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(what_no_snapshot_holds_is_left_to_jansson),
        cmocka_unit_test(damaged_texts_are_read_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
