/*
 * vm.h - an address space: virtual addresses to bytes, through the page tables in an image.
 *
 * x64 with four levels or five (LA57), x86 with two (4 MiB pages too, above 4 GiB by PSE-36), and
 * x86 with PAE. Windows' software PTEs are understood: a transition page is still in memory and is
 * read; prototype, page-file and demand-zero PTEs say why there is nothing to read. An image that
 * holds memory by virtual address (a triage dump) is read in place of page tables: it has none, and
 * whatever it does not hold is READ_NOT_IN_DUMP. This layer knows no kernel structures.
 *
 * Sources: Intel SDM volume 3, chapter 4 (paging); the MMPTE_SOFTWARE, MMPTE_TRANSITION and
 * MMPTE_PROTOTYPE layouts of the kernel's own symbol files.
 */
#ifndef NTDRIFT_VM_VM_H
#define NTDRIFT_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

struct vm;

/* Which page tables there are, and so how wide a pointer is. */
enum vm_paging {
    VM_X64,      /* four levels */
    VM_X64_LA57, /* five levels */
    VM_X86,      /* two levels */
    VM_X86_PAE,  /* three levels */
};

/* Where a translation ended. */
struct vm_translation {
    enum read_state state;
    uint64_t physical;  /* of the address, where state is READ_PRESENT; of the entry that could
                           not be read, where it is READ_NOT_IN_DUMP or READ_CUT_OFF */
    uint64_t page_size; /* 4 KiB, 2 MiB (x86: 4 MiB) or 1 GiB; 0 where there is none */
    unsigned level;     /* of the last entry read: 1 PTE, 2 PDE, ... 5 PML5E; 0 where none was */
    uint64_t entry;     /* that entry */
    uint64_t entry_address; /* its physical address */
    bool transition; /* the page, or a table on the way, was reached through a transition PTE */
};

/* `directory_table_base` may carry flags in its low bits; they are masked. The image must outlive
 * the address space. The paging is what the image says of itself: its address_bits, and PaeEnabled
 * of its header. */
struct vm *vm_create(const struct image *image, uint64_t directory_table_base);
/* Another address space of the same machine: with its paging and its mask of invalid PTEs. */
struct vm *vm_create_like(const struct vm *vm, uint64_t directory_table_base);
/* An address space whose paging is known otherwise. */
struct vm *vm_create_paging(const struct image *image, enum vm_paging paging,
                            uint64_t directory_table_base);
void vm_destroy(struct vm *vm);

uint64_t vm_directory_table_base(const struct vm *vm);
enum vm_paging vm_paging(const struct vm *vm);
/* Bytes of a pointer: 8 or 4. */
unsigned vm_pointer_size(const struct vm *vm);

/* Kernels with the mitigation of CVE-2018-3620 (L1TF) set the bits of `mask` in every PTE that is
 * not valid, unless SwizzleBit says that they were set before: MiInvalidPteMask, later
 * MiState.Hardware.InvalidPteMask. Without it, such a kernel's transition pages are looked for
 * where no memory is, and its demand-zero pages seem paged out. It is 0 until it is set. */
void vm_set_invalid_pte_mask(struct vm *vm, uint64_t mask);

/* Whether bits 63..47 of `address` (LA57: 63..56) are all alike; on x86, whether it is below 4 GiB.
 */
bool vm_is_canonical(const struct vm *vm, uint64_t address);

/* Walks the tables, without the TLB; an image without page tables is READ_NOT_IN_DUMP. Does not
 * look whether the page itself is in the image. */
struct vm_translation vm_translate(struct vm *vm, uint64_t address);

/* The first mapped page from `*address` on, up to `last`: in `*address` where it starts, in
 * `*physical` where that lies. Goes through the tables, so that what is not mapped costs next to
 * nothing. `*entries` is how many entries may be looked at, and is lowered by how many were; false
 * where it is used up, or no page is left. */
bool vm_next_page(struct vm *vm, uint64_t last, uint64_t *entries, uint64_t *address,
                  uint64_t *physical);

/* Copies `length` bytes at `address`, over page borders; stops at the first page that cannot be
 * read and says why. `*failed_at`, where not NULL, is the first address that could not be read. */
enum read_state vm_read(struct vm *vm, uint64_t address, void *buffer, size_t length,
                        uint64_t *failed_at);

/* Little-endian integers; on failure `*value` is left as it was. */
enum read_state vm_read_u8(struct vm *vm, uint64_t address, uint8_t *value);
enum read_state vm_read_u16(struct vm *vm, uint64_t address, uint16_t *value);
enum read_state vm_read_u32(struct vm *vm, uint64_t address, uint32_t *value);
enum read_state vm_read_u64(struct vm *vm, uint64_t address, uint64_t *value);
/* A pointer of this architecture, zero-extended. */
enum read_state vm_read_pointer(struct vm *vm, uint64_t address, uint64_t *value);

#endif
