/* Snapshots that are not what the schema says: every value of the golden cases in turn becomes
 * something else, and the difference is made and rendered. That nothing crashes is the sanitizers'
 * to say; here, that what is said holds together. */
#include "test.h"

#include <glob.h>
#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/history.h"
#include "differ/strict.h"
#include "reports/history.h"
#include "reports/report.h"

#define HISTORY_FORMATS 5

struct pair {
    json_t *old;
    json_t *new;
    size_t runs;
};

static json_t *strange[10];

static void make_strange(void) {
    json_t *deep = json_array();
    for (int i = 0; i < 40; i++)
        deep = json_pack("[o]", deep);
    size_t count = 0;
    strange[count++] = json_null();
    strange[count++] = json_true();
    strange[count++] = json_integer(-1);
    strange[count++] = json_integer(INT64_MAX);
    strange[count++] = json_real(1.5);
    strange[count++] = json_string("");
    strange[count++] = json_string("0xffffffffffffffff");
    strange[count++] = json_pack("{s:[i]}", "a/b~c\033[2J", 1);
    strange[count++] = json_array();
    strange[count++] = deep;
    assert_int_equal(count, ARRAY_LENGTH(strange));
}

static void check(const struct difference *difference) {
    assert_non_null(difference->old.label);
    for (size_t i = 0; i < difference->count; i++) {
        const struct change *change = &difference->changes[i];
        assert_non_null(change->rule);
        assert_true(change->subject && *change->subject);
        assert_true(change->message && *change->message);
        if (i)
            assert_true(difference->changes[i - 1].rule <= change->rule);
    }
}

static void render(const struct difference *difference) {
    const struct report_options options = {.colour = false};
    for (const struct renderer *renderer = renderers; renderer->format; renderer++) {
        struct text text AUTO(text_deinit) = TEXT_EMPTY;
        renderer->render(difference, &options, &text);
        /* GitHub is told of what there is, and of nothing else. */
        bool may_be_empty = strcmp(renderer->format, "github") == 0;
        assert_true(text.length > 0 || may_be_empty);
        assert_null(memchr(text.data, '\033', text.length));
        if (strcmp(renderer->format, "json") == 0) {
            json_t *json = json_loadb(text.data, text.length, 0, NULL);
            assert_non_null(json);
            assert_int_equal(json_array_size(json_object_get(json, "changes")), difference->count);
            json_decref(json);
        }
    }
}

static void check_history(struct pair *pair) {
    struct history history;
    json_t *const snapshots[] = {pair->old, pair->new, pair->old};
    history_make(&history, snapshots, (const char *const[]){"a", "b", "c"}, 3, NULL, 0);
    for (size_t i = 0; i < history.row_count; i++) {
        bool changed = false;
        for (size_t build = 0; build < history.count; build++)
            changed = changed || history_is_change(&history.rows[i], build);
        assert_true(changed);
    }
    const struct history_renderer *each = &history_renderers[pair->runs % HISTORY_FORMATS];
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    each->render(&history, &text);
    assert_true(text.length > 0);
    assert_null(memchr(text.data, '\033', text.length));
    history_deinit(&history);
}

static void run(struct pair *pair) {
    if (pair->runs % 37 == 0)
        check_history(pair);
    struct difference difference;
    difference_make(&difference, pair->old, pair->new);
    check(&difference);
    if (pair->runs % 41 == 0)
        render(&difference);
    difference_deinit(&difference);
    strict_make(&difference, pair->old, pair->new);
    check(&difference);
    if (pair->runs++ % 61 == 0)
        render(&difference);
    difference_deinit(&difference);
}

/* With sanitizers each value becomes one strange one of five, in turn: they take ten times as long,
 * and the release build has all. */
#ifdef __SANITIZE_ADDRESS__
#define STRANGE_STEP 5
#else
#define STRANGE_STEP 1
#endif

/* Each value under `container` becomes each strange one; both sides see it. */
static void mutate(struct pair *pair, json_t *container) {
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(container, next, key, value) {
        json_incref(value);
        for (size_t i = pair->runs % STRANGE_STEP; i < ARRAY_LENGTH(strange); i += STRANGE_STEP) {
            json_object_set(container, key, strange[i]);
            run(pair);
        }
        json_object_set_new(container, key, value);
        mutate(pair, value);
    }
    for (size_t at = 0; at < json_array_size(container); at++) {
        value = json_incref(json_array_get(container, at));
        for (size_t i = pair->runs % STRANGE_STEP; i < ARRAY_LENGTH(strange); i += STRANGE_STEP) {
            json_array_set(container, at, strange[i]);
            run(pair);
        }
        json_array_set_new(container, at, value);
        mutate(pair, value);
    }
}

static void mutate_case(const char *old_path) {
    AUTO_FREE char *new_path =
        xasprintf("%.*snew.json", (int)(strlen(old_path) - strlen("old.json")), old_path);
    struct pair pair = {json_load_file(old_path, 0, NULL), json_load_file(new_path, 0, NULL), 0};
    if (json_is_object(pair.old) && json_is_object(pair.new)) {
        run(&pair);
        mutate(&pair, pair.old);
        mutate(&pair, pair.new);
        assert_true(pair.runs > 10 / STRANGE_STEP);
    }
    json_decref(pair.old);
    json_decref(pair.new);
}

static void strange_values_do_no_harm(void **state) {
    (void)state;
    glob_t files;
    make_strange();
    assert_int_equal(glob(NTDRIFT_SOURCE "/tests/golden/*/old.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        if (!strstr(files.gl_pathv[i], "/gate-strict-many/"))
            mutate_case(files.gl_pathv[i]);
    globfree(&files);
    for (size_t i = 0; i < ARRAY_LENGTH(strange); i++)
        json_decref(strange[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(strange_values_do_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
