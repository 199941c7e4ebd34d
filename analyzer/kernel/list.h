/*
 * list.h - walking a ring of LIST_ENTRY in a dump that may lie.
 *
 * A walk is bounded and ends on a cycle that does not pass through the head. Where a link cannot
 * be read, or points to an entry whose Blink does not point back, the walk says so, and goes on
 * backwards from the head to find what lies behind the break.
 */
#ifndef NTDRIFT_KERNEL_LIST_H
#define NTDRIFT_KERNEL_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "vm/vm.h"

enum list_end {
    LIST_CLOSED,    /* came back to the head */
    LIST_BROKEN,    /* an entry could not be read (state says why) or is no kernel address */
    LIST_MISLINKED, /* an entry's Blink does not lead back */
    LIST_CYCLE,     /* came back to an entry that is not the head */
    LIST_TOO_LONG,  /* more than `limit` entries */
};

struct list_walk {
    uint64_t *entries; /* addresses of the LIST_ENTRY, head excluded, in the ring's order */
    size_t count;
    size_t gap; /* entries[0..gap) were reached forwards, the rest backwards; count where no gap */
    enum list_end end;      /* of the walk forwards */
    uint64_t broken_at;     /* the address that could not be read or does not link back */
    uint64_t broken_from;   /* the entry (or head) that leads there */
    enum read_state state;  /* of the read that failed, where LIST_BROKEN */
    enum list_end back_end; /* of the walk backwards; LIST_CLOSED where none was needed */
    uint64_t back_broken_at;
    enum read_state back_state;
};

/* Walks the ring whose head is at `head`. The caller deinitializes the walk. */
void list_walk(struct vm *vm, uint64_t head, size_t limit, struct list_walk *walk);
void list_walk_deinit(struct list_walk *walk);

/* "closed", "broken", "mislinked", "cycle", "too-long" */
const char *list_end_name(enum list_end end);

#endif
