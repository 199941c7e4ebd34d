/*
 * places.h - goes through the members of a structure by offset, and tells what lies before each:
 * for lint.h. For the files of this folder only.
 */
#ifndef NTDRIFT_SYMBOLS_PLACES_H
#define NTDRIFT_SYMBOLS_PLACES_H

#include "symbols/symbols.h"

/* The members of one offset: fields[first] to fields[first + count - 1]. */
struct place {
    size_t first;
    size_t count;
    uint32_t offset;
    uint64_t gap;     /* bytes before it that are no member's */
    bool after_blank; /* a member before it has a size that is not known: the gap may be its */
};

struct places {
    const struct type *type;
    size_t next;
    uint64_t end; /* of the members so far */
    bool blank;   /* the size of a member of the last place is not known */
};

void places_init(struct places *places, const struct type *type);
bool places_next(struct places *places, struct place *place);

/* Whether the alignment of what is at `offset` explains a gap before it. Types can ask for more
 * than the size of their members (`__declspec(align(64))`), so that the offset tells. */
bool gap_is_padding(uint64_t offset, uint64_t gap);

#endif
