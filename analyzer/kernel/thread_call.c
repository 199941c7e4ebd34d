/*
 * thread_call.c - the trap frame of a thread, and the system call it is in.
 *
 * Sources: _KTRAP_FRAME of AMD64 in Microsoft's public headers (ntosp.h): ExceptionActive is 0 in
 * an interrupt's frame, 1 in an exception's, 2 in a system service's; the volatile registers (Rax,
 * Rcx, R10, ...) are not saved for system calls. So what a thread called is told by
 * _KTHREAD.SystemCallNumber and FirstArgument alone, which the entry from user mode sets and
 * nothing clears.
 */
#include <string.h>

#include "kernel/address.h"
#include "kernel/thread.h"

#define SERVICE_FRAME   2
#define FRAMES_MOST     16 /* a kernel that calls its own services from within services */
#define FRAME_ALIGNMENT 4  /* of a frame's address; on x64 it is more */

static struct field_read read_member(const struct thread_reader *reader, uint64_t object,
                                     enum thread_member_name name) {
    if (!reader->members[name].present)
        return (struct field_read){.absent = true};
    return target_read_member(reader->target, object, &reader->members[name].field);
}

static enum read_state state_of(const struct field_read *read) {
    return read->absent ? READ_BAD_VALUE : read->state;
}

static bool is_frame_address(const struct thread_reader *reader, uint64_t address) {
    return address >= first_kernel_address(reader->target->vm) && address % FRAME_ALIGNMENT == 0;
}

/* ---- from user mode to the outermost frame ---- */

static void unknown(struct thread_frame *frame, enum read_state state) {
    frame->entered = ENTERED_UNKNOWN;
    frame->unknown = state;
}

static bool runs_in_user_mode(const struct thread_reader *reader, uint64_t thread) {
    for (size_t i = 0; i < reader->running_count; i++)
        if (reader->running[i].thread == thread)
            return reader->running[i].in_user_mode;
    return false;
}

/* Without ExceptionActive (x86) a system call is told by where it returns to. */
static void classify_by_return(const struct thread_reader *reader, struct thread_frame *frame) {
    struct field_read rip = read_member(reader, frame->user_frame, FRAME_RIP);
    const uint64_t *returns = reader->call_returns;
    if (state_of(&rip) != READ_PRESENT || (!returns[0] && !returns[1])) {
        unknown(frame, state_of(&rip) != READ_PRESENT ? state_of(&rip) : READ_BAD_VALUE);
        return;
    }
    bool returns_from_call = rip.value != 0 && (rip.value == returns[0] || rip.value == returns[1]);
    frame->entered = returns_from_call ? ENTERED_SERVICE : ENTERED_OTHER;
}

static void classify(const struct thread_reader *reader, struct thread_frame *frame) {
    struct field_read active = read_member(reader, frame->user_frame, FRAME_EXCEPTION_ACTIVE);
    if (active.absent)
        classify_by_return(reader, frame);
    else if (active.state != READ_PRESENT || active.value > SERVICE_FRAME)
        unknown(frame, active.state != READ_PRESENT ? active.state : READ_BAD_VALUE);
    else
        frame->entered = active.value == SERVICE_FRAME ? ENTERED_SERVICE : ENTERED_OTHER;
}

/* The kernel's own calls of its services (Zw) lay their frames over the one from user mode, which
 * lies above them on the stack. */
static void find_user_frame(const struct thread_reader *reader, struct thread_frame *frame) {
    uint64_t address = frame->address.value;
    for (unsigned i = 0; i < FRAMES_MOST; i++) {
        struct field_read segment = read_member(reader, address, FRAME_CODE_SEGMENT);
        if (state_of(&segment) != READ_PRESENT) {
            unknown(frame, state_of(&segment));
            return;
        }
        if (is_user_segment(segment.value)) {
            frame->user_frame = address;
            classify(reader, frame);
            return;
        }
        struct field_read outer = read_member(reader, address, FRAME_OUTER);
        if (state_of(&outer) != READ_PRESENT) {
            unknown(frame, state_of(&outer));
            return;
        }
        if (outer.value == 0)
            return;
        if (!is_frame_address(reader, outer.value) || outer.value <= address)
            break;
        address = outer.value;
    }
    unknown(frame, READ_BAD_VALUE);
}

struct thread_frame thread_frame_read(const struct thread_reader *reader, uint64_t thread,
                                      uint64_t state) {
    struct thread_frame frame = {.address = read_member(reader, thread, THREAD_TRAP_FRAME)};
    if (state_of(&frame.address) != READ_PRESENT) {
        unknown(&frame, state_of(&frame.address));
        return frame;
    }
    /* The stack of a thread that has ended is another's by now. */
    if (frame.address.value == 0 || state == THREAD_TERMINATED)
        return frame;
    frame.has_rip = true;
    if (!is_frame_address(reader, frame.address.value)) {
        frame.rip.state = READ_BAD_VALUE;
        unknown(&frame, READ_BAD_VALUE);
        return frame;
    }
    frame.rip = read_member(reader, frame.address.value, FRAME_RIP);
    /* A thread that runs in user mode left its last frame behind. */
    if (state != THREAD_RUNNING || !runs_in_user_mode(reader, thread))
        find_user_frame(reader, &frame);
    return frame;
}

/* ---- the call ---- */

/* 32-bit kernels before Windows 7 keep the number nowhere. The user's stack does: its top returns
 * into ntdll's stub, behind `mov eax, NUMBER; mov edx, 7FFE0300h; call [edx]` (before XP SP2:
 * call edx); the arguments lie behind that and the stub's own return address. */
enum {
    STUB_LENGTH = 12,
    STUB_NUMBER = 1,
    STUB_MOV_EDX = 5,
    STUB_CALL = 10,
    ARGUMENTS_AT = 8,
};

static bool is_stub(const uint8_t stub[STUB_LENGTH]) {
    return stub[0] == 0xb8 && stub[STUB_MOV_EDX] == 0xba && stub[STUB_CALL] == 0xff &&
           (stub[STUB_CALL + 1] == 0x12 || stub[STUB_CALL + 1] == 0xd2);
}

static struct field_read number_by_stub(struct vm *user, uint64_t stack) {
    struct field_read number = {0};
    uint8_t stub[STUB_LENGTH];
    uint64_t back;
    number.state = vm_read_pointer(user, stack, &back);
    if (number.state != READ_PRESENT)
        return number;
    number.address = back - STUB_LENGTH + STUB_NUMBER;
    number.state = vm_read(user, back - STUB_LENGTH, stub, sizeof stub, NULL);
    if (number.state != READ_PRESENT)
        return number;
    if (!is_stub(stub)) {
        number.state = READ_BAD_VALUE;
        return number;
    }
    for (unsigned i = 4; i-- > 0;)
        number.value = number.value << 8 | stub[STUB_NUMBER + i];
    return number;
}

static struct thread_call call_by_user_stack(const struct thread_reader *reader,
                                             const struct thread_frame *frame, struct vm *user) {
    struct thread_call call = {0};
    struct field_read stack = read_member(reader, frame->user_frame, FRAME_USER_STACK);
    if (!user)
        stack.state = READ_NOT_IN_DUMP;
    if (state_of(&stack) != READ_PRESENT) {
        call.number.state = call.first_argument.state = state_of(&stack);
        return call;
    }
    call.number = number_by_stub(user, stack.value);
    call.first_argument.address = stack.value + ARGUMENTS_AT;
    call.first_argument.state =
        vm_read_pointer(user, stack.value + ARGUMENTS_AT, &call.first_argument.value);
    return call;
}

struct thread_call thread_call_read(const struct thread_reader *reader, uint64_t thread,
                                    const struct thread_frame *frame, struct vm *user) {
    struct thread_call call = {
        .number = read_member(reader, thread, THREAD_SYSTEM_CALL_NUMBER),
        .first_argument = read_member(reader, thread, THREAD_FIRST_ARGUMENT),
    };
    if (!call.number.absent || vm_pointer_size(reader->target->vm) == 8)
        return call;
    return call_by_user_stack(reader, frame, user);
}
