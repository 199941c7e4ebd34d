/* service.c - two lists of system services, matched by name: added, removed, renumbered. */
#include "differ/comparisons/service.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/order.h"
#include "differ/comparisons/runs.h"
#include "differ/comparisons/value.h"

#define CAUSES_PER_RUN 4

/* A service on both sides, or on one: `old` or `new` is NULL there. */
struct match {
    const struct service *old;
    const struct service *new;
    bool kept; /* on both sides, in its place among the others */
};

struct matches {
    struct difference *difference;
    const char *table;
    struct match *items;
    size_t count;
};

/* A run of kept services whose numbers differ by the same. */
struct run {
    size_t first; /* in matches.items */
    size_t last;
    size_t count;
};

/* ---- lists ---- */

static void add_nameless(struct services *services, const json_t *number) {
    json_int_t value = json_integer_value(number);
    services->nameless++;
    if (!json_is_integer(number) || value < 0 || value >= SERVICE_NUMBERS ||
        services->nameless_at_count == SERVICE_NUMBERS)
        return;
    ARRAY_RESERVE(services->nameless_at, services->nameless_at_count,
                  services->nameless_at_capacity);
    services->nameless_at[services->nameless_at_count++] = value;
}

void services_add(struct services *services, const json_t *name, const json_t *number,
                  const json_t *arguments) {
    json_int_t value = json_integer_value(number), count = json_integer_value(arguments);
    if (!json_string_length(name) || !json_is_integer(number) || value < 0 ||
        value >= SERVICE_NUMBERS || services->count == SERVICE_NUMBERS) {
        add_nameless(services, json_string_length(name) ? NULL : number);
        return;
    }
    ARRAY_RESERVE(services->items, services->count, services->capacity);
    services->items[services->count++] =
        (struct service){.name = json_string_value(name),
                         .number = value,
                         .arguments = json_is_integer(arguments) && count >= 0 ? count : -1};
}

void services_deinit(struct services *services) {
    free(services->items);
    free(services->nameless_at);
    *services = (struct services){0};
}

static int by_name(const void *left, const void *right) {
    const struct service *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->number > b->number) - (a->number < b->number);
}

void services_sort(struct services *services) {
    if (services->count)
        qsort(services->items, services->count, sizeof *services->items, by_name);
}

const struct service *services_find(const struct services *services, const char *name) {
    size_t low = 0;
    for (size_t high = services->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(services->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < services->count && strcmp(services->items[low].name, name) == 0;
    return found ? &services->items[low] : NULL;
}

/* ---- reading ---- */

struct services services_of_table(const json_t *table) {
    struct services services = {0};
    const json_t *list = json_object_get(table, "services");
    json_int_t count = json_integer_value(json_object_get(table, "count"));
    size_t index;
    json_t *service;
    json_array_foreach(list, index, service) {
        services_add(&services, json_object_get(service, "name"),
                     json_object_get(service, "number"), json_object_get(service, "arguments"));
    }
    if (count > 0 && (size_t)count > json_array_size(list))
        services.nameless += (size_t)count - json_array_size(list);
    return services;
}

/* Zw names are the same stubs again, and in the kernel a choice of them. */
static bool is_service(const json_t *name) {
    return !json_is_string(name) || strncmp(json_string_value(name), "Nt", strlen("Nt")) == 0;
}

/* {name: null} of what a module exports like a service, and what has no number: no known stub. */
static json_t *names_without_number(const json_t *module) {
    json_t *names = json_object();
    size_t index;
    json_t *stub;
    json_array_foreach(json_object_get(module, "entries"), index, stub) {
        const char *name = json_string_value(json_object_get(stub, "name"));
        if (name && !json_object_get(stub, "number"))
            json_object_set_new(names, name, json_null());
    }
    return names;
}

struct services services_of_stubs(const json_t *module, const json_t *other) {
    struct services services = {0};
    json_t *neither = names_without_number(other);
    size_t index;
    json_t *stub;
    json_array_foreach(json_object_get(module, "entries"), index, stub) {
        const json_t *name = json_object_get(stub, "name"),
                     *number = json_object_get(stub, "number");
        const char *text = json_string_value(name);
        if (!number && text && json_object_get(neither, text))
            continue;
        if (is_service(name))
            services_add(&services, name, number, NULL);
    }
    json_decref(neither);
    return services;
}

const struct services_lists services_tables = {"syscalls", "name", "services", "services"};
const struct services_lists services_stubs = {"stubs", "module", "entries", "stubs"};

/* Later builds of Windows 10 have the stubs of win32k in win32u.dll; before, user32.dll and
 * gdi32.dll had them among other code. */
const struct service_door service_doors[] = {
    {"KiServiceTable", "ntdll.dll", "ntdll"},
    {"W32pServiceTable", "win32u.dll", "win32u"},
    {NULL, NULL, NULL},
};

const json_t *comparison_services(const json_t *snapshot, const char *table) {
    const json_t *section = json_object_get(snapshot, "syscalls");
    return services_find_list(&services_tables, json_object_get(section, "tables"), table);
}

const json_t *services_find_list(const struct services_lists *names, const json_t *lists,
                                 const char *name) {
    size_t index;
    json_t *list;
    json_array_foreach(lists, index, list) {
        const char *own = json_value_string(list, names->key);
        if (own && strcmp(own, name) == 0)
            return json_is_array(json_object_get(list, names->holding)) ? list : NULL;
    }
    return NULL;
}

void services_say_lone(struct difference *difference, const struct services_lists *names,
                       const json_t *lists, const json_t *others, const char *side) {
    size_t index;
    json_t *list;
    json_array_foreach(lists, index, list) {
        const char *name = json_value_string(list, names->key);
        if (!name || services_find_list(names, others, name))
            continue;
        AUTO_FREE char *reason =
            xasprintf("only the %s snapshot has the %s of %s", side, names->noun, name);
        difference_not_comparable(difference, names->section, reason);
    }
}

/* ---- matching ---- */

/* By number: the new one, or for what has none the old one. */
static int by_number(const void *left, const void *right) {
    const struct match *a = left, *b = right;
    json_int_t a_number = a->new ? a->new->number : a->old->number;
    json_int_t b_number = b->new ? b->new->number : b->old->number;
    if (a_number != b_number)
        return a_number < b_number ? -1 : 1;
    return strcmp(a->new ? a->new->name : a->old->name, b->new ? b->new->name : b->old->name);
}

static void mark_kept(struct matches *matches) {
    AUTO_FREE struct place *places = xcalloc(matches->count + 1, sizeof *places);
    size_t count = 0;
    for (size_t i = 0; i < matches->count; i++)
        if (matches->items[i].old && matches->items[i].new)
            places[count++] = (struct place){.old = (uint64_t)matches->items[i].old->number,
                                             .new = (uint64_t)matches->items[i].new->number};
    order_mark(places, count);
    count = 0;
    for (size_t i = 0; i < matches->count; i++)
        if (matches->items[i].old && matches->items[i].new)
            matches->items[i].kept = places[count++].kept;
}

/* One function can serve several numbers: the first of its services matches the first, and so on.
 */
static void matches_init(struct matches *matches, struct difference *difference, const char *table,
                         struct services *old, struct services *new) {
    services_sort(old);
    services_sort(new);
    *matches =
        (struct matches){.difference = difference,
                         .table = table,
                         .items = xcalloc(old->count + new->count + 1, sizeof *matches->items)};
    for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
        int order = i == old->count   ? 1
                    : j == new->count ? -1
                                      : strcmp(old->items[i].name, new->items[j].name);
        struct match *match = &matches->items[matches->count++];
        if (order <= 0)
            match->old = &old->items[i++];
        if (order >= 0)
            match->new = &new->items[j++];
    }
    mark_kept(matches);
    qsort(matches->items, matches->count, sizeof *matches->items, by_number);
}

static void matches_deinit(struct matches *matches) {
    free(matches->items);
}

static bool is_renumbered(const struct match *match) {
    return match->old && match->new && match->old->number != match->new->number;
}

/* ---- one service ---- */

static json_t *service_json(const char *table, const struct service *service) {
    json_t *json = json_pack("{s:I, s:s}", "number", service->number, "table", table);
    if (service->arguments >= 0)
        json_object_set_new(json, "arguments", json_integer(service->arguments));
    return json;
}

static void report_one_sided(const struct matches *matches, const struct match *match) {
    const struct service *service = match->new ? match->new : match->old;
    json_t *value = service_json(matches->table, service);
    difference_add(matches->difference, match->new ? "syscall.added" : "syscall.removed",
                   service->name, match->new ? NULL : value, match->new ? value : NULL, NULL,
                   "%s %s %s: number %" JSON_INTEGER_FORMAT " (0x%" PRIx64 ")", service->name,
                   match->new ? "added to" : "removed from", matches->table, service->number,
                   (uint64_t)service->number);
}

static void report_moved(const struct matches *matches, const struct match *match) {
    difference_add(matches->difference, "syscall.renumbered", match->new->name,
                   json_integer(match->old->number), json_integer(match->new->number), NULL,
                   "%s renumbered from %" JSON_INTEGER_FORMAT " (0x%" PRIx64
                   ") to %" JSON_INTEGER_FORMAT " (0x%" PRIx64 ") in %s",
                   match->new->name, match->old->number, (uint64_t)match->old->number,
                   match->new->number, (uint64_t)match->new->number, matches->table);
}

static void report_arguments(const struct matches *matches, const struct match *match) {
    json_int_t old = match->old->arguments, new = match->new->arguments;
    if (old >= 0 && new >= 0 && old != new)
        difference_add(matches->difference, "syscall.arguments", match->new->name,
                       json_integer(old), json_integer(new), NULL,
                       "%s took %" JSON_INTEGER_FORMAT
                       " argument%s and takes %" JSON_INTEGER_FORMAT,
                       match->new->name, old, old == 1 ? "" : "s", new);
}

/* ---- runs of renumbered services ---- */

static json_int_t distance(const struct match *match) {
    return match->new->number - match->old->number;
}

static struct run *make_runs(const struct matches *matches, size_t *count) {
    struct run *runs = xcalloc(matches->count + 1, sizeof *runs);
    bool follows = false; /* the kept service before is in the last run */
    *count = 0;
    for (size_t i = 0; i < matches->count; i++) {
        const struct match *match = &matches->items[i];
        if (!match->kept)
            continue;
        bool renumbered = is_renumbered(match);
        if (renumbered &&
            (!follows || distance(&matches->items[runs[*count - 1].first]) != distance(match)))
            runs[(*count)++] = (struct run){.first = i};
        if (renumbered) {
            runs[*count - 1].last = i;
            runs[*count - 1].count++;
        }
        follows = renumbered;
    }
    return runs;
}

static void add_cause(json_t *causes, const char *name, const char *what) {
    AUTO_FREE char *text = xasprintf("%s %s", name, what);
    if (json_array_size(causes) < CAUSES_PER_RUN)
        json_array_append_new(causes, json_string(text));
    else if (json_array_size(causes) == CAUSES_PER_RUN)
        json_array_append_new(causes, json_string("..."));
}

/* Whether a number is behind the kept service before a run and before the run. */
static bool is_between(const struct service *service, const struct service *before,
                       const struct service *first) {
    return service && (!before || service->number > before->number) &&
           service->number < first->number;
}

/* What was put in or taken out just before a run. Both orders are looked through from the kept
 * service before it on: what is gone stands in the old one only. */
static json_t *causes_of(const struct matches *matches, const struct run *run) {
    json_t *causes = json_array();
    const struct match *first = &matches->items[run->first], *before = NULL;
    for (size_t i = run->first; i > 0 && !before; i--)
        if (matches->items[i - 1].kept)
            before = &matches->items[i - 1];
    for (size_t i = 0; i < matches->count; i++) {
        const struct match *match = &matches->items[i];
        if (match->kept)
            continue;
        bool came = is_between(match->new, before ? before->new : NULL, first->new);
        bool went = is_between(match->old, before ? before->old : NULL, first->old);
        if (came)
            add_cause(causes, match->new->name, match->old ? "moved here" : "added");
        if (went)
            add_cause(causes, match->old->name, match->new ? "moved away" : "removed");
    }
    return causes;
}

static json_t *run_json(const struct matches *matches, const struct run *run) {
    const struct match *first = &matches->items[run->first];
    AUTO_FREE char *by = xasprintf("%+" JSON_INTEGER_FORMAT, distance(first));
    return json_pack("{s:s, s:o, s:I, s:s, s:s}", "by", by, "causes", causes_of(matches, run),
                     "count", (json_int_t)run->count, "first", first->new->name, "last",
                     matches->items[run->last].new->name);
}

/* {name: [old number, new number]}; one name twice is told apart by its old number. */
static json_t *pairs_json(const struct matches *matches) {
    json_t *pairs = json_object();
    for (size_t i = 0; i < matches->count; i++) {
        const struct match *match = &matches->items[i];
        if (!match->kept || !is_renumbered(match))
            continue;
        json_t *pair = json_pack("[I, I]", match->old->number, match->new->number);
        if (!json_object_get(pairs, match->new->name)) {
            json_object_set_new(pairs, match->new->name, pair);
            continue;
        }
        AUTO_FREE char *name =
            xasprintf("%s (%" JSON_INTEGER_FORMAT ")", match->new->name, match->old->number);
        json_object_set_new(pairs, name, pair);
    }
    return pairs;
}

static void report_runs(const struct matches *matches) {
    size_t count, services = 0;
    AUTO_FREE struct run *runs = make_runs(matches, &count);
    if (!count)
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, run_json(matches, &runs[i]));
        services += runs[i].count;
    }
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    runs_describe(list, &text);
    json_t *details = json_pack("{s:I, s:o, s:o}", "count", (json_int_t)services, "groups", list,
                                "services", pairs_json(matches));
    difference_add(matches->difference, "syscall.renumbered", matches->table, NULL, NULL, details,
                   "%s: %zu service%s renumbered: %s", matches->table, services,
                   services == 1 ? "" : "s", text.data);
}

/* ---- reporting ---- */

/* A service that one side does not name may be any that only the other side has. */
static void say_nameless(const struct matches *matches, const char *section, const char *side,
                         size_t nameless, size_t unmatched) {
    AUTO_FREE char *count =
        unmatched
            ? xasprintf("; %zu that only the other snapshot names may be among them", unmatched)
            : NULL;
    AUTO_FREE char *reason =
        xasprintf("%s: %zu service%s of the %s snapshot without a name or number%s", matches->table,
                  nameless, nameless == 1 ? "" : "s", side, count ? count : "");
    difference_not_comparable(matches->difference, section, reason);
}

void services_compare(struct difference *difference, const char *section, const char *table,
                      struct services *old, struct services *new) {
    struct matches matches AUTO(matches_deinit);
    matches_init(&matches, difference, table, old, new);
    size_t added = 0, removed = 0;
    services_pair_nameless(old, new);
    for (size_t i = 0; i < matches.count; i++) {
        const struct match *match = &matches.items[i];
        bool is_both = match->old && match->new;
        added += !match->old;
        removed += !match->new;
        if (!is_both && !(match->new ? old : new)->nameless)
            report_one_sided(&matches, match);
        if (is_both && !match->kept)
            report_moved(&matches, match);
        if (is_both)
            report_arguments(&matches, match);
    }
    report_runs(&matches);
    if (old->nameless)
        say_nameless(&matches, section, "old", old->nameless, added);
    if (new->nameless)
        say_nameless(&matches, section, "new", new->nameless, removed);
}
