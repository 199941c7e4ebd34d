/*
 * triage.h - what a snapshot has of triage dumps alone: `dump.triage`, and the modules of the
 * dump's own list of drivers.
 */
#ifndef NTDRIFT_ANALYSES_TRIAGE_H
#define NTDRIFT_ANALYSES_TRIAGE_H

#include "analyses/analysis.h"
#include "image/triage.h"

/* The object `dump.triage`; NULL for other dumps. */
json_t *triage_extract(struct analysis_context *context);

/* The elements of `modules`. */
json_t *triage_modules(struct analysis_context *context, const struct triage *triage);

#endif
