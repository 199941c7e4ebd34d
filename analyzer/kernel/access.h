/*
 * access.h - names of the rights in an ACCESS_MASK.
 *
 * Sources: winnt.h (the standard rights, and those of events, mutants, semaphores, timers,
 * sections, keys, processes, threads, tokens, jobs, files), winuser.h (desktops, window stations),
 * and the object manager's own of directories, symbolic links and types (ntifs.h, ntdef.h).
 */
#ifndef NTDRIFT_KERNEL_ACCESS_H
#define NTDRIFT_KERNEL_ACCESS_H

#include <stdint.h>

/* The name of the right `bit` (0 to 31) for objects of that type, "FILE_READ_DATA"; NULL where it
 * has none. `type` may be NULL: the rights that all types share. */
const char *access_right(const char *type, unsigned bit);

#endif
