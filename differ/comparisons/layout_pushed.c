/* layout_pushed.c - bits that one change in their word pushed along: they are told together. */
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/layout.h"
#include "differ/prominence.h"

#define PUSHED_LEAST 3 /* fewer are told one by one */

/* Moved within its word, or within the word that its word became, and as long as it was. */
static bool is_pushed(const struct entry *entry) {
    const struct member *old = &entry->old, *new = &entry->new;
    return entry->verdict == MEMBER_MOVED && !entry->is_carried && old->bit_length &&
           old->bit_length == new->bit_length && old->bit_position != new->bit_position;
}

/* A bit that people ask for by name is told by itself. */
static bool is_headline(const char *type, const struct entry *entry) {
    AUTO_FREE char *subject = xasprintf("%s.%s", type, entry->name);
    return prominence_is_headline(prominence_of(rule_find("layout.bit.moved"), subject));
}

/* What bits have in common that one insertion or removal pushed along. */
static char *push_key(const struct entry *entry) {
    return xasprintf("%llx %llx %d", (unsigned long long)entry->old.offset,
                     (unsigned long long)entry->new.offset,
                     (int)entry->new.bit_position - (int)entry->old.bit_position);
}

/* Stands for the others: the lowest, and of those the first by name. */
static bool stands_before(const struct entry *one, const struct entry *other) {
    if (one->old.bit_position != other->old.bit_position)
        return one->old.bit_position < other->old.bit_position;
    return strcmp(one->name, other->name) < 0;
}

static void carry(struct entry *entries, const json_t *group) {
    size_t count = json_array_size(group);
    struct entry *first = &entries[json_integer_value(json_array_get(group, 0))];
    for (size_t i = 1; i < count; i++) {
        struct entry *entry = &entries[json_integer_value(json_array_get(group, i))];
        if (stands_before(entry, first))
            first = entry;
    }
    first->carried = json_object();
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &entries[json_integer_value(json_array_get(group, i))];
        if (entry == first)
            continue;
        json_object_set_new(first->carried, entry->name, layout_places_json(entry));
        entry->is_carried = true;
    }
}

void layout_collapse_pushed(const char *type, struct entry *entries, size_t count) {
    json_t *groups = json_object(); /* indexes of entries, by what they have in common */
    for (size_t i = 0; i < count; i++) {
        if (!is_pushed(&entries[i]) || is_headline(type, &entries[i]))
            continue;
        AUTO_FREE char *key = push_key(&entries[i]);
        json_t *group = json_object_get(groups, key);
        if (!group) {
            group = json_array();
            json_object_set_new(groups, key, group);
        }
        json_array_append_new(group, json_integer((json_int_t)i));
    }
    const char *key;
    json_t *group;
    json_object_foreach(groups, key, group) {
        if (json_array_size(group) >= PUSHED_LEAST)
            carry(entries, group);
    }
    json_decref(groups);
}
