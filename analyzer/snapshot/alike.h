/*
 * alike.h - what several snapshots have byte for byte alike, taken out of their texts before they
 * are parsed. A kernel has 1,600 types, an update changes a dozen of them, and parsing is most of
 * what comparing costs. Snapshots are canonical, so equal types are equal bytes; where they are not
 * canonical, less is taken out and nothing is lost.
 *
 * It finds no errors: a text that it cannot read is left as it is, for the parser to complain of.
 */
#ifndef NTDRIFT_SNAPSHOT_ALIKE_H
#define NTDRIFT_SNAPSHOT_ALIKE_H

#include <stddef.h>

#include "base/text.h"

enum alike_reader {
    ALIKE_FOR_MEANING, /* compares layouts, processes, services ...: nobody reads single handles */
    ALIKE_FOR_VALUES,  /* compares value by value */
};

/* Empties, in each text, the "fields" and "constants" of every type that has the same bytes in all
 * texts, the section "symbols", and "entries" of the handles of each process; these two, for a
 * reader of values, where they have the same bytes in all texts and are of a process in the same
 * position. Kind and size of a type stay. Does nothing at all, and gives empty texts, where one of
 * the texts is no JSON. `reduced` has `count` elements, which are initialized here; the caller
 * deinitializes them. */
void alike_remove(const struct text *texts, size_t count, enum alike_reader reader,
                  struct text *reduced);

#endif
