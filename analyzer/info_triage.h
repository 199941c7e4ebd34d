/* info_triage.h - the part of `info` that only triage dumps have. */
#ifndef NTDRIFT_INFO_TRIAGE_H
#define NTDRIFT_INFO_TRIAGE_H

#include "base/text.h"
#include "kernel/target.h"

/* TRIAGE_DUMP64 as .dumpdebug prints it; nothing for other dumps. */
void info_triage_header(struct text *text, const struct target *target);

/* Exceptions as .exr does, and the counts of what else there is; nothing for other dumps. */
void info_triage_fault(struct text *text, const struct target *target);

#endif
