/*
 * stub.h - the stub of a system service: the few instructions by which a program, or the kernel
 * itself, asks for it. A stub is known when its bytes are one of the shapes that Windows had; what
 * is not is shown, not guessed.
 */
#ifndef NTDRIFT_KERNEL_STUB_H
#define NTDRIFT_KERNEL_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* How a stub enters the kernel. */
enum stub_mechanism {
    STUB_UNKNOWN,
    STUB_SYSCALL,
    STUB_SYSCALL_OR_INT2E, /* chosen by SharedUserData+0x308 (SystemCall) */
    STUB_SYSENTER,         /* by SharedUserData+0x300 (SystemCallStub) as well */
    STUB_INT2E,
    STUB_WOW64,  /* over the 64-bit side of the process */
    STUB_KERNEL, /* KiServiceInternal or KiSystemService, from within the kernel */
};

/* "syscall", "syscall-or-int2e", ..., "unknown" */
const char *stub_mechanism_name(enum stub_mechanism mechanism);

#define STUB_MOST 64 /* bytes that are looked at */

struct stub {
    enum stub_mechanism mechanism;
    bool has_number;
    uint32_t number;
    size_t length; /* bytes of it; of one that is unknown up to its first return or jump away */
    bool jumps;   /* it is unknown, and nothing but one jump */
    int64_t jump; /* how far from its first byte that leads */
    const char *masked; /* a row of the table of shapes; NULL where unknown */
};

/* What the code at `bytes` is; at least one byte. Code that ends outside of them is unknown. */
struct stub stub_read(const uint8_t *bytes, size_t size, bool is_64_bit);

#define STUB_START 25 /* bytes up to the end of the number, in the shape that has it last */

/* The number that code asks for, where it begins as a stub of some shape does, whatever follows: a
 * hook leaves the start of a stub as it was. At least STUB_START bytes. */
bool stub_number(const uint8_t bytes[STUB_START], bool is_64_bit, uint32_t *number);

/* "4c8bd1b8070000000f05c3" */
void stub_bytes(struct text *out, const struct stub *stub, const uint8_t *bytes);

/* The same with "??" for what differs from stub to stub of a module: the number, and addresses. */
void stub_template(struct text *out, const struct stub *stub, const uint8_t *bytes);

#endif
