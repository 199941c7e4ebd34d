/* reports_layers.c - tests of the part "Protection, layer by layer" of the reports. */
#include "reports_pair.h"

#include "differ/strict.h"
#include "reports/layers.h"

static const char old_machine[] =
    "{'system': {'build': 10240}, 'processes': ["
    " {'name': 'System', 'active_threads': 1, 'protection': {'level': '0x62'},"
    "  'integrity': {'level': 'System'}},"
    " {'name': 'lsass.exe', 'active_threads': 1, 'protection': {'level': '0x0'},"
    "  'integrity': {'level': 'System'}},"
    " {'name': 'csrss.exe', 'active_threads': 1, 'protection': {'level': '0x61'}},"
    " {'name': 'smss.exe', 'active_threads': 1, 'protection': {'level': '0x61'}},"
    " {'name': '<b>|.exe', 'active_threads': 1, 'protection': {'level': '0x31'}},"
    " {'name': 'notepad.exe', 'active_threads': 1, 'protection': {'level': '0x0'}},"
    " {'name': 'wininit.exe', 'active_threads': 0, 'protection': {'level': '0x61'}}],"
    " 'processors': [{'protections': {'smep': false, 'nx': true}}],"
    " 'coverage': {'sections': {'silos': {'status': 'unavailable', 'reason': 'no | silos'}}}}";

static const char new_machine[] =
    "{'system': {'build': 14393}, 'silos': [], 'processes': ["
    " {'name': 'System', 'active_threads': 1, 'protection': {'level': '0x72'},"
    "  'integrity': {'level': 'System'}},"
    " {'name': 'lsass.exe', 'active_threads': 1, 'protection': {'level': '0x41'},"
    "  'integrity': {'level': 'High'}},"
    " {'name': 'csrss.exe', 'active_threads': 1, 'protection': {'level': '0x61'}},"
    " {'name': 'smss.exe', 'active_threads': 1, 'protection': {'level': '0x61'}},"
    " {'name': 'svchost.exe', 'active_threads': 1, 'protection': {'level': '0x0'}}],"
    " 'processors': [{'protections': {'smep': true, 'nx': true, 'smap': true}},"
    "                {'protections': {'smep': true, 'nx': true, 'smap': true}}],"
    " 'coverage': {'sections': {}}}";

static const struct layer *layer_of(const struct layers *layers, const char *id) {
    for (size_t i = 0; i < layers->count; i++)
        if (strcmp(layers->items[i].rule->id, id) == 0)
            return &layers->items[i];
    fail_msg("no layer %s", id);
    return NULL;
}

static void check_row(const struct layer_row *row, const char *label, const char *old,
                      const char *new, bool has_changed) {
    assert_string_equal(row->label, label);
    assert_string_equal(row->old ? row->old : "(null)", old);
    assert_string_equal(row->new ? row->new : "(null)", new);
    assert_int_equal(row->has_changed, has_changed);
}

static void test_images_share_rows(void **state) {
    (void)state;
    struct pair pair = pair_of(parse(old_machine), parse(new_machine));
    AUTO(layers_deinit) struct layers layers;
    layers_init(&layers, &pair.difference);
    const struct layer *layer = layer_of(&layers, "protection");
    assert_int_equal(layer->row_count, 4);
    check_row(&layer->rows[0], "System", "0x62", "0x72", true);
    check_row(&layer->rows[1], "lsass.exe", "none", "0x41", true);
    check_row(&layer->rows[2], "<b>|.exe", "0x31", LAYER_NOT_RUNNING, false);
    check_row(&layer->rows[3], "csrss.exe, smss.exe", "0x61", "0x61", false);
    assert_int_equal(layer->change_count, 2);
    layer = layer_of(&layers, "cpu");
    assert_int_equal(layer->row_count, 3);
    check_row(&layer->rows[0], "smep", "off", "on", true);
    check_row(&layer->rows[1], "nx", "on", "on", false);
    check_row(&layer->rows[2], "smap", "(null)", "on", false);
    pair_deinit(&pair);
}

static void test_silent_sides_say_why(void **state) {
    (void)state;
    struct pair pair = pair_of(parse(old_machine), parse(new_machine));
    AUTO(layers_deinit) struct layers layers;
    layers_init(&layers, &pair.difference);
    const struct layer *silo = layer_of(&layers, "silo");
    assert_string_equal(silo->silent[0], "no | silos");
    assert_null(silo->silent[1]);
    assert_string_equal(layer_of(&layers, "job")->silent[1], "it was not extracted");
    assert_false(layer_is_told(layer_of(&layers, "job")));
    AUTO(text_deinit) struct text silent = TEXT_EMPTY;
    assert_true(layers_silent(&silent, &layers));
    assert_string_equal(silent.data, "Job, Session, Windows API");
    pair_deinit(&pair);
}

static void test_pages_show_layers(void **state) {
    (void)state;
    struct pair pair = pair_of(parse(old_machine), parse(new_machine));
    assert_has(pair.markdown, "## Protection, layer by layer\n");
    assert_has(pair.markdown, "Not known of 10240: no \\| silos.");
    assert_has(pair.markdown, "| **differs:** `System` | `0x62` | `0x72` |");
    assert_has(pair.markdown, "| `csrss.exe, smss.exe` | `0x61` | the same |");
    assert_has(pair.markdown, "Neither snapshot tells of: Job, Session, Windows API.");
    assert_lacks(pair.markdown, "### Job\n");
    assert_has(pair.html, "<section id=\"layer--cpu\">");
    assert_has(pair.html, "<a href=\"#layers\">");
    assert_has(pair.html, "<code>&lt;b&gt;|.exe</code>");
    assert_has(pair.html, "href=\"#processor.protection.changed--smep\"");
    assert_lacks(pair.html, "id=\"layer--job\"");
    AUTO_FREE char *text = render(&pair.difference, "text");
    assert_has(text, "  CPU (1 change: processor.protection.changed)\n"
                     "    smep: off → on\n    nx: on\n");
    pair_deinit(&pair);
}

/* Many changes of one kind are counted, with a link to where they are told. */
static void test_many_changes_are_counted(void **state) {
    (void)state;
    json_t *old = parse(old_machine), *new = parse(new_machine);
    json_t *before =
        json_object_get(json_array_get(json_object_get(old, "processors"), 0), "protections");
    json_t *list = json_object_get(new, "processors");
    for (int i = 0; i < LAYER_SENTENCES + 1; i++) {
        AUTO_FREE char *name = xasprintf("p%d", i);
        json_object_set_new(before, name, json_false());
        for (size_t j = 0; j < json_array_size(list); j++)
            json_object_set_new(json_object_get(json_array_get(list, j), "protections"), name,
                                json_true());
    }
    struct pair pair = pair_of(old, new);
    assert_has(pair.markdown, "- Processor protections changed: 6\n");
    assert_has(pair.html, "<a href=\"#kind--processor.protection.changed\">Processor protections "
                          "changed</a>: 6");
    pair_deinit(&pair);
}

/* A task host is as its session is: one that is gone and one that came are no change of it. */
static void test_task_hosts_are_told_by_session(void **state) {
    (void)state;
    struct pair pair =
        pair_of(parse("{'processes': [{'name': 'taskhost.exe', 'session': 1, 'active_threads': 1,"
                      " 'integrity': {'level': 'Medium'}}]}"),
                parse("{'processes': [{'name': 'taskhost.exe', 'session': 0, 'active_threads': 1,"
                      " 'integrity': {'level': 'System'}}]}"));
    AUTO(layers_deinit) struct layers layers;
    layers_init(&layers, &pair.difference);
    const struct layer *layer = layer_of(&layers, "integrity");
    assert_int_equal(layer->row_count, 2);
    check_row(&layer->rows[0], "taskhost.exe (a user's session)", "Medium", LAYER_NOT_RUNNING,
              false);
    check_row(&layer->rows[1], "taskhost.exe (session 0)", LAYER_NOT_RUNNING, "System", false);
    pair_deinit(&pair);
}

/* Value by value, the layers are those of the one dump. */
static void test_values_have_no_layers(void **state) {
    (void)state;
    json_t *old = parse(old_machine), *new = parse(old_machine);
    json_object_set_new(json_object_get(new, "system"), "build", json_integer(10241));
    struct difference difference;
    strict_make(&difference, old, new);
    assert_int_equal(difference.count, 1);
    AUTO_FREE char *text = render(&difference, "text");
    assert_lacks(text, "layer by layer");
    difference_deinit(&difference);
    json_decref(old);
    json_decref(new);
}

static void test_layouts_have_no_layers(void **state) {
    (void)state;
    struct pair pair = pair_of(
        parse("{'layouts': {'types': {'_A': {'kind': 'struct', 'size': 8, 'fields': {}}}}}"),
        parse("{'layouts': {'types': {'_A': {'kind': 'struct', 'size': 9, 'fields': {}}}}}"));
    assert_true(pair.difference.count > 0);
    assert_lacks(pair.markdown, "layer by layer");
    assert_lacks(pair.html, "layer by layer");
    pair_deinit(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images_share_rows),
        cmocka_unit_test(test_silent_sides_say_why),
        cmocka_unit_test(test_pages_show_layers),
        cmocka_unit_test(test_many_changes_are_counted),
        cmocka_unit_test(test_task_hosts_are_told_by_session),
        cmocka_unit_test(test_values_have_no_layers),
        cmocka_unit_test(test_layouts_have_no_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
