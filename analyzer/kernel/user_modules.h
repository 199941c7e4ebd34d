/*
 * user_modules.h - which images are loaded where: the kernel's drivers, and the modules of a
 * process as its own loader has them, those of its WoW64 half too.
 *
 * A process can write what it likes into its own lists: they are bounded, and what they say of an
 * image is to be checked against the image.
 *
 * Source: the members used of _PEB, _PEB_LDR_DATA, _LDR_DATA_TABLE_ENTRY and
 * _KLDR_DATA_TABLE_ENTRY have the same offsets in the symbol files of all builds of one width from
 * 2600 to 22000; those of 32 bits are also the ones of WoW64 (_PEB32).
 */
#ifndef NTDRIFT_KERNEL_USER_MODULES_H
#define NTDRIFT_KERNEL_USER_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "image/read.h"
#include "image/triage.h"
#include "kernel/target.h"
#include "vm/vm.h"

struct loaded_module {
    uint64_t base;
    uint32_t size;    /* SizeOfImage, bytes; never 0 */
    bool wow64;       /* from the process's 32-bit loader */
    uint64_t name_at; /* address of its BaseDllName, a UNICODE_STRING of the loader's width */
    const struct triage_name *path; /* in its place for a triage dump's driver; or NULL */
};

struct module_list {
    struct loaded_module *items; /* in the loader's order; the WoW64 ones after the others */
    size_t count;
    size_t capacity;
    size_t *by_base;       /* positions in `items`, in ascending order of base */
    enum read_state state; /* why the list ends before its end; READ_PRESENT: it does not */
};

/* The kernel and its drivers. */
void kernel_modules_read(const struct target *target, struct module_list *list);

/* The modules of a process, read in its own address space. One that has none (System, a minimal
 * process) gives an empty list with READ_PRESENT. */
void user_modules_read(const struct target *target, uint64_t process, struct vm *space,
                       struct module_list *list);
void module_list_deinit(struct module_list *list);

/* The module that holds `address`; NULL where none does. Of those that overlap, which a loader
 * never makes, the one that starts last. */
const struct loaded_module *module_list_at(const struct module_list *list, uint64_t address);

/* The file name of a module: "ntdll.dll". `name`, initialized, is replaced; it is empty on anything
 * but READ_PRESENT. `space` is what the list was read in. */
enum read_state module_file_name(struct vm *space, const struct loaded_module *module,
                                 struct text *name);

/* The address space of a process, by its DirectoryTableBase; NULL where that is not known. The
 * caller destroys it. */
struct vm *process_space(const struct target *target, uint64_t process);

#endif
