/*
 * shape.h - the members of a structure on one side, read from the layouts of a snapshot and put
 * into the rows in which they are drawn. It knows no other side.
 */
#ifndef NTDRIFT_REPORTS_SHAPE_H
#define NTDRIFT_REPORTS_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "differ/difference.h"

enum mark {
    MARK_SAME,
    MARK_SHIFTED,
    MARK_RETYPED,
    MARK_RENAMED,
    MARK_MOVED,
    MARK_REMOVED,
    MARK_ADDED,
};

#define NO_PEER ((size_t)-1)

struct member {
    const char *name;
    const char *type; /* "" where the snapshot has none */
    uint64_t offset;
    uint64_t size;         /* bytes; 0 where it cannot be told */
    unsigned bit_position; /* 0..63 */
    unsigned bit_length;   /* 0: not a bit-field */
    enum mark mark;
    size_t peer; /* its index on the other side, or NO_PEER */
    size_t row;  /* where it is drawn */
};

/* What is drawn as one bar: a member, or a word with all its bits. */
struct row {
    size_t first; /* members [first, first + count) of its side; the first one gives the name */
    size_t count;
    uint64_t offset;
    uint64_t size;
    bool has_name;     /* false for a word that only its bits have names for */
    bool is_word;      /* has bits */
    bool is_inside;    /* shares bytes with a row before it: a member of a union */
    bool bits_changed; /* one of them was added, removed, moved or renamed */
    enum mark mark;
    size_t peer;
};

struct shape {
    const json_t *json;     /* the type in the snapshot; NULL where it has none */
    uint64_t size;          /* of the structure */
    struct member *members; /* by offset, then whole members before bits, then bit position */
    size_t member_count;
    struct row *rows;
    size_t row_count;
    size_t *by_name; /* indexes of members, by name */
};

/* Members that are no members (an offset that is no number, a name without text) are left out. */
void shape_init(struct shape *shape, const struct side *side, const char *name);
void shape_deinit(struct shape *shape);

/* The index of a member, or NO_PEER. */
size_t shape_find(const struct shape *shape, const char *name);

/* "Flags2", or "bits" for a word without a name. */
const char *row_name(const struct shape *shape, const struct row *row);

#endif
