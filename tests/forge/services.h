/*
 * services.h - system services of the machine: Nt names with numbers, and where they are.
 */
#ifndef FORGE_SERVICES_H
#define FORGE_SERVICES_H

#include "machine.h"

/* Reads the lists and places the kernel's services; before the kernel's exports are written. */
void open_services(struct machine *machine);
void close_services(struct machine *machine);
/* By its Nt name; NULL where this build has none. */
const struct service *find_service(const struct machine *machine, const char *name);
/* Adds the exports of the kernel that are services or stubs; gives their count. */
size_t service_exports(struct machine *machine, struct export *exports, size_t room);

#endif
