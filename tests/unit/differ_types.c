/* Type strings of two sources, and what the lesser of them can tell. */
#include "test.h"

#include <stdbool.h>

#include "differ/comparisons/layout.h"

static const struct layouts *sources(bool precise) {
    static struct layouts layouts;
    static json_t *types;
    if (!types)
        types =
            json_pack("{s:{s:s}, s:{s:s}}", "_ENUM", "kind", "enum", "_STRUCT", "kind", "struct");
    layouts = (struct layouts){.old = types,
                               .new = types,
                               .kinds = precise,
                               .enums = precise,
                               .pointees = precise,
                               .all = true};
    return &layouts;
}

static const struct {
    const char *old;
    const char *new;
    bool vaguely_equal;
} pairs[] = {
    {"void*", "function*", true},
    {"void*", "_EPROCESS*", true},
    {"_EPROCESS*", "_ETHREAD*", false},
    {"void**", "char**", true},
    {"void*[4]", "function*[4]", true},
    {"void*[4]", "function*[5]", false},
    {"void", "function", false},
    {"char", "unsigned char", true},
    {"char[8]", "unsigned char[8]", true},
    {"char[8]", "unsigned char[9]", false},
    {"char", "short", false},
    {"int", "long", true},
    {"unsigned int", "unsigned long", true},
    {"int", "unsigned long", false},
    {"<unnamed-struct>", "<unnamed-union>", true},
    {"<unnamed-struct-01>*", "<unnamed-union-02>*", true},
    {"<unnamed-struct-01>*", "<unnamed-union-02>", false},
    {"<unnamed-struct>", "_STRUCT", false},
    {"<unnamed-enum-01>", "_ENUM", true},
    {"_ENUM[3]", "<unnamed-enum-01>[3]", true},
    {"<unnamed-enum-01>", "_STRUCT", false},
    {"<unnamed-enum-01>*", "_ENUM", false},
    {"<unnamed-enum-01>", "unsigned long", false},
    {"", "*", false},
    {"]", "[]", false},
    {"[", "[]", false},
};

static void a_lesser_source_says_less(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (layout_type_equal(sources(false), pairs[i].old, pairs[i].new) !=
                pairs[i].vaguely_equal ||
            layout_type_equal(sources(false), pairs[i].new, pairs[i].old) != pairs[i].vaguely_equal)
            fail_msg("%s and %s: expected %d", pairs[i].old, pairs[i].new, pairs[i].vaguely_equal);
        assert_true(layout_type_equal(sources(false), pairs[i].old, pairs[i].old));
    }
}

static void two_precise_sources_say_all(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_false(layout_type_equal(sources(true), pairs[i].old, pairs[i].new));
        assert_true(layout_type_equal(sources(true), pairs[i].old, pairs[i].old));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lesser_source_says_less),
        cmocka_unit_test(two_precise_sources_say_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
