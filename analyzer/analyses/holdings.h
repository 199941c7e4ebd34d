/*
 * holdings.h - which processes have handles to which objects: one walk over all handle tables, for
 * the sections that ask it the other way round than `handles` does. What an object is, nobody looks
 * at here.
 */
#ifndef NTDRIFT_ANALYSES_HOLDINGS_H
#define NTDRIFT_ANALYSES_HOLDINGS_H

#include "analyses/analysis.h"

struct holding {
    uint64_t object;
    uint32_t process; /* set->items[process] */
    uint32_t order;   /* of the process's first handle to it: ascending with handles */
};

/* What a process's handle table gave. */
struct holding_table {
    bool none;             /* it has none (any more), or that of System */
    enum read_state state; /* why nothing of it could be read; else READ_PRESENT */
};

struct holdings {
    bool absent; /* the symbols do not describe handle tables */
    bool cut;    /* there are more handles than a real machine has: the rest is not here */
    struct holding *items; /* by object, then process; once for each object and process */
    size_t count, capacity;
    size_t pages;                        /* of handle tables that were looked for */
    struct holding_table *tables;        /* of set->items[i] */
    size_t unreadable[READ_STATE_COUNT]; /* pages of tables, and entries, by reason */
};

struct holdings *holdings_new(const struct target *target, const struct process_set *set);
void holdings_free(struct holdings *holdings);

/* The position behind the last holding of the object that items[first] is of. */
size_t holdings_end(const struct holdings *holdings, size_t first);

/* The position of the first holding of an object; `count` where nobody holds it. */
size_t holdings_find(const struct holdings *holdings, uint64_t object);

#endif
