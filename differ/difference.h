/*
 * difference.h - what differs between two snapshots: the differ's result, and all that a report
 * gets to see.
 *
 * The differ is a pipeline: match, classify, collapse, waive, render. A comparison adds changes, a
 * policy waives them, a renderer prints them and decides nothing.
 */
#ifndef NTDRIFT_DIFFER_DIFFERENCE_H
#define NTDRIFT_DIFFER_DIFFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum severity { SEVERITY_INFO, SEVERITY_NOTABLE, SEVERITY_BREAKING };

/* A kind of change is data: rules.c holds one row for each. */
struct rule {
    const char *id;     /* "layout.bit.added" */
    const char *family; /* "layout" */
    enum severity severity;
    const char *title;   /* heading in a report: "Bits added" */
    const char *meaning; /* one sentence: what happened */
    const char *reason;  /* one sentence: why it matters */
    const char *check;   /* how to check it in WinDbg */
};

/* In the order reports list them; ends with a NULL id. */
extern const struct rule rules[];
const struct rule *rule_find(const char *id);
const char *severity_name(enum severity severity); /* "breaking", "notable", "info" */

struct change {
    const struct rule *rule;
    enum severity severity;
    unsigned prominence; /* among changes of its kind, lower ones come first: prominence.h */
    char *subject;       /* "_EPROCESS.Minimal", "csrss.exe" */
    json_t *old;         /* the value on either side; NULL where that side has none */
    json_t *new;
    json_t
        *details;  /* what a collapsed change stands for: {"count": 60, "groups": [...]}; or NULL */
    char *message; /* one sentence with both values */
    char *waived;  /* the waiver's reason, or NULL */
    bool gates;    /* the policy holds back what has this change */
};

struct not_comparable {
    char *section;
    char *reason;
};

/* One side, for headings. Strings are "" and numbers -1 where the snapshot does not tell. */
struct side {
    const char *path; /* as given; not part of any canonical output */
    const json_t *snapshot;
    int build;
    const char *build_lab;
    const char *arch;
    const char *dump_type;
    const json_t *pdb; /* or NULL */
    char *label;       /* short name for columns: "10240.16393", "ntkrnlmp-19041.508" */
};

/* Reads the heading facts of a snapshot, which must outlive the side. */
void side_init(struct side *side, const json_t *snapshot);
void side_deinit(struct side *side);

/* Says which files the sides came from; a label that tells nothing, or is that of another side,
 * becomes the file's name. The paths must outlive the sides. */
void sides_name(struct side *const *sides, const char *const *paths, size_t count);

struct difference {
    struct side old;
    struct side new;
    struct change *changes; /* by family, rule order, prominence, subject */
    size_t count;
    size_t capacity;
    struct not_comparable *unknown;
    size_t unknown_count;
    size_t unknown_capacity;
};

/* Compares two snapshots, which must outlive the result: runs the table of comparisons
 * (comparisons/comparisons.c). */
void difference_make(struct difference *difference, const json_t *old, const json_t *new);
void difference_deinit(struct difference *difference);

/* The steps of difference_make, for another way to compare (strict.h): sides without changes, and
 * the order that reports rely on. */
void difference_init(struct difference *difference, const json_t *old, const json_t *new);
void difference_sort(struct difference *difference);

/* sides_name() of both sides. */
void difference_name_sides(struct difference *difference, const char *old, const char *new);

/* ---- for comparisons ---- */

/* Appends a change of kind `id`. Takes `old`, `new` and `details` over; `message` is formatted. */
struct change *difference_add(struct difference *difference, const char *id, const char *subject,
                              json_t *old, json_t *new, json_t *details, const char *message, ...)
    __attribute__((format(printf, 7, 8)));

void difference_not_comparable(struct difference *difference, const char *section,
                               const char *reason);

#endif
