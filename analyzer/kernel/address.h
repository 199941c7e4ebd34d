/*
 * address.h - what is at fixed addresses, by the width of a pointer.
 *
 * x64: the upper half of the canonical addresses (Intel SDM volume 1, 3.3.7.1) is the kernel's;
 * with LA57 it is larger.
 * x86: the upper 2 GiB, or less of them (/3GB). KI_USER_SHARED_DATA and KIP0PCRADDRESS, the first
 * processor's _KPCR of 32-bit kernels before Vista, are in the Windows Driver Kit (ntddk.h).
 */
#ifndef NTDRIFT_KERNEL_ADDRESS_H
#define NTDRIFT_KERNEL_ADDRESS_H

#include "vm/vm.h"

#define FIRST_PCR_X86 0xffdff000

static inline uint64_t first_kernel_address(const struct vm *vm) {
    static const uint64_t first[] = {
        [VM_X64] = 0xffff800000000000,
        [VM_X64_LA57] = 0xff00000000000000,
        [VM_X86] = 0x80000000,
        [VM_X86_PAE] = 0x80000000,
    };
    return first[vm_paging(vm)];
}

static inline uint64_t shared_data_address(const struct vm *vm) {
    return vm_pointer_size(vm) == 8 ? 0xfffff78000000000 : 0xffdf0000;
}

#endif
