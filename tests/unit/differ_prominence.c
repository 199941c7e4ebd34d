/* Which of two changes is told first. */
#include "test.h"

#include "differ/prominence.h"

static unsigned place(const char *kind, const char *subject) {
    const struct rule *rule = rule_find(kind);
    assert_non_null(rule);
    return prominence_of(rule, subject);
}

/* Each before the next. */
static void what_is_followed_comes_first(void **state) {
    (void)state;
    static const char *const subjects[] = {
        "_EPROCESS.Minimal", "_EPROCESS.PicoCreated", "_EPROCESS.Zeta",     "_KPROCESS.Alpha",
        "_ETHREAD.Alpha",    "_KTHREAD.Alpha",        "_OBJECT_HEADER.A",   "_POOL_HEADER.Alpha",
        "_KPRCB.Alpha",      "_EPROCESS.Spare0",      "_KPRCB.PrcbPad138a",
    };
    for (size_t i = 1; i < sizeof subjects / sizeof *subjects; i++)
        assert_true(place("layout.field.added", subjects[i - 1]) <
                    place("layout.field.added", subjects[i]));
}

static void a_structure_stands_with_its_members(void **state) {
    (void)state;
    assert_true(place("layout.type.resized", "_EPROCESS") <
                place("layout.type.resized", "_KTHREAD"));
    assert_true(place("layout.type.resized", "_EPROCESS_OTHER") >
                place("layout.type.resized", "_KTHREAD"));
    assert_int_equal(place("layout.type.resized", "_A"), place("layout.type.resized", "_B"));
    assert_int_equal(place("snapshot.value.changed", "/a.Spare"),
                     place("snapshot.value.changed", "/b"));
}

static void headlines_are_few(void **state) {
    (void)state;
    assert_true(prominence_is_headline(place("process.parent.shifted", "csrss.exe")));
    assert_true(prominence_is_headline(place("layout.bit.moved", "_EPROCESS.SubsystemProcess")));
    assert_true(prominence_is_headline(place("layout.field.moved", "_EPROCESS.Protection")));
    assert_false(prominence_is_headline(place("layout.bit.moved", "_EPROCESS.Crashed")));
    assert_false(prominence_is_headline(place("layout.type.resized", "_EPROCESS")));
    assert_false(prominence_is_headline(place("header.changed", "dump.type")));
}

static void fillers_are_known_by_name(void **state) {
    (void)state;
    static const char *const fillers[] = {
        "Spare",
        "Spare0",
        "PrcbPad11",
        "PrcbPad138a",
        "SpecialPadding0",
        "SvmReserved1",
        "ReservedFlags2",
        "SpareByte20",
        "SpareBits",
        "ThreadFlagsSpare",
        "SuspendApcFill",
        "SuspendApcFill0",
        "SuspendSemaphorefill",
        "Unused4",
        "Filler",
        "ThreadReservedControlFlags",
        "SpareMiscFlag0",
    };
    static const char *const members[] = {
        "",
        "0",
        "ReservedStackInUse",
        "ReserveFailLogged",
        "PadlockCount",
        "Available",
        "Fills",
        "SparePages",
        "Flags",
        "a",
    };
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        assert_true(prominence_is_filler(fillers[i]));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_false(prominence_is_filler(members[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_followed_comes_first),
        cmocka_unit_test(a_structure_stands_with_its_members),
        cmocka_unit_test(headlines_are_few),
        cmocka_unit_test(fillers_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
