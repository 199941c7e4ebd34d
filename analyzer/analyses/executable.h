/*
 * executable.h - the snapshot of an executable file: which one it is, its system call stubs, and of
 * a kernel with its symbols the table of its services. There is no machine in it, and so nothing of
 * what a dump tells.
 */
#ifndef NTDRIFT_ANALYSES_EXECUTABLE_H
#define NTDRIFT_ANALYSES_EXECUTABLE_H

#include "base/text.h"
#include "kernel/target.h"

/* Appends the snapshot of a target that target_open_executable() opened. */
void executable_assemble(const struct target *target, struct text *snapshot);

#endif
