/* objects.h - what the files of section `objects` share among themselves. */
#ifndef NTDRIFT_ANALYSES_OBJECTS_H
#define NTDRIFT_ANALYSES_OBJECTS_H

#include "analyses/sections.h"
#include "kernel/object.h"

/* An object of a directory: its own name, which is the last part of its path, and its type. */
json_t *named_object_extract(struct analysis_context *context, uint64_t address,
                             bool *is_directory);

/* The bytes of names in what named_object_extract() gave: objects that lie could share the text of
 * one name, each with the whole of it. */
uint64_t named_object_bytes(const json_t *object);

/* Puts `namespaces`, and `namespaces_found_by`; left out where this build has none. */
void put_namespaces(struct analysis_context *context, json_t *section);

/* Adds to the coverage. */
void count_unreadable(struct analysis_context *context, const size_t unreadable[READ_STATE_COUNT]);

#endif
