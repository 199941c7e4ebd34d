/* html_appendix.c - the end of the HTML report: what could not be compared, how to check each kind
 * of change, and what the two snapshots say of themselves. */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/value.h"

#define FINDINGS_MOST 100

void html_unknown(struct page *page) {
    static const char *const columns[] = {"Section", "Why", NULL};
    const struct difference *difference = page->difference;
    struct text *out = page->out;
    if (!difference->unknown_count)
        return;
    text_puts(out,
              "<section id=\"unknown\">\n<h2>Not comparable</h2>\n<p>A change is reported only "
              "where both sides know. Of the following, one does not.</p>\n"
              "<div class=\"scroll\"><table>\n");
    html_table_head(page, columns);
    text_puts(out, "<tbody>\n");
    for (size_t i = 0; i < difference->unknown_count; i++) {
        text_puts(out, "<tr><th scope=\"row\">");
        html_code(out, difference->unknown[i].section);
        text_puts(out, "</th><td>");
        escape_html_prose(out, difference->unknown[i].reason);
        text_puts(out, "</td></tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n</section>\n");
}

void html_checks(struct page *page) {
    const struct outline *outline = &page->outline;
    struct text *out = page->out;
    if (!outline->kind_count)
        return;
    text_puts(out, "<section id=\"checks\">\n<h2>How to check</h2>\n<p>With WinDbg on the two "
                   "dumps, or on two machines with these kernels. Commands are those for the first "
                   "change of each kind.</p>\n<dl class=\"checks\">\n");
    for (size_t i = 0; i < outline->kind_count; i++) {
        const struct kind *kind = &outline->kinds[i];
        AUTO(text_deinit) struct text check = TEXT_EMPTY;
        outline_check(&check, kind->changes[0]);
        text_printf(out, "<dt id=\"check--%s\">", kind->rule->id);
        escape_html(out, kind->rule->title);
        text_printf(out, " <code class=\"soft\">%s</code></dt>\n<dd>", kind->rule->id);
        escape_html_prose(out, kind->rule->meaning);
        text_putc(out, ' ');
        escape_html_prose(out, kind->rule->reason);
        text_puts(out, "</dd>\n<dd>Check: ");
        escape_html_prose(out, check.data);
        text_puts(out, "</dd>\n");
    }
    text_puts(out, "</dl>\n</section>\n");
}

/* ---- evidence ---- */

static const char *status_of(const json_t *coverage, const char *section) {
    const json_t *entry = json_object_get(json_object_get(coverage, "sections"), section);
    const char *status = json_string_value(json_object_get(entry, "status"));
    return status ? status : "not extracted";
}

static void write_coverage_cell(struct text *out, const json_t *coverage, const char *section) {
    const json_t *entry = json_object_get(json_object_get(coverage, "sections"), section);
    const json_t *unreadable = json_object_get(entry, "unreadable");
    const char *reason = json_string_value(json_object_get(entry, "reason"));
    text_puts(out, "<td>");
    escape_html(out, status_of(coverage, section));
    if (reason) {
        text_puts(out, ": ");
        escape_html_prose(out, reason);
    }
    if (json_object_size(unreadable) || json_integer_value(unreadable)) {
        AUTO(text_deinit) struct text plain = TEXT_EMPTY;
        value_plain(&plain, unreadable);
        text_puts(out, "; unreadable: ");
        escape_html_bytes(out, plain.data, plain.length);
    }
    text_puts(out, "</td>");
}

static int compare_strings(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The sections that either side names, in order. */
static const char **section_names(const json_t *old, const json_t *new, size_t *count) {
    const json_t *const sides[] = {json_object_get(old, "sections"),
                                   json_object_get(new, "sections")};
    const char **names =
        xcalloc(json_object_size(sides[0]) + json_object_size(sides[1]) + 1, sizeof *names);
    *count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(sides); i++) {
        const char *name;
        json_t *section;
        json_object_foreach((json_t *)sides[i], name, section) {
            if (!i || !json_object_get(sides[0], name))
                names[(*count)++] = name;
        }
    }
    qsort(names, *count, sizeof *names, compare_strings);
    return names;
}

static void write_coverage(struct page *page) {
    static const char *const columns[] = {"Section", "Before", "After", NULL};
    const json_t *old = json_object_get(page->difference->old.snapshot, "coverage");
    const json_t *new = json_object_get(page->difference->new.snapshot, "coverage");
    size_t count = 0;
    AUTO_FREE const char **names = section_names(old, new, &count);
    if (!count)
        return;
    text_puts(page->out, "<h3>What each snapshot covers</h3>\n<div class=\"scroll\"><table>\n");
    html_table_head(page, columns);
    text_puts(page->out, "<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        text_puts(page->out, "<tr><th scope=\"row\">");
        html_code(page->out, names[i]);
        text_puts(page->out, "</th>");
        write_coverage_cell(page->out, old, names[i]);
        write_coverage_cell(page->out, new, names[i]);
        text_puts(page->out, "</tr>\n");
    }
    text_puts(page->out, "</tbody></table></div>\n");
}

static void write_finding(struct text *out, const json_t *finding) {
    static const char *const keys[] = {"kind", "subject", "evidence"};
    text_puts(out, "<tr>");
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        AUTO(text_deinit) struct text plain = TEXT_EMPTY;
        const json_t *value = json_object_get(finding, keys[i]);
        if (value)
            value_plain(&plain, value);
        text_puts(out, "<td><code>");
        escape_html_bytes(out, plain.data, plain.length);
        text_puts(out, "</code></td>");
    }
    text_puts(out, "</tr>\n");
}

static void write_findings(struct page *page, const struct side *side, const char *when) {
    static const char *const columns[] = {"Kind", "Subject", "Evidence", NULL};
    const json_t *findings = json_object_get(side->snapshot, "findings");
    size_t count = json_array_size(findings);
    if (!count)
        return;
    text_printf(page->out,
                "<details class=\"more\"%s><summary>Findings in the dump %s: %zu</summary>\n"
                "<div class=\"scroll\"><table>\n",
                count <= 8 ? " open" : "", when, count);
    html_table_head(page, columns);
    text_puts(page->out, "<tbody>\n");
    for (size_t i = 0; i < count && i < FINDINGS_MOST; i++)
        write_finding(page->out, json_array_get(findings, i));
    text_puts(page->out, "</tbody></table></div>\n");
    if (count > FINDINGS_MOST)
        text_printf(page->out, "<p>and %zu more, in the snapshot</p>\n", count - FINDINGS_MOST);
    text_puts(page->out, "</details>\n");
}

static void write_source(struct text *out, const struct side *side, const char *when) {
    const json_t *system = json_object_get(side->snapshot, "system");
    const json_t *symbols = json_object_get(system, "symbols");
    const char *source = json_string_value(json_object_get(symbols, "source"));
    const char *match = json_string_value(json_object_get(symbols, "match"));
    const char *base = json_string_value(json_object_get(system, "kernel_base"));
    if (!source && !match && !base)
        return;
    text_printf(out, "<p>%s: ", when);
    if (base) {
        text_puts(out, "kernel base ");
        html_code(out, base);
        text_puts(out, "; ");
    }
    text_puts(out, "symbols ");
    html_code(out, source ? source : "of an unnamed source");
    text_puts(out, ", matched: ");
    escape_html(out, match ? match : "not known");
    text_puts(out, ".</p>\n");
}

void html_evidence(struct page *page) {
    text_puts(page->out,
              "<section id=\"evidence\">\n<h2>Evidence</h2>\n<p>All values of this report "
              "are in the two snapshots, and nothing else is.</p>\n");
    write_source(page->out, &page->difference->old, "Before");
    write_source(page->out, &page->difference->new, "After");
    write_coverage(page);
    write_findings(page, &page->difference->old, "before");
    write_findings(page, &page->difference->new, "after");
    text_puts(page->out, "</section>\n");
}
