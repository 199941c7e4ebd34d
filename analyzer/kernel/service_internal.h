/* service_internal.h - what the files that read system services share. */
#ifndef NTDRIFT_KERNEL_SERVICE_INTERNAL_H
#define NTDRIFT_KERNEL_SERVICE_INTERNAL_H

#include "kernel/services.h"
#include "kernel/user_modules.h"

#define SERVICE_MODULES 4 /* that win32k's services lie in; no build has more than two */

/* A name that the stub of a number has. */
struct stub_name {
    char *name;         /* owned; NULL: none */
    const char *source; /* "kernel-stub", "ntdll", "win32u" */
};

struct services {
    const struct target *target;
    const uint64_t *processes;
    size_t process_count;
    struct module_list modules; /* the kernel and its drivers */
    const char **module_names;  /* of each, once it was asked for */
    struct service_table tables[SERVICES_TABLES];
    struct stub_name stubs[SERVICES_TABLES][SERVICE_LIMIT];
    struct symbols *opened[SERVICE_MODULES]; /* of win32k's modules */
    size_t opened_count;
    char **owned; /* names of modules and from symbols */
    size_t owned_count;
    size_t owned_capacity;
};

/* Which tables there are and what their entries say. */
void service_tables_read(struct services *services);

/* The same of a kernel's file, where the table is as the linker left it. */
void service_file_read(struct services *services);

/* Names by the stubs of the kernel, of ntdll and of win32u. */
void service_stubs_read(struct services *services);

/* The file name of a module of services->modules; "" where it cannot be read. */
const char *services_module_name(struct services *services, const struct loaded_module *module);

/* Keeps a name for as long as the services live. */
const char *services_keep(struct services *services, char *name);

#endif
