/*
 * process_views.h - the places besides ActiveProcessLinks and MmProcessLinks that lead to
 * processes: PspCidTable and the threads in it, the dispatcher's ring, the handle tables' ring,
 * sessions, jobs, and the handles of csrss.exe. For process_set.c only.
 *
 * Sources: the members of _EPROCESS, _KPROCESS, _HANDLE_TABLE, _MM_SESSION_SPACE and _EJOB in the
 * kernel's symbol files. That csrss.exe holds a handle to every process of its session is what
 * Volatility's psxview rests on.
 */
#ifndef NTDRIFT_ANALYSES_PROCESS_VIEWS_H
#define NTDRIFT_ANALYSES_PROCESS_VIEWS_H

#include "analyses/process_set.h"

/* Every sighting, in the order of the views: the same process may be among them several times. */
struct sightings {
    struct process_entry *items;
    size_t count;
    size_t capacity;
};

void sight(struct sightings *sightings, const struct process_entry *entry);

/* Adds what these places lead to, and says in set->places how far each could be read. Sessions,
 * jobs and csrss.exe are found through the sightings so far. */
void process_views_read(const struct target *target, struct process_set *set,
                        struct sightings *sightings);

#endif
