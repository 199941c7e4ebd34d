/*
 * unwind.h - from a place in an x64 function to its caller, by the function tables of its image.
 *
 * An address inside a function's epilogue is taken for one in its body: only the topmost frame of a
 * stack can be there. Frames without entries in a table (leaf functions) are those of a table that
 * could be read; nothing is guessed.
 *
 * Source: Microsoft, "x64 exception handling" (RUNTIME_FUNCTION, UNWIND_INFO, UNWIND_CODE); "PE
 * Format", the .pdata section.
 */
#ifndef NTDRIFT_KERNEL_UNWIND_H
#define NTDRIFT_KERNEL_UNWIND_H

#include <stdint.h>

#include "image/read.h"
#include "vm/vm.h"

/* By their numbers in instructions: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15. */
enum { UNWIND_RSP = 4, UNWIND_REGISTERS = 16 };

struct unwind_context {
    uint64_t rip;
    uint64_t registers[UNWIND_REGISTERS];
};

/* Replaces the registers by the caller's, as far as the function saved them; those that it need not
 * preserve keep their values. `base` is of the image that holds rip. Where the state is not
 * READ_PRESENT (BAD_VALUE: the tables make no sense) `context` is as it was. `*at` is the address
 * of the slot that held the caller's rip. */
enum read_state unwind_step(struct vm *vm, uint64_t base, struct unwind_context *context,
                            uint64_t *at);

#endif
