/*
 * value.h - a value of a snapshot as one line of plain text, for escape.h to escape. Long lists are
 * cut, and say so.
 */
#ifndef NTDRIFT_REPORTS_VALUE_H
#define NTDRIFT_REPORTS_VALUE_H

#include "base/text.h"
#include "differ/difference.h"

/* "0x6cc bit 0, unsigned long" for a member, "structure, 24 bytes, 3 members" for a type. */
void value_plain(struct text *out, const json_t *value);

/* The old or new value of a change: "smss.exe × 1, (absent) × 2" for parents; nothing for NULL. */
void value_of_change(struct text *out, const struct change *change, const json_t *value);

#endif
