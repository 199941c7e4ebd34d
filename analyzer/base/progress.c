/* progress.c - a progress bar on a terminal. */
#include "base/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30

void progress_begin(struct progress *progress, size_t total, bool quiet) {
    *progress = (struct progress){.total = total};
    progress->enabled = !quiet && total > 0 && isatty(STDERR_FILENO);
    clock_gettime(CLOCK_MONOTONIC, &progress->start);
}

static bool over_a_second(const struct progress *progress) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - progress->start.tv_sec - (now.tv_nsec < progress->start.tv_nsec) >= 1;
}

void progress_step(struct progress *progress, size_t done, const char *what) {
    if (!progress->enabled || (!progress->drawn && !over_a_second(progress)))
        return;
    size_t filled = done >= progress->total ? BAR_WIDTH : done * BAR_WIDTH / progress->total;
    char bar[BAR_WIDTH + 1];
    for (size_t i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K[%s] %s", bar, what);
    fflush(stderr);
    progress->drawn = true;
}

void progress_end(struct progress *progress) {
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
