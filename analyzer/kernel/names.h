/*
 * names.h - names of addresses, as a debugger prints them: "ntdll!NtReadFile+0xa",
 * "nt!KeWaitForSingleObject+0x1f", "NotMyfault+0x2f98".
 *
 * A module is called by its file's name without extension, the kernel `nt`,
 * WoW64's ntdll.dll, as the second of that name, `ntdll_77c30000`. Within it, symbol files
 * that were given for its PDB (GUID and age, exact) come first, then its exports, then the offset
 * in the module alone. Modules are cached by process, their symbols by image: processes that share
 * one ntdll.dll share its names.
 */
#ifndef NTDRIFT_KERNEL_NAMES_H
#define NTDRIFT_KERNEL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "image/read.h"
#include "kernel/target.h"

struct names;

/* The target outlives the names; its symbols are attached before. */
struct names *names_new(const struct target *target);
void names_free(struct names *names);

/* Names `address` as the process (address of its _EPROCESS) sees it; process 0: kernel addresses
 * alone. `name`, initialized, is replaced. READ_PRESENT with an empty name: it is known that
 * nothing can name it. Another state: what would name it cannot be read (the process's PEB, its
 * loader's lists); the name is empty then. */
enum read_state names_of(struct names *names, uint64_t process, uint64_t address,
                         struct text *name);

/* A module that holds an address. Valid until the names are freed. */
struct named_module {
    const char *name; /* "ntdll", "nt" */
    const char *file; /* "ntdll.dll", "ntoskrnl.exe": BaseDllName */
    uint64_t base;
    uint32_t size; /* bytes */
};

/* Which module holds the address; READ_PRESENT with `module->name` NULL where none does. */
enum read_state names_module(struct names *names, uint64_t process, uint64_t address,
                             struct named_module *module);

#endif
