/*
 * unwind.c - RUNTIME_FUNCTION and UNWIND_INFO of x64 images.
 */
#include "kernel/unwind.h"

#include <stdbool.h>

#include "base/memory.h"
#include "kernel/pe.h"

#define FUNCTION_SIZE  12u
#define FUNCTIONS_MOST (1u << 22) /* the largest kernels have some 40,000 */
#define CHAIN_MOST     32
#define CODES_MOST     256
#define SLOT           8

enum { FLAG_CHAINED = 4 };

/* RUNTIME_FUNCTION; all RVAs. */
struct function {
    uint32_t begin, end, unwind;
};

enum {
    PUSH_NONVOL,
    ALLOC_LARGE,
    ALLOC_SMALL,
    SET_FPREG,
    SAVE_NONVOL,
    SAVE_NONVOL_FAR,
    EPILOG, /* version 2: where the epilogues are */
    SPARE,
    SAVE_XMM128,
    SAVE_XMM128_FAR,
    PUSH_MACHFRAME,
    OPERATIONS
};

/* A function being left. */
struct leaving {
    struct vm *vm;
    uint64_t base;
    uint32_t offset; /* of rip in the function; UINT32_MAX in those that it is chained to */
    struct unwind_context context;
    bool machine_frame; /* rip was in it, and the next one needs no return address */
    uint64_t at;
};

/* UNWIND_INFO. */
struct info {
    unsigned version, flags, frame_register;
    uint64_t frame_offset;
    unsigned count; /* slots of codes */
    struct {
        uint8_t offset, operation, detail;
    } codes[CODES_MOST];
    uint8_t bytes[2 * CODES_MOST];
};

/* ---- tables ---- */

static enum read_state read_function(struct vm *vm, uint64_t address, struct function *function) {
    enum read_state state = vm_read_u32(vm, address, &function->begin);
    if (state == READ_PRESENT)
        state = vm_read_u32(vm, address + 4, &function->end);
    if (state == READ_PRESENT)
        state = vm_read_u32(vm, address + 8, &function->unwind);
    return state;
}

/* The entry of the function at `rva`; begin is 0 where none has it. Searched by halves, as the
 * kernel does it: of a table of which parts are missing, the parts that it touched are the ones
 * that are most likely there. */
static enum read_state find_function(struct vm *vm, uint64_t base, uint32_t rva,
                                     struct function *function) {
    struct pe_directory table;
    enum read_state state = pe_directory(vm, base, PE_DIRECTORY_EXCEPTION, &table);
    *function = (struct function){0};
    if (state != READ_PRESENT)
        return state;
    uint32_t low = 0, high = table.size / FUNCTION_SIZE;
    if (high == 0 || high > FUNCTIONS_MOST)
        return READ_BAD_VALUE;
    while (low < high) {
        uint32_t middle = low + (high - low - 1) / 2;
        struct function found;
        state = read_function(vm, base + table.rva + (uint64_t)middle * FUNCTION_SIZE, &found);
        if (state != READ_PRESENT)
            return state;
        if (rva < found.begin) {
            high = middle;
        } else if (rva >= found.end) {
            low = middle + 1;
        } else {
            *function = found;
            return READ_PRESENT;
        }
    }
    return READ_PRESENT;
}

static enum read_state read_info(struct vm *vm, uint64_t address, struct info *info) {
    uint8_t header[4];
    enum read_state state = vm_read(vm, address, header, sizeof header, NULL);
    if (state != READ_PRESENT)
        return state;
    info->version = header[0] & 7;
    info->flags = header[0] >> 3;
    info->count = header[2];
    info->frame_register = header[3] & 15;
    info->frame_offset = (uint64_t)(header[3] >> 4) * 16;
    if (info->version != 1 && info->version != 2)
        return READ_BAD_VALUE;
    state = vm_read(vm, address + sizeof header, info->bytes, 2 * (size_t)info->count, NULL);
    for (unsigned i = 0; state == READ_PRESENT && i < info->count; i++) {
        info->codes[i].offset = info->bytes[2 * i];
        info->codes[i].operation = info->bytes[2 * i + 1] & 15;
        info->codes[i].detail = info->bytes[2 * i + 1] >> 4;
    }
    return state;
}

/* ---- codes ---- */

static uint64_t slot_value(const struct info *info, unsigned slot, unsigned slots) {
    uint64_t value = 0;
    for (unsigned i = 0; i < 2 * slots; i++)
        value |= (uint64_t)info->bytes[2 * slot + i] << 8 * i;
    return value;
}

static enum read_state pop(struct leaving *leaving, uint64_t *value) {
    uint64_t *stack = &leaving->context.registers[UNWIND_RSP];
    enum read_state state = vm_read_u64(leaving->vm, *stack, value);
    leaving->at = *stack;
    *stack += SLOT;
    return state;
}

/* The processor's own frame: rip, cs, eflags, rsp, ss (Intel SDM volume 3A, 6.14.2). */
static enum read_state pop_machine_frame(struct leaving *leaving, bool has_error_code) {
    uint64_t frame = leaving->context.registers[UNWIND_RSP] + (has_error_code ? SLOT : 0);
    leaving->at = frame;
    leaving->machine_frame = true;
    enum read_state state = vm_read_u64(leaving->vm, frame, &leaving->context.rip);
    if (state != READ_PRESENT)
        return state;
    return vm_read_u64(leaving->vm, frame + 3 * SLOT, &leaving->context.registers[UNWIND_RSP]);
}

static unsigned slots_of(unsigned operation, unsigned detail) {
    static const uint8_t slots[OPERATIONS] = {
        [PUSH_NONVOL] = 1,     [ALLOC_LARGE] = 2,     [ALLOC_SMALL] = 1, [SET_FPREG] = 1,
        [SAVE_NONVOL] = 2,     [SAVE_NONVOL_FAR] = 3, [EPILOG] = 2,      [SAVE_XMM128] = 2,
        [SAVE_XMM128_FAR] = 3, [PUSH_MACHFRAME] = 1,
    };
    if (operation == ALLOC_LARGE && detail == 1)
        return 3;
    return operation < OPERATIONS ? slots[operation] : 0;
}

/* Undoes the code in slot `i`. */
static enum read_state undo(struct leaving *leaving, const struct info *info, unsigned i) {
    unsigned detail = info->codes[i].detail;
    uint64_t *registers = leaving->context.registers;
    uint64_t *stack = &registers[UNWIND_RSP];
    switch (info->codes[i].operation) {
    case PUSH_NONVOL:
        return pop(leaving, &registers[detail]);
    case ALLOC_LARGE:
        *stack += detail ? slot_value(info, i + 1, 2) : slot_value(info, i + 1, 1) * SLOT;
        break;
    case ALLOC_SMALL:
        *stack += detail * SLOT + SLOT;
        break;
    case SET_FPREG:
        *stack = registers[info->frame_register] - info->frame_offset;
        break;
    case SAVE_NONVOL:
        return vm_read_u64(leaving->vm, *stack + slot_value(info, i + 1, 1) * SLOT,
                           &registers[detail]);
    case SAVE_NONVOL_FAR:
        return vm_read_u64(leaving->vm, *stack + slot_value(info, i + 1, 2), &registers[detail]);
    case PUSH_MACHFRAME:
        return pop_machine_frame(leaving, detail != 0);
    default: /* epilogues, and registers that are not followed */
        break;
    }
    return READ_PRESENT;
}

/* Codes are in the order in which they are undone. Those behind rip did not happen yet. */
static enum read_state undo_all(struct leaving *leaving, const struct info *info) {
    for (unsigned i = 0; i < info->count;) {
        unsigned slots = slots_of(info->codes[i].operation, info->codes[i].detail);
        if (slots == 0 || i + slots > info->count)
            return READ_BAD_VALUE;
        bool happened = leaving->offset >= info->codes[i].offset;
        enum read_state state = happened ? undo(leaving, info, i) : READ_PRESENT;
        if (state != READ_PRESENT)
            return state;
        i += slots;
    }
    return READ_PRESENT;
}

/* A function can be in parts, each with codes of its own, chained to the one before. */
static enum read_state leave(struct leaving *leaving, struct function function) {
    struct info info;
    for (unsigned i = 0; i < CHAIN_MOST; i++) {
        uint64_t address = leaving->base + function.unwind;
        enum read_state state;
        if (function.unwind & 1) { /* of another entry */
            state = read_function(leaving->vm, address - 1, &function);
            if (state != READ_PRESENT)
                return state;
            continue;
        }
        state = read_info(leaving->vm, address, &info);
        if (state == READ_PRESENT)
            state = undo_all(leaving, &info);
        if (state != READ_PRESENT || !(info.flags & FLAG_CHAINED))
            return state;
        leaving->offset = UINT32_MAX;
        uint64_t behind = address + 4 + 2 * (uint64_t)((info.count + 1) & ~1u);
        state = read_function(leaving->vm, behind, &function);
        if (state != READ_PRESENT)
            return state;
    }
    return READ_BAD_VALUE;
}

enum read_state unwind_step(struct vm *vm, uint64_t base, struct unwind_context *context,
                            uint64_t *at) {
    struct leaving leaving = {.vm = vm, .base = base, .context = *context};
    struct function function;
    uint64_t rva = context->rip - base;
    if (rva > UINT32_MAX)
        return READ_BAD_VALUE;
    enum read_state state = find_function(vm, base, (uint32_t)rva, &function);
    leaving.offset = (uint32_t)rva - function.begin;
    if (state == READ_PRESENT && function.end != 0)
        state = leave(&leaving, function);
    if (state == READ_PRESENT && !leaving.machine_frame)
        state = pop(&leaving, &leaving.context.rip);
    if (state != READ_PRESENT)
        return state;
    *context = leaving.context;
    *at = leaving.at;
    return READ_PRESENT;
}
