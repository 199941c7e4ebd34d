/*
 * rows.h - what a section has too much of for a tree: its place is in the tree, and its content
 * kept as compactly as its analysis likes, until the snapshot is written.
 */
#ifndef NTDRIFT_ANALYSES_ROWS_H
#define NTDRIFT_ANALYSES_ROWS_H

#include <jansson.h>
#include <stddef.h>

#include "snapshot/canon.h"

/* Zeroed when empty. */
struct rows {
    struct canon_place *places;
    size_t count, capacity;
    struct rows_content {
        void *data;
        void (*release)(void *data);
    } * contents;
    size_t content_count, content_capacity;
};
void rows_deinit(struct rows *rows);

/* Gives the place: an array without elements, which goes into the tree. `write` writes the value
 * that stands in it. */
json_t *rows_place(struct rows *rows, void (*write)(struct canon *canon, const void *data),
                   const void *data);

/* Content of any places, which is released with `rows`. */
void rows_own(struct rows *rows, void *data, void (*release)(void *data));

/* The canonical text of a value, as the content of a place; `rows` frees it. `text` is empty
 * afterwards. */
json_t *rows_text(struct rows *rows, struct text *text);

/* For what writes the tree; `rows` outlives it. */
void rows_use(struct rows *rows, struct canon *canon);

#endif
