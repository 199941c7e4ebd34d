/*
 * discover.h - finding a kernel in physical memory that has no header.
 *
 * x64 with four levels of tables or five, x86, x86 with PAE. What is found is supplied to the image
 * under the names of the header's fields, so that everything above reads it the same way. Nothing
 * is taken on trust: page tables count when a kernel image is mapped by them.
 */
#ifndef NTDRIFT_KERNEL_DISCOVER_H
#define NTDRIFT_KERNEL_DISCOVER_H

#include "base/status.h"
#include "image/image.h"
#include "kernel/target.h"

struct discovery {
    enum vm_paging paging;
    uint64_t directory_table_base;
    uint64_t kernel_base;
};

/* Finds page tables and the kernel mapped by them; in the kernel KdDebuggerDataBlock or, where that
 * is encoded, PsLoadedModuleList. Looks in this order: DirectoryTableBase of a dump header in
 * the notes, CR3 of the processors in the notes, the low stub (x64), self-map entries in all pages.
 * The error says what was tried. */
enum status discover(struct error *err, struct image *image, struct discovery *found);

/* Supplies what memory says of the machine, as far as it is known by now: MachineImageType,
 * SystemTime, SystemUpTime_100ns, NumberProcessors. Again after symbols were attached. */
void discover_machine(const struct target *target);

#endif
