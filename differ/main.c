/* main.c - nt-differ: comparing snapshots on the command line. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/file.h"
#include "base/memory.h"
#include "differ/policy.h"
#include "differ/strict.h"
#include "reports/history.h"
#include "reports/report.h"
#include "snapshot/snapshot.h"

static const char *format = "text";
static const char *output;
static const char *policy_path;

static const struct cli_option diff_options[] = {
    {'f', "format", "NAME", "text, markdown, html or json", CLI_STRING, &format},
    {'o', "output", "FILE", "write there; standard output without", CLI_STRING, &output},
    {'p', "policy", "FILE", "waivers, required sections, what gates", CLI_STRING, &policy_path},
    {0},
};

/* ---- what commands share ---- */

/* Two snapshots, compared under a policy. */
struct comparison_run {
    json_t *old;
    json_t *new;
    struct policy policy;
    struct difference difference;
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
    if (strict && strict_applies(run->old, run->new))
        strict_make(&run->difference, run->old, run->new);
    else
        difference_make(&run->difference, run->old, run->new);
    difference_name_sides(&run->difference, old, new);
    policy_waive(&run->policy, &run->difference);
}

static enum status read_whole(struct error *err, const char *old, const char *new,
                              struct comparison_run *run) {
    enum status status = snapshot_read(err, old, &run->old);
    return status ? status : snapshot_read(err, new, &run->new);
}

static enum status read_what_differs(struct error *err, const char *old, const char *new,
                                     struct comparison_run *run) {
    json_t *snapshots[2] = {NULL, NULL};
    enum status status = snapshot_read_all(err, (const char *const[]){old, new}, 2, snapshots);
    if (!status) {
        run->old = snapshots[0];
        run->new = snapshots[1];
    }
    return status;
}

static enum status run_init(struct error *err, struct comparison_run *run, const char *old,
                            const char *new, bool strict) {
    *run = (struct comparison_run){0};
    if (!renderer_find(format))
        return fail(err, STATUS_USAGE, "no such format: %s (text, markdown, html, json)", format);
    if (is_standard_input(old) && is_standard_input(new))
        return fail(err, STATUS_USAGE, "standard input can be one of the snapshots, not both");
    enum status status = policy_read(err, policy_path, &run->policy);
    if (!status)
        status = strict ? read_whole(err, old, new, run) : read_what_differs(err, old, new, run);
    if (!status)
        compare(run, old, new, strict);
    return status;
}

static enum status print_report(struct error *err, const struct comparison_run *run) {
    struct report_options options = {.colour = !output && cli_colour(STDOUT_FILENO)};
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    renderer_find(format)->render(&run->difference, &options, &text);
    return file_write(err, output, text.data, text.length);
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
        print_report(&err, &run))
        return cli_fail(call, &err);
    if (!all_required_known(call, &run))
        return EXIT_INCONCLUSIVE;
    return run.difference.count ? EXIT_DIFFERENT : EXIT_DONE;
}

/* ---- gate ---- */

static size_t count_gated(const struct comparison_run *run) {
    size_t gated = 0;
    for (size_t i = 0; i < run->difference.count; i++)
        gated += policy_gates(&run->policy, &run->difference.changes[i]);
    return gated;
}

/* A waiver that waives nothing is out of date, or was never right. */
static size_t count_unmatched(const struct cli_call *call, const struct comparison_run *run) {
    size_t unmatched = 0;
    for (size_t i = 0; i < run->policy.waiver_count; i++) {
        const struct waiver *waiver = &run->policy.waivers[i];
        if (waiver->matched)
            continue;
        cli_note(call, "the waiver of %s for %s matches nothing", waiver->kind, waiver->subject);
        unmatched++;
    }
    return unmatched;
}

static int run_gate(const struct cli_call *call) {
    struct error err;
    struct comparison_run run AUTO(run_deinit) = {0};
    if (run_init(&err, &run, call->operands[0], call->operands[1], true) ||
        print_report(&err, &run))
        return cli_fail(call, &err);
    size_t gated = count_gated(&run), unmatched = count_unmatched(call, &run);
    if (gated)
        cli_note(call, "%zu of %zu changes gate; \"nt-differ accept %s %s\" accepts them", gated,
                 run.difference.count, call->operands[1], call->operands[0]);
    if (!all_required_known(call, &run))
        return EXIT_INCONCLUSIVE;
    return gated || unmatched ? EXIT_DIFFERENT : EXIT_DONE;
}

/* ---- accept ---- */

/* What a baseline becomes, byte for byte; standard input can be read once only. */
struct candidate {
    struct text content;
    json_t *snapshot;
};

static void candidate_deinit(struct candidate *candidate) {
    text_deinit(&candidate->content);
    json_decref(candidate->snapshot);
}

static enum status candidate_read(struct error *err, const char *path,
                                  struct candidate *candidate) {
    enum status status = file_read(err, path, SNAPSHOT_LIMIT, &candidate->content);
    return status ? status
                  : snapshot_parse(err, is_standard_input(path) ? "standard input" : path,
                                   &candidate->content, &candidate->snapshot);
}

/* Says what replacing `baseline` changes; `same` where it is nothing at all. Two snapshots of two
 * dumps can compare alike and still differ, in addresses and times. */
static enum status say_changes(struct error *err, const char *current, const char *baseline,
                               const struct candidate *candidate, bool *same) {
    struct comparison_run run AUTO(run_deinit) = {.new = json_incref(candidate->snapshot)};
    enum status status = snapshot_read(err, baseline, &run.old);
    if (status)
        return status;
    *same = json_equal(run.old, run.new);
    if (*same)
        return STATUS_OK;
    compare(&run, baseline, current, true);
    return print_report(err, &run);
}

static enum status accept(struct error *err, const char *current, const char *baseline) {
    struct candidate candidate AUTO(candidate_deinit) = {.content = TEXT_EMPTY};
    bool exists = access(baseline, F_OK) == 0, same = false;
    enum status status = is_standard_input(baseline)
                             ? fail(err, STATUS_USAGE, "a baseline is a file")
                             : candidate_read(err, current, &candidate);
    if (!status && exists)
        status = say_changes(err, current, baseline, &candidate, &same);
    if (!status && !same)
        status = file_write(err, baseline, candidate.content.data, candidate.content.length);
    if (!status)
        printf("%s: %s\n", baseline, same ? "nothing differs" : exists ? "replaced" : "created");
    return status;
}

static int run_accept(const struct cli_call *call) {
    struct error err;
    return accept(&err, call->operands[0], call->operands[1]) ? cli_fail(call, &err) : EXIT_DONE;
}

/* ---- history ---- */

static struct cli_list only;

static const struct cli_option history_options[] = {
    {'f', "format", "NAME", "text, markdown, html, json or csv", CLI_STRING, &format},
    {'o', "output", "FILE", "write there; standard output without", CLI_STRING, &output},
    {0, "only", "GLOB", "only rows of these subjects: \"_EPROCESS.*\" (repeatable)", CLI_LIST,
     &only},
    {0},
};

#define SNAPSHOTS_MOST 1000

static enum status read_each(struct error *err, const struct cli_call *call, json_t **snapshots) {
    enum status status = STATUS_OK;
    size_t inputs = 0;
    for (size_t i = 0; i < call->operand_count && !status; i++) {
        inputs += is_standard_input(call->operands[i]);
        status = inputs > 1 ? fail(err, STATUS_USAGE, "standard input can be one snapshot only")
                            : snapshot_read(err, call->operands[i], &snapshots[i]);
    }
    return status;
}

static enum status write_history(struct error *err, const struct cli_call *call,
                                 json_t *const *snapshots, bool *has_rows) {
    const struct history_renderer *renderer = history_renderer_find(format);
    struct history history;
    history_make(&history, snapshots, call->operands, call->operand_count, only.items, only.count);
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    renderer->render(&history, &text);
    *has_rows = history.row_count;
    history_deinit(&history);
    return file_write(err, output, text.data, text.length);
}

static int run_history(const struct cli_call *call) {
    struct error err;
    json_t **snapshots = xcalloc(call->operand_count, sizeof *snapshots);
    bool has_rows = false;
    enum status status = STATUS_OK;
    if (!history_renderer_find(format))
        status = fail(&err, STATUS_USAGE, "no such format: %s (text, markdown, html, json, csv)",
                      format);
    if (!status)
        status = read_each(&err, call, snapshots);
    if (!status)
        status = write_history(&err, call, snapshots, &has_rows);
    for (size_t i = 0; i < call->operand_count; i++)
        json_decref(snapshots[i]);
    free(snapshots);
    cli_list_deinit(&only);
    if (status)
        return cli_fail(call, &err);
    return has_rows ? EXIT_DIFFERENT : EXIT_DONE;
}

/* ---- explain ---- */

static void explain(const struct rule *rule) {
    printf("%s (%s): %s\n  %s\n  %s\n  To check: %s\n", rule->id, severity_name(rule->severity),
           rule->title, rule->meaning, rule->reason, rule->check);
}

static int run_explain(const struct cli_call *call) {
    struct error err;
    if (!call->operand_count) {
        for (const struct rule *rule = rules; rule->id; rule++)
            printf("%-28s %-10s %s\n", rule->id, severity_name(rule->severity), rule->title);
        return EXIT_DONE;
    }
    const struct rule *rule = rule_find(call->operands[0]);
    if (!rule) {
        fail(&err, STATUS_NOT_FOUND, "no such kind of change: %s (explain without one lists all)",
             call->operands[0]);
        return cli_fail(call, &err);
    }
    explain(rule);
    return EXIT_DONE;
}

/* ---- commands ---- */

static const struct cli_command commands[] = {
    {"diff", "OLD NEW [--format NAME] [-o FILE] [--policy FILE]", "say what differs",
     "OLD and NEW are snapshots; one of them can be - for standard input.\n"
     "Exit code: 0 no differences, 1 differences, 2 trouble, 3 a section that the policy requires\n"
     "is not known on both sides.",
     diff_options, 2, 2, run_diff},
    {"gate", "BASELINE CURRENT [--policy FILE] [--format NAME] [-o FILE]",
     "fail where something differs that the policy gates",
     "Without a policy, breaking and notable changes gate. Two snapshots of the same dump are\n"
     "compared value by value.\n"
     "Exit code: 0 nothing gates, 1 something does, 2 trouble, 3 a section that the policy\n"
     "requires is not known on both sides.",
     diff_options, 2, 2, run_gate},
    {"accept", "CURRENT BASELINE", "say what changes, then replace the baseline",
     "CURRENT can be - for standard input. The baseline is replaced as a whole, or not at all; "
     "one\n"
     "that is not there is created.",
     NULL, 2, 2, run_accept},
    {"history", "SNAPSHOT SNAPSHOT... [--only GLOB] [--format NAME] [-o FILE]",
     "say when what changed, over any number of builds",
     "One row for each thing that ever changed: member, bit, constant, size of a type, number of "
     "a\n"
     "service, stub, parents of a system process. One column for each snapshot, as they are "
     "given.\n"
     "Exit code: 0 nothing ever changed, 1 something did, 2 trouble.",
     history_options, 2, SNAPSHOTS_MOST, run_history},
    {"explain", "[KIND]", "say what a kind of change means; without one, list all", NULL, NULL, 0,
     1, run_explain},
    {0},
};

int main(int argc, char **argv) {
    static const struct cli_program program = {
        "nt-differ", "nt-differ compares snapshots of Windows kernels.", commands};
    return cli_main(&program, argc, argv);
}
