/* differ_policy.c - tests of waivers: for which builds, until when, and what is written for them.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "differ/date.h"
#include "differ/policy.h"

#define TODAY "2026-11-21"

static json_t *snapshot_of(int build) {
    return build < 0 ? json_pack("{}") : json_pack("{s:{s:i}}", "system", "build", build);
}

/* A difference with one change, _T.a [x] of kind layout.bit.added. */
struct case_under_test {
    json_t *snapshot;
    struct difference difference;
    struct policy policy;
};

static void set_up(struct case_under_test *test, int build) {
    test->snapshot = snapshot_of(build);
    difference_init(&test->difference, test->snapshot, test->snapshot);
    difference_add(&test->difference, "layout.bit.added", "_T.a[1]", NULL, NULL, NULL, "added");
    test->policy = (struct policy){0};
}

static void tear_down(struct case_under_test *test) {
    policy_deinit(&test->policy);
    difference_deinit(&test->difference);
    json_decref(test->snapshot);
}

static enum status read_policy(struct case_under_test *test, const char *waiver) {
    struct text content AUTO(text_deinit) = TEXT_EMPTY;
    struct error err;
    text_printf(&content, "{\"schema\": \"ntdrift-policy/1\", \"waivers\": [%s]}", waiver);
    return policy_parse(&err, "policy", &content, &test->policy);
}

static void a_waiver_is_for_builds(void **state) {
    (void)state;
    static const struct {
        const char *builds;
        int build;
        enum waiver_state state;
    } cases[] = {
        {"10240", 10240, WAIVER_USED},
        {"10240", 10241, WAIVER_ELSEWHERE},
        {"10240-14393", 10240, WAIVER_USED},
        {"10240-14393", 14393, WAIVER_USED},
        {"10240-14393", 9600, WAIVER_ELSEWHERE},
        {"10240-14393", 15063, WAIVER_ELSEWHERE},
        {"-9600", 9600, WAIVER_USED},
        {"-9600", 10240, WAIVER_ELSEWHERE},
        {"22000-", 22000, WAIVER_USED},
        {"22000-", 21999, WAIVER_ELSEWHERE},
        {"0-", -1, WAIVER_ELSEWHERE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct case_under_test test;
        AUTO_FREE char *waiver = xasprintf(
            "{\"kind\": \"*\", \"subject\": \"*\", \"reason\": \"r\", \"builds\": \"%s\"}",
            cases[i].builds);
        set_up(&test, cases[i].build);
        assert_int_equal(read_policy(&test, waiver), STATUS_OK);
        policy_waive(&test.policy, &test.difference, TODAY);
        assert_int_equal(test.policy.waivers[0].state, cases[i].state);
        assert_int_equal(test.difference.changes[0].waived != NULL, cases[i].state == WAIVER_USED);
        AUTO_FREE char *fault = waiver_fault(&test.policy.waivers[0]);
        assert_null(fault);
        tear_down(&test);
    }
}

static void ranges_that_are_misread_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"\"\"",           "\"-\"",           "\"x\"",   "\"1-2-3\"",
                                      "\"2-1\"",        "\"1 \"",          "\"--1\"", "\"+1\"",
                                      "\"1234567890\"", "\"-1234567890\"", "10240",   "null"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct case_under_test test;
        AUTO_FREE char *waiver = xasprintf(
            "{\"kind\": \"*\", \"subject\": \"*\", \"reason\": \"r\", \"builds\": %s}", bad[i]);
        set_up(&test, 10240);
        assert_int_equal(read_policy(&test, waiver), STATUS_FORMAT);
        tear_down(&test);
    }
}

static void a_waiver_holds_through_its_last_day(void **state) {
    (void)state;
    static const struct {
        const char *expires;
        enum waiver_state state;
    } cases[] = {{"2026-11-20", WAIVER_EXPIRED}, {TODAY, WAIVER_USED}, {"2027-01-01", WAIVER_USED}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct case_under_test test;
        AUTO_FREE char *waiver =
            xasprintf("{\"kind\": \"*\", \"subject\": \"*\", \"reason\": \"r\","
                      " \"expires\": \"%s\"}",
                      cases[i].expires);
        set_up(&test, 10240);
        assert_int_equal(read_policy(&test, waiver), STATUS_OK);
        policy_waive(&test.policy, &test.difference, TODAY);
        assert_int_equal(test.policy.waivers[0].state, cases[i].state);
        AUTO_FREE char *fault = waiver_fault(&test.policy.waivers[0]);
        assert_int_equal(fault != NULL, cases[i].state == WAIVER_EXPIRED);
        tear_down(&test);
    }
}

static void days_are_days_of_the_calendar(void **state) {
    (void)state;
    static const char *const good[] = {"1970-01-01", "2024-02-29", "2026-12-31", "9999-12-31"};
    static const char *const bad[] = {"",           "2026-02-29", "2026-13-01",  "2026-00-10",
                                      "2026-1-1",   "20261121",   "2026-11-21 ", " 2026-11-2",
                                      "2026/11/21", "-026-11-21", "2026-11-32",  "1969-12-31"};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_true(date_is_valid(good[i]));
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(date_is_valid(bad[i]));
    char after[DATE_SIZE];
    date_after("2026-11-21", 90, after);
    assert_string_equal(after, "2027-02-19");
    date_after("2024-02-28", 2, after);
    assert_string_equal(after, "2024-03-01");
}

static void today_is_what_is_given(void **state) {
    (void)state;
    char today[DATE_SIZE];
    struct error err;
    assert_int_equal(setenv("SOURCE_DATE_EPOCH", "1795219200", 1), 0);
    assert_int_equal(date_today(&err, NULL, today), STATUS_OK);
    assert_string_equal(today, "2026-11-21");
    assert_int_equal(date_today(&err, "2026-01-02", today), STATUS_OK);
    assert_string_equal(today, "2026-01-02");
    assert_int_equal(date_today(&err, "tomorrow", today), STATUS_USAGE);
    static const char *const bad[] = {"-1", "1x", "99999999999999999999", "253402300800"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(setenv("SOURCE_DATE_EPOCH", bad[i], 1), 0);
        assert_int_equal(date_today(&err, NULL, today), STATUS_USAGE);
    }
    assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
    assert_int_equal(date_today(&err, NULL, today), STATUS_OK);
    assert_true(date_is_valid(today));
}

/* What is written waives what gated, no more, and only for a time. */
static void written_waivers_waive(void **state) {
    (void)state;
    struct case_under_test test;
    set_up(&test, 10240);
    assert_int_equal(read_policy(&test, ""), STATUS_OK);
    json_t *json = policy_with_waivers(&test.policy, &test.difference, TODAY);
    assert_int_equal(json_array_size(json_object_get(json, "waivers")), 1);
    AUTO_FREE char *text = json_dumps(json, 0);
    json_decref(json);
    struct text content AUTO(text_deinit) = TEXT_EMPTY;
    text_puts(&content, text);
    struct error err;
    policy_deinit(&test.policy);
    assert_int_equal(policy_parse(&err, "policy", &content, &test.policy), STATUS_OK);
    difference_add(&test.difference, "layout.bit.added", "_T.a1", NULL, NULL, NULL, "added");
    policy_waive(&test.policy, &test.difference, TODAY);
    assert_non_null(test.difference.changes[0].waived);
    assert_null(test.difference.changes[1].waived);
    policy_waive(&test.policy, &test.difference, "2027-02-20");
    assert_int_equal(test.policy.waivers[0].state, WAIVER_EXPIRED);
    tear_down(&test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiver_is_for_builds),
        cmocka_unit_test(ranges_that_are_misread_are_refused),
        cmocka_unit_test(a_waiver_holds_through_its_last_day),
        cmocka_unit_test(days_are_days_of_the_calendar),
        cmocka_unit_test(today_is_what_is_given),
        cmocka_unit_test(written_waivers_waive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
