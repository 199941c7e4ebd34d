/*
 * object_place.h - to which session an object belongs, by where its name is. A matter of names
 * alone: nothing is read, and who holds the object is for others.
 *
 * Sources: "Kernel object namespaces", "Named pipe client/server: pipe names of app containers" and
 * "Predefined keys" (Microsoft Learn): a session has its objects in \Sessions\N, session 0 and
 * everyone in the rest of the tree, an app container its pipes in \Sessions\N of the pipes' device,
 * a user a hive in \REGISTRY\USER.
 */
#ifndef NTDRIFT_KERNEL_OBJECT_PLACE_H
#define NTDRIFT_KERNEL_OBJECT_PLACE_H

#include <stddef.h>
#include <stdint.h>

enum object_scope {
    SCOPE_MACHINE, /* of no session: files and devices, keys outside of users' hives */
    SCOPE_GLOBAL,  /* in the object directories of session 0, which all sessions see */
    SCOPE_SESSION, /* in those of a session */
    SCOPE_USER,    /* in a user's hive */
    SCOPE_SILO,    /* in the directories of a server silo, and of no session in it */
    SCOPE_PRIVATE, /* in a private namespace */
};

struct object_place {
    enum object_scope scope;
    uint32_t number;  /* of the session, or the silo's JobId */
    const char *user; /* the SID as text, of `user_length` bytes: in the name that was given */
    size_t user_length;
};

/* `name` as object_name() gives it, not empty, of an object of that type. */
struct object_place object_place(const char *type, const char *name);

/* "machine", "global", "session", "user", "silo", "private" */
const char *object_scope_name(enum object_scope scope);

#endif
