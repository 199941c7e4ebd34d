/* layout_members.c - the members of one structure: matched by name, classified, reported. */
#include "differ/comparisons/layout.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/order.h"
#include "differ/type_size.h"

/* No structure reaches further, and sums of offsets stay far from overflowing. */
#define OFFSET_LIMIT   ((uint64_t)1 << 40)
#define POSITION_LIMIT 256

/* ---- reading ---- */

static bool read_offset(const json_t *value, uint64_t *offset) {
    const char *text = json_string_value(value);
    if (!text || strncmp(text, "0x", 2) != 0 || !text[2] ||
        strspn(text + 2, "0123456789abcdef") != strlen(text + 2))
        return false;
    errno = 0;
    *offset = strtoull(text, NULL, 16);
    return errno == 0 && *offset < OFFSET_LIMIT;
}

static bool read_small(const json_t *value, unsigned least, unsigned *number) {
    json_int_t integer = json_integer_value(value);
    if (!json_is_integer(value) || integer < least || integer > POSITION_LIMIT)
        return false;
    *number = (unsigned)integer;
    return true;
}

bool layout_member_read(const json_t *field, struct member *member) {
    *member = (struct member){.type = json_string_value(json_object_get(field, "type"))};
    const json_t *bit = json_object_get(field, "bit");
    if (bit && (!read_small(json_object_get(bit, "position"), 0, &member->bit_position) ||
                !read_small(json_object_get(bit, "length"), 1, &member->bit_length)))
        return false;
    return member->type && read_offset(json_object_get(field, "offset"), &member->offset);
}

json_t *layout_member_json(const struct member *member) {
    AUTO_FREE char *offset = xasprintf("0x%llx", (unsigned long long)member->offset);
    json_t *field = json_pack("{s:s, s:s}", "offset", offset, "type", member->type);
    if (member->bit_length)
        json_object_set_new(field, "bit",
                            json_pack("{s:i, s:i}", "length", (int)member->bit_length, "position",
                                      (int)member->bit_position));
    return field;
}

char *layout_member_place(const struct member *member) {
    if (member->bit_length)
        return xasprintf("0x%llx:%u", (unsigned long long)member->offset, member->bit_position);
    return xasprintf("0x%llx", (unsigned long long)member->offset);
}

json_t *layout_places_json(const struct entry *entry) {
    AUTO_FREE char *old = layout_member_place(&entry->old);
    AUTO_FREE char *new = layout_member_place(&entry->new);
    return json_pack("[s, s]", old, new);
}

/* ---- classifying ---- */

static bool is_bit(const struct member *member) {
    return member->bit_length != 0;
}

/* A bit can be described from another word without having moved: bit 8 of 0x10 is bit 0 of 0x11. */
static bool same_bit(const struct member *old, const struct member *new) {
    return is_bit(old) && is_bit(new) && old->bit_length == new->bit_length &&
           old->offset * 8 + old->bit_position == new->offset * 8 + new->bit_position;
}

static bool same_position(const struct member *old, const struct member *new) {
    return old->bit_position == new->bit_position && old->bit_length == new->bit_length;
}

/* A member that became a bit, or was one, is another type of member, and reported as such. */
static bool same_sort(const struct entry *entry) {
    return is_bit(&entry->old) == is_bit(&entry->new);
}

/* Whether where it was and is says something of the order of members. */
static bool has_order(const struct entry *entry) {
    return entry->verdict == MEMBER_SAME && same_sort(entry) && !same_bit(&entry->old, &entry->new);
}

static enum verdict classify(const struct entry *entry, bool kept) {
    if (!kept || !same_position(&entry->old, &entry->new))
        return MEMBER_MOVED;
    return entry->old.offset == entry->new.offset ? MEMBER_SAME : MEMBER_SHIFTED;
}

static void classify_all(const struct layouts *layouts, struct entry *entries, size_t count) {
    AUTO_FREE struct place *places = xcalloc(count + 1, sizeof *places);
    size_t ordered = 0;
    for (size_t i = 0; i < count; i++)
        if (has_order(&entries[i]))
            places[ordered++] =
                (struct place){.old = entries[i].old.offset, .new = entries[i].new.offset};
    order_mark(places, ordered);
    ordered = 0;
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &entries[i];
        if (entry->verdict != MEMBER_SAME)
            continue;
        entry->retyped =
            !same_sort(entry) || !layout_type_equal(layouts, entry->old.type, entry->new.type);
        if (has_order(entry))
            entry->verdict = classify(entry, places[ordered++].kept);
    }
}

/* ---- collapsing ---- */

/* What a word and all its bits have in common when its type changes. */
static char *word_key(const struct entry *entry) {
    return xasprintf("%llx %llx %s|%s", (unsigned long long)entry->old.offset,
                     (unsigned long long)entry->new.offset, entry->old.type, entry->new.type);
}

static bool is_retyped_bit(const struct entry *entry) {
    return entry->retyped && is_bit(&entry->old) && is_bit(&entry->new);
}

/* The bits of a word that has another type follow from the word: where the word is a member
 * itself, they are not reported; else the first of them is, for all. */
static void collapse_words(struct entry *entries, size_t count) {
    json_t *words = json_object(); /* index of the entry that stands for each */
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count; i++) {
            struct entry *entry = &entries[i];
            if (!entry->retyped || is_retyped_bit(entry) != (pass == 1))
                continue;
            AUTO_FREE char *key = word_key(entry);
            const json_t *first = json_object_get(words, key);
            if (!first) {
                json_object_set_new(words, key, json_integer((json_int_t)i));
            } else if (pass == 1) {
                entry->retyped = false;
                entries[json_integer_value(first)].followers++;
            }
        }
    json_decref(words);
}

/* The bits of a word that moved, with the word where that is a member itself, are told with it: one
 * place changed, not thirty. */
static void collapse_moves(struct entry *entries, size_t count) {
    json_t *words = json_object(); /* index of the entry that stands for each */
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count; i++) {
            struct entry *entry = &entries[i];
            bool bits = is_bit(&entry->old) || is_bit(&entry->new);
            if (entry->verdict != MEMBER_MOVED || bits != (pass == 1) ||
                !same_position(&entry->old, &entry->new))
                continue;
            AUTO_FREE char *key = xasprintf("%llx %llx", (unsigned long long)entry->old.offset,
                                            (unsigned long long)entry->new.offset);
            const json_t *first = json_object_get(words, key);
            if (pass == 0 && !first)
                json_object_set_new(words, key, json_integer((json_int_t)i));
            if (pass == 0 || !first)
                continue;
            struct entry *word = &entries[json_integer_value(first)];
            if (!word->carried)
                word->carried = json_object();
            json_object_set_new(word->carried, entry->name, layout_places_json(entry));
            entry->is_carried = true;
        }
    json_decref(words);
}

/* ---- matching ---- */

/* Entries of both sides' members, unclassified. A member that one side has in a form that is not
 * the schema's is on neither. */
static struct entry *match(struct layouts *layouts, const json_t *old, const json_t *new,
                           size_t *count) {
    struct entry *entries =
        xcalloc(json_object_size(old) + json_object_size(new) + 1, sizeof *entries);
    const char *name;
    const json_t *value;
    *count = 0;
    json_object_foreach((json_t *)old, name, value) {
        struct entry entry = {.name = name, .verdict = MEMBER_SAME};
        const json_t *other = json_object_get(new, name);
        if (!other)
            entry.verdict = MEMBER_REMOVED;
        if (layout_member_read(value, &entry.old) &&
            (!other || layout_member_read(other, &entry.new)))
            entries[(*count)++] = entry;
        else
            layouts->malformed++;
    }
    json_object_foreach((json_t *)new, name, value) {
        struct entry entry = {.name = name, .verdict = MEMBER_ADDED};
        if (json_object_get(old, name))
            continue;
        if (layout_member_read(value, &entry.new))
            entries[(*count)++] = entry;
        else
            layouts->malformed++;
    }
    return entries;
}

/* ---- reporting ---- */

/* "bit 0 of 0x6c4", "bits 3 to 5 of 0x6c4", "0x6c4". */
static char *place_in_words(const struct member *member) {
    unsigned long long offset = member->offset;
    if (!member->bit_length)
        return xasprintf("0x%llx", offset);
    if (member->bit_length == 1)
        return xasprintf("bit %u of 0x%llx", member->bit_position, offset);
    return xasprintf("bits %u to %u of 0x%llx", member->bit_position,
                     member->bit_position + member->bit_length - 1, offset);
}

static char *type_in_words(const struct member *member) {
    if (member->bit_length)
        return xasprintf("%s:%u", member->type, member->bit_length);
    return xstrdup(member->type);
}

static void report_one_sided(struct layouts *layouts, const struct entry *entry,
                             const char *subject) {
    bool added = entry->verdict == MEMBER_ADDED;
    const struct member *member = added ? &entry->new : &entry->old;
    AUTO_FREE char *place = place_in_words(member);
    const char *kind = is_bit(member) ? (added ? "layout.bit.added" : "layout.bit.removed")
                                      : (added ? "layout.field.added" : "layout.field.removed");
    difference_add(layouts->difference, kind, subject, added ? NULL : layout_member_json(member),
                   added ? layout_member_json(member) : NULL, NULL, "%s %s %s (%s)", subject,
                   added ? "added at" : "removed from", place, member->type);
}

static void report_moved(struct layouts *layouts, const struct entry *entry, const char *subject) {
    AUTO_FREE char *from = place_in_words(&entry->old);
    AUTO_FREE char *to = place_in_words(&entry->new);
    bool bits = is_bit(&entry->old) && is_bit(&entry->new);
    size_t carried = json_object_size(entry->carried);
    AUTO_FREE char *with =
        !carried ? NULL
        : bits   ? xasprintf(", and %zu other bit fields of the word by as much", carried)
                 : xasprintf(", with %zu of its bit fields", carried);
    json_t *details = carried ? json_pack("{s:I, s:o}", "count", (json_int_t)carried + 1, "fields",
                                          entry->carried)
                              : NULL;
    difference_add(layouts->difference, bits ? "layout.bit.moved" : "layout.field.moved", subject,
                   layout_member_json(&entry->old), layout_member_json(&entry->new), details,
                   "%s moved from %s to %s%s", subject, from, to, with ? with : "");
}

/* A reader of a member whose type has another name and the same size still reads all of it. */
static bool same_size(const struct layouts *layouts, const struct entry *entry) {
    uint64_t old = side_type_size(&layouts->difference->old, entry->old.type);
    return old && old == side_type_size(&layouts->difference->new, entry->new.type);
}

static void report_retyped(struct layouts *layouts, const struct entry *entry,
                           const char *subject) {
    AUTO_FREE char *from = type_in_words(&entry->old);
    AUTO_FREE char *to = type_in_words(&entry->new);
    if (!same_sort(entry)) {
        AUTO_FREE char *before = place_in_words(&entry->old);
        AUTO_FREE char *after = place_in_words(&entry->new);
        difference_add(layouts->difference, "layout.field.retyped", subject,
                       layout_member_json(&entry->old), layout_member_json(&entry->new), NULL,
                       "%s was %s at %s and is %s at %s", subject, from, before, to, after);
        return;
    }
    AUTO_FREE char *others = xasprintf(", with %zu %s of the word", entry->followers,
                                       entry->followers == 1 ? "bit" : "bits");
    json_t *details =
        entry->followers ? json_pack("{s:I}", "count", (json_int_t)entry->followers + 1) : NULL;
    struct change *change =
        difference_add(layouts->difference, "layout.field.retyped", subject,
                       layout_member_json(&entry->old), layout_member_json(&entry->new), details,
                       "%s was %s and is %s%s", subject, from, to, entry->followers ? others : "");
    if (same_size(layouts, entry))
        change->severity = SEVERITY_NOTABLE;
}

static void report_entry(struct layouts *layouts, const char *type, const struct entry *entry) {
    AUTO_FREE char *subject = xasprintf("%s.%s", type, entry->name);
    if (entry->verdict == MEMBER_ADDED || entry->verdict == MEMBER_REMOVED)
        report_one_sided(layouts, entry, subject);
    if (entry->verdict == MEMBER_RENAMED)
        layout_report_renamed(layouts, type, entry);
    if (entry->verdict == MEMBER_MOVED && !entry->is_carried)
        report_moved(layouts, entry, subject);
    if (entry->retyped)
        report_retyped(layouts, entry, subject);
}

void layout_compare_members(struct layouts *layouts, const char *type, const json_t *old,
                            const json_t *new) {
    size_t count;
    AUTO_FREE struct entry *entries = match(layouts, old, new, &count);
    classify_all(layouts, entries, count);
    layout_find_renames(entries, count);
    collapse_words(entries, count);
    collapse_moves(entries, count);
    layout_collapse_pushed(type, entries, count);
    for (size_t i = 0; i < count; i++)
        if (entries[i].verdict != MEMBER_SAME || entries[i].retyped)
            report_entry(layouts, type, &entries[i]);
    layout_add_shift(layouts, type, entries, count);
}
