/*
 * layout.h - structure layouts out of a profile file (schema "ntdrift-profile/1"): where a member
 * lies, how wide it is. A build that has no such member is a normal answer.
 */
#ifndef FORGE_LAYOUT_H
#define FORGE_LAYOUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct layout;

struct member {
    uint64_t offset; /* from the start of the outermost structure */
    unsigned size;   /* bytes; of the word that holds it, for a bit-field */
    unsigned position;
    unsigned length; /* bits; 0: no bit-field */
};

struct layout *layout_open(const char *folder, const char *name);
void layout_close(struct layout *layout);

/* All types of the profile: name to {"size", "fields"}. */
json_t *layout_types(const struct layout *layout);

/* Bytes of a pointer: 8, or 4 for a layout of x86. */
unsigned layout_pointer_size(const struct layout *layout);

bool layout_has(const struct layout *layout, const char *type);
/* Bytes; stops where the profile has no such type. */
uint64_t layout_size(const struct layout *layout, const char *type);

/* `path` may go through named types: "Tcb.Header.Type". */
bool layout_member(const struct layout *layout, const char *type, const char *path,
                   struct member *member);
/* The offset; stops where there is none. */
uint64_t layout_offset(const struct layout *layout, const char *type, const char *path);

#endif
