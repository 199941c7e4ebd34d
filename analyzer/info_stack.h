/*
 * info_stack.h - the part of `nt-analyzer info` that WinDbg's k prints.
 */
#ifndef NTDRIFT_INFO_STACK_H
#define NTDRIFT_INFO_STACK_H

#include "base/text.h"
#include "kernel/target.h"

/* Prints nothing where the dump's header has no registers, or nothing but these is known. */
void info_stack(struct text *text, const struct target *target);

#endif
