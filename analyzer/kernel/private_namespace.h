/*
 * private_namespace.h - private namespaces (CreatePrivateNamespace): directories outside of the
 * tree, each known by a boundary descriptor in place of a name. What is in the directory,
 * directory.h tells.
 *
 * They are in a hash table of the system's: nt!ObpPrivateNamespaceLookupTable up to 10240, from
 * 14393 on in the globals of the host silo, nt!PspHostSiloGlobals. Each exists as long as a handle
 * to its directory does, so that handles lead to all of them where no symbol leads to the table.
 *
 * Sources: _OBJECT_DIRECTORY.NamespaceEntry, _OBP_SILODRIVERSTATE and _OBJECT_NAMESPACE_LOOKUPTABLE
 * of the kernel's symbol files (the table is 0x260 bytes long in 7601 and 9600 too, by the distance
 * of the symbols). No symbol file has the entry itself: WinObjEx64 reads it, in all x64 systems
 * from Windows 7 to 11, as x64_entry in private_namespace.c says. OBJECT_BOUNDARY_DESCRIPTOR:
 * ntrtl.h of phnt (System Informer).
 */
#ifndef NTDRIFT_KERNEL_PRIVATE_NAMESPACE_H
#define NTDRIFT_KERNEL_PRIVATE_NAMESPACE_H

#include "base/address_set.h"
#include "base/text.h"
#include "kernel/target.h"

/* A machine of more namespaces than this lies: a process that uses them has a few. */
#define NAMESPACES_MOST 4096

/* Entries of a boundary descriptor that are read: one name, a label, and SIDs. */
#define BOUNDARY_ITEMS_MOST 32

enum boundary_item_kind { BOUNDARY_NAME = 1, BOUNDARY_SID, BOUNDARY_INTEGRITY };

struct boundary_item {
    enum boundary_item_kind kind;
    struct text text; /* the name; a SID: "S-1-5-32-544" */
};

struct private_namespace {
    uint64_t address;            /* of the _OBJECT_NAMESPACE_ENTRY */
    uint64_t directory;          /* of its _OBJECT_DIRECTORY */
    enum read_state state;       /* of the boundary descriptor */
    struct boundary_item *items; /* in its own order */
    size_t item_count;
};

struct private_namespaces {
    bool absent;         /* this build has none, or the symbols do not say */
    bool unknown_layout; /* it has, and its entries are of a form that is not known: 32 bits */
    const char *table;   /* what leads to the table: a symbol; NULL where nothing does */
    struct private_namespace *items; /* in the table's order, then in that of the handles */
    size_t count, capacity;
    struct address_set met;              /* entries that were looked at */
    bool cut;                            /* there are more than NAMESPACES_MOST */
    size_t unreadable[READ_STATE_COUNT]; /* links and entries, by reason */
};

/* Those in the table. */
void private_namespaces_read(const struct target *target, struct private_namespaces *namespaces);

/* Adds the namespace that a directory is of; nothing where it is of none, or known already. */
void private_namespaces_add(const struct target *target, uint64_t directory,
                            struct private_namespaces *namespaces);
void private_namespaces_deinit(struct private_namespaces *namespaces);

#endif
