/*
 * write.h - the parts that a profile and a `layouts` section have in common, as canonical JSON.
 * They differ in how a member is written, which the caller says.
 */
#ifndef NTDRIFT_SYMBOLS_WRITE_H
#define NTDRIFT_SYMBOLS_WRITE_H

#include "snapshot/canon.h"
#include "symbols/symbols.h"

/* "pdb": {"age", "guid", "name"}, or null where the source has none. */
void write_pdb(struct canon *canon, const struct symbols_identity *identity);

/* "precision": {"enums", "kinds", "pointees"}. */
void write_precision(struct canon *canon, struct symbols_precision precision);

/* The type under its name: its fields or constants by name, its kind (null for a structure or
 * union where `kinds` is false: the source does not tell them apart), its size. */
void write_type(struct canon *canon, const struct type *type, bool kinds,
                void (*write_field)(struct canon *canon, const struct field *field));

#endif
