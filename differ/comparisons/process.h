/*
 * process.h - the system images whose processes are compared. Others come and go with what a
 * machine's user runs, and their absence says nothing of the build.
 */
#ifndef NTDRIFT_DIFFER_PROCESS_H
#define NTDRIFT_DIFFER_PROCESS_H

#include <stdbool.h>

struct system_image {
    const char *name;
    bool steady;
};

extern const struct system_image system_images[]; /* ends with a NULL name */

/* Whether a process of the name that EPROCESS keeps, cut at 14 characters, runs this image. */
bool system_image_is(const struct system_image *image, const char *name);

#endif
