/*
 * context.c - the CONTEXT of a processor that stopped in the kernel.
 *
 * Source: winnt.h of the Windows SDK, CONTEXT of AMD64.
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

void make_context(struct machine *machine, uint8_t context[CONTEXT_SIZE], uint64_t stack) {
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
