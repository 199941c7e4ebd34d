/*
 * strict.h - two snapshots of the same dump: every value counts, for the same dump and symbols
 * give the same bytes.
 */
#ifndef NTDRIFT_DIFFER_STRICT_H
#define NTDRIFT_DIFFER_STRICT_H

#include "differ/difference.h"

/* Whether both are of one dump: the same time of the dump or of its boot, and most of what else
 * tells dumps apart. Not all of it: where one of these values is read wrong, the comparison must
 * say so, and not take the dumps for two. */
bool strict_applies(const json_t *old, const json_t *new);

/* In place of difference_make: one snapshot.value.changed for each value that differs, with its
 * JSON pointer (RFC 6901) as subject; the first STRICT_ROWS of them, and a count of the rest. */
#define STRICT_ROWS 200
void strict_make(struct difference *difference, const json_t *old, const json_t *new);

/* What a gate compares: strict_make() where it applies, difference_make() elsewhere. */
void strict_make_where_same(struct difference *difference, const json_t *old, const json_t *new);

#endif
