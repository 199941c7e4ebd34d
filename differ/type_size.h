/*
 * type_size.h - how large a member is on one side: the snapshot gives its type, and the type gives
 * the size.
 */
#ifndef NTDRIFT_DIFFER_TYPE_SIZE_H
#define NTDRIFT_DIFFER_TYPE_SIZE_H

#include <stdint.h>

#include "differ/difference.h"

/* The type of that name in a side's layouts, or NULL. */
const json_t *side_type(const struct side *side, const char *name);

/* Bytes of "unsigned char[15]", "_LIST_ENTRY[2][8]", "void*"; 0 where it cannot be told. */
uint64_t side_type_size(const struct side *side, const char *type);

#endif
