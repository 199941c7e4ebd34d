/*
 * canon.h - the canonical writer: the same content gives the same bytes. Keys ascending in byte
 * order, two-space indent, one element a line, a newline at the end, no floating point (DESIGN,
 * "The snapshot").
 *
 * It streams, so that a layout of 50,000 members needs no tree. Keys must be given in ascending
 * order; a breach is a mistake in this program and ends it. Where keys are ready-made elsewhere, a
 * Jansson tree is written with canon_json(), which sorts.
 */
#ifndef NTDRIFT_SNAPSHOT_CANON_H
#define NTDRIFT_SNAPSHOT_CANON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define CANON_DEPTH 32

struct canon {
    struct text *text;
    int depth;
    struct {
        bool is_array;
        bool has_elements;
        const char *last_key; /* must live as long as the object is open */
    } level[CANON_DEPTH];
};

void canon_init(struct canon *canon, struct text *text);
/* Ends the document with its newline; all containers must be closed. */
void canon_finish(struct canon *canon);

/* `key` is NULL inside an array and at the top. */
void canon_object_begin(struct canon *canon, const char *key);
void canon_object_end(struct canon *canon);
void canon_array_begin(struct canon *canon, const char *key);
void canon_array_end(struct canon *canon);

void canon_string(struct canon *canon, const char *key, const char *value); /* valid UTF-8 */
void canon_integer(struct canon *canon, const char *key, int64_t value);
void canon_hex(struct canon *canon, const char *key, uint64_t value); /* "0x67c" */
void canon_boolean(struct canon *canon, const char *key, bool value);
void canon_null(struct canon *canon, const char *key);
void canon_json(struct canon *canon, const char *key, const json_t *value);

#endif
