/* lint_members.c - what no compiler would have made of a structure (lint.h). */
#include "symbols/lint.h"

#include <inttypes.h>

#include "symbols/places.h"
#include "symbols/type_name.h"

/* How far back an overlap is looked into: members, and bytes that one of unknown size may take. */
#define LOOK_BACK    256
#define BLANK_LENGTH 64

static bool is_bit(const struct field *field) {
    return field->bit_length != 0;
}

static void check_field(struct lint *lint, const struct type *type, const struct field *field,
                        uint32_t pointer_size) {
    if ((uint64_t)field->offset + field->size > type->size)
        lint_say(lint, LINT_ERROR, type->name, field->name,
                 "at 0x%" PRIx32 ", %" PRIu32
                 " bytes: past the end of the type, which has 0x%" PRIx32,
                 field->offset, field->size, type->size);
    uint32_t alignment = type_name_alignment(field->type, pointer_size);
    if (alignment && field->offset % alignment)
        lint_say(lint, LINT_ERROR, type->name, field->name,
                 "at 0x%" PRIx32 ": expected a multiple of %" PRIu32 ", the alignment of %s",
                 field->offset, alignment, field->type);
    if (is_bit(field) && field->size &&
        (unsigned)field->bit_position + field->bit_length > 8 * field->size)
        lint_say(lint, LINT_ERROR, type->name, field->name,
                 "bits %u to %u: outside their word, %s of %" PRIu32 " bits", field->bit_position,
                 field->bit_position + field->bit_length - 1, field->type, 8 * field->size);
}

/* Whether a member other than `at` covers where that begins and ends by `limit`: another branch of
 * a union, which leaves room for what begins inside `at`. */
static bool has_branch_beside(const struct type *type, size_t at, uint32_t limit) {
    uint32_t offset = type->fields[at].offset;
    for (size_t i = at + 1; i < type->count && i < at + LOOK_BACK; i++)
        if (type->fields[i].offset != offset)
            break;
        else if ((uint64_t)offset + type->fields[i].size <= limit)
            return true;
    for (size_t i = at, back = 0; i > 0 && back < LOOK_BACK; back++) {
        const struct field *field = &type->fields[--i];
        uint64_t end = (uint64_t)field->offset + field->size;
        if (field->size ? end > offset && end <= limit : offset - field->offset <= BLANK_LENGTH)
            return true;
        if (field->offset == offset && end <= limit)
            return true;
    }
    return false;
}

/* The members of a place against where the next one begins. */
static void check_overlaps(struct lint *lint, const struct type *type, const struct place *place,
                           const struct field *next) {
    for (size_t i = place->first; i < place->first + place->count; i++) {
        const struct field *field = &type->fields[i];
        if (is_bit(field) || (uint64_t)field->offset + field->size <= next->offset ||
            has_branch_beside(type, i, next->offset))
            continue;
        lint_say(lint, LINT_ERROR, type->name, next->name,
                 "at 0x%" PRIx32 ": inside %s (0x%" PRIx32 ", %" PRIu32
                 " bytes), and there is no union",
                 next->offset, field->name, field->offset, field->size);
        return;
    }
}

static void check_places(struct lint *lint, const struct type *type) {
    struct places places;
    struct place place;
    places_init(&places, type);
    while (places_next(&places, &place)) {
        if (place.gap && !place.after_blank && !gap_is_padding(place.offset, place.gap))
            lint_say(lint, LINT_ERROR, type->name, type->fields[place.first].name,
                     "at 0x%" PRIx32 ": the %" PRIu64
                     " bytes before it are no member's, and no alignment explains them",
                     place.offset, place.gap);
        if (places.next < type->count)
            check_overlaps(lint, type, &place, &type->fields[places.next]);
    }
    uint64_t rest = type->size > places.end ? type->size - places.end : 0;
    if (rest && type->count && !places.blank && !gap_is_padding(type->size, rest))
        lint_say(lint, LINT_ERROR, type->name, NULL,
                 "the last %" PRIu64 " of its 0x%" PRIx32
                 " bytes are no member's, and no alignment explains them",
                 rest, type->size);
}

void lint_members(struct lint *lint) {
    uint32_t pointer_size = symbols_pointer_size(lint->symbols);
    size_t count;
    const struct type *types = symbols_types(lint->symbols, &count);
    for (size_t i = 0; i < count; i++) {
        if (types[i].kind == TYPE_ENUM)
            continue;
        for (size_t j = 0; j < types[i].count; j++)
            check_field(lint, &types[i], &types[i].fields[j], pointer_size);
        check_places(lint, &types[i]);
    }
}
