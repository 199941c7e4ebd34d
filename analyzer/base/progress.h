/*
 * progress.h - a progress bar on standard error, for a person: on a terminal only, once the work
 * takes over a second, and gone when it ends.
 */
#ifndef NTDRIFT_BASE_PROGRESS_H
#define NTDRIFT_BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct progress {
    struct timespec start;
    size_t total;
    bool enabled;
    bool drawn;
};

/* `total` steps lie ahead. Nothing is ever drawn where `quiet`, or in a pipe. */
void progress_begin(struct progress *progress, size_t total, bool quiet);

/* `done` steps are through; the one called `what` begins. */
void progress_step(struct progress *progress, size_t done, const char *what);

/* Wipes the bar. */
void progress_end(struct progress *progress);

#endif
