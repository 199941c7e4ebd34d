/*
 * structure.h - one structure before and after, laid side by side for a picture or a table: which
 * member stands across from which, and which stretches of members are as they were.
 *
 * A member is moved, retyped or renamed where the difference says so. One that the difference does
 * not name and that has another offset has been pushed along.
 */
#ifndef NTDRIFT_REPORTS_STRUCTURE_H
#define NTDRIFT_REPORTS_STRUCTURE_H

#include "base/text.h"
#include "reports/shape.h"

/* What stands beside a colour, for eyes and printers that see none: "+". */
const char *mark_sign(enum mark mark);
const char *mark_name(enum mark mark); /* "added"; also the class in CSS */

/* A stretch of rows on both sides, in drawing order. */
struct strip {
    enum {
        STRIP_PAIR,    /* one row and its peer */
        STRIP_RUN,     /* rows that are all as they were, or pushed along by the same distance */
        STRIP_SINGLES, /* rows whose peer, if any, is elsewhere */
    } kind;
    size_t old_first, old_count;
    size_t new_first, new_count;
};

struct structure {
    const char *name;
    struct shape old;
    struct shape new;
    struct strip *strips;
    size_t count;
    size_t capacity;
};

/* `changes` are those of this structure. Everything refers into the difference. */
void structure_init(struct structure *structure, const struct difference *difference,
                    const char *name, const struct change *const *changes, size_t count);
void structure_deinit(struct structure *structure);

/* "+0x8", "-0x10", "" where there is none. */
void structure_delta(struct text *out, uint64_t old, uint64_t new);

#endif
