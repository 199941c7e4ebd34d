/*
 * service.h - system services by name, from a service table or from the stubs that call them, and
 * how two such lists differ.
 *
 * Services are matched by name, never by number: numbers are what changes. Those that keep their
 * order and got other numbers, because of services that were put in or taken out before them, are
 * one change for their table.
 */
#ifndef NTDRIFT_DIFFER_SERVICE_H
#define NTDRIFT_DIFFER_SERVICE_H

#include "differ/difference.h"

/* A system call's number is 12 bits of index and 2 of table (Windows Internals, 7th edition, Part
 * 2, chapter 8, "System service handling"). No list is longer. */
#define SERVICE_NUMBERS 0x4000

struct service {
    const char *name;
    json_int_t number;
    json_int_t arguments; /* -1: not known */
};

struct services {
    struct service *items;
    size_t count;
    size_t capacity;
    size_t nameless;         /* services whose name is not known ... */
    json_int_t *nameless_at; /* ... and the numbers of those that have one */
    size_t nameless_at_count, nameless_at_capacity;
};

/* Appends a service as a snapshot has it; values that are not known, or not what the schema says,
 * are left out. */
void services_add(struct services *services, const json_t *name, const json_t *number,
                  const json_t *arguments);
void services_deinit(struct services *services);

/* The services of one element of `tables` in the section `syscalls`; those that the table counts
 * and does not list have no name either. */
struct services services_of_table(const json_t *table);

/* The services that the stubs of one element of `modules` in the section `stubs` call. What is a
 * stub neither here nor in `other` (ntdll!NtGetTickCount) is no service that a comparison of the
 * two lacks; `other` may be NULL. */
struct services services_of_stubs(const json_t *module, const json_t *other);

/* How a section names its lists. */
struct services_lists {
    const char *section; /* "syscalls" */
    const char *key;     /* of a list's name: "name" */
    const char *holding; /* of its array: "services" */
    const char *noun;    /* for messages: "services" */
};

extern const struct services_lists services_tables; /* `tables` of the section `syscalls` */
extern const struct services_lists services_stubs;  /* `modules` of the section `stubs` */

/* The list called `name`; NULL where there is none, or it holds no array. */
const json_t *services_find_list(const struct services_lists *names, const json_t *lists,
                                 const char *name);

/* A service table, and the module whose stubs call its services. */
struct service_door {
    const char *table;  /* "KiServiceTable" */
    const char *module; /* "ntdll.dll" */
    const char *name;   /* of the module, as the debugger has it: "ntdll" */
};

extern const struct service_door service_doors[]; /* ends with a NULL table */

/* The services of a table as a snapshot lists them; NULL where it does not. */
const json_t *comparison_services(const json_t *snapshot, const char *table);

/* Says of what one side alone has that it is not comparable. */
void services_say_lone(struct difference *difference, const struct services_lists *names,
                       const json_t *lists, const json_t *others, const char *side);

/* Sorts by name, then number, as services_find() wants it. */
void services_sort(struct services *services);
const struct service *services_find(const struct services *services, const char *name);

/* Takes those out of `nameless` of both lists, which are sorted, that stand between the same two
 * services on both sides: nobody names such a one, and it is the same. */
void services_pair_nameless(struct services *old, struct services *new);

/* How most stubs of one element of `modules` enter the kernel: "syscall 4c8bd1b8????????0f05c3".
 * NULL where there is no such template. The caller frees. */
char *stubs_way(const json_t *module);

/* Adds the changes between two lists, which are sorted here. `table` is what both belong to,
 * `section` the snapshot's section that they are from. */
void services_compare(struct difference *difference, const char *section, const char *table,
                      struct services *old, struct services *new);

#endif
