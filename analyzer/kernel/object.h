/*
 * object.h - what the Object Manager keeps of an object: its header, type, counts and name.
 *
 * Types are those that nt!ObTypeIndexTable lists; without its address, those in the list of the
 * type "Type", or in \ObjectTypes. The cookie that Windows 10 mixes into the type's index is
 * nt!ObHeaderCookie or, without its address, the only value that makes all of these types of the
 * type "Type".
 *
 * Sources: _OBJECT_HEADER, _OBJECT_TYPE, _OBJECT_HEADER_NAME_INFO and _OBJECT_DIRECTORY of the
 * kernel's symbol files; ObpRootDirectoryObject and ObpTypeObjectType of KDDEBUGGER_DATA64.
 */
#ifndef NTDRIFT_KERNEL_OBJECT_H
#define NTDRIFT_KERNEL_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "kernel/target.h"

struct objects;

/* The target outlives the objects; its symbols are attached before. */
struct objects *objects_new(const struct target *target);
void objects_free(struct objects *objects);

/* An _OBJECT_TYPE. */
struct object_type {
    uint64_t address;
    uint32_t index;   /* in ObTypeIndexTable; a number of XP's own before Windows 7 */
    const char *name; /* "File"; "" where it cannot be read */
    enum read_state name_state;
    uint64_t objects, handles; /* TotalNumberOfObjects, TotalNumberOfHandles */
    enum read_state objects_state, handles_state;
};

/* All types, in ascending order of index. `*found_by` says where they are from:
 * "ObTypeIndexTable", "ObpTypeObjectType", "\ObjectTypes"; NULL where none could be found. */
const struct object_type *objects_types(const struct objects *objects, size_t *count,
                                        const char **found_by);

/* Whether the type, which may be NULL, is known and its name could be read. */
bool object_type_is_named(const struct object_type *type);

/* Why types may be missing, by reason: a list or directory that could not be read to its end. */
const size_t *objects_types_unreadable(const struct objects *objects);

/* How a header's TypeIndex is coded, where this build has one. */
struct object_cookie {
    bool used;  /* the index is mixed with the header's address and `value` */
    bool known; /* false: types of objects cannot be told */
    uint8_t value;
};
struct object_cookie objects_cookie(const struct objects *objects);

/* The optional headers, in the order in which they lie before a header, the first nearest; each is
 * a bit of InfoMask. Those beyond, which some builds have, are not told. */
enum object_info {
    OBJECT_INFO_CREATOR,
    OBJECT_INFO_NAME,
    OBJECT_INFO_HANDLE,
    OBJECT_INFO_QUOTA,
    OBJECT_INFO_PROCESS,
    OBJECT_INFO_COUNT
};

struct object {
    enum read_state state;          /* of the header: what follows holds where READ_PRESENT */
    uint64_t address;               /* of the body */
    uint64_t header;                /* of the _OBJECT_HEADER */
    const struct object_type *type; /* NULL: not known; valid until the objects are freed */
    int64_t pointer_count, handle_count;
    uint8_t flags;     /* Flags: see object_flag_name() */
    uint8_t info_mask; /* InfoMask, 0 where this build has none */
    /* How far before the header each optional one begins; 0: it has none, or how far is not known.
     */
    uint8_t infos[OBJECT_INFO_COUNT];
};

/* "CREATOR_INFO", as in _OBJECT_HEADER_CREATOR_INFO. */
const char *object_info_name(enum object_info info);

/* The name of a bit of Flags, that of the bit-field of _OBJECT_HEADER from Windows 8 on. NULL for
 * the bit that before Windows 7 says that there is a CREATOR_INFO. */
const char *object_flag_name(const struct objects *objects, unsigned bit);

/* Reads the header of the object at `address`; gives object->state. READ_BAD_VALUE: the header
 * names no type that exists. */
enum read_state object_read(const struct objects *objects, uint64_t address, struct object *object);

/* Whether an object that could be read is of the type called `name`. */
bool object_is_of_type(const struct object *object, const char *name);

/* The name of an object in its directory; "" with READ_PRESENT where it has none. `name`,
 * initialized, is replaced. */
enum read_state object_own_name(const struct objects *objects, uint64_t object, struct text *name);

/* What Windows shows in place of a directory that has no name (`\...\Cor_SxSPublic_IPCBlock`, as
 * Handle and Process Explorer print it): that of a private namespace. */
#define OBJECT_UNROOTED "\\..."

/* The path of an object in the object directories; "" with READ_PRESENT where it has no name.
 * `path`, initialized, is replaced. */
enum read_state object_path(const struct objects *objects, uint64_t object, struct text *path);

/* The object's name: its path in the object directories (`\BaseNamedObjects\x`); of a File that of
 * its device and FileName (`\Device\HarddiskVolume2\pagefile.sys`). READ_PRESENT with an empty
 * name: it has none. `name`, initialized, is replaced. */
enum read_state object_name(const struct objects *objects, const struct object *object,
                            struct text *name);

/* The root of the object directories: the _OBJECT_DIRECTORY that nt!ObpRootDirectoryObject leads
 * to; 0 where nothing does. */
uint64_t objects_root(const struct objects *objects);

#endif
