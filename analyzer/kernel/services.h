/*
 * services.h - the system services: the tables KiServiceTable and W32pServiceTable, and the names
 * of their numbers.
 *
 * The tables are found by nt!KeServiceDescriptorTable and its Shadow; without symbols of this very
 * kernel, by the instructions of its system call entry that load the two, or by
 * _KTHREAD.ServiceTable. A table is believed when its base and limit make sense and its entries
 * decode to kernel addresses.
 *
 * Source: KSERVICE_TABLE_DESCRIPTOR {Base, Count, Limit, Number}, as Volatility (windows.ssdt)
 * reads it. x86: entries are pointers, arguments are the bytes of the table `Number`. x64: an entry
 * is 32 bits, signed: the distance from Base, shifted left by 4, and the number of arguments on the
 * stack in the low bits.
 */
#ifndef NTDRIFT_KERNEL_SERVICES_H
#define NTDRIFT_KERNEL_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "kernel/target.h"

/* The number of the first service of win32k's table: bit 12 chooses the table. */
#define SERVICE_WIN32K 0x1000
/* The low 12 bits are the number in a table. */
#define SERVICE_LIMIT 0x1000

struct service {
    enum read_state state; /* of the entry */
    uint64_t address;
    uint8_t arguments; /* x64: on the stack, beyond the first four; x86: all, in words */
    enum read_state arguments_state;
    const char *name;        /* "NtReadFile"; NULL: nothing names it */
    const char *name_source; /* "symbols", "kernel-stub", "ntdll", "win32u" */
    const char *module;      /* "ntoskrnl.exe": whose image holds it; NULL: no module's */
    uint64_t rva;            /* in that image */
    bool is_foreign;         /* it points outside of nt, or of win32k*.sys */
};

struct service_table {
    const char *name;     /* "KiServiceTable", "W32pServiceTable" */
    const char *found_by; /* "symbols", "system call entry", "export", "ServiceTable"; NULL: not
                             found, and `problem` says what was tried */
    const char *problem;  /* also why a table that was found has no entries that can be read */
    uint64_t descriptor;  /* address of its KSERVICE_TABLE_DESCRIPTOR */
    uint64_t address;
    uint64_t process; /* in whose address space it is read; 0: in that of the dump */
    uint32_t first;   /* number of its first service: 0 or SERVICE_WIN32K */
    uint32_t count;
    struct service *items;
};

enum { SERVICES_NT, SERVICES_WIN32K, SERVICES_TABLES };

struct services;

/* Of a dump, or of a kernel's file (target_open_executable()), where KiServiceTable alone can be.
 * `processes`: those in whose address spaces win32k and ntdll are looked for. The target outlives
 * the services. Never fails: what is not found is said in the tables. */
struct services *services_read(const struct target *target, const uint64_t *processes,
                               size_t count);
void services_free(struct services *services);

const struct service_table *services_table(const struct services *services, unsigned which);

/* The name of a system call's number, also where the table itself is not in the dump. False where
 * nothing names it. `name`, initialized, is replaced. */
bool services_name(const struct services *services, uint64_t number, struct text *name);

#endif
