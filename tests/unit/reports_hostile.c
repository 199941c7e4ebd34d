/* reports_hostile.c - tests of the reports with snapshots that were written to do harm, or are not
 * what the schema says: the page holds together, and nothing of a snapshot becomes markup. */
#include "reports_pair.h"

static void test_hostile_names(void **state) {
    (void)state;
    static const char evil[] = "</td></svg><script>alert(1)</script>\"' onload=\"x\n```\n# |`";
    json_t *old = parse(old_text);
    json_t *new = parse(new_text);
    json_t *process = json_array_get(json_object_get(new, "processes"), 2);
    json_object_set_new(process, "name", json_string(evil));
    json_t *system = json_object_get(new, "system");
    json_object_set_new(system, "arch", json_string("x64"));
    json_object_set_new(system, "build_lab", json_string(evil));
    json_t *types = json_object_get(json_object_get(new, "layouts"), "types");
    json_object_set(types, evil, json_object_get(types, "_EPROCESS"));
    json_t *fields = json_object_get(json_object_get(types, "_EPROCESS"), "fields");
    json_object_set_new(fields, evil, json_pack("{ssss}", "offset", "0x48", "type", evil));
    json_object_set_new(fields, "evil_bit",
                        json_pack("{ss ss s{si si}}", "offset", "0x40", "type", evil, "bit",
                                  "position", 9, "length", 1));
    json_object_set_new(json_object_get(new, "coverage"), "sections",
                        json_pack("{s{ss}}", evil, "status", evil));
    struct pair pair AUTO(pair_deinit) = pair_of(old, new);
    AUTO_FREE char *page = page_without_script(pair.html);
    assert_lacks(page, "<script");
    assert_lacks(pair.html, "onload=\"");
    assert_lacks(pair.markdown, "\n```\n# |");
    /* Outside code, which a reader may see as HTML, the tag is not there. */
    assert_lacks(pair.markdown, " <script");
    assert_has(pair.html, "&lt;script&gt;alert(1)");
}

static size_t occurrences(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

/* Processes that are each other's parents, their own, or share an id; a very long line of them. */
static void test_hostile_parents(void **state) {
    (void)state;
    json_t *old = parse(old_text);
    json_t *processes = json_object_get(old, "processes");
    const int circles[][2] = {{100, 101}, {101, 100}, {102, 102}, {103, 104},
                              {103, 103}, {-5, -5},   {0, 0},     {105, 100}};
    for (size_t i = 0; i < ARRAY_LENGTH(circles); i++)
        json_array_append_new(processes, json_pack("{ss si si s{ss}}", "name", "loop.exe", "pid",
                                                   circles[i][0], "ppid", circles[i][1], "parent",
                                                   "state", "alive"));
    for (int i = 0; i < 3000; i++)
        json_array_append_new(processes, json_pack("{ss si si s{ss}}", "name", "deep.exe", "pid",
                                                   1000 + i, "ppid", 999 + i, "parent", "state",
                                                   i ? "alive" : "absent"));
    for (int i = 0; i < 5; i++)
        json_array_append_new(
            processes, json_pack("{ss si si}", "name", "leaf.exe", "pid", 5000 + i, "ppid", 3999));
    struct pair pair AUTO(pair_deinit) = pair_of(old, parse(new_text));
    assert_int_equal(occurrences(pair.html, "<li>deep.exe"), 3000);
    assert_int_equal(occurrences(pair.html, "<li>loop.exe"), ARRAY_LENGTH(circles));
    assert_has(pair.html, "leaf.exe × 5");
    assert_has(pair.markdown, "loop.exe");
}

/* Puts `wrong` in the place of the value that comes `*number`-th; false where there are fewer. */
static bool replace(json_t *container, size_t *number, json_t *wrong) {
    void *next = NULL;
    for (void *at = json_object_iter(container); at; at = next) {
        if (!(*number)--)
            return !json_object_iter_set(container, at, wrong);
        if (replace(json_object_iter_value(at), number, wrong))
            return true;
        next = json_object_iter_next(container, at);
    }
    for (size_t i = 0; i < json_array_size(container); i++) {
        if (!(*number)--)
            return !json_array_set(container, i, wrong);
        if (replace(json_array_get(container, i), number, wrong))
            return true;
    }
    return false;
}

/* Renders the pair with the `number`-th value of one side replaced; false where there is none. */
static bool try_wrong(size_t number, const char *wrong, bool is_old) {
    json_t *sides[] = {parse(old_text), parse(new_text)};
    json_t *list = parse(wrong);
    bool is_there = replace(sides[!is_old], &number, json_array_get(list, 0));
    struct pair pair AUTO(pair_deinit) = pair_of(sides[0], sides[1]);
    assert_non_null(pair.markdown);
    json_decref(list);
    return is_there;
}

static void test_wrong_values_do_no_harm(void **state) {
    (void)state;
    static const char *const wrongs[] = {"[null]",
                                         "[-1]",
                                         "[9223372036854775807]",
                                         "['0xffffffffffffffff']",
                                         "[[]]",
                                         "[{'offset': '0x38', 'type': 'void*[99999999999]'}]"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrongs); i++)
        for (int is_old = 0; is_old < 2; is_old++) {
            size_t number = 0;
            while (try_wrong(number, wrongs[i], is_old))
                number++;
            assert_true(number > 60);
        }
}

static void test_snapshots_that_are_none(void **state) {
    (void)state;
    static const char *const texts[] = {"{}", "[]", "{'layouts': 3}", "{'processes': {}}",
                                        "{'layouts': {'types': []}, 'processes': [1, [], {}]}"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(texts); j++) {
            struct pair pair AUTO(pair_deinit) = pair_of(parse(texts[i]), parse(texts[j]));
            assert_has(pair.html, "(unknown build)");
            assert_has(pair.markdown, "(unknown build)");
        }
}

/* A structure of more members than anyone would draw. */
static void test_huge_structure(void **state) {
    (void)state;
    json_t *new = parse(new_text);
    json_t *types = json_object_get(json_object_get(new, "layouts"), "types");
    json_t *fields = json_object_get(json_object_get(types, "_EPROCESS"), "fields");
    for (int i = 0; i < 5000; i++) {
        AUTO_FREE char *name = xasprintf("Added%04d", i);
        AUTO_FREE char *offset = xasprintf("0x%x", 0x50 + i % 3);
        json_object_set_new(fields, name,
                            json_pack("{ss ss}", "offset", offset, "type", "unsigned char"));
    }
    struct pair pair AUTO(pair_deinit) = pair_of(parse(old_text), new);
    assert_has(pair.html, "The picture ends here; the tables have all.");
    assert_has(pair.html, "id=\"layout.field.added--_EPROCESS.Added4999\"");
    assert_has(pair.markdown, "`Added4999`");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_hostile_parents),
        cmocka_unit_test(test_wrong_values_do_no_harm),
        cmocka_unit_test(test_snapshots_that_are_none),
        cmocka_unit_test(test_huge_structure),
    };
    return cmocka_run_group_tests_name("reports_hostile", tests, NULL, NULL);
}
