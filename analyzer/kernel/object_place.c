/* object_place.c - places of names. */
#include "kernel/object_place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "kernel/object.h"

/* The account of the system has its hive under this name too ("HKEY_USERS\.DEFAULT"). */
#define SYSTEM_HIVE ".DEFAULT"
#define SYSTEM_SID  "S-1-5-18"
/* A hive of its own for the classes of a user. */
#define CLASSES "_Classes"

/* What is behind `prefix`; NULL where the name does not begin so. Object names are equal whatever
 * the case of their letters. */
static const char *behind(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    return strncasecmp(name, prefix, length) == 0 ? name + length : NULL;
}

/* "N\..." or "N"; gives what is behind the number. */
static const char *number_of(const char *name, uint32_t *number) {
    uint64_t value = 0;
    const char *digit = name;
    for (; *digit >= '0' && *digit <= '9' && value <= UINT32_MAX; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    *number = (uint32_t)value;
    bool is_number = digit != name && value <= UINT32_MAX && (*digit == '\\' || *digit == '\0');
    return is_number ? digit : NULL;
}

static bool in_session(const char *name, const char *prefix, struct object_place *place) {
    const char *rest = behind(name, prefix);
    uint32_t number;
    if (!rest || !number_of(rest, &number))
        return false;
    *place = (struct object_place){.scope = SCOPE_SESSION, .number = number};
    return true;
}

static struct object_place place_of_key(const char *name) {
    struct object_place place = {.scope = SCOPE_MACHINE};
    const char *user = behind(name, "\\REGISTRY\\USER\\");
    if (!user || !*user)
        return place;
    size_t length = strcspn(user, "\\"), suffix = strlen(CLASSES);
    if (length > suffix && strncasecmp(user + length - suffix, CLASSES, suffix) == 0)
        length -= suffix;
    if (length == strlen(SYSTEM_HIVE) && strncasecmp(user, SYSTEM_HIVE, length) == 0) {
        user = SYSTEM_SID;
        length = strlen(SYSTEM_SID);
    }
    return (struct object_place){.scope = SCOPE_USER, .user = user, .user_length = length};
}

static struct object_place place_of_file(const char *name) {
    struct object_place place = {.scope = SCOPE_MACHINE};
    in_session(name, "\\Device\\NamedPipe\\Sessions\\", &place);
    return place;
}

/* A server silo has a tree of directories like the system's in \Silos\N. */
static struct object_place place_in_directories(const char *name) {
    struct object_place place = {.scope = SCOPE_GLOBAL};
    uint32_t silo;
    const char *rest = behind(name, "\\Silos\\");
    rest = rest ? number_of(rest, &silo) : NULL;
    if (behind(name, OBJECT_UNROOTED "\\"))
        place.scope = SCOPE_PRIVATE;
    else if (*name != '\\')
        place.scope = SCOPE_MACHINE; /* a name that is in no directory any more */
    else if (!in_session(rest ? rest : name, "\\Sessions\\", &place) && rest)
        place = (struct object_place){.scope = SCOPE_SILO, .number = silo};
    return place;
}

struct object_place object_place(const char *type, const char *name) {
    static const struct {
        const char *type;
        struct object_place (*place)(const char *name);
    } places[] = {{"File", place_of_file}, {"Key", place_of_key}};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        if (strcmp(places[i].type, type) == 0)
            return places[i].place(name);
    return place_in_directories(name);
}

const char *object_scope_name(enum object_scope scope) {
    static const char *const names[] = {
        [SCOPE_MACHINE] = "machine", [SCOPE_GLOBAL] = "global", [SCOPE_SESSION] = "session",
        [SCOPE_USER] = "user",       [SCOPE_SILO] = "silo",     [SCOPE_PRIVATE] = "private"};
    return names[scope];
}
