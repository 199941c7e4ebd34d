/* assemble.c - putting the sections together, with findings and coverage. */
#include "analyses/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "snapshot/snapshot.h"

size_t analyses_count(void) {
    size_t count = 0;
    while (analyses[count])
        count++;
    return count;
}

const char *coverage_status_name(enum coverage_status status) {
    static const char *const names[] = {"complete", "partial", "unavailable"};
    return names[status];
}

/* ---- running ---- */

/* What is null counts against the section. */
static void count_nulls(struct analysis_context *context) {
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        if (context->coverage->unreadable[state])
            coverage_partial(context, image_is_virtual(context->target->image)
                                          ? "some values could not be read: a triage dump holds "
                                            "pieces of memory, not pages"
                                          : "some values could not be read");
}

static json_t *run(struct analysis_context *context, const struct analysis *analysis) {
    *context->coverage = (struct coverage){.status = COVERAGE_COMPLETE};
    if (analysis->needs_symbols && !context->target->symbols)
        return coverage_no_symbols(context);
    if (analysis->write)
        return NULL;
    json_t *section = analysis->extract(context);
    if (!section) {
        context->coverage->status = COVERAGE_UNAVAILABLE;
        return NULL;
    }
    count_nulls(context);
    return section;
}

/* `section`: of the analysis that it is within; NULL where there is none. */
static void run_within(struct analysis_context *context, const struct analysis *analysis,
                       json_t *section) {
    *context->coverage = (struct coverage){.status = COVERAGE_COMPLETE};
    if (analysis->needs_symbols && !context->target->symbols) {
        coverage_no_symbols(context);
    } else if (!section) {
        coverage_none(context, "the section that it is a part of is not there");
    } else {
        analysis->extend(context, section);
        count_nulls(context);
    }
}

/* ---- coverage ---- */

json_t *section_coverage(const struct coverage *coverage) {
    json_t *json = json_object();
    json_object_set_new(json, "status", json_string(coverage_status_name(coverage->status)));
    if (coverage->reason)
        json_object_set_new(json, "reason", json_string(coverage->reason));
    json_t *unreadable = json_object();
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        if (coverage->unreadable[state])
            json_object_set_new(unreadable, read_state_name((enum read_state)state),
                                json_integer((json_int_t)coverage->unreadable[state]));
    json_object_set_new(json, "unreadable", unreadable);
    return json;
}

static json_t *whole_coverage(const struct assembly *assembly, const char *user_memory) {
    json_t *sections = json_object();
    for (size_t row = 0; analyses[row]; row++)
        json_object_set_new(sections, analyses[row]->name,
                            section_coverage(&assembly->coverage[row]));
    json_t *json = json_object();
    json_object_set_new(json, "sections", sections);
    json_object_set_new(json, "user_memory", user_memory ? json_string(user_memory) : json_null());
    return json;
}

/* ---- writing ---- */

/* A key of the snapshot: a tree, or an analysis that writes itself. */
struct part {
    const char *key;
    json_t *tree;
    const struct analysis *analysis;
};

static json_t *tree_of(const struct part *parts, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(parts[i].key, key) == 0)
            return parts[i].tree;
    return NULL;
}

static int by_key(const void *left, const void *right) {
    return strcmp(((const struct part *)left)->key, ((const struct part *)right)->key);
}

static void write_parts(struct part *parts, size_t count, const struct target *target,
                        struct canon *canon) {
    qsort(parts, count, sizeof *parts, by_key);
    canon_object_begin(canon, NULL);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].tree)
            canon_json(canon, parts[i].key, parts[i].tree);
        else
            parts[i].analysis->write(canon, parts[i].key, target);
        json_decref(parts[i].tree);
    }
    canon_object_end(canon);
    canon_finish(canon);
}

static bool is_selected(const struct assembly *assembly, const char *name) {
    for (size_t row = 0; analyses[row]; row++)
        if (strcmp(analyses[row]->name, name) == 0)
            return assembly->selected[row];
    return false;
}

static void assemble_on(const struct target *target, struct assembly *assembly,
                        struct progress *progress, struct canon *canon) {
    struct part parts[ANALYSES_MOST + 3];
    size_t count = 0;
    struct analysis_context context = {
        .target = target, .findings = json_array(), .in_detail = assembly->in_detail};
    if (target->symbols)
        context.processes = process_set_create(
            target, is_selected(assembly, "object_scan") ? context_scan(&context) : NULL);
    for (size_t row = 0; analyses[row]; row++) {
        context.coverage = &assembly->coverage[row];
        if (!assembly->selected[row]) {
            *context.coverage =
                (struct coverage){.status = COVERAGE_UNAVAILABLE, .reason = "not extracted"};
            continue;
        }
        if (progress)
            progress_step(progress, row, analyses[row]->name);
        if (analyses[row]->within) {
            run_within(&context, analyses[row], tree_of(parts, count, analyses[row]->within));
            continue;
        }
        json_t *tree = run(&context, analyses[row]);
        if (context.coverage->status != COVERAGE_UNAVAILABLE)
            parts[count++] = (struct part){analyses[row]->name, tree, analyses[row]};
    }
    const char *user_memory = user_memory_probe(target, context.processes);
    parts[count++] = (struct part){"coverage", whole_coverage(assembly, user_memory), NULL};
    parts[count++] = (struct part){"findings", context.findings, NULL};
    parts[count++] = (struct part){"schema", json_string(SNAPSHOT_SCHEMA), NULL};
    rows_use(&context.rows, canon);
    write_parts(parts, count, target, canon);
    process_set_destroy(context.processes);
    context_deinit(&context);
}

void assemble(const struct target *target, struct assembly *assembly, struct progress *progress,
              struct text *snapshot) {
    struct canon canon;
    canon_init(&canon, snapshot);
    assemble_on(target, assembly, progress, &canon);
}

void assemble_to(const struct target *target, struct assembly *assembly, struct progress *progress,
                 struct canon_sink sink) {
    struct canon canon;
    AUTO(text_deinit) struct text block = TEXT_EMPTY;
    canon_init(&canon, &block);
    canon_set_sink(&canon, sink);
    assemble_on(target, assembly, progress, &canon);
}
