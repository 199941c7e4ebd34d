/*
 * processor.h - the protections of all processors of a snapshot as one value each, for the differ
 * to compare and for reports to show.
 */
#ifndef NTDRIFT_DIFFER_PROCESSOR_H
#define NTDRIFT_DIFFER_PROCESSOR_H

#include <jansson.h>

/* {name: value} of the first processor: the names of the protections that a snapshot tells. */
const json_t *processors_protections(const json_t *processors);

/* "on", "off", "on for 3 of 4 processors": a new reference; NULL where a processor does not tell.
 */
json_t *processors_protection(const json_t *processors, const char *name);

#endif
