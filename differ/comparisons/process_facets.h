/*
 * process_facets.h - what protects a process or holds it in, each as one value that can be compared
 * across machines: numbers of sessions, accounts and addresses are taken out of it. The differ
 * compares these values, and reports show them; neither matters here.
 */
#ifndef NTDRIFT_DIFFER_PROCESS_FACETS_H
#define NTDRIFT_DIFFER_PROCESS_FACETS_H

#include <jansson.h>

struct facet {
    const char *kind; /* of the change */
    const char *noun; /* "the NOUN of lsass.exe was VALUE and is VALUE" */
    /* A new reference; NULL where the process does not tell. `snapshot` is the one it is in. */
    json_t *(*read)(const json_t *process, const json_t *snapshot);
    char *(*words)(const json_t *value); /* NULL: the value is a string that says it */
    const char *cause; /* kind of a facet that, where it differs, explains this one; or NULL */
};

/* Outermost layer first; ends with a NULL kind. */
extern const struct facet process_facets[];

/* The facet of that kind; NULL where there is none. */
const struct facet *facet_find(const char *kind);

json_t *facet_read(const struct facet *facet, const json_t *process, const json_t *snapshot);

/* A value that was read, for a sentence. The caller frees. */
char *facet_words(const struct facet *facet, const json_t *value);

#endif
