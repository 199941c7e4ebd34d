/*
 * kernel_scan.h - looking for the kernel's image in an address space, and for what lies in its
 * data, before any symbol is known.
 */
#ifndef NTDRIFT_KERNEL_KERNEL_SCAN_H
#define NTDRIFT_KERNEL_KERNEL_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/vm.h"

/* The base of the kernel image that holds `address`, an address of its code; 0: none does. */
uint64_t kernel_scan_below(struct vm *vm, uint64_t address);

/* How much may be looked at; lowered by how much was. */
struct kernel_scan_budget {
    uint64_t pages;
    uint64_t entries; /* of page tables */
};

/* The base of the first kernel image that is mapped where kernels are loaded; 0: none is. */
uint64_t kernel_scan_tables(const struct image *image, struct vm *vm,
                            struct kernel_scan_budget *budget);

/* The address of the KDDEBUGGER_DATA64 of the kernel at `base`; 0: there is none, or it lies
 * encoded. */
uint64_t kernel_scan_kdbg(struct vm *vm, uint64_t base);

/* The address of PsLoadedModuleList, by the only list head in the image whose first entry is a
 * module at `base`; 0: there is none. */
uint64_t kernel_scan_modules(struct vm *vm, uint64_t base);

#endif
