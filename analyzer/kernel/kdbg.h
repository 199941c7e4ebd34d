/*
 * kdbg.h - KDDEBUGGER_DATA64: what the kernel tells a debugger about itself, offsets and sizes of
 * its structures included. A value of it is present, absent (the block of this build ends before
 * it) or unreadable.
 *
 * Source: wdbgexts.h of the Windows SDK (the structure is in no PDB).
 */
#ifndef NTDRIFT_KERNEL_KDBG_H
#define NTDRIFT_KERNEL_KDBG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/read.h"
#include "vm/vm.h"

#define KDBG_MAX_SIZE 0x400

struct kdbg {
    unsigned pointer_size; /* of the kernel: a 32-bit one sign-extends its addresses to 64 bits */
    uint64_t address;      /* 0: none was named by the header */
    enum read_state state; /* READ_BAD_VALUE: no 'KDBG' tag there (encoded, or not the block) */
    uint32_t size;         /* bytes, as the block says */
    uint32_t held;         /* of these, bytes that could be read */
    uint8_t bytes[KDBG_MAX_SIZE];
};

/* A member by Windows' name. */
struct kdbg_field {
    const char *name;
    uint16_t offset;
    uint8_t size; /* bytes: 2, 4 or 8 */
};

/* All members that ntdrift uses, in ascending order of offset; ends with a NULL name. */
extern const struct kdbg_field kdbg_fields[];

void kdbg_read(struct vm *vm, uint64_t address, struct kdbg *kdbg);

/* False where the block is not readable or this build's block has no such member. A zero is a
 * value. */
bool kdbg_value(const struct kdbg *kdbg, const char *name, uint64_t *value);

/* The keys of a block that lies encoded in memory (Windows 8 and later, when no debugger runs).
 * A crash dump holds it decoded. */
struct kdbg_keys {
    uint64_t wait_never;      /* value of nt!KiWaitNever */
    uint64_t wait_always;     /* value of nt!KiWaitAlways */
    uint64_t encoded_address; /* address of nt!KdpDataBlockEncoded */
};

/* Reads a block that kdbg_read() found no tag in; its state is READ_BAD_VALUE still where the keys
 * do not open it. */
void kdbg_decode(struct vm *vm, const struct kdbg_keys *keys, struct kdbg *kdbg);

#endif
