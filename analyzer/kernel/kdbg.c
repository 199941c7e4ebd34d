/*
 * kdbg.c - the debugger data block: its members by name, plain or encoded.
 *
 * Source of the members and their order: KDDEBUGGER_DATA64 in wdbgexts.h. The offsets follow by
 * natural alignment; the members of a real block of 19041 agree with the symbols of that kernel.
 */
#include "kernel/kdbg.h"

#include <string.h>

#define TAG_OFFSET  0x10
#define SIZE_OFFSET 0x14
#define HEADER_SIZE 0x18 /* DBGKD_DEBUG_DATA_HEADER64 */

const struct kdbg_field kdbg_fields[] = {
    {"KernBase", 0x18, 8},
    {"PsLoadedModuleList", 0x48, 8},
    {"PsActiveProcessHead", 0x50, 8},
    {"PspCidTable", 0x58, 8},
    {"ExpSystemResourcesList", 0x60, 8},
    {"KeTimeIncrement", 0x78, 8},
    {"KiBugCheckData", 0x88, 8},
    {"ObpRootDirectoryObject", 0x98, 8},
    {"ObpTypeObjectType", 0xa0, 8},
    {"MmPfnDatabase", 0xc0, 8},
    {"MmHighestUserAddress", 0x1c8, 8},
    {"MmSystemRangeStart", 0x1d0, 8},
    {"MmUserProbeAddress", 0x1d8, 8},
    {"MmLoadedUserImageList", 0x200, 8},
    {"NtBuildLab", 0x208, 8},
    {"KiProcessorBlock", 0x218, 8},
    {"MmUnloadedDrivers", 0x220, 8},
    {"MmLastUnloadedDriver", 0x228, 8},
    {"CmNtCSDVersion", 0x268, 8},
    {"OffsetKThreadNextProcessor", 0x298, 2},
    {"OffsetKThreadTeb", 0x29a, 2},
    {"OffsetKThreadKernelStack", 0x29c, 2},
    {"OffsetKThreadInitialStack", 0x29e, 2},
    {"OffsetKThreadApcProcess", 0x2a0, 2},
    {"OffsetKThreadState", 0x2a2, 2},
    {"SizeEProcess", 0x2a8, 2},
    {"OffsetEprocessPeb", 0x2aa, 2},
    {"OffsetEprocessParentCID", 0x2ac, 2},
    {"OffsetEprocessDirectoryTableBase", 0x2ae, 2},
    {"SizePrcb", 0x2b0, 2},
    {"OffsetPrcbCurrentThread", 0x2b4, 2},
    {"OffsetPrcbMhz", 0x2b6, 2},
    {"OffsetPrcbCpuType", 0x2b8, 2},
    {"OffsetPrcbVendorString", 0x2ba, 2},
    {"OffsetPrcbProcStateContext", 0x2bc, 2},
    {"OffsetPrcbNumber", 0x2be, 2},
    {"SizeEThread", 0x2c0, 2},
    {"KeLoaderBlock", 0x2d8, 8},
    {"SizePcr", 0x2e0, 2},
    {"OffsetPcrSelfPcr", 0x2e2, 2},
    {"OffsetPcrCurrentPrcb", 0x2e4, 2},
    {"OffsetPcrContainedPrcb", 0x2e6, 2},
    {"EtwpDebuggerData", 0x330, 8},
    {"OffsetPrcbContext", 0x338, 2},
    {"OffsetKThreadStackLimit", 0x340, 4},
    {"OffsetKThreadStackBase", 0x344, 4},
    {"OffsetKThreadQueueListEntry", 0x348, 4},
    {"OffsetEThreadIrpList", 0x34c, 4},
    {"OffsetPrcbIdleThread", 0x350, 2},
    {"OffsetPrcbDpcStack", 0x354, 2},
    {"OffsetPrcbIsrStack", 0x356, 2},
    {"OffsetKThreadWaitReason", 0x35c, 2},
    {"PteBase", 0x360, 8},
    {0},
};

static uint64_t little_endian(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static void put_u64(uint8_t *bytes, uint64_t value) {
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static bool header_holds(const uint8_t *bytes, uint32_t *size) {
    *size = (uint32_t)little_endian(bytes + SIZE_OFFSET, 4);
    return memcmp(bytes + TAG_OFFSET, "KDBG", 4) == 0 && *size >= HEADER_SIZE;
}

/* Reads up to `length` bytes, as far as they go; gives how many. */
static uint32_t read_part(struct vm *vm, uint64_t address, uint8_t *bytes, uint32_t length) {
    uint64_t failed_at = address;
    if (vm_read(vm, address, bytes, length, &failed_at) == READ_PRESENT)
        return length;
    uint64_t part = failed_at - address;
    if (part == 0 || part >= length)
        return 0;
    return vm_read(vm, address, bytes, part, NULL) == READ_PRESENT ? (uint32_t)part : 0;
}

void kdbg_read(struct vm *vm, uint64_t address, struct kdbg *kdbg) {
    *kdbg = (struct kdbg){
        .address = address, .pointer_size = vm_pointer_size(vm), .state = READ_BAD_VALUE};
    if (address == 0)
        return;
    uint8_t header[HEADER_SIZE];
    enum read_state state = vm_read(vm, address, header, sizeof header, NULL);
    if (state != READ_PRESENT) {
        kdbg->state = state;
        return;
    }
    uint32_t size;
    if (!header_holds(header, &size))
        return;
    kdbg->state = READ_PRESENT;
    kdbg->size = size;
    kdbg->held = read_part(vm, address, kdbg->bytes, size < KDBG_MAX_SIZE ? size : KDBG_MAX_SIZE);
}

static uint64_t decode(const struct kdbg_keys *keys, uint64_t value) {
    unsigned shift = keys->wait_never & 63;
    value ^= keys->wait_never;
    value = value << shift | value >> ((64 - shift) & 63);
    value ^= keys->encoded_address | 0xffff000000000000;
    return __builtin_bswap64(value) ^ keys->wait_always;
}

/* The coding of the block is described with Volatility's win8_kdbg plug-in: every quadword by
 * itself, with two values and one address that are public symbols. */
void kdbg_decode(struct vm *vm, const struct kdbg_keys *keys, struct kdbg *kdbg) {
    uint8_t bytes[KDBG_MAX_SIZE];
    uint32_t held = read_part(vm, kdbg->address, bytes, sizeof bytes) & ~7u;
    if (held < HEADER_SIZE)
        return;
    for (uint32_t i = 0; i < held; i += 8)
        put_u64(bytes + i, decode(keys, little_endian(bytes + i, 8)));
    uint32_t size;
    if (!header_holds(bytes, &size))
        return;
    kdbg->state = READ_PRESENT;
    kdbg->size = size;
    kdbg->held = size < held ? size : held;
    memcpy(kdbg->bytes, bytes, kdbg->held);
}

bool kdbg_value(const struct kdbg *kdbg, const char *name, uint64_t *value) {
    if (kdbg->state != READ_PRESENT)
        return false;
    for (const struct kdbg_field *field = kdbg_fields; field->name; field++) {
        if (strcmp(field->name, name) != 0)
            continue;
        if (field->offset + (uint32_t)field->size > kdbg->held)
            return false;
        unsigned size = field->size > kdbg->pointer_size ? kdbg->pointer_size : field->size;
        *value = little_endian(kdbg->bytes + field->offset, size);
        return true;
    }
    return false;
}
