/* places.c - the members of a structure by offset. */
#include "symbols/places.h"

void places_init(struct places *places, const struct type *type) {
    *places = (struct places){.type = type};
}

bool places_next(struct places *places, struct place *place) {
    const struct type *type = places->type;
    if (places->next >= type->count)
        return false;
    const struct field *fields = type->fields;
    uint32_t offset = fields[places->next].offset;
    *place = (struct place){
        .first = places->next,
        .offset = offset,
        .gap = offset > places->end ? offset - places->end : 0,
        .after_blank = places->blank,
    };
    places->blank = false;
    if (places->end < offset)
        places->end = offset;
    for (; places->next < type->count && fields[places->next].offset == offset; places->next++) {
        uint64_t end = (uint64_t)offset + fields[places->next].size;
        places->blank = places->blank || !fields[places->next].size;
        if (places->end < end)
            places->end = end;
    }
    place->count = places->next - place->first;
    return true;
}

bool gap_is_padding(uint64_t offset, uint64_t gap) {
    return gap < (offset & -offset);
}
