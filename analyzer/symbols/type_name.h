/*
 * type_name.h - the names of types: which ones a compiler made up, and the names by content that
 * stand for them (symbols.h).
 */
#ifndef NTDRIFT_SYMBOLS_TYPE_NAME_H
#define NTDRIFT_SYMBOLS_TYPE_NAME_H

#include <stdbool.h>

#include "symbols/arena.h"
#include "symbols/symbols.h"

/* The type of a member that is an unnamed structure or union. */
#define UNNAMED_STRUCT "<unnamed-struct>"
#define UNNAMED_UNION  "<unnamed-union>"

/* Whether `name` was made up: "__unnamed_1df", "__anonymous_2b09", "<unnamed-tag>". */
bool type_name_is_unnamed(const char *name);

/* Whether an enumeration's name was made up; also "__enum_0782b75c", which stands in files that
 * were converted from tables without names of enumerations. */
bool type_name_is_unnamed_enum(const char *name);

/* Whether `name` is one that type_name_of_content() gives. */
bool type_name_is_content(const char *name);

/* "<unnamed-struct-0123456789abcdef>": the XXH3-64 of kind, size and members (names, places, type
 * strings) or constants, which must be in the order of symbols.h. */
const char *type_name_of_content(struct interner *strings, const struct type *type);

/* The size in bytes of a type as symbols.h writes it, where it is a base type, a pointer or an
 * array of those, or of a type of `symbols`; 0 where that is not known. */
uint32_t type_name_size(const struct symbols *symbols, const char *name, uint32_t pointer_size);

/* The alignment in bytes that a base type, a pointer or an array of those asks for; 0 for any other
 * type, which may ask for more than its members do. */
uint32_t type_name_alignment(const char *name, uint32_t pointer_size);

#endif
