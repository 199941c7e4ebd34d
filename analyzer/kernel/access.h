/*
 * access.h - names of the rights in an ACCESS_MASK.
 *
 * Sources: winnt.h (the standard rights, and those of events, mutants, semaphores, timers,
 * sections, keys, processes, threads, tokens, jobs, sessions, files), winuser.h (desktops, window
 * stations), wmistr.h and evntrace.h (providers of events), the object manager's own of directories
 * and symbolic links (ntifs.h, ntdef.h); phnt for what no header of Microsoft's names: worker
 * factories, keyed events, I/O completions, ports, debug objects, profiles, partitions.
 */
#ifndef NTDRIFT_KERNEL_ACCESS_H
#define NTDRIFT_KERNEL_ACCESS_H

#include <stdint.h>

/* The name of the right `bit` (0 to 31) for objects of that type, "FILE_READ_DATA"; NULL where it
 * has none. `type` may be NULL: the rights that all types share. */
const char *access_right(const char *type, unsigned bit);

#endif
