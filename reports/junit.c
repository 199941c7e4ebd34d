/*
 * junit.c - a difference as JUnit XML, for the test pages of CI systems: a suite for each family of
 * changes, a test case for each kind that did not occur and for each change that did. A change that
 * gates is a failure, a waived one is skipped, and so is what could not be compared; another change
 * passes and says what it is.
 *
 * Source of the shape: the schema of Jenkins' xUnit plugin (junit-10.xsd), which GitHub's and
 * GitLab's readers take as well.
 */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/outline.h"
#include "reports/renderers.h"

struct tally {
    size_t tests, failures, skipped;
};

static void tally_add(struct tally *tally, const struct change *change) {
    tally->tests++;
    tally->failures += change && change->gates;
    tally->skipped += change && !change->gates && change->waived;
}

/* The changes of `rule`, which stand together; NULL where it has none. */
static const struct change *changes_of(const struct difference *difference, const struct rule *rule,
                                       size_t *count) {
    const struct change *first = NULL;
    *count = 0;
    for (size_t i = 0; i < difference->count; i++) {
        if (difference->changes[i].rule != rule)
            continue;
        if (!first)
            first = &difference->changes[i];
        ++*count;
    }
    return first;
}

static struct tally tally_family(const struct difference *difference, const char *family) {
    struct tally tally = {0};
    for (const struct rule *rule = rules; rule->id; rule++) {
        size_t count = 0;
        const struct change *changes = changes_of(difference, rule, &count);
        if (strcmp(rule->family, family) != 0)
            continue;
        for (size_t i = 0; i < count; i++)
            tally_add(&tally, &changes[i]);
        if (!count)
            tally_add(&tally, NULL);
    }
    return tally;
}

static void write_attribute(struct text *out, const char *name, const char *value) {
    text_printf(out, " %s=\"", name);
    escape_html(out, value);
    text_putc(out, '"');
}

static void begin_suite(struct text *out, const char *name, struct tally tally) {
    text_puts(out, "  <testsuite");
    write_attribute(out, "name", name);
    text_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", tally.tests,
                tally.failures, tally.skipped);
}

static void begin_case(struct text *out, const char *class, const char *name) {
    text_puts(out, "    <testcase");
    write_attribute(out, "classname", class);
    write_attribute(out, "name", name);
}

/* What a reader of the failure wants: what happened, why it matters, how to check it. */
static void write_failure(struct text *out, const struct change *change) {
    struct text check AUTO(text_deinit) = TEXT_EMPTY;
    outline_check(&check, change);
    text_puts(out, "      <failure");
    write_attribute(out, "type", change->rule->id);
    write_attribute(out, "message", change->message);
    text_putc(out, '>');
    const char *const lines[] = {severity_name(change->severity), change->message,
                                 change->rule->reason, check.data};
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        escape_html(out, lines[i]);
        text_puts(out, i + 1 < ARRAY_LENGTH(lines) ? "\n" : "</failure>\n");
    }
}

static void write_skipped(struct text *out, const char *why, const char *reason) {
    struct text message AUTO(text_deinit) = TEXT_EMPTY;
    text_printf(&message, "%s: %s", why, reason);
    text_puts(out, "      <skipped");
    write_attribute(out, "message", message.data);
    text_puts(out, "/>\n");
}

static void write_change(struct text *out, const struct difference *difference,
                         const struct change *change) {
    size_t number = outline_number(difference, change);
    AUTO_FREE char *name =
        number > 1 ? xasprintf("%s (%zu)", change->subject, number) : xstrdup(change->subject);
    begin_case(out, change->rule->id, name);
    text_puts(out, ">\n");
    if (change->gates) {
        write_failure(out, change);
    } else if (change->waived) {
        write_skipped(out, "waived", change->waived);
    }
    if (!change->gates) {
        text_puts(out, "      <system-out>");
        escape_html(out, severity_name(change->severity));
        text_puts(out, ": ");
        escape_html(out, change->message);
        text_puts(out, "</system-out>\n");
    }
    text_puts(out, "    </testcase>\n");
}

static void write_family(struct text *out, const struct difference *difference,
                         const struct rule *first) {
    begin_suite(out, first->family, tally_family(difference, first->family));
    for (const struct rule *rule = first; rule->id; rule++) {
        size_t count = 0;
        const struct change *changes = changes_of(difference, rule, &count);
        if (strcmp(rule->family, first->family) != 0)
            continue;
        for (size_t i = 0; i < count; i++)
            write_change(out, difference, &changes[i]);
        if (!count) {
            begin_case(out, rule->id, "none");
            text_puts(out, "/>\n");
        }
    }
    text_puts(out, "  </testsuite>\n");
}

static void write_unknown(struct text *out, const struct difference *difference) {
    size_t count = difference->unknown_count;
    if (!count)
        return;
    begin_suite(out, "not comparable", (struct tally){count, 0, count});
    for (size_t i = 0; i < count; i++) {
        AUTO_FREE char *name =
            xasprintf("%s: %s", difference->unknown[i].section, difference->unknown[i].reason);
        begin_case(out, "not comparable", name);
        text_puts(out, ">\n");
        write_skipped(out, "not comparable", difference->unknown[i].reason);
        text_puts(out, "    </testcase>\n");
    }
    text_puts(out, "  </testsuite>\n");
}

static bool begins_family(const struct rule *rule) {
    for (const struct rule *other = rules; other < rule; other++)
        if (strcmp(other->family, rule->family) == 0)
            return false;
    return true;
}

void report_junit(const struct difference *difference, const struct report_options *options,
                  struct text *output) {
    (void)options;
    struct tally all = {difference->unknown_count, 0, difference->unknown_count};
    for (const struct rule *rule = rules; rule->id; rule++) {
        struct tally tally =
            begins_family(rule) ? tally_family(difference, rule->family) : (struct tally){0};
        all.tests += tally.tests;
        all.failures += tally.failures;
        all.skipped += tally.skipped;
    }
    text_puts(output, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    struct text name AUTO(text_deinit) = TEXT_EMPTY;
    text_printf(&name, "%s to %s", difference->old.label, difference->new.label);
    write_attribute(output, "name", name.data);
    text_printf(output, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
                all.tests, all.failures, all.skipped);
    for (const struct rule *rule = rules; rule->id; rule++)
        if (begins_family(rule))
            write_family(output, difference, rule);
    write_unknown(output, difference);
    text_puts(output, "</testsuites>\n");
}
