/* explain.c - nt-differ explain: what kinds of change mean. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "differ/commands/commands.h"
#include "differ/difference.h"
#include "reports/escape.h"

static const char *format;

const struct cli_option explain_options[] = {
    {'f', "format", "NAME", "text or markdown; without a kind, all in full", CLI_STRING, &format},
    {0},
};

static void list_all(void) {
    for (const struct rule *rule = rules; rule->id; rule++)
        printf("%-28s %-10s %s\n", rule->id, severity_name(rule->severity), rule->title);
}

static void explain_text(const struct rule *rule) {
    printf("%s (%s): %s\n  %s\n  %s\n  To check: %s\n", rule->id, severity_name(rule->severity),
           rule->title, rule->meaning, rule->reason, rule->check);
}

static void explain_markdown(const struct rule *rule) {
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    AUTO_FREE char *prose =
        xasprintf("%s (%s). %s %s To check: %s", rule->title, severity_name(rule->severity),
                  rule->meaning, rule->reason, rule->check);
    escape_markdown_prose(&text, prose);
    printf("### `%s`\n\n%s\n", rule->id, text.data);
}

static const struct {
    const char *format;
    void (*explain)(const struct rule *rule);
} forms[] = {{"text", explain_text}, {"markdown", explain_markdown}};

static bool is_meant(const struct rule *rule, const char *pattern) {
    return strcmp(rule->family, pattern) == 0 || fnmatch(pattern, rule->id, 0) == 0;
}

static enum status explain_all(struct error *err, const char *pattern,
                               void (*explain)(const struct rule *rule)) {
    size_t explained = 0;
    for (const struct rule *rule = rules; rule->id; rule++) {
        if (!is_meant(rule, pattern))
            continue;
        if (explained++)
            putchar('\n');
        explain(rule);
    }
    return explained ? STATUS_OK
                     : fail(err, STATUS_NOT_FOUND,
                            "no such kind of change: %s (explain without one lists all)", pattern);
}

int explain_run(const struct cli_call *call) {
    struct error err;
    if (!call->operand_count && !format) {
        list_all();
        return EXIT_DONE;
    }
    const char *pattern = call->operand_count ? call->operands[0] : "*";
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
        if (strcmp(format ? format : "text", forms[i].format) == 0)
            return explain_all(&err, pattern, forms[i].explain) ? cli_fail(call, &err) : EXIT_DONE;
    fail(&err, STATUS_USAGE, "explain: no such format: %s (text, markdown)", format);
    return cli_fail(call, &err);
}
