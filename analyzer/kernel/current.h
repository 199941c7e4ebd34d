/*
 * current.h - what ran when a triage dump was written: the processor, its thread, that thread's
 * process.
 *
 * Such a dump keeps copies of the three and does not say where they lay. KDDEBUGGER_DATA64 leads
 * from one to the next: KiProcessorBlock has the _KPRCB by its number, OffsetPrcbCurrentThread
 * the thread, OffsetKThreadApcProcess the process. No symbols are needed.
 */
#ifndef NTDRIFT_KERNEL_CURRENT_H
#define NTDRIFT_KERNEL_CURRENT_H

#include "kernel/target.h"

/* Finds target->current and makes the copies part of the address space. Does nothing with dumps
 * of other types. */
void current_map(struct target *target);

#endif
