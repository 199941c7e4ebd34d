/* reports.c - tests of the reports for people: Markdown and HTML. */
#include "reports_pair.h"

#include "reports/escape.h"
#include "reports/value.h"

/* ---- characters ---- */

static void check_escape(void (*escape)(struct text *out, const char *string), const char *string,
                         const char *expected) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    escape(&text, string);
    assert_string_equal(text.data, expected);
}

static void test_html_is_escaped(void **state) {
    (void)state;
    check_escape(escape_html, "<b a=\"1\">&'", "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
    check_escape(escape_html, "caf\xc3\xa9", "caf\xc3\xa9");
    check_escape(escape_html, "a\nb\x7f", "a\\x0ab\\x7f");
    check_escape(escape_html, "exe.\xe2\x80\xaetxt", "exe.\\u202etxt");
    check_escape(escape_html, "\xff\xc0\xaf\xed\xa0\x80", "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
    check_escape(escape_html, "\xe2\x82", "\\xe2\\x82");
    check_escape(escape_html, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
}

static void test_markdown_names_are_escaped(void **state) {
    (void)state;
    check_escape(escape_markdown_code, "_EPROCESS.__u*", "`_EPROCESS.__u*`");
    check_escape(escape_markdown_code, "a|b", "<code>a&#124;b</code>");
    check_escape(escape_markdown_code, "`<i>", "<code>&#96;&#60;i&#62;</code>");
    check_escape(escape_markdown_code, "", "(empty)");
    check_escape(escape_markdown_code, "a\n\n# b", "`a\\x0a\\x0a# b`");
}

static void test_sentences_are_escaped(void **state) {
    (void)state;
    check_escape(escape_markdown_prose, "_EPROCESS.Minimal moved to (0x6cc).",
                 "`_EPROCESS.Minimal` moved to (`0x6cc`).");
    check_escape(escape_markdown_prose, "was long[2], and *", "was long\\[2\\], and \\*");
    check_escape(escape_markdown_prose, "see www.example.com now", "see `www.example.com` now");
    check_escape(escape_markdown_prose, "a <b> | c", "a `<b>` \\| c");
    check_escape(escape_html_prose, "csrss.exe <script>",
                 "<code>csrss.exe</code> "
                 "<code>&lt;script&gt;</code>");
    check_escape(escape_html_prose, "type `dt nt!_X y`, or not",
                 "type <code>dt nt!_X y</code>, or "
                 "not");
}

static void test_anchors_are_one_to_one(void **state) {
    (void)state;
    check_escape(escape_anchor, "_EPROCESS.Minimal", "_EPROCESS.Minimal");
    check_escape(escape_anchor, "a b", "a-20b");
    check_escape(escape_anchor, "a-20b", "a-2d20b");
}

static void check_value(const char *json, const char *expected) {
    json_t *value = parse(json);
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    value_plain(&text, value);
    assert_string_equal(text.data, expected);
    json_decref(value);
}

static void test_values_are_one_line(void **state) {
    (void)state;
    check_value("{'offset': '0x6cc', 'type': 'unsigned long', 'bit': {'position': 0, 'length': 1}}",
                "0x6cc bit 0, unsigned long");
    check_value("{'offset': '0x6c4', 'bit': {'position': 3, 'length': 3}}", "0x6c4 bits 3-5");
    check_value("{'kind': null, 'members': 3, 'size': 24}", "structure, 24 bytes, 3 members");
    check_value("[null, true, 'x', {'a': 1}]", "unreadable, true, x, a = 1");
    check_value("[[[[[1]]]]]", "...");
    check_value("[]", "(none)");
}

/* ---- the whole ---- */

static void test_page_of_two_builds(void **state) {
    (void)state;
    struct pair pair AUTO(pair_deinit) = pair_of(parse(old_text), parse(new_text));
    assert_has(pair.html, "<h1>9600.17238 <span class=\"to\">→</span> 10240.16393</h1>");
    assert_has(pair.html, "<code>A9BBA3C139724A738BE17EB4DB72B2E4</code>, age 2");
    assert_has(pair.html, "id=\"layout.bit.added--_EPROCESS.SubsystemProcess\"");
    assert_has(pair.html, "<code>0x40 bit 8, unsigned long</code>");
    assert_has(pair.html, "dt nt!_EPROCESS SubsystemProcess");
    assert_has(pair.html, "!process 0 0 csrss.exe");
    assert_has(pair.html, "MmProcessList: 0xfffff80168956ae0");
    assert_has(pair.html, "partial: a page is not in the dump");
    assert_has(pair.markdown, "# Windows kernel: 9600.17238 → 10240.16393\n");
    assert_has(pair.markdown, "**Bits added** (1, notable)");
    assert_has(pair.markdown, "| `csrss.exe` | `smss.exe × 1` | `(absent) × 1` | notable |");
    assert_has(pair.markdown, "`dt nt!_EPROCESS SubsystemProcess`");
}

/* Each before the next. */
static void assert_order(const char *text, const char *const *strings) {
    for (; *strings; strings++) {
        text = strstr(text, *strings);
        if (!text)
            fail_msg("not there, or not behind what comes before it: %s", *strings);
    }
}

static void test_glance_leads_with_headlines(void **state) {
    (void)state;
    static const char *const markdown[] = {
        "## At a glance\n\n**Bits moved** (1, breaking)\n\n- `_EPROCESS.Minimal` moved",
        "**Bits added** (1, notable)",
        "**Parents shifted** (1, notable)",
        "**Members removed** (1",
        "## Processes",
        "## Structures",
        "## How to check",
        "## Appendix",
        NULL};
    static const char *const html[] = {"<h1>",
                                       "id=\"glance\"",
                                       "<strong>Bits moved</strong>",
                                       "<strong>Parents shifted</strong>",
                                       "<strong>Members removed</strong>",
                                       "<a href=\"#structure--_EPROCESS\">",
                                       NULL};
    struct pair pair AUTO(pair_deinit) = pair_of(parse(old_text), parse(new_text));
    assert_order(pair.markdown, markdown);
    assert_order(pair.html, html);
    assert_has(pair.html, "changes in <a href=\"#family--process\">Processes</a>");
}

static void test_structure_is_drawn(void **state) {
    (void)state;
    struct pair pair AUTO(pair_deinit) = pair_of(parse(old_text), parse(new_text));
    assert_has(pair.html, "<g class=\"bar added\"");
    assert_has(pair.html, "<text class=\"sign\">+</text><text class=\"offset\">0x8</text><text>Silo"
                          "<tspan class=\"type\" dx=\"10\">_ESILO*</tspan></text>");
    assert_has(pair.html, "<text class=\"sign\">−</text><text class=\"offset\">0x40</text><text>"
                          "Spare<tspan");
    assert_has(pair.html, "⋯ 3 unchanged, shifted by +0x8</text>");
    assert_has(pair.html, "<g class=\"bar shifted bits\"");
    assert_has(pair.html, "Flags3<tspan class=\"type\" dx=\"10\">2 bits: 1 added, 1 moved</tspan>");
    assert_has(pair.html, "<g class=\"cell added\"><title>SubsystemProcess, bit 8: added");
    assert_has(pair.html, "<g class=\"cell removed\"><title>ForkFailed, bit 3: removed");
    assert_has(pair.html, "0 → 2</span> <span class=\"mark moved\">→</span> "
                          "<code>Minimal</code>");
    assert_has(pair.markdown, "| ⋯ | `0x10` – `0x20` | `0x18` – `0x28` | *3 unchanged* | | "
                              "shifted by +0x8 |");
    assert_has(pair.markdown, "| + | – | `0x40:8` | `SubsystemProcess` | 1 bit | added |");
    assert_has(pair.markdown, "| − | `0x40` | – | `Spare` | `void*` | removed |");
}

static void test_trees_are_drawn(void **state) {
    (void)state;
    struct pair pair AUTO(pair_deinit) = pair_of(parse(old_text), parse(new_text));
    assert_has(pair.html, "<span class=\"gone\">(absent) <span class=\"pid\">0x1f0</span></span>");
    assert_has(pair.html, "(absent, id in use again) <span class=\"pid\">0x144</span>");
    assert_has(pair.html, "<details><summary>chrome.exe × 3</summary>");
    assert_has(pair.html, "<span class=\"telling changed\"><strong>csrss.exe</strong>");
    assert_has(pair.markdown, "0x208       csrss.exe   <-- Parents shifted\n");
    assert_has(pair.markdown, "            chrome.exe × 3\n");
    assert_has(pair.markdown, "0x1f0   (absent)\n0x1f8     csrss.exe");
}

static void test_nothing_differs(void **state) {
    (void)state;
    struct pair pair AUTO(pair_deinit) = pair_of(parse(old_text), parse(old_text));
    assert_int_equal(pair.difference.count, 0);
    assert_has(pair.html, "<p class=\"lede\">No differences.</p>");
    assert_lacks(pair.html, "id=\"glance\"");
    assert_has(pair.markdown, "\nNo differences.\n");
    assert_lacks(pair.markdown, "## At a glance");
}

static void test_same_bytes_whatever_the_path(void **state) {
    (void)state;
    struct pair pair AUTO(pair_deinit) = pair_of(parse(old_text), parse(new_text));
    pair.difference.old.path = "/home/someone/old.json";
    AUTO_FREE char *html = render(&pair.difference, "html");
    AUTO_FREE char *markdown = render(&pair.difference, "markdown");
    assert_string_equal(html, pair.html);
    assert_string_equal(markdown, pair.markdown);
}

/* Every rule that there is, with both values, details and a waiver. */
static void test_every_kind_is_told(void **state) {
    (void)state;
    struct pair pair AUTO(pair_deinit) = {.old = parse(old_text), .new = parse(old_text)};
    difference_make(&pair.difference, pair.old, pair.new);
    for (const struct rule *rule = rules; rule->id; rule++) {
        AUTO_FREE char *subject = xasprintf("_EPROCESS.kind_%d", (int)(rule - rules));
        difference_add(&pair.difference, rule->id, subject, json_string("before"),
                       json_string("after"), NULL, "%s differs", subject);
    }
    pair.difference.changes[0].waived = xstrdup("known & |accepted|");
    difference_not_comparable(&pair.difference, "modules", "a page is not in the dump");
    pair_render(&pair);
    for (size_t i = 0; i < pair.difference.count; i++) {
        const struct change *change = &pair.difference.changes[i];
        AUTO_FREE char *id = xasprintf("id=\"%s--%s\"", change->rule->id, change->subject);
        AUTO_FREE char *check = xasprintf("id=\"check--%s\"", change->rule->id);
        AUTO_FREE char *row = xasprintf("| `%s` | `before` | `after` |", change->subject);
        AUTO_FREE char *heading = xasprintf("\n### %s\n", change->rule->title);
        assert_has(pair.html, id);
        assert_has(pair.html, check);
        assert_has(pair.markdown, row);
        assert_has(pair.markdown, heading);
    }
    assert_has(pair.html, "known &amp; |accepted|");
    assert_has(pair.markdown, "waived: known \\& <code>&#124;accepted&#124;</code>");
    assert_has(pair.html, "a page is not in the dump");
    assert_has(pair.markdown, "- `modules`: a page is not in the dump\n");
}

/* Two changes of one kind and subject have two anchors. */
static void test_anchors_differ(void **state) {
    (void)state;
    struct pair pair AUTO(pair_deinit) = {.old = parse(old_text), .new = parse(old_text)};
    difference_make(&pair.difference, pair.old, pair.new);
    for (int i = 0; i < 2; i++)
        difference_add(&pair.difference, "process.bit.changed", "lsass.exe:X", json_integer(0),
                       json_integer(1), NULL, "once %d", i);
    pair_render(&pair);
    assert_has(pair.html, "id=\"process.bit.changed--lsass.exe-3aX--2\"");
}

/* What the difference calls one member under two names is one in the pictures and tables. */
static void test_renamed_members_are_one(void **state) {
    (void)state;
    static const char form[] =
        "{'layouts': {'pdb': null, 'scope': 'all', 'types': {'_CC': {'kind': 'struct', 'size': 24,"
        " 'fields': {'First': {'offset': '0x0', 'type': 'void*'},"
        " '%s': {'offset': '0x8', 'type': '_CURSOR'},"
        " 'Last': {'offset': '0x10', 'type': 'void*'}}}}}}";
    AUTO_FREE char *old = xasprintf(form, "LazyWriterCursor");
    AUTO_FREE char *new = xasprintf(form, "LazyWriteCursor");
    struct pair pair = pair_of(parse(old), parse(new));
    assert_has(pair.markdown, "| ≡ | `0x8` | `0x8` | `LazyWriteCursor` | `_CURSOR` | renamed from "
                              "`LazyWriterCursor` |");
    assert_has(pair.html, "<g class=\"bar renamed\" transform=\"translate(0 ");
    assert_has(pair.html, "<code>LazyWriteCursor at 0x8, _CURSOR</code>");
    assert_lacks(pair.html, "class=\"bar removed");
    assert_lacks(pair.html, "class=\"bar added");
    pair_deinit(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html_is_escaped),
        cmocka_unit_test(test_markdown_names_are_escaped),
        cmocka_unit_test(test_sentences_are_escaped),
        cmocka_unit_test(test_anchors_are_one_to_one),
        cmocka_unit_test(test_values_are_one_line),
        cmocka_unit_test(test_page_of_two_builds),
        cmocka_unit_test(test_glance_leads_with_headlines),
        cmocka_unit_test(test_structure_is_drawn),
        cmocka_unit_test(test_trees_are_drawn),
        cmocka_unit_test(test_nothing_differs),
        cmocka_unit_test(test_same_bytes_whatever_the_path),
        cmocka_unit_test(test_every_kind_is_told),
        cmocka_unit_test(test_anchors_differ),
        cmocka_unit_test(test_renamed_members_are_one),
    };
    return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
