/* file_internal.h - what file.c and mapping.c share: opening, and saying why not. */
#ifndef NTDRIFT_BASE_FILE_INTERNAL_H
#define NTDRIFT_BASE_FILE_INTERNAL_H

#include "base/status.h"

/* "PATH: cannot ACTION: ..." by errno. */
enum status file_fail(struct error *err, const char *path, const char *action);

/* For AUTO(): nothing where it is negative. */
void file_close_descriptor(int *descriptor);

/* For reading; `flags` of open() besides. "-" is standard input, and called so in `*path` then. */
int file_open_named(const char **path, int flags);

#endif
