/*
 * handles.h - handle tables: of one to three levels, in the entry codings of every build.
 *
 * An entry leads to the header of an object (object.h); only those of PspCidTable, which is built
 * of the same tables, lead to the object itself. A table is walked as far as its own
 * limit, and no table further than HANDLE_LIMIT. Walks that share what they met pass a page of
 * entries once: tables that lie could have one page for all their handles.
 *
 * Sources: _HANDLE_TABLE and _HANDLE_TABLE_ENTRY of the kernel's symbol files; the codings are
 * those that Volatility reads (windows.handles).
 */
#ifndef NTDRIFT_KERNEL_HANDLES_H
#define NTDRIFT_KERNEL_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address_set.h"
#include "kernel/target.h"

/* Handles are multiples of four; no table holds more than 2^24 (Russinovich, "Pushing the Limits
 * of Windows: Handles"). */
#define HANDLE_LIMIT ((uint64_t)1 << 26)

/* Tables are made of pages of this size (x86 and x64: PAGE_SIZE). */
#define HANDLE_PAGE 4096

/* What a handle carries besides access (winternl.h, ntdef.h). */
enum handle_attributes {
    HANDLE_PROTECT_CLOSE = 1, /* OBJ_PROTECT_CLOSE */
    HANDLE_INHERIT = 2,       /* OBJ_INHERIT */
    HANDLE_AUDIT = 4,         /* OBJ_AUDIT_OBJECT_CLOSE */
};

struct handle_entry {
    enum read_state state; /* of the entry, or of what leads to it */
    uint64_t handle;       /* its value, a multiple of four, without the bits of a kernel handle */
    uint64_t address;      /* of the _HANDLE_TABLE_ENTRY; 0 for a pseudo handle */
    uint64_t object;       /* the object's body; 0: the entry is free, or there is no such entry */
    uint32_t granted_access; /* ACCESS_MASK */
    unsigned attributes;     /* enum handle_attributes */
    bool is_kernel;          /* of the kernel's table, whatever the process */
    bool is_pseudo;          /* -1: the process itself; -2 to -6: no object is given */
};

/* A table opened: its layout looked up once. */
struct handle_table {
    const struct target *target;
    uint64_t address; /* of the _HANDLE_TABLE; 0: the process has none (it has exited) */
    bool absent;      /* the symbols do not describe handle tables */
    enum read_state state;
    unsigned levels; /* 1 to 3 */
    uint64_t root;   /* the page of entries or of pointers that TableCode leads to */
    uint64_t limit;  /* handles are below: NextHandleNeedingPool */
    struct handle_coding {
        struct field object, access, attributes, protect;
        bool is_packed;      /* `object` is a bit-field: the address without its low bits */
        bool has_protect;    /* packed: OBJ_PROTECT_CLOSE is not among the attributes (x86) */
        uint32_t entry_size; /* bytes */
        uint32_t body;       /* from an object's header to the object */
    } coding;
};

void handle_table_open(const struct target *target, uint64_t table, struct handle_table *opened);

/* _EPROCESS.ObjectTable. */
void handle_table_of_process(const struct target *target, uint64_t process,
                             struct handle_table *opened);

/* Where the kernel keeps its own handles: nt!ObpKernelHandleTable, else the table of System, which
 * is the same one. */
void handle_table_of_kernel(const struct target *target, struct handle_table *opened);

/* nt!PspCidTable: the ids of processes and threads, which lead to their objects. */
void handle_table_of_ids(const struct target *target, struct handle_table *opened);

/* The entry of one handle; false where it leads to no object: `entry->state` says whether that is
 * known. */
bool handle_table_lookup(const struct handle_table *table, uint64_t handle,
                         struct handle_entry *entry);

/* A walk over the entries in use, in ascending order of handle: zeroed, with its table and `met`.
 */
struct handle_walk {
    const struct handle_table *table;
    struct address_set *met; /* pages of entries of all walks: one that is in two places is
                                READ_BAD_VALUE in the second; NULL: that is not asked */
    uint64_t leaf;           /* the next page of entries */
    unsigned position;       /* in the page at hand */
    unsigned held;           /* entries of it */
    uint8_t entries[HANDLE_PAGE];
    uint64_t address;                    /* of that page */
    size_t pages;                        /* of entries that were read */
    size_t looked;                       /* that were looked for: what the walk cost */
    size_t unreadable[READ_STATE_COUNT]; /* pages that could not be, by reason */
};

/* Goes to the next entry in use; false at the end. An entry that leads to no kernel address is
 * READ_BAD_VALUE. */
bool handle_walk_next(struct handle_walk *walk, struct handle_entry *entry);

/* The same lookup for a value that a thread of `process` passes to a system call: kernel handles
 * (the top bit set) are looked up in the kernel's table; -1 to -6 are pseudo handles. */
bool handle_lookup(const struct target *target, uint64_t process, uint64_t handle,
                   struct handle_entry *entry);

#endif
