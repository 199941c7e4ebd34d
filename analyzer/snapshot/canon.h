/*
 * canon.h - the canonical writer: the same content gives the same bytes. Keys ascending in byte
 * order, two-space indent, one element a line, a newline at the end, no floating point (DESIGN,
 * "The snapshot").
 *
 * It streams, so that a layout of 50,000 members needs no tree. Keys must be given in ascending
 * order; a breach is a mistake in this program and ends it. Where keys are ready-made elsewhere, a
 * Jansson tree is written with canon_json(), which sorts. What would be too much for a tree
 * (500,000 handles) has a place in one, and is written by a function when the place is reached.
 */
#ifndef NTDRIFT_SNAPSHOT_CANON_H
#define NTDRIFT_SNAPSHOT_CANON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define CANON_DEPTH 32

struct canon;

/* A value that stands in a tree as an empty array, and is written by `write`, as if it were all
 * that `canon` writes. */
struct canon_place {
    const json_t *place;
    void (*write)(struct canon *canon, const void *data);
    const void *data;
};

/* Where the text goes before it is whole. */
struct canon_sink {
    void (*put)(void *data, const char *bytes, size_t length);
    void *data;
};

struct canon {
    struct text *text;
    struct canon_sink sink;
    const struct canon_place *places; /* in ascending order of `place` */
    size_t place_count;
    int around; /* levels around all that is written here */
    int depth;
    struct {
        bool is_array;
        bool has_elements;
        const char *last_key; /* must live as long as the object is open */
    } level[CANON_DEPTH];
};

void canon_init(struct canon *canon, struct text *text);
/* From here on `text` only holds what `sink` has not been given yet. */
void canon_set_sink(struct canon *canon, struct canon_sink sink);
/* The places in the trees that are to come; sorts them. `places` lives as long as `canon`. */
void canon_set_places(struct canon *canon, struct canon_place *places, size_t count);
/* Ends the document with its newline; all containers must be closed. */
void canon_finish(struct canon *canon);

/* `key` is NULL inside an array and at the top. */
void canon_object_begin(struct canon *canon, const char *key);
void canon_object_end(struct canon *canon);
void canon_array_begin(struct canon *canon, const char *key);
void canon_array_end(struct canon *canon);

void canon_string(struct canon *canon, const char *key, const char *value); /* valid UTF-8 */
void canon_string_of(struct canon *canon, const char *key, const char *text, size_t length);
void canon_integer(struct canon *canon, const char *key, int64_t value);
void canon_hex(struct canon *canon, const char *key, uint64_t value); /* "0x67c" */
void canon_boolean(struct canon *canon, const char *key, bool value);
void canon_null(struct canon *canon, const char *key);
void canon_json(struct canon *canon, const char *key, const json_t *value);
/* What canon_json() has written at the top before. */
void canon_written(struct canon *canon, const char *key, const char *bytes, size_t length);

/* ---- for canon_tree.c, which keeps no levels ---- */

void canon_value(struct canon *canon, const char *key); /* what stands before a value */
void canon_indent(struct canon *canon, int depth);      /* a new line */
void canon_quote(struct canon *canon, const char *text, size_t length);
void canon_number(struct canon *canon, int64_t value); /* in decimal */

#endif
