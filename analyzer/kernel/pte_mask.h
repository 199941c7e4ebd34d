/*
 * pte_mask.h - the bits that a kernel with the mitigation of CVE-2018-3620 (L1TF) sets in PTEs
 * that are not valid. Without them its transition pages cannot be found (vm/vm.h).
 */
#ifndef NTDRIFT_KERNEL_PTE_MASK_H
#define NTDRIFT_KERNEL_PTE_MASK_H

#include "kernel/target.h"

/* Reads the mask and tells it to the target's address space: nt!MiInvalidPteMask, or
 * Hardware.InvalidPteMask of nt!MiState. Where symbols do not name MiState it is found from the
 * head of the Memory Manager's ring, which is a part of it. Nothing happens where this build has
 * no such mask or it cannot be read. Wants symbols attached. */
void pte_mask_learn(struct target *target);

#endif
