/*
 * object_scan.h - process and thread objects wherever they lie in kernel memory, on a list or on
 * none: every page that the kernel's page tables map and the dump holds is looked at.
 *
 * An object counts when all of this holds: its dispatcher header has the type of a process or
 * thread, and its object header says the same; one of its list heads leads back to this very
 * address, which a stale copy of an object in a cache does not; its id is one; and a process has
 * page tables, a thread a process that it runs in.
 *
 * Sources: _DISPATCHER_HEADER, _OBJECT_HEADER, _EPROCESS and _ETHREAD of the kernel's symbol files;
 * for telling objects by invariants instead of lists, B. Dolan-Gavitt et al., "Robust Signatures
 * for Kernel Data Structures" (CCS 2009).
 */
#ifndef NTDRIFT_KERNEL_OBJECT_SCAN_H
#define NTDRIFT_KERNEL_OBJECT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/object.h"
#include "kernel/target.h"

enum scanned_kind { SCANNED_PROCESS, SCANNED_THREAD, SCANNED_KIND_COUNT };

/* Ascending addresses. At most SCANNED_MOST are kept; `count` counts on. */
struct scanned_objects {
    uint64_t *items;
    size_t kept, count;
};

/* As many as a list of processes, or some machine's threads, may have. */
#define SCANNED_MOST 262144

struct object_scan {
    const char *impossible; /* why nothing could be looked at; NULL where it was */
    bool whole;             /* all mapped pages were gone through, and all objects kept */
    uint64_t pages;         /* that were looked at */
    struct scanned_objects live[SCANNED_KIND_COUNT];
    struct scanned_objects freed[SCANNED_KIND_COUNT]; /* deleted: nothing refers to them any more */
};

/* Goes through all of kernel memory: a pass over the larger part of a kernel dump. */
void object_scan_run(const struct target *target, const struct objects *objects,
                     struct object_scan *scan);
void object_scan_deinit(struct object_scan *scan);

#endif
