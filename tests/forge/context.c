/*
 * context.c - the CONTEXT of a processor that stopped in the kernel.
 *
 * Source: winnt.h of the Windows SDK, CONTEXT of AMD64 and of x86.
 */
#include <string.h>

#include "machine.h"
#include "util.h"

enum {
    CONTEXT_FLAGS = 0x30,
    MX_CSR = 0x34,
    SEG_CS = 0x38,
    SEG_DS = 0x3a,
    SEG_ES = 0x3c,
    SEG_FS = 0x3e,
    SEG_GS = 0x40,
    SEG_SS = 0x42,
    EFLAGS = 0x44,
    RSP = 0x98,
    RIP = 0xf8,
    FLT_SAVE_CONTROL_WORD = 0x100,
    FLT_SAVE_MX_CSR = 0x118,
    FLT_SAVE_MX_CSR_MASK = 0x11c,
};

enum {
    X86_CONTEXT_FLAGS = 0x00,
    X86_SEG_FS = 0x90,
    X86_SEG_ES = 0x94,
    X86_SEG_DS = 0x98,
    X86_EIP = 0xb8,
    X86_SEG_CS = 0xbc,
    X86_EFLAGS = 0xc0,
    X86_ESP = 0xc4,
    X86_SEG_SS = 0xc8,
};

size_t context_size(const struct machine *machine) {
    return machine->pointer_size == 8 ? CONTEXT_SIZE : CONTEXT_SIZE_X86;
}

static void make_context_x86(const struct machine *machine, uint8_t *context, uint64_t stack) {
    memset(context, 0, CONTEXT_SIZE_X86);
    put(context + X86_CONTEXT_FLAGS, 0x10017, 4); /* control, integer, segments, debug */
    put(context + X86_SEG_FS, 0x30, 4);
    put(context + X86_SEG_ES, 0x23, 4);
    put(context + X86_SEG_DS, 0x23, 4);
    put(context + X86_EIP, machine->kernel_base + 0x1400, 4);
    put(context + X86_SEG_CS, 0x8, 4);
    put(context + X86_EFLAGS, 0x246, 4);
    put(context + X86_ESP, stack, 4);
    put(context + X86_SEG_SS, 0x10, 4);
}

void make_context(struct machine *machine, uint8_t context[CONTEXT_SIZE], uint64_t stack) {
    if (machine->pointer_size == 4) {
        make_context_x86(machine, context, stack);
        return;
    }
    memset(context, 0, CONTEXT_SIZE);
    put(context + CONTEXT_FLAGS, 0x10001f, 4); /* AMD64: control, integer, segments, float, debug */
    put(context + MX_CSR, 0x1f80, 4);
    put(context + SEG_CS, 0x10, 2);
    put(context + SEG_DS, 0x2b, 2);
    put(context + SEG_ES, 0x2b, 2);
    put(context + SEG_FS, 0x53, 2);
    put(context + SEG_GS, 0x2b, 2);
    put(context + SEG_SS, 0x18, 2);
    put(context + EFLAGS, 0x246, 4);
    put(context + RSP, stack, 8);
    put(context + RIP, machine->kernel_base + 0x1400, 8);
    put(context + FLT_SAVE_CONTROL_WORD, 0x27f, 2);
    put(context + FLT_SAVE_MX_CSR, 0x1f80, 4);
    put(context + FLT_SAVE_MX_CSR_MASK, 0xffff, 4);
}
