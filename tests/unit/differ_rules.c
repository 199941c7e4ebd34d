/* The table of rules, and what a difference and a policy do with it. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "differ/policy.h"

static void every_rule_is_whole(void **state) {
    (void)state;
    for (const struct rule *rule = rules; rule->id; rule++) {
        const char *const sentences[] = {rule->meaning, rule->reason, rule->check};
        assert_ptr_equal(rule_find(rule->id), rule); /* no id stands twice */
        assert_true(rule->title && *rule->title);
        assert_true(rule->severity >= SEVERITY_INFO && rule->severity <= SEVERITY_BREAKING);
        for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
            assert_non_null(sentences[i]);
            assert_int_equal(sentences[i][strlen(sentences[i]) - 1], '.');
        }
    }
    assert_null(rule_find("no.such.kind"));
}

/* Reports print a heading where the family changes. */
static void families_stand_together(void **state) {
    (void)state;
    for (const struct rule *rule = rules; rule->id; rule++)
        for (const struct rule *earlier = rules; earlier < rule; earlier++)
            if (strcmp(earlier->family, rule->family) == 0)
                assert_string_equal(rule[-1].family, rule->family);
}

/* One change of each kind, added backwards. */
static void changes_come_in_the_order_of_rules(void **state) {
    (void)state;
    json_t *empty = json_object();
    struct difference difference;
    difference_init(&difference, empty, empty);
    size_t count = 0;
    while (rules[count].id)
        count++;
    for (size_t i = count; i-- > 0;)
        for (int number = 10; number > 8; number--) {
            char subject[16];
            snprintf(subject, sizeof subject, "x%d", number);
            difference_add(&difference, rules[i].id, subject, NULL, NULL, NULL, "message");
        }
    difference_sort(&difference);
    assert_int_equal(difference.count, 2 * count);
    for (size_t i = 0; i < difference.count; i++) {
        assert_ptr_equal(difference.changes[i].rule, &rules[i / 2]);
        assert_string_equal(difference.changes[i].subject, i % 2 ? "x10" : "x9");
    }
    difference_not_comparable(&difference, "b", "reason");
    difference_not_comparable(&difference, "a", "reason");
    difference_not_comparable(&difference, "b", "reason");
    difference_sort(&difference);
    assert_int_equal(difference.unknown_count, 2);
    assert_string_equal(difference.unknown[0].section, "a");
    difference_deinit(&difference);
    json_decref(empty);
}

static void sides_are_labelled(void **state) {
    (void)state;
    static const struct {
        const char *system;
        const char *label;
        const char *named; /* against the same on the other side */
    } cases[] = {
        {"{\"build_lab\": \"10240.16393.amd64fre.th1\", \"build\": 10240}", "10240.16393", "one"},
        {"{\"build_lab\": \"strange\", \"build\": 9600, \"revision\": 7}", "9600.7", "one"},
        {"{\"build\": 9600}", "9600", "one"},
        {"{\"build\": -5}", "(unknown build)", "one"},
        {"{\"kernel_pdb\": {\"name\": \"nt.pdb\", \"guid\": \"0123456789\"}}", "nt.pdb 01234567",
         "one"},
        {"[]", "(unknown build)", "one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *system = json_loads(cases[i].system, 0, NULL);
        json_t *snapshot = json_pack("{s:o}", "system", system);
        struct difference difference;
        difference_init(&difference, snapshot, snapshot);
        assert_string_equal(difference.old.label, cases[i].label);
        difference_name_sides(&difference, "some/one.json", "-");
        assert_string_equal(difference.old.label, cases[i].named);
        assert_string_equal(difference.new.label, "standard input");
        difference_deinit(&difference);
        json_decref(snapshot);
    }
}

static void policies_that_are_misread_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"schema\": \"ntdrift-policy/2\"}",
        "{\"schema\": \"ntdrift-policy/1\", \"gate\": []}",
        "{\"schema\": \"ntdrift-policy/1\", \"gate\": {\"severities\": \"breaking\"}}",
        "{\"schema\": \"ntdrift-policy/1\", \"gate\": {\"severities\": [1]}}",
        "{\"schema\": \"ntdrift-policy/1\", \"gate\": {\"kind\": []}}",
        "{\"schema\": \"ntdrift-policy/1\", \"require\": {}}",
        "{\"schema\": \"ntdrift-policy/1\", \"waivers\": {}}",
        "{\"schema\": \"ntdrift-policy/1\", \"waivers\": [1]}",
        /* clang-format off */
        "{\"schema\": \"ntdrift-policy/1\", \"waivers\": [{\"kind\": \"*\", \"subject\": \"*\"}]}",
        "{\"schema\": \"ntdrift-policy/1\", \"waivers\": [{\"kind\": 1}]}",
        /* clang-format on */
        "{\"schema\": \"ntdrift-policy/1\", \"require\": [], \"require\": []}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct text content = TEXT_EMPTY;
        struct policy policy;
        struct error err;
        text_puts(&content, bad[i]);
        assert_int_not_equal(policy_parse(&err, "policy", &content, &policy), STATUS_OK);
        assert_int_equal(strncmp(err.message, "policy: ", 8), 0);
        text_deinit(&content);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_whole),
        cmocka_unit_test(families_stand_together),
        cmocka_unit_test(changes_come_in_the_order_of_rules),
        cmocka_unit_test(sides_are_labelled),
        cmocka_unit_test(policies_that_are_misread_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
