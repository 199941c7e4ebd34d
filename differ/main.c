/* main.c - nt-differ: comparing snapshots on the command line. */
#include <stdio.h>
#include <string.h>

#include "base/cli.h"
#include "base/memory.h"
#include "differ/commands/commands.h"
#include "differ/date.h"
#include "differ/policy.h"
#include "differ/strict.h"
#include "reports/delivery.h"
#include "snapshot/canon.h"
#include "snapshot/snapshot.h"

static struct cli_sequence wanted_reports;
static const char *policy_path;
static const char *given_date;
static bool write_waivers;

/* diff takes all but the first. */
static const struct cli_option gate_options[] = {
    {0, "write-waivers", NULL, "print the policy with a waiver for all that gates, and no report",
     CLI_FLAG, &write_waivers},
    {'f', "format", "NAME", "text, markdown, html, json, junit, sarif or github; repeatable",
     CLI_SEQUENCE, &wanted_reports},
    {'o', "output", "FILE", "where the report of the -f before it goes; standard output without",
     CLI_SEQUENCE, &wanted_reports},
    {'p', "policy", "FILE", "waivers, required sections, what gates", CLI_STRING, &policy_path},
    {0, "date", "DAY", "the day by which waivers expire; today without", CLI_STRING, &given_date},
    {0},
};

/* ---- what commands share ---- */

/* Two snapshots, compared under a policy. */
struct comparison_run {
    json_t *old;
    json_t *new;
    struct policy policy;
    struct difference difference;
    struct delivery delivery;
    char today[DATE_SIZE];
};

static void run_deinit(struct comparison_run *run) {
    difference_deinit(&run->difference);
    policy_deinit(&run->policy);
    json_decref(run->old);
    json_decref(run->new);
}

static bool is_standard_input(const char *path) {
    return strcmp(path, "-") == 0;
}

/* `strict`: two snapshots of the same dump are compared value by value. */
static void compare(struct comparison_run *run, const char *old, const char *new, bool strict) {
    if (strict)
        strict_make_where_same(&run->difference, run->old, run->new);
    else
        difference_make(&run->difference, run->old, run->new);
    difference_name_sides(&run->difference, old, new);
    policy_waive(&run->policy, &run->difference, run->today);
    for (size_t i = 0; i < run->difference.count; i++)
        run->difference.changes[i].gates = policy_gates(&run->policy, &run->difference.changes[i]);
}

static enum status read_what_differs(struct error *err, const char *old, const char *new,
                                     bool strict, struct comparison_run *run) {
    json_t *snapshots[2] = {NULL, NULL};
    enum status status =
        snapshot_read_all(err, (const char *const[]){old, new}, 2,
                          strict ? ALIKE_FOR_VALUES : ALIKE_FOR_MEANING, snapshots);
    if (!status) {
        run->old = snapshots[0];
        run->new = snapshots[1];
    }
    return status;
}

static enum status run_init(struct error *err, struct comparison_run *run, const char *old,
                            const char *new, bool strict) {
    *run = (struct comparison_run){0};
    if (delivery_plan(err, &wanted_reports, &run->delivery))
        return STATUS_USAGE;
    if (is_standard_input(old) && is_standard_input(new))
        return fail(err, STATUS_USAGE, "standard input can be one of the snapshots, not both");
    enum status status = date_today(err, given_date, run->today);
    if (!status)
        status = policy_read(err, policy_path, &run->policy);
    if (!status)
        status = read_what_differs(err, old, new, strict, run);
    if (!status)
        compare(run, old, new, strict);
    return status;
}

/* Says which required sections are not known; gives whether all are. */
static bool all_required_known(const struct cli_call *call, const struct comparison_run *run) {
    bool known = true;
    for (size_t i = 0; i < run->policy.required_count; i++) {
        AUTO_FREE char *why = policy_unknown(&run->difference, run->policy.required[i]);
        if (why)
            cli_note(call, "required by the policy: %s", why);
        known = known && !why;
    }
    return known;
}

/* ---- diff ---- */

static int run_diff(const struct cli_call *call) {
    struct error err;
    struct comparison_run run AUTO(run_deinit) = {0};
    if (run_init(&err, &run, call->operands[0], call->operands[1], false) ||
        delivery_write(&err, &run.delivery, &run.difference))
        return cli_fail(call, &err);
    if (!all_required_known(call, &run))
        return EXIT_INCONCLUSIVE;
    return run.difference.count ? EXIT_DIFFERENT : EXIT_DONE;
}

/* ---- gate ---- */

static size_t count_gated(const struct comparison_run *run) {
    size_t gated = 0;
    for (size_t i = 0; i < run->difference.count; i++)
        gated += run->difference.changes[i].gates;
    return gated;
}

/* Waivers that are out of date, or were never right. */
static size_t count_faulty(const struct cli_call *call, const struct comparison_run *run) {
    size_t faulty = 0;
    for (size_t i = 0; i < run->policy.waiver_count; i++) {
        AUTO_FREE char *fault = waiver_fault(&run->policy.waivers[i]);
        if (fault)
            cli_note(call, "%s", fault);
        faulty += fault != NULL;
    }
    return faulty;
}

static void print_waivers(const struct comparison_run *run) {
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    struct canon canon;
    json_t *policy = policy_with_waivers(&run->policy, &run->difference, run->today);
    canon_init(&canon, &text);
    canon_json(&canon, NULL, policy);
    canon_finish(&canon);
    json_decref(policy);
    fputs(text.data, stdout);
}

static enum status print_gate(struct error *err, const struct comparison_run *run) {
    if (!write_waivers)
        return delivery_write(err, &run->delivery, &run->difference);
    if (wanted_reports.count)
        return fail(err, STATUS_USAGE, "--write-waivers comes in place of reports (-f, -o)");
    print_waivers(run);
    return STATUS_OK;
}

static int run_gate(const struct cli_call *call) {
    struct error err;
    struct comparison_run run AUTO(run_deinit) = {0};
    if (run_init(&err, &run, call->operands[0], call->operands[1], true) || print_gate(&err, &run))
        return cli_fail(call, &err);
    size_t gated = count_gated(&run), faulty = count_faulty(call, &run);
    if (gated)
        cli_note(call, "%zu of %zu changes gate; \"nt-differ accept %s %s\" accepts them", gated,
                 run.difference.count, call->operands[1], call->operands[0]);
    if (!all_required_known(call, &run))
        return EXIT_INCONCLUSIVE;
    return gated || faulty ? EXIT_DIFFERENT : EXIT_DONE;
}

/* ---- commands ---- */

static const struct cli_command commands[] = {
    {"diff", "OLD NEW [--policy FILE] [-f NAME [-o FILE]]...", "say what differs",
     "OLD and NEW are snapshots; one of them can be - for standard input.\n"
     "Exit code: 0 no differences, 1 differences, 2 trouble, 3 a section that the policy requires\n"
     "is not known on both sides.",
     gate_options + 1, 2, 2, run_diff},
    {"gate", "BASELINE CURRENT [--policy FILE] [--write-waivers] [-f NAME [-o FILE]]...",
     "fail where something differs that the policy gates",
     "Without a policy, breaking and notable changes gate. Two snapshots of the same dump are\n"
     "compared value by value. A waiver of the policy that has expired, that matches nothing or "
     "that\n"
     "names no kind of change gates as well.\n"
     "Exit code: 0 nothing gates, 1 something does, 2 trouble, 3 a section that the policy\n"
     "requires is not known on both sides.",
     gate_options, 2, 2, run_gate},
    {"review", "[FOLDER]", "show the snapshots that wait to be accepted, and what they change",
     "FOLDER holds baselines; \"baselines\" without one. NAME.json.new in it waits to become\n"
     "NAME.json: a check that failed left it there.\n"
     "Exit code: 0 nothing waits, 1 something does, 2 trouble.",
     NULL, 0, 1, review_run},
    {"accept", "NAME | --all | CURRENT BASELINE", "say what changes, then replace the baseline",
     "NAME: what waits as NAME.json.new in the folder of baselines becomes NAME.json.\n"
     "CURRENT BASELINE: two files; CURRENT can be - for standard input.\n"
     "A baseline is replaced as a whole, or not at all; one that is not there is created.\n"
     "Exit code: 0 done, 2 trouble.",
     accept_options, 0, 2, accept_run},
    {"reject", "NAME | --all", "remove what waits, and leave the baseline",
     "Removes NAME.json.new from the folder of baselines.\n"
     "Exit code: 0 done, 2 trouble.",
     accept_options, 0, 1, reject_run},
    {"history", "SNAPSHOT SNAPSHOT... [--only GLOB] [--format NAME] [-o FILE]",
     "say when what changed, over any number of builds",
     "One row for each thing that ever changed: member, bit, constant, size of a type, number of "
     "a\n"
     "service, stub, parents of a system process. One column for each snapshot, as they are "
     "given.\n"
     "Exit code: 0 nothing ever changed, 1 something did, 2 trouble.",
     history_options, 2, HISTORY_MOST, history_run},
    {"explain", "[KIND] [--format NAME]", "say what kinds of change mean; without one, list all",
     "KIND can be a pattern (\"layout.bit.*\") or a family (\"layout\").\n"
     "Exit code: 0 done, 2 there is no such kind.",
     explain_options, 0, 1, explain_run},
    {0},
};

int main(int argc, char **argv) {
    static const struct cli_program program = {
        "nt-differ", "nt-differ compares snapshots of Windows kernels.", commands, cli_schemas};
    return cli_main(&program, argc, argv);
}
