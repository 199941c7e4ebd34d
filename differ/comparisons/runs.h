/*
 * runs.h - what stands in an order and was pushed along in runs (services by number, types of
 * objects by index), in words for a change's message.
 */
#ifndef NTDRIFT_DIFFER_RUNS_H
#define NTDRIFT_DIFFER_RUNS_H

#include <jansson.h>

#include "base/text.h"

/* Of [{"by", "causes", "count", "first", "last"}]:
 * "60 by +1 (A to B; New added), 3 by +2 (C to D), and 4 more runs" */
void runs_describe(const json_t *runs, struct text *text);

#endif
