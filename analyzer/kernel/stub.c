/*
 * stub.c - the shapes of system call stubs.
 *
 * Sources: listings of ntdll, win32u and of the kernel's Zw functions as every debugger shows them,
 * of 2600 (x86), 7601 to 22000; KUSER_SHARED_DATA.SystemCall (0x308) and SystemCallStub (0x300) in
 * the kernel's symbol files; Intel SDM volume 2 for the instructions.
 */
#include "kernel/stub.h"

#include <Zydis/Zydis.h>
#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"

#define UNKNOWN_MOST 32 /* bytes that are shown of code that is no known stub */

/* JMP rel32: Intel SDM volume 2. */
#define JUMP        0xe9
#define JUMP_LENGTH 5

/* Bytes in hexadecimal; NN is a byte of the number, OO one of an address or of an operand that has
 * no meaning to the entry, PP one of what `ret` pops. */
struct shape {
    enum stub_mechanism mechanism;
    bool is_64_bit;
    const char *pattern;
};

#define NUMBER "NNNNNNNN"
#define PLACE  "OOOOOOOO"
#define POPS   "c2PPPP"

/* 32-bit stubs of services without arguments end in a plain `ret`. */
#define NARROW(mechanism, body)                                                                    \
    {mechanism, false, "b8" NUMBER body POPS}, {                                                   \
        mechanism, false, "b8" NUMBER body "c3"                                                    \
    }

static const struct shape shapes[] = {
    {STUB_SYSCALL, true, "4c8bd1b8" NUMBER "0f05c3"},
    {STUB_SYSCALL_OR_INT2E, true, "4c8bd1b8" NUMBER "f604250803fe7f0175030f05c3cd2ec3"},
    {STUB_INT2E, true, "4c8bd1b8" NUMBER "cd2ec3"},
    {STUB_KERNEL, true, "488bc4fa4883ec10509c6a10488d05" PLACE "50b8" NUMBER "e9" PLACE},
    /* Windows 2000 */
    NARROW(STUB_INT2E, "8d542404cd2e"),
    /* XP; from its Service Pack 2 on through the pointer */
    NARROW(STUB_SYSENTER, "ba0003fe7fffd2"),
    NARROW(STUB_SYSENTER, "ba0003fe7fff12"),
    /* Windows 8 and later of 32 bits: the entry stands behind each stub */
    {STUB_SYSENTER, false, "b8" NUMBER "e803000000" POPS "8bd40f34c3"},
    {STUB_SYSENTER, false, "b8" NUMBER "e801000000c38bd40f34c3"},
    /* WoW64: up to 7, 8 and 8.1, 10 and later */
    NARROW(STUB_WOW64, "33c98d54240464ff15c000000083c404"),
    NARROW(STUB_WOW64, "b9" PLACE "8d54240464ff15c000000083c404"),
    NARROW(STUB_WOW64, "64ff15c0000000"),
    NARROW(STUB_WOW64, "33c964ff15c0000000"),
    NARROW(STUB_WOW64, "b9" PLACE "64ff15c0000000"),
    NARROW(STUB_WOW64, "ba" PLACE "ffd2"),
    /* NtQueryInformationProcess, which is called before the image is relocated: it looks whether a
     * pointer in its own middle has been (as in ntdll.dll of 10.0.19041.2130). */
    {STUB_WOW64, false,
     "b8" NUMBER "e8000000005a807a14OO750e64ff15c0000000" POPS PLACE "ba" PLACE "ffd2" POPS},
    /* Zw functions of a 32-bit kernel */
    NARROW(STUB_KERNEL, "8d5424049c6a08e8" PLACE),
};

const char *stub_mechanism_name(enum stub_mechanism mechanism) {
    static const char *const names[] = {
        [STUB_UNKNOWN] = "unknown",       [STUB_SYSCALL] = "syscall",
        [STUB_SYSENTER] = "sysenter",     [STUB_SYSCALL_OR_INT2E] = "syscall-or-int2e",
        [STUB_INT2E] = "int2e",           [STUB_WOW64] = "wow64",
        [STUB_KERNEL] = "kernel-service",
    };
    return names[mechanism];
}

static unsigned digit(char character) {
    return character <= '9' ? (unsigned)(character - '0') : (unsigned)(character - 'a') + 10;
}

static bool is_variable(char character) {
    return character == 'N' || character == 'O' || character == 'P';
}

/* Where a pattern has the number, in bytes. */
static size_t number_at(const struct shape *shape) {
    return strcspn(shape->pattern, "N") / 2;
}

/* Whether the first `length` bytes are as the shape has them. */
static bool starts_as(const struct shape *shape, const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        const char *pair = shape->pattern + 2 * i;
        if (!is_variable(*pair) && bytes[i] != (digit(pair[0]) << 4 | digit(pair[1])))
            return false;
    }
    return true;
}

static bool is_shape(const struct shape *shape, const uint8_t *bytes, size_t size) {
    size_t length = strlen(shape->pattern) / 2;
    return size >= length && starts_as(shape, bytes, length);
}

bool stub_number(const uint8_t bytes[STUB_START], bool is_64_bit, uint32_t *number) {
    for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
        size_t at = number_at(&shapes[i]);
        if (shapes[i].is_64_bit != is_64_bit || !starts_as(&shapes[i], bytes, at))
            continue;
        *number = load_u32(bytes + at);
        return true;
    }
    return false;
}

/* ---- code that is no known stub ---- */

static bool ends_code(const ZydisDecodedInstruction *instruction) {
    static const ZydisMnemonic last[] = {ZYDIS_MNEMONIC_RET,   ZYDIS_MNEMONIC_JMP,
                                         ZYDIS_MNEMONIC_INT3,  ZYDIS_MNEMONIC_IRET,
                                         ZYDIS_MNEMONIC_IRETD, ZYDIS_MNEMONIC_IRETQ};
    for (size_t i = 0; i < ARRAY_LENGTH(last); i++)
        if (instruction->mnemonic == last[i])
            return true;
    return false;
}

static bool is_jump(const ZydisDecodedInstruction *instruction) {
    return instruction->mnemonic == ZYDIS_MNEMONIC_JMP && instruction->raw.imm[0].is_relative;
}

/* Up to its first return or jump away, as far as it is code. */
static struct stub read_unknown(const uint8_t *bytes, size_t size, bool is_64_bit) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    ZydisDecoderInit(&decoder,
                     is_64_bit ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     is_64_bit ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    size_t most = size < UNKNOWN_MOST ? size : UNKNOWN_MOST;
    struct stub stub = {0};
    while (stub.length < most) {
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes + stub.length,
                                                        most - stub.length, &instruction))) {
            stub.length = most;
            break;
        }
        bool is_first = stub.length == 0;
        stub.length += instruction.length;
        if (is_first && is_jump(&instruction)) {
            stub.jumps = true;
            stub.jump = (int64_t)stub.length + instruction.raw.imm[0].value.s;
        }
        if (ends_code(&instruction))
            break;
    }
    return stub;
}

/* In 10 and later the high half of WoW64's number chooses a thunk of wow64cpu.dll; the low one is
 * the number of the 64-bit service. Before, that thunk was in ecx. */
static uint32_t service_number(enum stub_mechanism mechanism, uint32_t number) {
    return mechanism == STUB_WOW64 ? number & 0xffff : number;
}

struct stub stub_read(const uint8_t *bytes, size_t size, bool is_64_bit) {
    for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
        const struct shape *shape = &shapes[i];
        if (shape->is_64_bit != is_64_bit || !is_shape(shape, bytes, size))
            continue;
        return (struct stub){
            .mechanism = shape->mechanism,
            .has_number = true,
            .number = service_number(shape->mechanism, load_u32(bytes + number_at(shape))),
            .length = strlen(shape->pattern) / 2,
            .masked = shape->pattern};
    }
    return read_unknown(bytes, size, is_64_bit);
}

void stub_bytes(struct text *out, const struct stub *stub, const uint8_t *bytes) {
    for (size_t i = 0; i < stub->length; i++)
        text_printf(out, "%02x", bytes[i]);
}

void stub_template(struct text *out, const struct stub *stub, const uint8_t *bytes) {
    /* A jump to where the function really is leads as far as the build has put it. */
    bool is_jump = !stub->masked && stub->length == JUMP_LENGTH && bytes[0] == JUMP;
    for (size_t i = 0; i < stub->length; i++) {
        char sort = stub->masked ? stub->masked[2 * i] : is_jump && i ? 'O' : '\0';
        if (sort == 'N' || sort == 'O')
            text_puts(out, "??");
        else
            text_printf(out, "%02x", bytes[i]);
    }
}
