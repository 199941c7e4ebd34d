/*
 * outline.h - the order in which the long formats (Markdown, HTML) tell a difference: which
 * changes belong to one structure, which structure comes first, what stands at a glance, and how
 * each kind is checked. It says nothing in either format.
 */
#ifndef NTDRIFT_REPORTS_OUTLINE_H
#define NTDRIFT_REPORTS_OUTLINE_H

#include "base/text.h"
#include "differ/difference.h"

/* The changes of one structure or union that both sides have. */
struct topic {
    char *name;
    const struct change **changes; /* in the difference's order */
    size_t count;
    size_t weight; /* changes that no other explains: not the shifted ones */
    enum severity severity;
    unsigned prominence; /* of the structure itself */
};

/* The changes of one kind. */
struct kind {
    const struct rule *rule;
    const struct change **changes; /* in the difference's order: the most prominent first */
    size_t count;
    size_t waived;
    size_t headlines; /* changes, the first ones, that the report leads with */
};

/* The changes of one family. */
struct family {
    const char *id;      /* "syscall" */
    const char *heading; /* "System calls" */
    size_t count;
};

struct outline {
    struct family *families; /* those with changes, in the order they are told */
    size_t family_count;
    size_t layers_at; /* before this family, what protects processes is told; family_count: last */
    struct topic *topics; /* by prominence, severity, weight, name */
    size_t topic_count;
    struct kind *kinds; /* in the difference's order */
    size_t kind_count;
    const struct kind **glance;               /* the kinds: those with headlines, by severity */
    const struct change **sorted;             /* what topics refer into */
    const struct change **all;                /* what kinds refer into */
    size_t severities[SEVERITY_BREAKING + 1]; /* waived ones too */
    size_t waived;
};

void outline_init(struct outline *outline, const struct difference *difference);
void outline_deinit(struct outline *outline);

/* Whether a change is told with its structure; the others are told by kind. */
bool outline_is_structural(const struct change *change);

/* The number of constants, members and so on that a collapsed change stands for; 1 for another. */
size_t outline_stands_for(const struct change *change);

/* How many changes of a kind are told at a glance; the others are counted. */
size_t outline_glance_length(const struct kind *kind);

/* Whether they are told in sentences, for there are few or the report leads with them; else their
 * subjects are named. */
bool outline_has_sentences(const struct kind *kind);

/* "2 members added, 1 bit moved, 41 members shifted" */
void outline_counts(struct text *out, const struct topic *topic);

/* Which one of the changes of its kind and subject it is: 1, unless they are several. */
size_t outline_number(const struct difference *difference, const struct change *change);

/* "layout.bit.added--_EPROCESS.Minimal": an id for this change that the next report has too. */
void outline_anchor(struct text *out, const struct difference *difference,
                    const struct change *change);

/* How to check `change`: its rule's sentence about its own subject, commands between backticks. */
void outline_check(struct text *out, const struct change *change);

#endif
