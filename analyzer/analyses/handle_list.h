/*
 * handle_list.h - every handle of every process, as the elements of `processes[].handles.entries`.
 *
 * A machine has hundreds of thousands: a handle takes 24 bytes, and an object some 60 and its name,
 * however many handles lead to it. Names are left out, READ_BAD_VALUE, once those of all handles
 * are longer together than the dump.
 */
#ifndef NTDRIFT_ANALYSES_HANDLE_LIST_H
#define NTDRIFT_ANALYSES_HANDLE_LIST_H

#include "analyses/sections.h"
#include "kernel/handles.h"
#include "kernel/object.h"

struct handle_list;

/* `target` and `objects` outlive the list. */
struct handle_list *handle_list_create(const struct target *target, const struct objects *objects);
void handle_list_destroy(void *list);

/* Adds a handle; `object` as object_read() gave it, or with the entry's own state where that could
 * not be read. Gives the state of the object's name; READ_PRESENT where the object itself, and so
 * its name, is not known. */
enum read_state handle_list_add(struct handle_list *list, const struct handle_entry *entry,
                                const struct object *object);

/* How many were added. */
size_t handle_list_count(const struct handle_list *list);

/* The place of the handles from the `first` on that were added up to now. */
json_t *handle_list_place(struct rows *rows, const struct handle_list *list, size_t first);

#endif
