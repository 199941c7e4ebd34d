/* explain.c - nt-differ explain: what kinds of change mean. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "differ/commands/commands.h"
#include "differ/difference.h"

static void list_all(void) {
    for (const struct rule *rule = rules; rule->id; rule++)
        printf("%-28s %-10s %s\n", rule->id, severity_name(rule->severity), rule->title);
}

static void explain(const struct rule *rule) {
    printf("%s (%s): %s\n  %s\n  %s\n  To check: %s\n", rule->id, severity_name(rule->severity),
           rule->title, rule->meaning, rule->reason, rule->check);
}

static bool is_meant(const struct rule *rule, const char *pattern) {
    return strcmp(rule->family, pattern) == 0 || fnmatch(pattern, rule->id, 0) == 0;
}

int explain_run(const struct cli_call *call) {
    struct error err;
    size_t explained = 0;
    if (!call->operand_count) {
        list_all();
        return EXIT_DONE;
    }
    for (const struct rule *rule = rules; rule->id; rule++) {
        if (!is_meant(rule, call->operands[0]))
            continue;
        if (explained++)
            putchar('\n');
        explain(rule);
    }
    if (explained)
        return EXIT_DONE;
    fail(&err, STATUS_NOT_FOUND, "no such kind of change: %s (explain without one lists all)",
         call->operands[0]);
    return cli_fail(call, &err);
}
