/*
 * comparison.h - one file per section of the snapshot, one row each in the table of
 * comparisons.c. A comparison reports a change only where both sides know; otherwise it says "not
 * comparable", with the reason.
 */
#ifndef NTDRIFT_DIFFER_COMPARISON_H
#define NTDRIFT_DIFFER_COMPARISON_H

#include "differ/difference.h"

struct comparison {
    const char *section; /* key in the snapshot; NULL ends the table */
    void (*run)(struct difference *difference, const json_t *old, const json_t *new);
};

extern const struct comparison *const comparisons[];

#endif
