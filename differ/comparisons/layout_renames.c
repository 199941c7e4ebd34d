/* layout_renames.c - members that have another name and nothing else. */
#include "differ/comparisons/layout.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "differ/prominence.h"

/* Place and type alone do not make a rename: kernels give the room of a member that is gone to one
 * that has nothing to do with it: of 15 bits of _EPROCESS in whose place stood another in the next
 * build, from 7601 to 22000, one was renamed (CetShadowStacks). So the names must say the same as
 * well: all words of one are in the other, or they differ by no more than a slip of the pen. What
 * is called spare or reserved has no name to change. */
#define SLIP         2 /* letters */
#define NAME_LEAST   4 /* letters; shorter names are like each other by chance */
#define SLIP_LEAST   8
#define OVERLAY_MOST 8 /* members at one place; with more of them, nothing tells which is which */
#define NAME_MOST    128

/* ---- names ---- */

/* The length of the word at the start of `name`: "Cet" of "CetUserShadowStacks", "HW" of "HWTrace",
 * "u." of "u.Flags". */
static size_t word_length(const char *name) {
    size_t length = 1;
    while (isupper((unsigned char)name[length]) && !islower((unsigned char)name[length + 1]))
        length++;
    if (length == 1)
        while (islower((unsigned char)name[length]) || isdigit((unsigned char)name[length]))
            length++;
    return length;
}

/* Whether all words of `part` are in `whole`, in their order. */
static bool words_are_in(const char *part, const char *whole) {
    while (*part && *whole) {
        size_t wanted = word_length(part), found = word_length(whole);
        if (wanted == found && strncasecmp(part, whole, wanted) == 0)
            part += wanted;
        whole += found;
    }
    return !*part;
}

/* Whether two names are the same but for SLIP letters (Levenshtein's distance); a digit is none. */
static bool is_slip(const char *one, const char *other) {
    size_t row[NAME_MOST + 1], columns = strlen(other);
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; one[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            bool same = tolower((unsigned char)one[i - 1]) == tolower((unsigned char)other[j - 1]);
            size_t change = diagonal + !same;
            diagonal = row[j];
            size_t insert = row[j - 1] + 1, delete = row[j] + 1;
            row[j] = change < insert ? change : insert;
            row[j] = row[j] < delete ? row[j] : delete;
        }
    }
    return row[columns] <= SLIP;
}

static bool has_digit(const char *name) {
    return strpbrk(name, "0123456789") != NULL;
}

static bool names_agree(const char *old, const char *new) {
    size_t old_length = strlen(old), new_length = strlen(new);
    size_t least = old_length < new_length ? old_length : new_length;
    if (least < NAME_LEAST || old_length > NAME_MOST || new_length > NAME_MOST ||
        prominence_is_filler(old) || prominence_is_filler(new))
        return false;
    if (words_are_in(old, new) || words_are_in(new, old))
        return true;
    bool same_start = tolower((unsigned char)*old) == tolower((unsigned char)*new);
    return least >= SLIP_LEAST && same_start && !has_digit(old) && !has_digit(new) &&
           is_slip(old, new);
}

/* ---- places ---- */

static int64_t bit_of(const struct member *member) {
    return (int64_t)(member->offset * 8 + (member->bit_length ? member->bit_position : 0));
}

/* What was kept, by its old place, and what is new, by its new one. */
struct places {
    struct entry **kept;
    size_t kept_count;
    struct entry **added;
    size_t added_count;
};

static int by_old(const void *left, const void *right) {
    int64_t a = bit_of(&(*(struct entry *const *)left)->old);
    int64_t b = bit_of(&(*(struct entry *const *)right)->old);
    return (a > b) - (a < b);
}

static int by_new(const void *left, const void *right) {
    int64_t a = bit_of(&(*(struct entry *const *)left)->new);
    int64_t b = bit_of(&(*(struct entry *const *)right)->new);
    return (a > b) - (a < b);
}

static void places_init(struct places *places, struct entry *entries, size_t count) {
    *places = (struct places){.kept = xcalloc(count + 1, sizeof *places->kept),
                              .added = xcalloc(count + 1, sizeof *places->added)};
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &entries[i];
        if (entry->verdict == MEMBER_SAME || entry->verdict == MEMBER_SHIFTED)
            places->kept[places->kept_count++] = entry;
        if (entry->verdict == MEMBER_ADDED)
            places->added[places->added_count++] = entry;
    }
    qsort(places->kept, places->kept_count, sizeof(struct entry *), by_old);
    qsort(places->added, places->added_count, sizeof(struct entry *), by_new);
}

static void places_deinit(struct places *places) {
    free(places->kept);
    free(places->added);
}

static int64_t distance(const struct entry *entry) {
    return bit_of(&entry->new) - bit_of(&entry->old);
}

/* How far the neighbours of a place on the old side were pushed, in bits; false where they were not
 * pushed alike, or there are none. */
static bool neighbours_distance(const struct places *places, int64_t at, int64_t *by) {
    size_t low = 0;
    for (size_t high = places->kept_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (bit_of(&places->kept[middle]->old) < at)
            low = middle + 1;
        else
            high = middle;
    }
    size_t behind = low;
    while (behind < places->kept_count && bit_of(&places->kept[behind]->old) == at &&
           behind - low <= OVERLAY_MOST)
        behind++;
    bool has_before = low > 0, has_behind = behind < places->kept_count;
    if (!has_before && !has_behind)
        return false;
    *by = distance(places->kept[has_before ? low - 1 : behind]);
    return !has_behind || distance(places->kept[behind]) == *by;
}

static bool same_form(const struct entry *removed, const struct entry *added) {
    return removed->old.bit_length ==
           added->new.bit_length &&strcmp(removed->old.type, added->new.type) == 0;
}

/* The one new member that stands where a removed one would be; NULL where there is none, or more
 * than one. */
static struct entry *successor(const struct places *places, const struct entry *removed) {
    int64_t by = 0;
    if (!neighbours_distance(places, bit_of(&removed->old), &by))
        return NULL;
    int64_t at = bit_of(&removed->old) + by;
    size_t low = 0;
    for (size_t high = places->added_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (bit_of(&places->added[middle]->new) < at)
            low = middle + 1;
        else
            high = middle;
    }
    struct entry *found = NULL;
    for (size_t i = low; i < places->added_count && bit_of(&places->added[i]->new) == at; i++) {
        if (i - low == OVERLAY_MOST || (found && same_form(removed, places->added[i])))
            return NULL;
        if (same_form(removed, places->added[i]))
            found = places->added[i];
    }
    return found;
}

/* ---- joining ---- */

/* Two removed members that lead to one new one are no renames: `renamed` of the new one says so. */
static void claim(const struct places *places, struct entry *removed) {
    struct entry *added = successor(places, removed);
    if (!added)
        return;
    added->claims++;
    removed->successor = added;
}

static void join(struct entry *removed) {
    struct entry *added = removed->successor;
    if (!added || added->claims != 1 || !names_agree(removed->name, added->name))
        return;
    removed->verdict = MEMBER_RENAMED;
    removed->new = added->new;
    added->verdict = MEMBER_JOINED;
}

void layout_find_renames(struct entry *entries, size_t count) {
    struct places places AUTO(places_deinit);
    places_init(&places, entries, count);
    for (size_t i = 0; i < count && places.added_count; i++)
        if (entries[i].verdict == MEMBER_REMOVED)
            claim(&places, &entries[i]);
    for (size_t i = 0; i < count; i++)
        if (entries[i].verdict == MEMBER_REMOVED)
            join(&entries[i]);
}

/* ---- reporting ---- */

static json_t *named_json(const struct member *member, const char *name) {
    json_t *json = layout_member_json(member);
    json_object_set_new(json, "name", json_string(name));
    return json;
}

void layout_report_renamed(struct layouts *layouts, const char *type, const struct entry *entry) {
    const char *name = entry->successor->name;
    bool is_bit = entry->new.bit_length;
    AUTO_FREE char *subject = xasprintf("%s.%s", type, entry->name);
    AUTO_FREE char *old = layout_member_place(&entry->old);
    AUTO_FREE char *new = layout_member_place(&entry->new);
    AUTO_FREE char *from = strcmp(old, new) ? xasprintf("%s, before at %s", new, old) : NULL;
    difference_add(layouts->difference, is_bit ? "layout.bit.renamed" : "layout.field.renamed",
                   subject, named_json(&entry->old, entry->name), named_json(&entry->new, name),
                   NULL, "%s is called %s (%s at %s)", subject, name, entry->new.type,
                   from ? from : new);
}
