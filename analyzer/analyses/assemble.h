/*
 * assemble.h - a whole snapshot: runs the analyses that were asked for, says what of them is
 * known, and writes all of it canonically.
 */
#ifndef NTDRIFT_ANALYSES_ASSEMBLE_H
#define NTDRIFT_ANALYSES_ASSEMBLE_H

#include "analyses/analysis.h"
#include "base/progress.h"
#include "base/text.h"

/* Room for all rows of the table. */
#define ANALYSES_MOST 32

struct assembly {
    bool selected[ANALYSES_MOST]; /* by row of analyses[]: whether the section is wanted */
    bool in_detail; /* they were asked for by name: a section may have more than it has by itself */
    struct coverage coverage[ANALYSES_MOST]; /* filled: how whole it is */
};

/* How many rows the table has. */
size_t analyses_count(void);

/* Appends the snapshot of `target` to `snapshot`. `progress` may be NULL. */
void assemble(const struct target *target, struct assembly *assembly, struct progress *progress,
              struct text *snapshot);

/* The same, given to `sink` as it is written: a snapshot with every handle is never in memory as a
 * whole. The dump is not read any more when `sink` is called. */
void assemble_to(const struct target *target, struct assembly *assembly, struct progress *progress,
                 struct canon_sink sink);

/* "complete", "partial", "unavailable" */
const char *coverage_status_name(enum coverage_status status);

#endif
