/*
 * stack.c - unwinding the stack of a dump's own registers, and reading what cannot be unwound.
 */
#include "kernel/stack.h"

#include <string.h>

#include "base/memory.h"
#include "image/image.h"
#include "kernel/address.h"
#include "kernel/process.h"
#include "kernel/processor_scan.h"
#include "kernel/thread.h"
#include "kernel/unwind.h"

#define STACK_MOST 0x12000 /* KERNEL_LARGE_STACK_SIZE of x64, wdm.h */
#define SLOT       8
#define CALL_MOST  7 /* bytes of a call instruction that is looked for */

/* ---- the registers ---- */

/* CONTEXT of AMD64 (winnt.h), at the same place in every DUMP_HEADER64. */
enum {
    CONTEXT_AT = 0x348,
    CONTEXT_FLAGS = 0x30,
    CONTEXT_SEG_CS = 0x38,
    CONTEXT_REGISTERS = 0x78, /* rax, in the order of their numbers, and rip behind them */
    CONTEXT_END = 0x100,
    CONTEXT_AMD64 = 0x00100000,
    MACHINE_AMD64 = 0x8664,
};

static uint64_t get_number(const uint8_t *bytes, unsigned size) {
    uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* A header is filled with "PAGE" before it is written: ContextFlags tell. */
static bool take_registers(const struct target *target, struct unwind_context *context) {
    const struct image_info *info = image_info(target->image);
    uint64_t machine = 0;
    if (!info->header || info->address_bits != 64 || info->header_size < CONTEXT_AT + CONTEXT_END ||
        !image_header_value(target->image, "MachineImageType", &machine) ||
        machine != MACHINE_AMD64)
        return false;
    const uint8_t *record = info->header + CONTEXT_AT;
    if ((get_number(record + CONTEXT_FLAGS, 4) & 0xffff0000) != CONTEXT_AMD64 ||
        is_user_segment(get_number(record + CONTEXT_SEG_CS, 2)))
        return false;
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++)
        context->registers[i] = get_number(record + CONTEXT_REGISTERS + SLOT * i, SLOT);
    context->rip = get_number(record + CONTEXT_REGISTERS + SLOT * UNWIND_REGISTERS, SLOT);
    return true;
}

/* ---- whose stack ---- */

static uint64_t member_of(const struct target *target, uint64_t thread, const char *path) {
    struct field_read read = target_read_field(target, thread, "_KTHREAD", path);
    return read.absent || read.state != READ_PRESENT ? 0 : read.value;
}

/* Whether the stack pointer is on this thread's stack. */
static bool take_thread(const struct target *target, uint64_t thread, struct stack *stack) {
    uint64_t limit = member_of(target, thread, "StackLimit");
    uint64_t base = member_of(target, thread, "StackBase");
    if (limit == 0 || stack->pointer < limit || stack->pointer >= base ||
        base - stack->pointer > STACK_MOST)
        return false;
    struct field_read process = thread_process(target, thread);
    stack->thread = thread;
    stack->process = process.absent || process.state != READ_PRESENT ? 0 : process.value;
    stack->end = base;
    return true;
}

/* The thread that a processor ran. On none of their stacks is one that handles an interrupt. */
static void find_thread(const struct target *target, struct stack *stack) {
    struct processor_block block;
    stack->end = stack->pointer + STACK_MOST;
    processor_block_read(target, &block);
    processor_block_complete(target, &block);
    for (size_t i = 0; i < block.count && stack->thread == 0; i++) {
        if (block.items[i].state != READ_PRESENT)
            continue;
        struct field_read thread =
            target_read_field(target, block.items[i].prcb, "_KPRCB", "CurrentThread");
        if (!thread.absent && thread.state == READ_PRESENT)
            take_thread(target, thread.value, stack);
    }
    processor_block_deinit(&block);
    if (stack->thread == 0) {
        stack->thread = target->current.thread;
        stack->process = target->current.process;
    }
}

/* ---- frames ---- */

static bool add_frame(struct stack *stack, uint64_t address, uint64_t at,
                      enum stack_method method) {
    if (stack->count >= STACK_FRAMES_MOST)
        return false;
    stack->frames[stack->count++] = (struct stack_frame){address, at, method};
    return true;
}

/* The image that holds a kernel address; 0 where none does, or that is not known. */
static uint64_t image_at(struct names *names, uint64_t address) {
    struct named_module module = {0};
    return names_module(names, 0, address, &module) == READ_PRESENT && module.name ? module.base
                                                                                   : 0;
}

/* Gives the address of the first slot that was not unwound. */
static uint64_t unwind(const struct target *target, struct names *names,
                       struct unwind_context *context, struct stack *stack) {
    uint64_t *pointer = &context->registers[UNWIND_RSP];
    uint64_t next = *pointer;
    for (;;) {
        uint64_t at = 0, before = *pointer, base = image_at(names, context->rip);
        stack->unwinding = READ_BAD_VALUE;
        if (base == 0)
            return next;
        stack->unwinding = unwind_step(target->vm, base, context, &at);
        if (stack->unwinding != READ_PRESENT)
            return next;
        if (context->rip < first_kernel_address(target->vm)) {
            /* A thread's first frame returns to 0; a system call returns to user mode. */
            if (context->rip)
                add_frame(stack, context->rip, at, STACK_UNWOUND);
            return stack->end;
        }
        stack->unwinding = READ_BAD_VALUE;
        if (image_at(names, context->rip) == 0 || *pointer <= before || *pointer > stack->end ||
            !add_frame(stack, context->rip, at, STACK_UNWOUND))
            return next;
        next = *pointer;
    }
}

/* The forms of call that end before a return address: E8 with a distance; FF /2 with a register, or
 * with an address in a register, with and without a displacement (Intel SDM volume 2A, CALL). */
static bool ends_with_call(const uint8_t code[CALL_MOST]) {
    static const struct {
        unsigned length;
        uint8_t mask, modrm;
    } forms[] = {{2, 0xf8, 0xd0}, {2, 0xf8, 0x10}, {3, 0xf8, 0x50}, {6, 0xf8, 0x90},
                 {3, 0xff, 0x14}, {4, 0xff, 0x54}, {7, 0xff, 0x94}};
    if (code[CALL_MOST - 5] == 0xe8)
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        const uint8_t *start = code + CALL_MOST - forms[i].length;
        if (start[0] == 0xff && (start[1] & forms[i].mask) == forms[i].modrm)
            return true;
    }
    return code[CALL_MOST - 6] == 0xff && code[CALL_MOST - 5] == 0x15;
}

/* Code that is not in the dump shows nothing. */
static bool may_return_to(struct vm *vm, uint64_t address) {
    uint8_t code[CALL_MOST];
    return vm_read(vm, address - CALL_MOST, code, sizeof code, NULL) != READ_PRESENT ||
           ends_with_call(code);
}

static void scan(const struct target *target, struct names *names, uint64_t from,
                 struct stack *stack) {
    for (uint64_t at = (from + SLOT - 1) & ~(uint64_t)(SLOT - 1); at < stack->end; at += SLOT) {
        uint64_t value = 0;
        stack->end_state = vm_read_u64(target->vm, at, &value);
        stack->ended_at = at;
        if (stack->end_state != READ_PRESENT)
            return;
        if (value < first_kernel_address(target->vm) || image_at(names, value) == 0 ||
            !may_return_to(target->vm, value))
            continue;
        if (!add_frame(stack, value, at, STACK_SCANNED))
            return;
    }
}

void stack_read(const struct target *target, struct names *names, struct stack *stack) {
    struct unwind_context context;
    *stack = (struct stack){0};
    if (!take_registers(target, &context))
        return;
    stack->pointer = context.registers[UNWIND_RSP];
    stack->frames = xcalloc(STACK_FRAMES_MOST, sizeof *stack->frames);
    add_frame(stack, context.rip, 0, STACK_REGISTERS);
    if (stack->pointer < first_kernel_address(target->vm) ||
        stack->pointer > UINT64_MAX - STACK_MOST)
        return;
    stack->known = true;
    find_thread(target, stack);
    scan(target, names, unwind(target, names, &context, stack), stack);
}

void stack_deinit(struct stack *stack) {
    free(stack->frames);
    *stack = (struct stack){0};
}

const char *stack_method_name(enum stack_method method) {
    static const char *const names[] = {"registers", "unwind", "scan"};
    return names[method];
}
