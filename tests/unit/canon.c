/* canon.c - tests of the canonical writer, and of the layouts section that it writes. */
#include "test.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "snapshot/snapshot.h"

/* What Jansson makes of the same content. */
static void assert_as_jansson(const struct text *text) {
    json_error_t error;
    json_t *value = json_loadb(text->data, text->length, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        fail_msg("not JSON: %s: %s", error.text, text->data);
    AUTO_FREE char *dumped = json_dumps(value, JSON_INDENT(2) | JSON_SORT_KEYS);
    AUTO_FREE char *expected = xasprintf("%s\n", dumped);
    json_decref(value);
    assert_string_equal(text->data, expected);
}

static void write_scalars(struct canon *canon) {
    canon_boolean(canon, "", true);
    canon_boolean(canon, "B", false);
    canon_hex(canon, "a", 0);
    canon_hex(canon, "aa", 0x67c);
    canon_hex(canon, "ab", UINT64_MAX);
    canon_integer(canon, "b", 0);
    canon_integer(canon, "c", INT64_MIN);
    canon_integer(canon, "d", INT64_MAX);
    canon_null(canon, "e");
    canon_string(canon, "f", "");
    canon_string(canon, "g", "\"\\/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xf0\x9f\x98\x80");
    canon_string(canon, "key \"\\\n\x02", "value");
}

static void test_scalars_and_containers(void **state) {
    (void)state;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    struct canon canon;
    canon_init(&canon, &text);
    canon_object_begin(&canon, NULL);
    write_scalars(&canon);
    canon_array_begin(&canon, "l");
    canon_array_end(&canon);
    canon_object_begin(&canon, "m");
    canon_object_end(&canon);
    canon_array_begin(&canon, "n");
    canon_integer(&canon, NULL, 1);
    canon_object_begin(&canon, NULL);
    canon_null(&canon, "x");
    canon_object_end(&canon);
    canon_string(&canon, NULL, "two");
    canon_array_end(&canon);
    canon_object_end(&canon);
    canon_finish(&canon);
    assert_as_jansson(&text);
    assert_non_null(strstr(text.data, "  \"aa\": \"0x67c\",\n"));
    assert_non_null(strstr(text.data, "\"ab\": \"0xffffffffffffffff\""));
    assert_non_null(strstr(text.data, "\"c\": -9223372036854775808"));
}

static void test_a_tree_goes_where_it_is_put(void **state) {
    (void)state;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    struct canon canon;
    json_t *tree =
        json_pack("{s:[i,s,{}],s:{s:n,s:b},s:[]}", "z", 1, "a\nb", "a", "q", "p", 1, "e");
    canon_init(&canon, &text);
    canon_object_begin(&canon, NULL);
    canon_json(&canon, "first", tree);
    canon_array_begin(&canon, "second");
    canon_json(&canon, NULL, tree);
    canon_json(&canon, NULL, json_object_get(tree, "e"));
    canon_array_end(&canon);
    canon_object_end(&canon);
    canon_finish(&canon);
    json_decref(tree);
    assert_as_jansson(&text);
}

static void test_a_tree_alone(void **state) {
    (void)state;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    struct canon canon;
    json_t *tree = json_pack("{s:i,s:[s]}", "b", 2, "a", "x");
    canon_init(&canon, &text);
    canon_json(&canon, NULL, tree);
    canon_finish(&canon);
    json_decref(tree);
    assert_string_equal(text.data, "{\n  \"a\": [\n    \"x\"\n  ],\n  \"b\": 2\n}\n");
}

static void write_rows(struct canon *canon, const void *data) {
    canon_array_begin(canon, NULL);
    for (int i = 0; i < *(const int *)data; i++) {
        canon_object_begin(canon, NULL);
        canon_integer(canon, "number", i);
        canon_object_end(canon);
    }
    canon_array_end(canon);
}

static void write_word(struct canon *canon, const void *data) {
    canon_string(canon, NULL, data);
}

/* What stands in a place has the indent of the place, and other empty arrays stay. */
static void test_places_in_a_tree(void **state) {
    (void)state;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    struct canon canon;
    const int three = 3, none = 0;
    json_t *rows = json_array(), *no_rows = json_array(), *word = json_array();
    json_t *tree = json_pack("{s:{s:[o,o,[]]},s:o,s:{}}", "a", "b", rows, no_rows, "c", word, "d");
    struct canon_place places[] = {
        {rows, write_rows, &three}, {no_rows, write_rows, &none}, {word, write_word, "w"}};
    canon_init(&canon, &text);
    canon_set_places(&canon, places, ARRAY_LENGTH(places));
    canon_object_begin(&canon, NULL);
    canon_json(&canon, "tree", tree);
    canon_object_end(&canon);
    canon_finish(&canon);
    json_decref(tree);
    assert_as_jansson(&text);
    json_t *found = json_loads(text.data, 0, NULL);
    json_t *expected = json_pack("{s:{s:{s:[[{s:i},{s:i},{s:i}],[],[]]},s:s,s:{}}}", "tree", "a",
                                 "b", "number", 0, "number", 1, "number", 2, "c", "w", "d");
    assert_true(json_equal(found, expected));
    json_decref(found);
    json_decref(expected);
}

/* Text of a value goes where it is put, as its tree would. */
static void test_what_was_written_before(void **state) {
    (void)state;
    struct text once AUTO(text_deinit) = TEXT_EMPTY, text AUTO(text_deinit) = TEXT_EMPTY;
    struct text expected AUTO(text_deinit) = TEXT_EMPTY;
    struct canon canon;
    json_t *tree = json_pack("[{s:[i,s],s:{}},[]]", "z", 1, "a\nb", "e");
    canon_init(&canon, &once);
    canon_json(&canon, NULL, tree);
    for (int pass = 0; pass < 2; pass++) {
        canon_init(&canon, pass ? &expected : &text);
        canon_array_begin(&canon, NULL);
        canon_object_begin(&canon, NULL);
        if (pass)
            canon_json(&canon, "key", tree);
        else
            canon_written(&canon, "key", once.data, once.length);
        canon_object_end(&canon);
        canon_array_end(&canon);
        canon_finish(&canon);
    }
    json_decref(tree);
    assert_string_equal(text.data, expected.data);
}

struct given {
    struct text text;
    int times;
};

static void take(void *data, const char *bytes, size_t length) {
    struct given *given = data;
    text_append(&given->text, bytes, length);
    given->times++;
}

/* A sink gets in pieces what a text gets as a whole. */
static void test_a_sink(void **state) {
    (void)state;
    struct text whole AUTO(text_deinit) = TEXT_EMPTY, block AUTO(text_deinit) = TEXT_EMPTY;
    struct given given = {.text = TEXT_EMPTY};
    struct canon canon;
    const int many = 200000;
    json_t *rows = json_array(), *tree = json_pack("{s:o}", "rows", rows);
    struct canon_place place = {rows, write_rows, &many};
    for (int pass = 0; pass < 2; pass++) {
        canon_init(&canon, pass ? &block : &whole);
        canon_set_places(&canon, &place, 1);
        if (pass)
            canon_set_sink(&canon, (struct canon_sink){take, &given});
        canon_json(&canon, NULL, tree);
        canon_finish(&canon);
    }
    json_decref(tree);
    assert_true(given.times > 2);
    assert_int_equal(given.text.length, whole.length);
    assert_memory_equal(given.text.data, whole.data, whole.length);
    assert_true(block.capacity < whole.length / 2);
    text_deinit(&given.text);
}

/* A tree may be deeper than the writer's own containers: what is read may be. */
static void test_a_deep_tree(void **state) {
    (void)state;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    struct canon canon;
    json_t *tree = json_array();
    for (int i = 0; i < 100; i++)
        tree = json_pack("[o]", tree);
    canon_init(&canon, &text);
    canon_json(&canon, NULL, tree);
    canon_finish(&canon);
    json_decref(tree);
    assert_as_jansson(&text);
}

static void descending_keys(struct canon *canon) {
    canon_object_begin(canon, NULL);
    canon_null(canon, "b");
    canon_null(canon, "a");
}

static void equal_keys(struct canon *canon) {
    canon_object_begin(canon, NULL);
    canon_null(canon, "a");
    canon_null(canon, "a");
}

static void key_in_array(struct canon *canon) {
    canon_array_begin(canon, NULL);
    canon_null(canon, "a");
}

static void no_key_in_object(struct canon *canon) {
    canon_object_begin(canon, NULL);
    canon_null(canon, NULL);
}

static void left_open(struct canon *canon) {
    canon_object_begin(canon, NULL);
    canon_finish(canon);
}

static void closed_as_another(struct canon *canon) {
    canon_object_begin(canon, NULL);
    canon_array_end(canon);
}

static void ascending_keys(struct canon *canon) {
    canon_object_begin(canon, NULL);
    canon_null(canon, "a");
    canon_null(canon, "b");
    canon_object_end(canon);
    canon_finish(canon);
}

/* Whether `write` ends the process: tried in one of its own. */
static bool ends_program(void (*write)(struct canon *canon)) {
    pid_t child = fork();
    if (child == 0) {
        struct text text = TEXT_EMPTY;
        struct canon canon;
        close(STDERR_FILENO);
        canon_init(&canon, &text);
        write(&canon);
        _exit(0);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    return !WIFEXITED(result) || WEXITSTATUS(result) != 0;
}

static void test_misuse_ends_the_program(void **state) {
    (void)state;
    assert_false(ends_program(ascending_keys));
    assert_true(ends_program(descending_keys));
    assert_true(ends_program(equal_keys));
    assert_true(ends_program(key_in_array));
    assert_true(ends_program(no_key_in_object));
    assert_true(ends_program(left_open));
    assert_true(ends_program(closed_as_another));
}

/* A profile; %s is whether its source tells struct and union apart. */
#define PROFILE                                                                                    \
    "{\"arch\": \"x64\", \"build\": 14393, \"name\": \"n\", \"origin\": \"o\","                    \
    "\"pdb\": {\"age\": 1, \"guid\": \"517E128F7B7C4EA79491DE6B9B9CE190\", \"name\": \"k.pdb\"},"  \
    "\"precision\": {\"enums\": true, \"kinds\": %s, \"pointees\": true}, \"revision\": null,"     \
    "\"schema\": \"ntdrift-profile/1\", \"symbols\": {\"A\": \"0x0\", \"B\": \"0x40f650\"},"       \
    "\"types\": {"                                                                                 \
    "\"_E\": {\"constants\": {\"One\": 1, \"Zero\": 0}, \"kind\": \"enum\", \"size\": 4},"         \
    "\"_S\": {\"fields\": {\"Alpha\": \"0x8 _T*\", \"Bit\": \"0x6cc:3:2 unsigned long\"},"         \
    "        \"kind\": \"struct\", \"size\": 2000},"                                               \
    "\"_T\": {\"fields\": {}, \"kind\": \"union\", \"size\": 0}}}"

static struct symbols *open_profile(const char *kinds) {
    struct error err;
    struct symbols *symbols;
    AUTO_FREE char *json = xasprintf(PROFILE, kinds);
    if (symbols_parse(&err, "p", json, strlen(json), &symbols))
        fail_msg("%s", err.message);
    return symbols;
}

static void write_layout(struct text *text, const char *kinds,
                         const struct layout_selection *selection) {
    struct symbols *symbols = open_profile(kinds);
    struct canon canon;
    canon_init(&canon, text);
    canon_object_begin(&canon, NULL);
    layout_write(&canon, "layouts", symbols, selection);
    publics_write(&canon, "symbols", symbols);
    canon_object_end(&canon);
    canon_finish(&canon);
    symbols_free(symbols);
    assert_as_jansson(text);
}

static void test_layouts(void **state) {
    (void)state;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    write_layout(&text, "true", &(struct layout_selection){.scope = LAYOUT_TRACKED});
    json_t *expected = json_pack(
        "{s:{s:{s:i,s:s,s:s},s:{s:b,s:b,s:b},s:s,s:{"
        "s:{s:{s:i,s:i},s:s,s:i},"
        "s:{s:{s:{s:s,s:s},s:{s:{s:i,s:i},s:s,s:s}},s:s,s:i},"
        "s:{s:{},s:s,s:i}}},s:{s:s,s:s}}",
        "layouts", "pdb", "age", 1, "guid", "517E128F7B7C4EA79491DE6B9B9CE190", "name", "k.pdb",
        "precision", "enums", 1, "kinds", 1, "pointees", 1, "scope", "tracked", "types", "_E",
        "constants", "One", 1, "Zero", 0, "kind", "enum", "size", 4, "_S", "fields", "Alpha",
        "offset", "0x8", "type", "_T*", "Bit", "bit", "length", 2, "position", 3, "offset", "0x6cc",
        "type", "unsigned long", "kind", "struct", "size", 2000, "_T", "fields", "kind", "union",
        "size", 0, "symbols", "A", "0x0", "B", "0x40f650");
    assert_non_null(expected);
    json_t *found = json_loads(text.data, 0, NULL);
    assert_true(json_equal(found, expected));
    json_decref(found);
    json_decref(expected);
}

static void test_layouts_do_not_guess_kinds(void **state) {
    (void)state;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    write_layout(&text, "false", &(struct layout_selection){0});
    assert_non_null(strstr(text.data, "\"kind\": null"));
    assert_null(strstr(text.data, "\"kind\": \"struct\""));
    assert_null(strstr(text.data, "\"kind\": \"union\""));
    assert_non_null(strstr(text.data, "\"kind\": \"enum\""));
    assert_non_null(strstr(text.data, "\"scope\": \"all\""));
}

static void test_layouts_are_selected_by_patterns(void **state) {
    (void)state;
    static const char *const patterns[] = {"_[ST]", "_X*"};
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    write_layout(&text, "true", &(struct layout_selection){patterns, 2, LAYOUT_ALL});
    assert_null(strstr(text.data, "\"_E\""));
    assert_non_null(strstr(text.data, "\"_S\""));
    assert_non_null(strstr(text.data, "\"_T\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_and_containers),
        cmocka_unit_test(test_a_tree_goes_where_it_is_put),
        cmocka_unit_test(test_a_tree_alone),
        cmocka_unit_test(test_a_deep_tree),
        cmocka_unit_test(test_places_in_a_tree),
        cmocka_unit_test(test_what_was_written_before),
        cmocka_unit_test(test_a_sink),
        cmocka_unit_test(test_misuse_ends_the_program),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_layouts_do_not_guess_kinds),
        cmocka_unit_test(test_layouts_are_selected_by_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
