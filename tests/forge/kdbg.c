/*
 * kdbg.c - KDDEBUGGER_DATA64, decoded as a crash dump holds it.
 *
 * Source: wdbgexts.h of the Windows SDK; what each member holds was checked against the block of a
 * real 17763 kernel (members that are zero there are left out here). A 32-bit kernel has the same
 * block, its addresses with their sign extended.
 */
#include "machine.h"
#include "util.h"

enum kdbg_kind {
    KDBG_GLOBAL, /* the address of a kernel variable */
    KDBG_OFFSET, /* of a member, in the layout */
    KDBG_SIZE,   /* of a type, in the layout */
    KDBG_NUMBER,
};

struct kdbg_row {
    uint16_t offset;
    uint8_t size; /* bytes */
    enum kdbg_kind kind;
    const char *name; /* of the variable or type */
    const char *path;
    uint64_t number; /* the value, or the room a variable takes */
};

static const struct kdbg_row rows[] = {
    {0x048, 8, KDBG_GLOBAL, "PsLoadedModuleList", NULL, 16},
    {0x050, 8, KDBG_GLOBAL, "PsActiveProcessHead", NULL, 16},
    {0x058, 8, KDBG_GLOBAL, "PspCidTable", NULL, 8},
    {0x060, 8, KDBG_GLOBAL, "ExpSystemResourcesList", NULL, 16},
    {0x070, 8, KDBG_GLOBAL, "ExpNumberOfPagedPools", NULL, 4},
    {0x078, 8, KDBG_GLOBAL, "KeTimeIncrement", NULL, 4},
    {0x080, 8, KDBG_GLOBAL, "KeBugCheckCallbackListHead", NULL, 16},
    {0x088, 8, KDBG_GLOBAL, "KiBugCheckData", NULL, 40},
    {0x090, 8, KDBG_GLOBAL, "IopErrorLogListHead", NULL, 16},
    {0x098, 8, KDBG_GLOBAL, "ObpRootDirectoryObject", NULL, 8},
    {0x0a0, 8, KDBG_GLOBAL, "ObpTypeObjectType", NULL, 8},
    {0x0c0, 8, KDBG_GLOBAL, "MmPfnDatabase", NULL, 8},
    {0x138, 8, KDBG_NUMBER, NULL, NULL, PAGE_SIZE},
    {0x1c8, 8, KDBG_GLOBAL, "MmHighestUserAddress", NULL, 8},
    {0x1d0, 8, KDBG_GLOBAL, "MmSystemRangeStart", NULL, 8},
    {0x1d8, 8, KDBG_GLOBAL, "MmUserProbeAddress", NULL, 8},
    {0x208, 8, KDBG_GLOBAL, "NtBuildLab", NULL, 0x40},
    {0x218, 8, KDBG_GLOBAL, "KiProcessorBlock", NULL, 0x800},
    {0x220, 8, KDBG_GLOBAL, "MmUnloadedDrivers", NULL, 8},
    {0x228, 8, KDBG_GLOBAL, "MmLastUnloadedDriver", NULL, 4},
    {0x238, 8, KDBG_GLOBAL, "MmSpecialPoolTag", NULL, 4},
    {0x268, 8, KDBG_GLOBAL, "CmNtCSDVersion", NULL, 4},
    {0x270, 8, KDBG_GLOBAL, "MmPhysicalMemoryBlock", NULL, 8},
    {0x298, 2, KDBG_OFFSET, "_KTHREAD", "NextProcessor", 0},
    {0x29a, 2, KDBG_OFFSET, "_KTHREAD", "Teb", 0},
    {0x29c, 2, KDBG_OFFSET, "_KTHREAD", "KernelStack", 0},
    {0x29e, 2, KDBG_OFFSET, "_KTHREAD", "InitialStack", 0},
    {0x2a0, 2, KDBG_OFFSET, "_KTHREAD", "ApcState.Process", 0},
    {0x2a2, 2, KDBG_OFFSET, "_KTHREAD", "State", 0},
    {0x2a8, 2, KDBG_SIZE, "_EPROCESS", NULL, 0},
    {0x2aa, 2, KDBG_OFFSET, "_EPROCESS", "Peb", 0},
    {0x2ac, 2, KDBG_OFFSET, "_EPROCESS", "InheritedFromUniqueProcessId", 0},
    {0x2ae, 2, KDBG_OFFSET, "_EPROCESS", "Pcb.DirectoryTableBase", 0},
    {0x2b0, 2, KDBG_SIZE, "_KPRCB", NULL, 0},
    {0x2b2, 2, KDBG_OFFSET, "_KPRCB", "DpcRoutineActive", 0},
    {0x2b4, 2, KDBG_OFFSET, "_KPRCB", "CurrentThread", 0},
    {0x2b6, 2, KDBG_OFFSET, "_KPRCB", "MHz", 0},
    {0x2b8, 2, KDBG_OFFSET, "_KPRCB", "CpuType", 0},
    {0x2ba, 2, KDBG_OFFSET, "_KPRCB", "VendorString", 0},
    {0x2bc, 2, KDBG_OFFSET, "_KPRCB", "ProcessorState.ContextFrame", 0},
    {0x2be, 2, KDBG_OFFSET, "_KPRCB", "Number", 0},
    {0x2c0, 2, KDBG_SIZE, "_ETHREAD", NULL, 0},
    {0x2d8, 8, KDBG_GLOBAL, "KeLoaderBlock", NULL, 8},
    {0x2e0, 2, KDBG_SIZE, "_KPCR", NULL, 0},
    {0x2e2, 2, KDBG_OFFSET, "_KPCR", "Self", 0},
    {0x2e4, 2, KDBG_OFFSET, "_KPCR", "CurrentPrcb", 0},
    {0x2e6, 2, KDBG_OFFSET, "_KPCR", "Prcb", 0},
    {0x2f2, 2, KDBG_OFFSET, "_KPRCB", "ProcessorState.SpecialRegisters", 0},
    {0x2f4, 2, KDBG_NUMBER, NULL, NULL, 0x10}, /* GdtR0Code */
    {0x2f6, 2, KDBG_NUMBER, NULL, NULL, 0x18}, /* GdtR0Data */
    {0x2fa, 2, KDBG_NUMBER, NULL, NULL, 0x30}, /* GdtR3Code */
    {0x2fc, 2, KDBG_NUMBER, NULL, NULL, 0x28}, /* GdtR3Data */
    {0x302, 2, KDBG_NUMBER, NULL, NULL, 0x40}, /* GdtTss */
    {0x304, 2, KDBG_NUMBER, NULL, NULL, 0x20}, /* Gdt64R3CmCode */
    {0x306, 2, KDBG_NUMBER, NULL, NULL, 0x50}, /* Gdt64R3CmTeb */
    {0x330, 8, KDBG_GLOBAL, "EtwpDebuggerData", NULL, 0x20},
    {0x338, 2, KDBG_OFFSET, "_KPRCB", "Context", 0},
    {0x340, 4, KDBG_OFFSET, "_KTHREAD", "StackLimit", 0},
    {0x344, 4, KDBG_OFFSET, "_KTHREAD", "StackBase", 0},
    {0x348, 4, KDBG_OFFSET, "_KTHREAD", "QueueListEntry", 0},
    {0x34c, 4, KDBG_OFFSET, "_ETHREAD", "IrpList", 0},
    {0x350, 2, KDBG_OFFSET, "_KPRCB", "IdleThread", 0},
    {0x352, 2, KDBG_OFFSET, "_KPRCB", "DpcNormalProcessingActive", 0},
    {0x354, 2, KDBG_OFFSET, "_KPRCB", "DpcStack", 0},
    {0x356, 2, KDBG_OFFSET, "_KPRCB", "IsrStack", 0},
    {0x358, 2, KDBG_NUMBER, NULL, NULL, 0x50}, /* SizeKDPC_STACK_FRAME */
    {0x35c, 2, KDBG_OFFSET, "_KTHREAD", "WaitReason", 0},
};

enum { OWNER_TAG = 0x10, SIZE = 0x14, KERN_BASE = 0x18, PTE_BASE = 0x360, LARGEST = 0x400 };

static uint64_t extended(const struct machine *machine, uint64_t address) {
    return machine->pointer_size == 8 ? address : (uint64_t)(int64_t)(int32_t)(uint32_t)address;
}

static uint64_t value_of(struct machine *machine, const struct kdbg_row *row) {
    struct member member;
    switch (row->kind) {
    case KDBG_GLOBAL:
        return extended(machine, global(machine, row->name, row->number));
    case KDBG_OFFSET:
        /* A member that the layout does not tell stays zero, as in kernels that have none. */
        return layout_member(machine->layout, row->name, row->path, &member) ? member.offset : 0;
    case KDBG_SIZE:
        return layout_size(machine->layout, row->name);
    case KDBG_NUMBER:
        break;
    }
    return row->number;
}

static void write_bugcheck(struct machine *machine) {
    const json_t *header = json_object_get(machine->scenario, "header");
    const json_t *parameters = array(header, "BugCheckParameters");
    uint64_t data = global(machine, "KiBugCheckData", 40);
    unsigned pointer = machine->pointer_size;
    put_pointer(machine, data, number(header, "BugCheckCode"));
    for (size_t i = 0; i < 4; i++)
        put_pointer(machine, data + pointer * (i + 1),
                    number_of(json_array_get(parameters, i), "BugCheckParameters"));
    memory_put(&machine->memory, global(machine, "KeTimeIncrement", 4), 156250, 4);
}

/* DBGKD_GET_VERSION64: the build, the machine, and where the kernel and its lists are. */
static void write_version(struct machine *machine, uint64_t list) {
    uint8_t block[0x28] = {0};
    put(block, 15, 2); /* MajorVersion: a free build */
    put(block + 2, machine->build, 2);
    block[4] = 6; /* ProtocolVersion */
    /* Flags: MP, data, pointers of 64 bits, no debugger */
    put(block + 6, machine->pointer_size == 8 ? 0x47 : 0x43, 2);
    put(block + 8, machine->pointer_size == 8 ? 0x8664 : 0x14c, 2);
    put(block + 0x10, extended(machine, machine->kernel_base), 8);
    put(block + 0x18, extended(machine, global(machine, "PsLoadedModuleList", 16)), 8);
    put(block + 0x20, extended(machine, list), 8);
    memory_write(&machine->memory, global(machine, "KdVersionBlock", sizeof block), block,
                 sizeof block);
}

/* The base of the page tables in virtual memory: where the self-map entry puts them. */
static uint64_t pte_base(const struct machine *machine) {
    if (machine->pointer_size == 4)
        return extended(machine, 0xc0000000);
    if (machine->la57)
        return 0xfe00000000000000ull | (uint64_t)machine->memory.self_index << 48;
    return 0xffff000000000000ull | (uint64_t)machine->memory.self_index << 39;
}

void forge_kdbg(struct machine *machine) {
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    uint64_t size = number(kernel, "kdbg_size");
    uint64_t head = global(machine, "KdpDebuggerDataListHead", 16);
    uint64_t address = global(machine, "KdDebuggerDataBlock", size);
    uint8_t block[LARGEST] = {0};
    if (size > sizeof block)
        die("KDDEBUGGER_DATA64 is not that large");
    put(block, extended(machine, head), 8);
    put(block + 8, extended(machine, head), 8);
    put(block + OWNER_TAG, 0x4742444b, 4); /* 'KDBG' */
    put(block + SIZE, size, 4);
    put(block + KERN_BASE, extended(machine, machine->kernel_base), 8);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].offset < size)
            put(block + rows[i].offset, value_of(machine, &rows[i]), rows[i].size);
    put(block + PTE_BASE, pte_base(machine), 8);
    memory_write(&machine->memory, address, block, size);
    link_entry(machine, head, address, address);
    write_bugcheck(machine);
    write_version(machine, head);
}
