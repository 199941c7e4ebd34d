/*
 * service.h - system services by name, from a service table or from the stubs that call them, and
 * how two such lists differ. Private to syscalls.c and stubs.c.
 *
 * Services are matched by name, never by number: numbers are what changes. Those that keep their
 * order and got other numbers, because of services that were put in or taken out before them, are
 * one change for their table.
 */
#ifndef NTDRIFT_DIFFER_SERVICE_H
#define NTDRIFT_DIFFER_SERVICE_H

#include "differ/difference.h"

struct service {
    const char *name;
    json_int_t number;
    json_int_t arguments; /* -1: not known */
};

struct services {
    struct service *items;
    size_t count;
    size_t capacity;
    size_t nameless; /* services whose name is not known */
};

/* Appends a service as a snapshot has it; values that are not known, or not what the schema says,
 * are left out. */
void services_add(struct services *services, const json_t *name, const json_t *number,
                  const json_t *arguments);
void services_deinit(struct services *services);

/* Adds the changes between two lists, which are sorted here. `table` is what both belong to,
 * `section` the snapshot's section that they are from. */
void services_compare(struct difference *difference, const char *section, const char *table,
                      struct services *old, struct services *new);

#endif
