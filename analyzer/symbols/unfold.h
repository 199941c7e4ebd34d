/*
 * unfold.h - makes the types of the model (symbols.h) of those of an ISF file: unnamed structures
 * and unions become part of their parents or are named by their content. For the files of this
 * folder only.
 */
#ifndef NTDRIFT_SYMBOLS_UNFOLD_H
#define NTDRIFT_SYMBOLS_UNFOLD_H

#include "symbols/isf.h"

/* The number of a name's type in `isf->types`, of a base type, ...; -1 where there is none. */
struct isf_index {
    int32_t *types;
    int32_t *enums;
    int32_t *bases;
    size_t count; /* of names */
};

enum status isf_index_init(struct error *err, const struct isf *isf, struct isf_index *index);
void isf_index_deinit(struct isf_index *index);

/* The size of a pointer, from the base types; 8 where they do not say. */
uint32_t isf_pointer_size(const struct isf *isf);

/* Fills symbols->types, unsorted. `length` is that of the file: hostile types can unfold to any
 * size, true ones to a fraction of their text. */
enum status unfold(struct error *err, struct isf *isf, size_t length, struct symbols *symbols);

#endif
