/* layout_shift.c - the members that were only pushed along, as one change for their structure, with
 * what pushed them. */
#include "differ/comparisons/layout.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define GROUPS_IN_MESSAGE 3
#define CAUSES_PER_GROUP  4

/* What can push members along, at its offset on the side where it is. */
struct cause {
    uint64_t offset;
    const struct entry *entry;
};

struct causes {
    struct cause *items;
    size_t count;
};

/* The members that kept their order, and the causes on either side, all by offset. */
struct shift {
    struct layouts *layouts;
    const struct entry **kept;
    size_t count;
    struct causes old; /* removed, or moved from here */
    struct causes new; /* added, or moved to here */
};

/* A run of kept members that were pushed by the same distance. */
struct group {
    size_t first; /* in shift.kept */
    size_t last;
    size_t count;
    int64_t by;
};

/* ---- order ---- */

static int by_place(const void *left, const void *right) {
    const struct entry *a = *(const struct entry *const *)left;
    const struct entry *b = *(const struct entry *const *)right;
    if (a->new.offset != b->new.offset)
        return a->new.offset < b->new.offset ? -1 : 1;
    if (a->new.bit_position != b->new.bit_position)
        return a->new.bit_position < b->new.bit_position ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int by_offset(const void *left, const void *right) {
    const struct cause *a = left, *b = right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return strcmp(a->entry->name, b->entry->name);
}

static void shift_init(struct shift *shift, struct layouts *layouts, const struct entry *entries,
                       size_t count) {
    *shift = (struct shift){.layouts = layouts,
                            .kept = xcalloc(count + 1, sizeof *shift->kept),
                            .old.items = xcalloc(count + 1, sizeof *shift->old.items),
                            .new.items = xcalloc(count + 1, sizeof *shift->new.items)};
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &entries[i];
        enum verdict verdict = entry->verdict;
        if (verdict == MEMBER_SAME || verdict == MEMBER_SHIFTED)
            shift->kept[shift->count++] = entry;
        if (verdict == MEMBER_REMOVED || verdict == MEMBER_MOVED)
            shift->old.items[shift->old.count++] = (struct cause){entry->old.offset, entry};
        if (verdict == MEMBER_ADDED || verdict == MEMBER_MOVED)
            shift->new.items[shift->new.count++] = (struct cause){entry->new.offset, entry};
    }
    qsort(shift->kept, shift->count, sizeof *shift->kept, by_place);
    qsort(shift->old.items, shift->old.count, sizeof *shift->old.items, by_offset);
    qsort(shift->new.items, shift->new.count, sizeof *shift->new.items, by_offset);
}

static void shift_deinit(struct shift *shift) {
    free(shift->kept);
    free(shift->old.items);
    free(shift->new.items);
}

/* ---- causes ---- */

/* The size of a named type that is embedded, alone or in an array; -1 where it is none, or not
 * known. */
static json_int_t embedded_size(const json_t *types, const char *type) {
    const json_t *size = json_object_get(json_object_getn(types, type, strcspn(type, "[")), "size");
    return json_is_integer(size) ? json_integer_value(size) : -1;
}

static void add_cause(json_t *causes, char *text) {
    if (json_array_size(causes) < CAUSES_PER_GROUP)
        json_array_append_new(causes, json_string(text));
    else if (json_array_size(causes) == CAUSES_PER_GROUP)
        json_array_append_new(causes, json_string("..."));
    free(text);
}

/* Adds the causes whose offsets are in [start, end). */
static void add_causes_between(const struct causes *causes, uint64_t start, uint64_t end,
                               bool is_new, json_t *into) {
    size_t low = 0, high = causes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (causes->items[middle].offset < start)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < causes->count && causes->items[low].offset < end; low++) {
        const struct entry *entry = causes->items[low].entry;
        const struct member *member = is_new ? &entry->new : &entry->old;
        /* A bit takes no room of its own: its word does. */
        if (!member->bit_length)
            add_cause(into, entry->verdict == MEMBER_MOVED
                                ? xasprintf("%s moved %s", entry->name, is_new ? "here" : "away")
                                : xasprintf("%s %s", entry->name, is_new ? "added" : "removed"));
    }
}

/* The kept members just before a group can have grown or shrunk. */
static void add_resized(const struct shift *shift, const struct entry *entry, json_t *into) {
    json_int_t old = embedded_size(shift->layouts->old, entry->old.type);
    json_int_t new = embedded_size(shift->layouts->new, entry->new.type);
    if (entry->retyped)
        add_cause(into, xasprintf("%s has another type", entry->name));
    else if (old >= 0 && new >= 0 && old != new)
        add_cause(into, xasprintf("%s%s %s from %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT
                                  " bytes",
                                  strchr(entry->old.type, '[') ? "each element of " : "",
                                  entry->name, new > old ? "grew" : "shrank", old, new));
}

/* What stands between a group and the last member before it that was pushed otherwise. */
static json_t *causes_of(const struct shift *shift, const struct group *group) {
    json_t *causes = json_array();
    const struct entry *first = shift->kept[group->first];
    uint64_t old_start = 0, new_start = 0;
    if (group->first) {
        const struct entry *before = shift->kept[group->first - 1];
        old_start = before->old.offset;
        new_start = before->new.offset;
        for (size_t i = group->first; i > 0 && shift->kept[i - 1]->new.offset == new_start; i--)
            add_resized(shift, shift->kept[i - 1], causes);
    }
    add_causes_between(&shift->old, old_start, first->old.offset, false, causes);
    add_causes_between(&shift->new, new_start, first->new.offset, true, causes);
    return causes;
}

/* ---- groups ---- */

static int64_t distance(const struct entry *entry) {
    return (int64_t)entry->new.offset - (int64_t)entry->old.offset;
}

static bool is_shifted(const struct entry *entry) {
    return entry->verdict == MEMBER_SHIFTED;
}

static struct group *make_groups(const struct shift *shift, size_t *count) {
    struct group *groups = xcalloc(shift->count + 1, sizeof *groups);
    *count = 0;
    for (size_t i = 0; i < shift->count; i++) {
        const struct entry *entry = shift->kept[i];
        if (!is_shifted(entry))
            continue;
        bool same =
            *count && groups[*count - 1].last + 1 == i && groups[*count - 1].by == distance(entry);
        if (!same)
            groups[(*count)++] = (struct group){.first = i, .by = distance(entry)};
        groups[*count - 1].last = i;
        groups[*count - 1].count++;
    }
    return groups;
}

static char *signed_hex(int64_t by) {
    return xasprintf("%c0x%" PRIx64, by < 0 ? '-' : '+', (uint64_t)(by < 0 ? -by : by));
}

static json_t *group_json(const struct shift *shift, const struct group *group) {
    AUTO_FREE char *by = signed_hex(group->by);
    return json_pack("{s:s, s:o, s:I, s:s, s:s}", "by", by, "causes", causes_of(shift, group),
                     "count", (json_int_t)group->count, "first", shift->kept[group->first]->name,
                     "last", shift->kept[group->last]->name);
}

static json_t *fields_json(const struct shift *shift) {
    json_t *fields = json_object();
    for (size_t i = 0; i < shift->count; i++) {
        const struct entry *entry = shift->kept[i];
        if (is_shifted(entry))
            json_object_set_new(fields, entry->name, layout_places_json(entry));
    }
    return fields;
}

/* "60 by +0x8 (A to B; New added), 3 by +0x10 (C to D), and 4 more runs" */
static void describe(const struct shift *shift, const struct group *groups, size_t count,
                     const json_t *list, struct text *text) {
    for (size_t i = 0; i < count && i < GROUPS_IN_MESSAGE; i++) {
        AUTO_FREE char *by = signed_hex(groups[i].by);
        text_printf(text, "%s%zu by %s (%s", i ? ", " : "", groups[i].count, by,
                    shift->kept[groups[i].first]->name);
        if (groups[i].first != groups[i].last)
            text_printf(text, " to %s", shift->kept[groups[i].last]->name);
        const json_t *causes = json_object_get(json_array_get(list, i), "causes");
        for (size_t c = 0; c < json_array_size(causes); c++)
            text_printf(text, "%s%s", c ? ", " : "; ",
                        json_string_value(json_array_get(causes, c)));
        text_putc(text, ')');
    }
    if (count > GROUPS_IN_MESSAGE)
        text_printf(text, ", and %zu more %s", count - GROUPS_IN_MESSAGE,
                    count - GROUPS_IN_MESSAGE == 1 ? "run" : "runs");
}

void layout_add_shift(struct layouts *layouts, const char *type, const struct entry *entries,
                      size_t count) {
    struct shift shift AUTO(shift_deinit) = {0};
    shift_init(&shift, layouts, entries, count);
    size_t group_count, shifted = 0;
    AUTO_FREE struct group *groups = make_groups(&shift, &group_count);
    if (!group_count)
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < group_count; i++) {
        json_array_append_new(list, group_json(&shift, &groups[i]));
        shifted += groups[i].count;
    }
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    describe(&shift, groups, group_count, list, &text);
    json_t *details = json_pack("{s:I, s:o, s:o}", "count", (json_int_t)shifted, "fields",
                                fields_json(&shift), "groups", list);
    difference_add(layouts->difference, "layout.field.shifted", type, NULL, NULL, details,
                   "%s: %zu %s shifted: %s", type, shifted, shifted == 1 ? "member" : "members",
                   text.data);
}
