/* lint_neighbours.c - where members are, held against the builds next to this one (lint.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/lint.h"
#include "symbols/places.h"

/* A member that both builds have. Places are in bits. */
struct pair {
    size_t index; /* of the member in this build's type */
    uint64_t own;
    uint64_t other;
};

/* What is known of a member of this build, by its index. */
enum verdict {
    IS_SHARED = 1,    /* a neighbour has it */
    IS_EXPLAINED = 2, /* the same place, or moved with the members next to it */
    IS_SNUG = 4,      /* right behind the member before it */
};

/* How many members beside one are looked at, for those of one place are few; and how many of a
 * type are told of, for a person reads them. */
#define BESIDE    64
#define MOST_TOLD 100

static uint64_t place_in_bits(const struct field *field) {
    return 8 * (uint64_t)field->offset + field->bit_position;
}

/* ---- pairs ---- */

static int by_name(const void *left, const void *right) {
    const struct field *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static const struct field **sorted_by_name(const struct type *type) {
    const struct field **fields = xcalloc(type->count + 1, sizeof *fields);
    for (size_t i = 0; i < type->count; i++)
        fields[i] = &type->fields[i];
    qsort(fields, type->count, sizeof *fields, by_name);
    return fields;
}

static struct pair *make_pairs(const struct type *type, const struct type *other, size_t *count) {
    AUTO_FREE const struct field **ours = sorted_by_name(type);
    AUTO_FREE const struct field **theirs = sorted_by_name(other);
    struct pair *pairs = xcalloc(type->count + 1, sizeof *pairs);
    *count = 0;
    for (size_t i = 0, j = 0; i < type->count && j < other->count;) {
        int order = strcmp(ours[i]->name, theirs[j]->name);
        if (order == 0)
            pairs[(*count)++] = (struct pair){(size_t)(ours[i] - type->fields),
                                              place_in_bits(ours[i]), place_in_bits(theirs[j])};
        i += order <= 0;
        j += order >= 0;
    }
    return pairs;
}

static int compare_places(uint64_t left, uint64_t right) {
    return (left > right) - (left < right);
}

static int by_own_place(const void *left, const void *right) {
    const struct pair *a = left, *b = right;
    int order = compare_places(a->own, b->own);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static int by_other_place(const void *left, const void *right) {
    const struct pair *a = left, *b = right;
    int order = compare_places(a->other, b->other);
    return order ? order : by_own_place(left, right);
}

/* ---- what explains a place ---- */

static bool moved_alike(const struct pair *pair, const struct pair *beside) {
    return pair->own - pair->other == beside->own - beside->other;
}

/* Whether the first member before `at` (`step` -1), or after it (1), that is at another place moved
 * as it did, or one at the same place. */
static bool moved_with(const struct pair *pairs, size_t count, size_t at, int step) {
    const struct pair *pair = &pairs[at];
    for (size_t i = 0; i < BESIDE; i++) {
        if (step < 0 ? at == 0 : at + 1 >= count)
            return false;
        at += (size_t)step;
        if (moved_alike(pair, &pairs[at]))
            return true;
        if (pairs[at].own != pair->own && pairs[at].other != pair->other)
            return false;
    }
    return false;
}

static void judge_pairs(const struct pair *pairs, size_t count, unsigned char *verdicts) {
    for (size_t i = 0; i < count; i++) {
        verdicts[pairs[i].index] |= IS_SHARED;
        if (pairs[i].own == pairs[i].other || moved_with(pairs, count, i, -1) ||
            moved_with(pairs, count, i, 1))
            verdicts[pairs[i].index] |= IS_EXPLAINED;
    }
}

static void judge_neighbour(const struct type *type, const struct type *other,
                            unsigned char *verdicts) {
    size_t count;
    AUTO_FREE struct pair *pairs = make_pairs(type, other, &count);
    qsort(pairs, count, sizeof *pairs, by_own_place);
    judge_pairs(pairs, count, verdicts);
    qsort(pairs, count, sizeof *pairs, by_other_place);
    judge_pairs(pairs, count, verdicts);
}

/* Members of one place are a union, or one of them is wrong; the bits of a word are one. */
static bool is_alone(const struct type *type, const struct place *place) {
    for (size_t i = place->first + 1; i < place->first + place->count; i++)
        if (!type->fields[i].bit_position)
            return false;
    return true;
}

/* Where the size of the member before is known, its end says where the next one begins. */
static void judge_places(const struct type *type, unsigned char *verdicts) {
    struct places places;
    struct place place;
    places_init(&places, type);
    while (places_next(&places, &place))
        if (!place.after_blank && place.gap < 8 && gap_is_padding(place.offset, place.gap) &&
            is_alone(type, &place))
            verdicts[place.first] |= IS_SNUG;
    for (size_t i = 1; i < type->count; i++) {
        const struct field *before = &type->fields[i - 1], *bit = &type->fields[i];
        if (bit->bit_length && before->bit_length && before->offset == bit->offset &&
            before->bit_position + before->bit_length == bit->bit_position)
            verdicts[i] |= IS_SNUG;
    }
}

/* ---- saying it ---- */

static void put_place(struct text *text, const struct field *field) {
    text_printf(text, "0x%" PRIx32, field->offset);
    if (field->bit_length)
        text_printf(text, ", bit %u", field->bit_position);
}

static void say_where(struct lint *lint, const struct type *type, const struct field *field,
                      const struct symbols *const *neighbours, size_t count) {
    struct text where AUTO(text_deinit) = TEXT_EMPTY;
    put_place(&where, field);
    for (size_t i = 0; i < count; i++) {
        struct field other;
        if (!neighbours[i] || !symbols_field(neighbours[i], type->name, field->name, &other))
            continue;
        text_printf(&where, ", %s has it at ", symbols_identity(neighbours[i])->name);
        put_place(&where, &other);
    }
    lint_say(lint, LINT_WARNING, type->name, field->name,
             "at %s; the members beside it do not explain that", where.data);
}

static void lint_type(struct lint *lint, const struct type *type,
                      const struct symbols *const *neighbours, size_t count) {
    AUTO_FREE unsigned char *verdicts = xcalloc(type->count + 1, 1);
    judge_places(type, verdicts);
    for (size_t i = 0; i < count; i++) {
        const struct type *other = neighbours[i] ? symbols_type(neighbours[i], type->name) : NULL;
        if (other && other->kind != TYPE_ENUM)
            judge_neighbour(type, other, verdicts);
    }
    for (size_t i = 0, told = 0; i < type->count && told < MOST_TOLD; i++)
        if (verdicts[i] == IS_SHARED) {
            say_where(lint, type, &type->fields[i], neighbours, count);
            told++;
        }
}

void lint_neighbours(struct lint *lint, const struct symbols *const *neighbours, size_t count) {
    size_t type_count;
    const struct type *types = symbols_types(lint->symbols, &type_count);
    for (size_t i = 0; i < type_count; i++)
        if (types[i].kind != TYPE_ENUM)
            lint_type(lint, &types[i], neighbours, count);
}
