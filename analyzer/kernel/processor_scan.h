/*
 * processor_scan.h - processors that KiProcessorBlock does not give, because its page is not in
 * the dump: their _KPCR, looked for around the kernel image, where the loader puts the first one.
 */
#ifndef NTDRIFT_KERNEL_PROCESSOR_SCAN_H
#define NTDRIFT_KERNEL_PROCESSOR_SCAN_H

#include "kernel/processor.h"

/* Fills the entries of `block` that could not be read, as far as such processors are found; marks
 * them `scanned`. A page counts as a _KPCR only where its members say that it is one. Does nothing
 * where no entry is missing. */
void processor_block_complete(const struct target *target, struct processor_block *block);

#endif
