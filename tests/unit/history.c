/* What a history keeps of many snapshots, and its page. */
#include "test.h"

#include <glob.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "differ/history.h"
#include "page.h"
#include "reports/history.h"

static json_t *load(const char *text) {
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static const char *const paths[] = {"one.json", "two.json", "three.json"};

static const struct history_row *row_of(const struct history *history, const char *subject) {
    for (size_t i = 0; i < history->row_count; i++)
        if (strcmp(history->rows[i].subject, subject) == 0)
            return &history->rows[i];
    return NULL;
}

/* ---- cells ---- */

#define TYPES(...) "{\"layouts\": {\"types\": {" __VA_ARGS__ "}}}"
#define FIELD(at)  "{\"offset\": \"" at "\", \"type\": \"long\"}"
#define X(size, at)                                                                                \
    "\"_X\": {\"kind\": \"struct\", \"size\": " size ", \"fields\": {\"A\": " at "}}"

/* What is not known between two builds that agree is no change; nor is it one at either end. */
static void what_is_not_known_is_no_change(void **state) {
    (void)state;
    json_t *snapshots[] = {load(TYPES(X("8", FIELD("0x0")))), load("{}"),
                           load(TYPES(X("8", FIELD("0x0"))))};
    struct history history;
    history_make(&history, snapshots, paths, 3, NULL, 0);
    assert_int_equal(history.row_count, 0);
    history_deinit(&history);
    json_decref(snapshots[2]);
    snapshots[2] = load(TYPES(X("12", FIELD("0x4"))));
    history_make(&history, snapshots, paths, 3, NULL, 0);
    const struct history_row *row = row_of(&history, "_X.A");
    assert_non_null(row);
    assert_string_equal(history_cell_text(&row->cells[0]), "0x0");
    assert_string_equal(history_cell_text(&row->cells[1]), "?");
    assert_string_equal(history_cell_text(&row->cells[2]), "0x4");
    assert_false(history_is_change(row, 0));
    assert_false(history_is_change(row, 1));
    assert_true(history_is_change(row, 2));
    assert_string_equal(history_cell_text(&row_of(&history, "_X")->cells[2]), "12 bytes");
    history_deinit(&history);
    for (size_t i = 0; i < 3; i++)
        json_decref(snapshots[i]);
}

static void only_what_is_asked_for(void **state) {
    (void)state;
    json_t *snapshots[] = {load(TYPES(X("8", FIELD("0x0")))), load(TYPES(X("9", FIELD("0x1"))))};
    static const char *const patterns[][2] = {{"_X", "_Y*"}, {"*.A", "none"}, {"_Y", "_Z"}};
    static const size_t expected[] = {1, 1, 0};
    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
        struct history history;
        history_make(&history, snapshots, paths, 2, patterns[i], 2);
        assert_int_equal(history.row_count, expected[i]);
        history_deinit(&history);
    }
    json_decref(snapshots[0]);
    json_decref(snapshots[1]);
}

/* ---- against differences ---- */

static void check_told(const struct history *history, const char *type, const char *member) {
    AUTO_FREE char *subject = member ? xasprintf("%s.%s", type, member) : xstrdup(type);
    if (!row_of(history, subject))
        fail_msg("%s differs and is not in the history", subject);
}

static void check_fields(const struct history *history, const struct change *change) {
    AUTO_FREE char *type = xstrndup(change->subject, strcspn(change->subject, "."));
    const char *name;
    const json_t *value;
    json_object_foreach(json_object_get(change->details, "fields"), name, value) {
        check_told(history, type, name);
    }
}

/* Whatever a difference says of members and sizes of the golden pairs is a row. */
static void every_change_is_a_row(void **state) {
    (void)state;
    static const char *const prefixes[] = {"layout.field.", "layout.bit.", "layout.type."};
    glob_t cases;
    size_t changes = 0;
    assert_int_equal(glob(NTDRIFT_SOURCE "/tests/golden/layout-*/old.json", 0, NULL, &cases), 0);
    for (size_t i = 0; i < cases.gl_pathc; i++) {
        const char *path = cases.gl_pathv[i];
        AUTO_FREE char *new_path =
            xasprintf("%.*snew.json", (int)(strlen(path) - strlen("old.json")), path);
        json_t *snapshots[] = {json_load_file(path, 0, NULL), json_load_file(new_path, 0, NULL)};
        struct difference difference;
        struct history history;
        difference_make(&difference, snapshots[0], snapshots[1]);
        history_make(&history, snapshots, paths, 2, NULL, 0);
        for (size_t j = 0; j < difference.count; j++)
            for (size_t k = 0; k < ARRAY_LENGTH(prefixes); k++) {
                const struct change *change = &difference.changes[j];
                if (strncmp(change->rule->id, prefixes[k], strlen(prefixes[k])) != 0)
                    continue;
                changes++;
                check_fields(&history, change);
                if (strcmp(change->rule->id, "layout.field.shifted") != 0)
                    check_told(&history, change->subject, NULL);
            }
        history_deinit(&history);
        difference_deinit(&difference);
        json_decref(snapshots[0]);
        json_decref(snapshots[1]);
    }
    globfree(&cases);
    assert_true(changes > 30);
}

/* ---- the page ---- */

#define EVIL "<script>alert(1)</script>\\\"'&"

static void the_page_holds_no_markup_of_its_input(void **state) {
    (void)state;
    json_t *snapshots[] = {
        load("{\"system\": {\"build_lab\": \"" EVIL "\"}, \"layouts\": {\"types\": {\"_" EVIL
             "\": {\"kind\": \"struct\", \"size\": 8, \"fields\": {\"" EVIL
             "\": " FIELD("0x0") "}}}}}"),
        load("{\"system\": {\"build_lab\": \"" EVIL "2\"}, \"layouts\": {\"types\": {\"_" EVIL
             "\": {\"kind\": \"struct\", \"size\": 9, \"fields\": {\"" EVIL
             "\": {\"offset\": \"0x0\","
             " \"type\": \"" EVIL "\"}}}}}}")};
    struct history history;
    history_make(&history, snapshots, paths, 2, NULL, 0);
    assert_int_equal(history.row_count, 2);
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    history_renderer_find("html")->render(&history, &text);
    assert_null(page_flaw(text.data));
    assert_null(strstr(text.data, "<script"));
    history_deinit(&history);
    json_decref(snapshots[0]);
    json_decref(snapshots[1]);
}

/* Cells of one value are one, and no row is wider than the builds. */
static void equal_cells_are_one(void **state) {
    (void)state;
    json_t *snapshots[] = {load(TYPES(X("8", FIELD("0x0")))), load(TYPES(X("8", FIELD("0x4")))),
                           load(TYPES(X("8", FIELD("0x4"))))};
    struct history history;
    history_make(&history, snapshots, paths, 3, NULL, 0);
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    history_renderer_find("html")->render(&history, &text);
    assert_null(page_flaw(text.data));
    assert_non_null(strstr(text.data, "<th scope=\"row\"><code>A</code></th>"
                                      "<td class=\"h0\"><code>0x0</code></td>"
                                      "<td colspan=\"2\" class=\"h1 new\"><code>0x4</code></td>"));
    history_deinit(&history);
    for (size_t i = 0; i < 3; i++)
        json_decref(snapshots[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_is_no_change),
        cmocka_unit_test(only_what_is_asked_for),
        cmocka_unit_test(every_change_is_a_row),
        cmocka_unit_test(the_page_holds_no_markup_of_its_input),
        cmocka_unit_test(equal_cells_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
