/*
 * info.h - what `nt-analyzer info` prints: the dump's header as WinDbg's .dumpdebug shows it, and
 * the system as vertarget does. It is for people; a snapshot is for programs.
 */
#ifndef NTDRIFT_INFO_H
#define NTDRIFT_INFO_H

#include "base/text.h"
#include "kernel/target.h"

/* Works without symbols; with some attached it says which, and how they fit. */
void info_write(const struct target *target, struct text *text);

/* fffff800`03c98890, as debuggers write 64 bits. */
void info_put_quad(struct text *text, uint64_t value);

#endif
