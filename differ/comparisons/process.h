/*
 * process.h - the system images whose processes are compared. Others come and go with what a
 * machine's user runs, and their absence says nothing of the build; how they are protected does.
 */
#ifndef NTDRIFT_DIFFER_PROCESS_H
#define NTDRIFT_DIFFER_PROCESS_H

#include <jansson.h>
#include <stdbool.h>

struct system_image {
    const char *name;
    bool steady;       /* it runs as long as its session does: its absence says something */
    bool where_needed; /* it is started in the session that a task is for */
};

extern const struct system_image system_images[]; /* ends with a NULL name */

/* The parents of all processes of an image, by name: "smss.exe", "(absent) and smss.exe"; "" where
 * none runs it, NULL where a parent is not known. The caller frees. */
char *process_parent_images(const json_t *processes, const struct system_image *image);

/* Why a process that is not in a snapshot's list might have been in the dump; NULL where it cannot.
 */
const char *processes_why_incomplete(const json_t *snapshot, const json_t *processes);

/* Whether a process was created and has ended: it can stay as an object for long, half torn down.
 */
bool process_has_exited(const json_t *process);

/* Whether a process of the name that EPROCESS keeps, cut at 14 characters, runs this image. */
bool system_image_is(const struct system_image *image, const char *name);

/* The system image of such a name; NULL where there is none. */
const struct system_image *system_image_find(const char *name);

#endif
