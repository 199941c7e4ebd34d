/*
 * module.h - the members of a loaded module's entry that have to be read before symbols are known:
 * the kernel's own base is found by them, and symbols by the kernel.
 *
 * Source: _KLDR_DATA_TABLE_ENTRY and _LDR_DATA_TABLE_ENTRY in every symbol file from 7601 to
 * 22000 (x64) and of 2600 (x86): the offsets are the same in all of one width. InLoadOrderLinks is
 * the first member.
 */
#ifndef NTDRIFT_KERNEL_MODULE_H
#define NTDRIFT_KERNEL_MODULE_H

#include "vm/vm.h"

static inline uint64_t module_dll_base(const struct vm *vm) {
    return vm_pointer_size(vm) == 8 ? 0x30 : 0x18;
}

static inline uint64_t module_size_of_image(const struct vm *vm) {
    return vm_pointer_size(vm) == 8 ? 0x40 : 0x20;
}

#endif
