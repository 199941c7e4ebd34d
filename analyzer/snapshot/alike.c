/* alike.c - finds the types and the handles of each text, sorts the types by name, cuts what is the
 * same in all. */
#include "snapshot/alike.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/json_pull.h"

struct range {
    const char *start;
    const char *end;
};

/* A type in one text. */
struct type_text {
    struct range name;
    struct range whole;
    struct range members; /* the object behind "fields" or "constants"; empty where there is none */
    bool is_alike;
};

/* One text, its types in the order in which they stand there. */
struct scan {
    struct json_pull pull;
    const struct text *text;
    struct range symbols;
    struct type_text *types;
    size_t count;
    size_t capacity;
    struct range *handles; /* of each process its list of them; empty where it has none */
    size_t process_count;
    size_t process_capacity;
};

/* ---- scanning ---- */

/* Passes over a value; gives where it was where it begins with `first`, else nothing. */
static struct range skip(struct json_pull *pull, char first) {
    bool is_wanted = pull_peek(pull) == first;
    struct range range = {pull->at, NULL};
    if (!pull_skip(pull) || !is_wanted)
        return (struct range){0};
    range.end = pull->at;
    return range;
}

/* A name with an escape is none that a symbol file has: its text does not outlive the next call. */
static struct range key_of(const struct json_pull *pull) {
    bool is_decoded = pull->text == pull->decoded.data;
    return is_decoded ? (struct range){0} : (struct range){pull->text, pull->text + pull->length};
}

static void scan_type(struct scan *scan) {
    struct json_pull *pull = &scan->pull;
    struct type_text type = {
        .name = key_of(pull),
    };
    if (pull_peek(pull) != '{') {
        pull_skip(pull);
        return;
    }
    type.whole.start = pull->at;
    for (pull_object(pull); pull_key(pull);) {
        bool has_members = pull_is(pull, "fields") || pull_is(pull, "constants");
        struct range value = skip(pull, '{');
        if (has_members)
            type.members = value;
    }
    type.whole.end = pull->at;
    if (!type.name.start || !type.members.start)
        return;
    ARRAY_RESERVE(scan->types, scan->count, scan->capacity);
    scan->types[scan->count++] = type;
}

static void scan_layouts(struct scan *scan) {
    struct json_pull *pull = &scan->pull;
    for (pull_object(pull); pull_key(pull);)
        if (!pull_is(pull, "types") || pull_peek(pull) != '{')
            pull_skip(pull);
        else
            for (pull_object(pull); pull_key(pull);)
                scan_type(scan);
}

/* `processes[].handles.entries`: every handle, which makes nine tenths of a snapshot that has them.
 */
static struct range scan_process(struct json_pull *pull) {
    struct range entries = {0};
    for (pull_object(pull); pull_key(pull);)
        if (!pull_is(pull, "handles") || pull_peek(pull) != '{')
            pull_skip(pull);
        else
            for (pull_object(pull); pull_key(pull);) {
                bool is_list = pull_is(pull, "entries");
                struct range value = skip(pull, '[');
                entries = is_list ? value : entries;
            }
    return entries;
}

static void scan_processes(struct scan *scan) {
    struct json_pull *pull = &scan->pull;
    for (pull_array(pull); pull_element(pull);) {
        ARRAY_RESERVE(scan->handles, scan->process_count, scan->process_capacity);
        struct range *handles = &scan->handles[scan->process_count++];
        *handles = (struct range){0};
        if (pull_peek(pull) == '{')
            *handles = scan_process(pull);
        else
            pull_skip(pull);
    }
}

static bool scan_text(struct scan *scan, const struct text *text) {
    struct json_pull *pull = &scan->pull;
    *scan = (struct scan){.text = text};
    pull_init(pull, NULL, text->data, text->length);
    for (pull_object(pull); pull_key(pull);) {
        if (pull_is(pull, "layouts") && pull_peek(pull) == '{')
            scan_layouts(scan);
        else if (pull_is(pull, "processes") && pull_peek(pull) == '[')
            scan_processes(scan);
        else if (pull_is(pull, "symbols"))
            scan->symbols = skip(pull, '{');
        else
            pull_skip(pull);
    }
    return pull_end(pull);
}

static void scan_deinit(struct scan *scan) {
    pull_deinit(&scan->pull);
    free(scan->types);
    free(scan->handles);
}

/* ---- comparing ---- */

static size_t length_of(struct range range) {
    return (size_t)(range.end - range.start);
}

static int compare_ranges(struct range a, struct range b) {
    size_t a_length = length_of(a), b_length = length_of(b);
    int order = memcmp(a.start, b.start, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int by_name(const void *left, const void *right) {
    return compare_ranges((*(struct type_text *const *)left)->name,
                          (*(struct type_text *const *)right)->name);
}

/* Marks the types of one name; one that a text lacks was added or removed, which a report tells
 * with its members. */
static void mark_group(struct type_text *const *types, size_t count, size_t texts) {
    bool is_alike = count == texts;
    for (size_t i = 1; i < count && is_alike; i++)
        is_alike = compare_ranges(types[0]->whole, types[i]->whole) == 0;
    for (size_t i = 0; i < count; i++)
        types[i]->is_alike = is_alike;
}

static void mark_all(struct scan *scans, size_t count) {
    size_t total = 0, filled = 0;
    for (size_t i = 0; i < count; i++)
        total += scans[i].count;
    AUTO_FREE struct type_text **types = xcalloc(total + 1, sizeof *types);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < scans[i].count; j++)
            types[filled++] = &scans[i].types[j];
    qsort(types, total, sizeof(struct type_text *), by_name);
    for (size_t first = 0, next; first < total; first = next) {
        for (next = first + 1; next < total && by_name(&types[first], &types[next]) == 0;)
            next++;
        mark_group(types + first, next - first, count);
    }
}

/* Empties those of a place, one of each text, that are not the same in all. */
static void keep_equal(struct range *const *ranges, size_t count) {
    bool is_equal = true;
    for (size_t i = 0; i < count && is_equal; i++)
        is_equal = ranges[i] && ranges[i]->start && compare_ranges(*ranges[0], *ranges[i]) == 0;
    for (size_t i = 0; i < count && !is_equal; i++)
        if (ranges[i])
            *ranges[i] = (struct range){0};
}

/* Compared value by value, what is not the same in all texts stays. */
static void keep_differences(struct scan *scans, size_t count) {
    AUTO_FREE struct range **ranges = xcalloc(count, sizeof *ranges);
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        ranges[i] = &scans[i].symbols;
        most = scans[i].process_count > most ? scans[i].process_count : most;
    }
    keep_equal(ranges, count);
    for (size_t process = 0; process < most; process++) {
        for (size_t i = 0; i < count; i++)
            ranges[i] = process < scans[i].process_count ? &scans[i].handles[process] : NULL;
        keep_equal(ranges, count);
    }
}

/* ---- cutting ---- */

static int by_start(const void *left, const void *right) {
    const char *a = ((const struct range *)left)->start, *b = ((const struct range *)right)->start;
    return (a > b) - (a < b);
}

/* What goes, in the order in which it stands there; gives how many. */
static size_t collect(const struct scan *scan, struct range *cuts) {
    size_t count = 0;
    for (size_t i = 0; i < scan->count; i++)
        if (scan->types[i].is_alike)
            cuts[count++] = scan->types[i].members;
    for (size_t i = 0; i < scan->process_count; i++)
        if (scan->handles[i].start)
            cuts[count++] = scan->handles[i];
    if (scan->symbols.start)
        cuts[count++] = scan->symbols;
    qsort(cuts, count, sizeof *cuts, by_start);
    return count;
}

/* An empty object or array is put in the place of each. */
static void write_reduced(const struct scan *scan, struct text *reduced) {
    AUTO_FREE struct range *cuts = xcalloc(scan->count + scan->process_count + 1, sizeof *cuts);
    const char *at = scan->text->data;
    size_t count = collect(scan, cuts);
    for (size_t i = 0; i < count; i++) {
        text_append(reduced, at, (size_t)(cuts[i].start - at));
        text_append(reduced, *cuts[i].start == '{' ? "{}" : "[]", 2);
        at = cuts[i].end;
    }
    text_append(reduced, at, (size_t)(scan->text->data + scan->text->length - at));
}

void alike_remove(const struct text *texts, size_t count, enum alike_reader reader,
                  struct text *reduced) {
    struct scan *scans = xcalloc(count + 1, sizeof *scans);
    bool is_json = true;
    for (size_t i = 0; i < count; i++) {
        text_init(&reduced[i]);
        is_json = scan_text(&scans[i], &texts[i]) && is_json;
    }
    if (is_json) {
        mark_all(scans, count);
        if (reader == ALIKE_FOR_VALUES)
            keep_differences(scans, count);
        for (size_t i = 0; i < count; i++)
            write_reduced(&scans[i], &reduced[i]);
    }
    for (size_t i = 0; i < count; i++)
        scan_deinit(&scans[i]);
    free(scans);
}
