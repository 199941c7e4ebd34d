/*
 * module.h - the members of a loaded module's entry that have to be read before symbols are known:
 * the kernel's own base is found by them, and symbols by the kernel.
 *
 * Source: _KLDR_DATA_TABLE_ENTRY and _LDR_DATA_TABLE_ENTRY of x64 in every symbol file from 7601
 * to 22000: the offsets are the same in all of them. InLoadOrderLinks is the first member.
 */
#ifndef NTDRIFT_KERNEL_MODULE_H
#define NTDRIFT_KERNEL_MODULE_H

#define MODULE_DLL_BASE      0x30
#define MODULE_SIZE_OF_IMAGE 0x40

#endif
