/*
 * address_proof.h - whether symbols are the very kernel's own where the dump does not hold the
 * GUID of its PDB: by the addresses of globals that KDDEBUGGER_DATA64 and the header publish.
 *
 * They lie all over the image. Each of them has to be where the symbols have it; another build,
 * or another update of the same build, has moved most: of 21 such addresses, no two of 16 real
 * kernels (7601 to 22000, up to five updates of one build) have more than nine in common.
 */
#ifndef NTDRIFT_KERNEL_ADDRESS_PROOF_H
#define NTDRIFT_KERNEL_ADDRESS_PROOF_H

#include "kernel/target.h"

/* Fewer addresses than this prove nothing. */
#define ADDRESS_PROOF_LEAST 10

/* Gives how many addresses agree; 0 where one does not. */
size_t address_proof(const struct target *target, const struct symbols *symbols);

#endif
