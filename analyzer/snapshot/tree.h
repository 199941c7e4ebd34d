/*
 * tree.h - the text of a snapshot as a tree of Jansson's: what json_loadb() gives, in a
 * fourth of its time. Parsing is most of what comparing costs.
 *
 * It says of no text what is wrong with it: for that, and for what no snapshot holds (fractions, a
 * nesting of more than 64 levels), there is json_loadb().
 */
#ifndef NTDRIFT_SNAPSHOT_TREE_H
#define NTDRIFT_SNAPSHOT_TREE_H

#include <jansson.h>

#include "base/text.h"

/* NULL where the text is no JSON, has a key twice in one object, or is none of a snapshot. */
json_t *tree_parse(const struct text *content);

#endif
