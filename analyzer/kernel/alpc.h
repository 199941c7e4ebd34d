/*
 * alpc.h - finding the ALPC ports of a dump: by nt!AlpcpPortList or, without its address, by the
 * same ring entered at a port that an object directory or a handle leads to.
 *
 * What a port holds is for the analyses. XP has LPC ports, which are on no list, and no _ALPC_PORT.
 *
 * Source: _ALPC_PORT.PortListEntry of the kernel's symbol files.
 */
#ifndef NTDRIFT_KERNEL_ALPC_H
#define NTDRIFT_KERNEL_ALPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/object.h"
#include "kernel/target.h"

/* More entries than this are taken for a ring that lies: a terminal server of 2,000 processes has
 * some ten thousands of ports. */
#define ALPC_PORT_LIMIT ((size_t)1 << 18)

struct alpc_ports {
    bool absent;           /* the symbols do not describe ALPC ports */
    const char *found_by;  /* "AlpcpPortList", "directory", "handle"; NULL: nothing leads to one */
    uint64_t start;        /* the LIST_ENTRY where the ring was entered */
    struct list_walk walk; /* from there */
    uint64_t *items;       /* addresses of the ports, in the ring's order */
    size_t count;
    size_t strange; /* entries that are objects of another type, or none: no ports */
};

/* `processes`: those whose handles are looked through. */
void alpc_ports_find(const struct objects *objects, const struct target *target,
                     const uint64_t *processes, size_t process_count, struct alpc_ports *ports);
void alpc_ports_deinit(struct alpc_ports *ports);

#endif
