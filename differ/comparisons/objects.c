/* objects.c - the section `objects`: types of objects matched by name; what was put in or taken out
 * of the table renumbers all that follow, and is one change. Counts and addresses are never
 * changes. */
#include "differ/comparisons/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/order.h"
#include "differ/comparisons/runs.h"
#include "differ/comparisons/value.h"

/* _OBJECT_HEADER.TypeIndex is a byte; XP's own numbers are small too. */
#define INDEX_LIMIT 0x10000

#define CAUSES_PER_RUN 4

struct object_type {
    const char *name;
    json_int_t index;
};

struct object_types {
    struct object_type *items;
    size_t count;
    size_t vague; /* types that the section lacks: without a name or index, or between others */
};

/* A type on both sides, or on one: `old` or `new` is NULL there. */
struct match {
    const struct object_type *old, *new;
    bool kept; /* on both sides, in its place among the others */
};

struct matches {
    struct match *items; /* by new index, or for what has none by the old one */
    size_t count;
};

/* ---- reading ---- */

static int by_name(const void *left, const void *right) {
    const struct object_type *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* The table has no holes: an index between two others that no known type has is that of a type that
 * was not found, or has no name. */
static struct object_types types_of(const json_t *section) {
    const json_t *list = json_object_get(section, "types");
    struct object_types types = {.items = xcalloc(json_array_size(list) + 1, sizeof *types.items)};
    json_int_t least = INDEX_LIMIT, end = 0;
    size_t i;
    json_t *json;
    json_array_foreach(list, i, json) {
        const json_t *index = json_object_get(json, "index");
        struct object_type type = {json_value_string(json, "name"), json_integer_value(index)};
        if (!json_is_integer(index) || type.index < 0 || type.index >= INDEX_LIMIT) {
            types.vague++;
            continue;
        }
        least = type.index < least ? type.index : least;
        end = type.index >= end ? type.index + 1 : end;
        if (type.name)
            types.items[types.count++] = type;
    }
    if (end > least && (size_t)(end - least) > types.count)
        types.vague += (size_t)(end - least) - types.count;
    qsort(types.items, types.count, sizeof *types.items, by_name);
    return types;
}

/* ---- one type ---- */

static void report_lone(struct difference *difference, const struct object_type *type,
                        bool is_new) {
    json_t *value = json_pack("{s:I}", "index", type->index);
    difference_add(difference, is_new ? "object.type.added" : "object.type.removed", type->name,
                   is_new ? NULL : value, is_new ? value : NULL, NULL,
                   "%s %s: index %" JSON_INTEGER_FORMAT, type->name, is_new ? "added" : "removed",
                   type->index);
}

static void report_moved(struct difference *difference, const struct match *match) {
    difference_add(difference, "object.type.reindexed", match->new->name,
                   json_integer(match->old->index), json_integer(match->new->index), NULL,
                   "%s had index %" JSON_INTEGER_FORMAT " and has %" JSON_INTEGER_FORMAT
                   ", out of the order of the others",
                   match->new->name, match->old->index, match->new->index);
}

/* ---- those that were only pushed along ---- */

static void mark_kept(struct matches *matches) {
    AUTO_FREE struct place *places = xcalloc(matches->count + 1, sizeof *places);
    size_t count = 0;
    for (const struct match *match = matches->items; match < matches->items + matches->count;
         match++)
        if (match->old && match->new)
            places[count++] = (struct place){.old = (uint64_t)match->old->index,
                                             .new = (uint64_t)match->new->index};
    order_mark(places, count);
    count = 0;
    for (size_t i = 0; i < matches->count; i++)
        if (matches->items[i].old && matches->items[i].new)
            matches->items[i].kept = places[count++].kept;
}

static json_int_t distance(const struct match *match) {
    return match->new->index - match->old->index;
}

static bool is_between(const struct object_type *type, const struct object_type *before,
                       const struct object_type *first) {
    return type && (!before || type->index > before->index) && type->index < first->index;
}

static void add_cause(json_t *causes, const struct object_type *type, const char *what) {
    if (json_array_size(causes) < CAUSES_PER_RUN)
        json_array_append_new(causes, json_sprintf("%s %s", type->name, what));
    else if (json_array_size(causes) == CAUSES_PER_RUN)
        json_array_append_new(causes, json_string("..."));
}

/* What came or went between the kept type before a run and the run; in the order that each side
 * has. */
static json_t *causes_of(const struct matches *matches, const struct match *first) {
    static const struct match none = {0};
    const struct match *before = first;
    json_t *causes = json_array();
    while (before > matches->items && !before[-1].kept)
        before--;
    before = before > matches->items ? before - 1 : &none;
    for (size_t i = 0; i < matches->count; i++) {
        const struct match *match = &matches->items[i];
        if (!match->kept && is_between(match->new, before->new, first->new))
            add_cause(causes, match->new, match->old ? "moved here" : "added");
        if (!match->kept && is_between(match->old, before->old, first->old))
            add_cause(causes, match->old, match->new ? "moved away" : "removed");
    }
    return causes;
}

static json_t *run_json(const struct matches *matches, const struct match *first,
                        const struct match *last, size_t count) {
    AUTO_FREE char *by = xasprintf("%+" JSON_INTEGER_FORMAT, distance(first));
    return json_pack("{s:s, s:o, s:I, s:s, s:s}", "by", by, "causes", causes_of(matches, first),
                     "count", (json_int_t)count, "first", first->new->name, "last",
                     last->new->name);
}

/* Runs of kept types whose indexes differ by the same. */
static json_t *make_runs(const struct matches *matches) {
    json_t *runs = json_array();
    const struct match *first = NULL, *last = NULL;
    size_t length = 0;
    for (size_t i = 0; i <= matches->count; i++) {
        const struct match *match = i < matches->count ? &matches->items[i] : NULL;
        if (match && !match->kept)
            continue;
        if (first && (!match || distance(match) != distance(first))) {
            json_array_append_new(runs, run_json(matches, first, last, length));
            first = NULL;
        }
        if (!match || !distance(match))
            continue;
        length = first ? length + 1 : 1;
        first = first ? first : match;
        last = match;
    }
    return runs;
}

static void report_runs(struct difference *difference, const struct matches *matches) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    size_t types = 0;
    json_t *runs = make_runs(matches), *pairs = json_object();
    for (size_t i = 0; i < matches->count; i++) {
        const struct match *match = &matches->items[i];
        if (!match->kept || !distance(match))
            continue;
        types++;
        json_object_set_new(pairs, match->new->name,
                            json_pack("[I, I]", match->old->index, match->new->index));
    }
    runs_describe(runs, &text);
    json_t *details =
        json_pack("{s:I, s:o, s:o}", "count", (json_int_t)types, "groups", runs, "types", pairs);
    if (types)
        difference_add(difference, "object.type.reindexed", "ObTypeIndexTable", NULL, NULL, details,
                       "%zu type%s of objects reindexed: %s", types, types == 1 ? "" : "s",
                       text.data);
    else
        json_decref(details);
}

/* ---- the comparison ---- */

static void say_vague(struct difference *difference, const char *side, size_t vague) {
    AUTO_FREE char *reason =
        xasprintf("%zu type%s of objects of the %s snapshot %s not known", vague,
                  vague == 1 ? "" : "s", side, vague == 1 ? "is" : "are");
    if (vague)
        difference_not_comparable(difference, "objects", reason);
}

static int by_index(const void *left, const void *right) {
    const struct match *a = left, *b = right;
    const struct object_type *of_a = a->new ? a->new : a->old, *of_b = b->new ? b->new : b->old;
    if (of_a->index != of_b->index)
        return of_a->index < of_b->index ? -1 : 1;
    int order = strcmp(of_a->name, of_b->name);
    return order ? order : (a->new != NULL) - (b->new != NULL);
}

static void matches_init(struct matches *matches, const struct object_types *old,
                         const struct object_types *new) {
    *matches =
        (struct matches){.items = xcalloc(old->count + new->count + 1, sizeof *matches->items)};
    for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
        struct match *match = &matches->items[matches->count++];
        int order = i == old->count   ? 1
                    : j == new->count ? -1
                                      : strcmp(old->items[i].name, new->items[j].name);
        if (order <= 0)
            match->old = &old->items[i++];
        if (order >= 0)
            match->new = &new->items[j++];
    }
    mark_kept(matches);
    qsort(matches->items, matches->count, sizeof *matches->items, by_index);
}

/* A type that one side alone names may be one that the other does not name. */
static void compare(struct difference *difference, const struct object_types *old,
                    const struct object_types *new) {
    struct matches matches;
    matches_init(&matches, old, new);
    for (size_t i = 0; i < matches.count; i++) {
        const struct match *match = &matches.items[i];
        if (!match->old && !old->vague)
            report_lone(difference, match->new, true);
        if (!match->new && !new->vague)
            report_lone(difference, match->old, false);
        if (match->old && match->new && !match->kept)
            report_moved(difference, match);
    }
    report_runs(difference, &matches);
    free(matches.items);
}

static bool has_types(struct difference *difference, const char *side,
                      const struct object_types *types) {
    AUTO_FREE char *reason = xasprintf("the %s snapshot has no types of objects", side);
    if (!types->count)
        difference_not_comparable(difference, "objects", reason);
    return types->count != 0;
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    struct object_types before = types_of(old), after = types_of(new);
    say_vague(difference, "old", before.vague);
    say_vague(difference, "new", after.vague);
    bool has_old = has_types(difference, "old", &before);
    if (has_types(difference, "new", &after) && has_old)
        compare(difference, &before, &after);
    free(before.items);
    free(after.items);
}

const struct comparison comparison_objects = {.section = "objects", .run = run};
