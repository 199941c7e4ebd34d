/* baselines.c - nt-differ review, accept, reject: the folder of accepted snapshots, and what waits
 * in it. A check that fails leaves NAME.json.new beside NAME.json; only a person moves it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "differ/commands/commands.h"
#include "differ/strict.h"
#include "reports/report.h"
#include "snapshot/snapshot.h"

#define ENDING         ".json"
#define PENDING_ENDING ".json.new"

static const char *folder = "baselines";
static bool all;

const struct cli_option accept_options[] = {
    {'a', "all", NULL, "all that wait", CLI_FLAG, &all},
    {'b', "baselines", "FOLDER", "where baselines are; \"baselines\" without", CLI_STRING, &folder},
    {0},
};

/* ---- one replacement ---- */

/* What a baseline becomes, byte for byte: standard input can be read once only. */
struct candidate {
    struct text content;
    json_t *new;
    json_t *old; /* NULL where there is no baseline yet */
};

static void candidate_deinit(struct candidate *candidate) {
    text_deinit(&candidate->content);
    json_decref(candidate->new);
    json_decref(candidate->old);
}

static enum status candidate_read(struct error *err, const char *current, const char *baseline,
                                  struct candidate *candidate) {
    const char *name = strcmp(current, "-") == 0 ? "standard input" : current;
    enum status status = file_read(err, current, SNAPSHOT_LIMIT, &candidate->content);
    if (!status)
        status = snapshot_parse(err, name, &candidate->content, &candidate->new);
    if (!status && access(baseline, F_OK) == 0)
        status = snapshot_read(err, baseline, &candidate->old);
    return status;
}

/* Two snapshots of two dumps can compare alike and still differ, in addresses and times. */
static bool is_same(const struct candidate *candidate) {
    return candidate->old && json_equal(candidate->old, candidate->new);
}

static void print_changes(const struct candidate *candidate, const char *current,
                          const char *baseline) {
    struct difference difference;
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    const struct report_options options = {.colour = cli_colour(STDOUT_FILENO)};
    strict_make_where_same(&difference, candidate->old, candidate->new);
    difference_name_sides(&difference, baseline, current);
    renderer_find("text")->render(&difference, &options, &text);
    fputs(text.data, stdout);
    difference_deinit(&difference);
}

static enum status accept(struct error *err, const char *current, const char *baseline) {
    struct candidate candidate AUTO(candidate_deinit) = {.content = TEXT_EMPTY};
    if (strcmp(baseline, "-") == 0)
        return fail(err, STATUS_USAGE, "a baseline is a file");
    enum status status = candidate_read(err, current, baseline, &candidate);
    if (status)
        return status;
    bool same = is_same(&candidate);
    if (candidate.old && !same)
        print_changes(&candidate, current, baseline);
    if (!same)
        status = file_write(err, baseline, candidate.content.data, candidate.content.length);
    if (!status)
        printf("%s: %s\n", baseline,
               same            ? "nothing differs"
               : candidate.old ? "replaced"
                               : "created");
    return status;
}

/* ---- what waits ---- */

/* Names of baselines, "win10-10240", in ascending order. */
struct names {
    char **items;
    size_t count;
    size_t capacity;
};

static void names_deinit(struct names *names) {
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static void names_add(struct names *names, const char *name, size_t length) {
    ARRAY_RESERVE(names->items, names->count, names->capacity);
    names->items[names->count++] = xstrndup(name, length);
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* How long `name` is without `ending`; 0 where it does not end so. */
static size_t length_before(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    bool ends = length > tail && strcmp(name + length - tail, ending) == 0;
    return ends ? length - tail : 0;
}

static enum status find_pending(struct error *err, struct names *names) {
    DIR *directory = opendir(folder);
    if (!directory)
        return fail(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "%s: cannot open: %s",
                    folder, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(directory));) {
        size_t length = length_before(entry->d_name, PENDING_ENDING);
        if (length)
            names_add(names, entry->d_name, length);
    }
    closedir(directory);
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, by_name);
    return STATUS_OK;
}

/* The folder and NAME, NAME.json or NAME.json.new; a path would lead out of the folder. */
static enum status name_given(struct error *err, const char *name, struct names *names) {
    size_t length = length_before(name, PENDING_ENDING);
    length = length ? length : length_before(name, ENDING);
    length = length ? length : strlen(name);
    if (strchr(name, '/'))
        return fail(err, STATUS_USAGE, "%s: expected the name of a baseline in %s, found a path",
                    name, folder);
    AUTO_FREE char *pending = xasprintf("%s/%.*s" PENDING_ENDING, folder, (int)length, name);
    if (access(pending, F_OK) != 0)
        return fail(err, STATUS_NOT_FOUND, "%s: nothing waits under this name", pending);
    names_add(names, name, length);
    return STATUS_OK;
}

/* What the command line means: one name, or all. */
static enum status names_meant(struct error *err, const struct cli_call *call,
                               struct names *names) {
    if (all == (call->operand_count > 0))
        return fail(err, STATUS_USAGE, "%s: expected a name or --all, and not both", call->command);
    return all ? find_pending(err, names) : name_given(err, call->operands[0], names);
}

static char *baseline_path(const char *name) {
    return xasprintf("%s/%s" ENDING, folder, name);
}

static char *pending_path(const char *name) {
    return xasprintf("%s/%s" PENDING_ENDING, folder, name);
}

static enum status remove_pending(struct error *err, const char *path) {
    return unlink(path) == 0 ? STATUS_OK
                             : fail(err, STATUS_IO, "%s: cannot remove: %s", path, strerror(errno));
}

/* All are read before anything is printed or replaced, so that a bad one stops all. */
static enum status check_pending(struct error *err, const struct names *names) {
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < names->count; i++) {
        AUTO_FREE char *baseline = baseline_path(names->items[i]);
        AUTO_FREE char *pending = pending_path(names->items[i]);
        struct candidate candidate AUTO(candidate_deinit) = {.content = TEXT_EMPTY};
        status = candidate_read(err, pending, baseline, &candidate);
    }
    return status;
}

/* ---- review ---- */

static enum status review_one(struct error *err, const char *name) {
    AUTO_FREE char *baseline = baseline_path(name);
    AUTO_FREE char *pending = pending_path(name);
    struct candidate candidate AUTO(candidate_deinit) = {.content = TEXT_EMPTY};
    enum status status = candidate_read(err, pending, baseline, &candidate);
    if (status)
        return status;
    printf("==== %s%s\n", name,
           !candidate.old        ? ": new, there is no baseline yet"
           : is_same(&candidate) ? ": the same as its baseline"
                                 : "");
    if (candidate.old && !is_same(&candidate))
        print_changes(&candidate, pending, baseline);
    putchar('\n');
    return STATUS_OK;
}

static enum status review(struct error *err, size_t *count) {
    struct names names AUTO(names_deinit) = {0};
    enum status status = find_pending(err, &names);
    if (!status)
        status = check_pending(err, &names);
    for (size_t i = 0; !status && i < names.count; i++)
        status = review_one(err, names.items[i]);
    *count = names.count;
    return status;
}

int review_run(const struct cli_call *call) {
    struct error err;
    size_t count;
    if (call->operand_count)
        folder = call->operands[0];
    if (review(&err, &count))
        return cli_fail(call, &err);
    if (!count) {
        printf("%s: nothing waits\n", folder);
        return EXIT_DONE;
    }
    printf("%zu wait%s in %s; to accept or reject: nt-differ accept|reject NAME|--all -b %s\n",
           count, count == 1 ? "s" : "", folder, folder);
    return EXIT_DIFFERENT;
}

/* ---- accept ---- */

static enum status accept_pending(struct error *err, const struct cli_call *call) {
    struct names names AUTO(names_deinit) = {0};
    enum status status = names_meant(err, call, &names);
    if (!status)
        status = check_pending(err, &names);
    for (size_t i = 0; !status && i < names.count; i++) {
        AUTO_FREE char *baseline = baseline_path(names.items[i]);
        AUTO_FREE char *pending = pending_path(names.items[i]);
        status = accept(err, pending, baseline);
        if (!status)
            status = remove_pending(err, pending);
    }
    if (!status && !names.count)
        printf("%s: nothing waits\n", folder);
    return status;
}

int accept_run(const struct cli_call *call) {
    struct error err;
    bool two_files = call->operand_count == 2;
    if (two_files && all) {
        fail(&err, STATUS_USAGE, "accept: --all takes no files");
        return cli_fail(call, &err);
    }
    enum status status =
        two_files ? accept(&err, call->operands[0], call->operands[1]) : accept_pending(&err, call);
    return status ? cli_fail(call, &err) : EXIT_DONE;
}

/* ---- reject ---- */

static enum status reject(struct error *err, const struct cli_call *call) {
    struct names names AUTO(names_deinit) = {0};
    enum status status = names_meant(err, call, &names);
    for (size_t i = 0; !status && i < names.count; i++) {
        AUTO_FREE char *pending = pending_path(names.items[i]);
        status = remove_pending(err, pending);
        if (!status)
            printf("%s: removed\n", pending);
    }
    if (!status && !names.count)
        printf("%s: nothing waits\n", folder);
    return status;
}

int reject_run(const struct cli_call *call) {
    struct error err;
    return reject(&err, call) ? cli_fail(call, &err) : EXIT_DONE;
}
