/* jobs.c - the section `jobs`: jobs that both sides have under one name, and what they forbid. Jobs
 * without a name, their members and counts come and go with programs: they are never changes. */
#include "differ/comparisons/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/name.h"
#include "differ/comparisons/value.h"

struct job {
    char *name;
    const json_t *json;
};

struct jobs {
    struct job *items;
    size_t count;
};

static int by_name(const void *left, const void *right) {
    const struct job *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static struct jobs jobs_of(const json_t *section) {
    struct jobs jobs = {.items = xcalloc(json_array_size(section) + 1, sizeof *jobs.items)};
    size_t i;
    json_t *json;
    json_array_foreach(section, i, json) {
        const char *name = json_value_string(json, "name");
        if (name)
            jobs.items[jobs.count++] = (struct job){name_without_session(name), json};
    }
    qsort(jobs.items, jobs.count, sizeof *jobs.items, by_name);
    return jobs;
}

static void jobs_deinit(struct jobs *jobs) {
    for (size_t i = 0; i < jobs->count; i++)
        free(jobs->items[i].name);
    free(jobs->items);
}

/* How many jobs, from the first on, have its name: that of one program in several sessions. */
static size_t namesakes(const struct jobs *jobs, size_t first) {
    size_t next = first;
    while (next < jobs->count && strcmp(jobs->items[next].name, jobs->items[first].name) == 0)
        next++;
    return next - first;
}

/* ---- limits ---- */

#define LIMITS_MOST 64 /* two words have that many bits */

/* Adds the names of one word; gives whether they are known. */
static bool add_limits(json_t *limits, const json_t *job, const char *key) {
    const json_t *names = json_object_get(job, key);
    for (size_t i = 0; i < json_array_size(names) && i < LIMITS_MOST; i++) {
        const json_t *name = json_array_get(names, i);
        if (json_is_string(name))
            json_array_append_new(limits, json_value_copy(name));
    }
    return json_is_array(names);
}

/* "JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE", ...; NULL where they are not known. The number of an
 * active-process limit is left out where no bit makes Windows heed it. */
static json_t *limits_of(const json_t *job) {
    static const char by_count[] = "JOB_OBJECT_LIMIT_ACTIVE_PROCESS";
    json_t *limits = json_array();
    bool are_known = add_limits(limits, job, "limits") && add_limits(limits, job, "ui_limits");
    const json_t *most = json_object_get(job, "active_process_limit");
    for (size_t i = 0; i < json_array_size(limits); i++)
        if (strcmp(json_string_value(json_array_get(limits, i)), by_count) == 0 &&
            json_is_integer(most))
            json_array_set_new(
                limits, i,
                json_sprintf("%s %" JSON_INTEGER_FORMAT, by_count, json_integer_value(most)));
    if (are_known)
        return limits;
    json_decref(limits);
    return NULL;
}

static void put_limits(struct text *out, const json_t *limits) {
    for (size_t i = 0; i < json_array_size(limits); i++)
        text_printf(out, "%s%s", i ? ", " : "", json_string_value(json_array_get(limits, i)));
    if (!json_array_size(limits))
        text_puts(out, "none");
}

static void compare_job(struct difference *difference, const struct job *old,
                        const struct job *new) {
    json_t *before = limits_of(old->json), *after = limits_of(new->json);
    if (before && after && !json_equal(before, after)) {
        AUTO(text_deinit) struct text from = TEXT_EMPTY, to = TEXT_EMPTY;
        put_limits(&from, before);
        put_limits(&to, after);
        difference_add(difference, "job.limits.changed", new->name, json_incref(before),
                       json_incref(after), NULL, "the limits of %s were %s and are %s", new->name,
                       from.data, to.data);
    }
    json_decref(before);
    json_decref(after);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    struct jobs before = jobs_of(old), after = jobs_of(new);
    for (size_t i = 0, j = 0; i < before.count && j < after.count;) {
        int order = strcmp(before.items[i].name, after.items[j].name);
        size_t olds = namesakes(&before, i), news = namesakes(&after, j);
        if (order == 0 && olds == 1 && news == 1)
            compare_job(difference, &before.items[i], &after.items[j]);
        i += order <= 0 ? olds : 0;
        j += order >= 0 ? news : 0;
    }
    jobs_deinit(&before);
    jobs_deinit(&after);
}

const struct comparison comparison_jobs = {.section = "jobs", .run = run};
