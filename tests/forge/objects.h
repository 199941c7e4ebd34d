/*
 * objects.h - the object manager: types, objects with their headers, names, handle tables.
 */
#ifndef FORGE_OBJECTS_H
#define FORGE_OBJECTS_H

#include "machine.h"

/* Indexes into ObTypeIndexTable; the order is that of 7601. */
enum object_type {
    TYPE_TYPE = 2,
    TYPE_DIRECTORY,
    TYPE_SYMBOLIC_LINK,
    TYPE_TOKEN,
    TYPE_JOB,
    TYPE_PROCESS,
    TYPE_THREAD,
    TYPE_EVENT = 12,
    TYPE_MUTANT = 14,
    TYPE_WORKER_FACTORY = 22,
    TYPE_DEVICE = 25,
    TYPE_FILE = 28,
    TYPE_SECTION = 33,
    TYPE_KEY = 35,
    TYPE_PORT = 36,
    TYPE_LIMIT = 44,
};

/* What an object's headers say. */
struct object_kind {
    const char *what;
    enum object_type type;
    bool charges_quota; /* has an _OBJECT_HEADER_QUOTA_INFO */
    const char *name;   /* NULL: none; else it has an _OBJECT_HEADER_NAME_INFO */
    uint64_t directory; /* of the name; 0: none */
};
/* Maps and claims `size` bytes for an object with its headers in front; `address` 0 takes one. */
uint64_t make_object(struct machine *machine, const struct object_kind *kind, uint64_t address,
                     uint64_t size);
/* A handle more leads to the object. */
void count_handle(struct machine *machine, uint64_t object);
uint64_t object_header(const struct machine *machine, uint64_t object);
/* The _OBJECT_HEADER_CREATOR_INFO of a type: its first member is its entry in a list. */
uint64_t object_creator_info(const struct machine *machine, uint64_t type);
/* The _OBJECT_HEADER_NAME_INFO of an object that has one. */
uint64_t name_info(const struct machine *machine, uint64_t object);
enum object_type object_type_named(const struct machine *machine, const char *name);

/* object_types.c: the types, before any object; their counts, behind the last. */
void forge_object_types(struct machine *machine);
void name_object_types(struct machine *machine); /* in \ObjectTypes */
void finish_object_types(struct machine *machine);
const char *object_tag(enum object_type type);

/* directories.c: the tree of names; behind the sessions. A path's directories are made as needed.
 */
void forge_directories(struct machine *machine);
uint64_t make_directory(struct machine *machine, const char *path);
uint64_t make_named(struct machine *machine, enum object_type type, uint64_t address, uint64_t size,
                    const char *path);
/* An entry for it in the hash chains. */
void insert_in_directory(struct machine *machine, uint64_t directory, const char *name,
                         uint64_t object);
/* Puts an object with a name into the directory of that path. */
void name_existing(struct machine *machine, const char *path, uint64_t object);

/* keys.c: an open key, by its whole path ("\REGISTRY\MACHINE"). */
uint64_t make_key(struct machine *machine, uint64_t address, const char *path);

void forge_namespaces(struct machine *machine); /* namespaces.c: private ones */
void forge_jobs(struct machine *machine); /* jobs.c */
void forge_alpc(struct machine *machine); /* alpc.c */

/* tokens.c: of every process that runs. */
void forge_tokens(struct machine *machine);

/* handles.c */
void forge_handles(struct machine *machine); /* tables of all processes, and PspCidTable */

#endif
