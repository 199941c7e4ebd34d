/*
 * proof.c - whether layouts fit a dump: by what the kernel says of its own structures, then by
 * what the memory of a process must look like.
 */
#include "kernel/proof.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/process.h"
#include "kernel/processor.h"
#include "kernel/values.h"

#define SYSTEM_PID       4
#define IMAGE_NAME_BYTES 15

/* ---- the debugger block against the layouts ---- */

/* What a member of KDDEBUGGER_DATA64 states: the size of a type (no path), or an offset in it.
 * `other` is a second member it may mean: KDBG's processor number was the legacy one once, and
 * _KPCR.Prcb of x86 is a pointer to PrcbData. */
static const struct {
    const char *name;
    const char *type;
    const char *path;
    const char *other;
} statements[] = {
    {"SizeEProcess", "_EPROCESS", NULL, NULL},
    {"SizeEThread", "_ETHREAD", NULL, NULL},
    {"SizePrcb", "_KPRCB", NULL, NULL},
    {"SizePcr", "_KPCR", NULL, NULL},
    {"OffsetEprocessPeb", "_EPROCESS", "Peb", NULL},
    {"OffsetEprocessParentCID", "_EPROCESS", "InheritedFromUniqueProcessId", NULL},
    {"OffsetEprocessDirectoryTableBase", "_EPROCESS", "Pcb.DirectoryTableBase", NULL},
    {"OffsetKThreadNextProcessor", "_KTHREAD", "NextProcessor", NULL},
    {"OffsetKThreadTeb", "_KTHREAD", "Teb", NULL},
    {"OffsetKThreadKernelStack", "_KTHREAD", "KernelStack", NULL},
    {"OffsetKThreadInitialStack", "_KTHREAD", "InitialStack", NULL},
    {"OffsetKThreadApcProcess", "_KTHREAD", "ApcState.Process", NULL},
    {"OffsetKThreadState", "_KTHREAD", "State", NULL},
    {"OffsetKThreadStackLimit", "_KTHREAD", "StackLimit", NULL},
    {"OffsetKThreadStackBase", "_KTHREAD", "StackBase", NULL},
    {"OffsetKThreadWaitReason", "_KTHREAD", "WaitReason", NULL},
    {"OffsetEThreadIrpList", "_ETHREAD", "IrpList", NULL},
    {"OffsetPrcbCurrentThread", "_KPRCB", "CurrentThread", NULL},
    {"OffsetPrcbMhz", "_KPRCB", "MHz", NULL},
    {"OffsetPrcbVendorString", "_KPRCB", "VendorString", NULL},
    {"OffsetPrcbNumber", "_KPRCB", "Number", "LegacyNumber"},
    {"OffsetPrcbProcStateContext", "_KPRCB", "ProcessorState.ContextFrame", NULL},
    {"OffsetPrcbContext", "_KPRCB", "Context", NULL},
    {"OffsetPrcbIdleThread", "_KPRCB", "IdleThread", NULL},
    {"OffsetPcrSelfPcr", "_KPCR", "Self", NULL},
    {"OffsetPcrCurrentPrcb", "_KPCR", "CurrentPrcb", NULL},
    {"OffsetPcrContainedPrcb", "_KPCR", "Prcb", "PrcbData"},
};

static bool layout_value(const struct symbols *symbols, const char *type, const char *path,
                         uint64_t *value) {
    struct field field;
    const struct type *layout = symbols_type(symbols, type);
    if (!layout || (path && !symbols_field(symbols, type, path, &field)))
        return false;
    *value = path ? field.offset : layout->size;
    return true;
}

/* A member that is zero or missing, on either side, states nothing. */
static void check_statements(const struct target *target, const struct symbols *symbols,
                             struct proof *proof) {
    for (size_t i = 0; i < ARRAY_LENGTH(statements) && proof->holds; i++) {
        uint64_t said, found, other;
        if (!kdbg_value(&target->kdbg, statements[i].name, &said) || said == 0 ||
            !layout_value(symbols, statements[i].type, statements[i].path, &found))
            continue;
        proof->checks++;
        if (said == found ||
            (statements[i].other &&
             layout_value(symbols, statements[i].type, statements[i].other, &other) &&
             said == other))
            continue;
        proof->holds = false;
        snprintf(proof->failure, sizeof proof->failure,
                 "%s: the dump says 0x%" PRIx64 ", the profile 0x%" PRIx64, statements[i].name,
                 said, found);
    }
}

/* ---- memory against the layouts ---- */

/* A process to look at, and how it was come by. */
struct witness {
    uint64_t address;
    bool
        on_ring; /* of processes: its links must lead on. Idle, which a processor may run, is not */
    bool is_first; /* of the ring: it must be System */
    uint64_t type;
    uint64_t pid;
    uint64_t flink, blink;
    uint8_t name[IMAGE_NAME_BYTES + 1];
};

static bool read_value(const struct target *target, uint64_t object, const char *path,
                       uint64_t *value) {
    struct field_read read = target_read_field(target, object, "_EPROCESS", path);
    *value = read.value;
    return !read.absent && read.state == READ_PRESENT;
}

/* Tools that copy a machine's memory leave zeros for what they could not read: a capture that has
 * nothing but zeros for a process has not got it. */
static bool is_left_out(const struct target *target, const struct witness *witness) {
    return image_info(target->image)->is_capture && witness->type == 0 && witness->pid == 0 &&
           witness->flink == 0 && witness->blink == 0 && witness->name[0] == 0;
}

/* False where anything of the process cannot be read: then it proves nothing. */
static bool read_witness(const struct target *target, uint64_t address, struct witness *witness) {
    uint64_t name, links;
    *witness = (struct witness){.address = address};
    return address >= first_kernel_address(target->vm) &&
           target_field_address(target, address, "_EPROCESS", "ImageFileName", &name) &&
           target_field_address(target, address, "_EPROCESS", "ActiveProcessLinks", &links) &&
           read_value(target, address, "Pcb.Header.Type", &witness->type) &&
           read_value(target, address, "UniqueProcessId", &witness->pid) &&
           vm_read(target->vm, name, witness->name, IMAGE_NAME_BYTES, NULL) == READ_PRESENT &&
           vm_read_pointer(target->vm, links, &witness->flink) == READ_PRESENT &&
           vm_read_pointer(target->vm, links + vm_pointer_size(target->vm), &witness->blink) ==
               READ_PRESENT &&
           !is_left_out(target, witness);
}

/* The process of the thread that a processor runs, for a dump whose ring breaks at once. */
static bool find_by_processor(const struct target *target, struct witness *witness) {
    struct processor_block block;
    bool found = false;
    processor_block_read(target, &block);
    for (size_t i = 0; i < block.count && !found; i++) {
        if (block.items[i].state != READ_PRESENT)
            continue;
        struct field_read thread =
            target_read_field(target, block.items[i].prcb, "_KPRCB", "CurrentThread");
        struct field_read process = thread_process(target, thread.value);
        found = !thread.absent && thread.state == READ_PRESENT && !process.absent &&
                process.state == READ_PRESENT && read_witness(target, process.value, witness);
    }
    processor_block_deinit(&block);
    return found;
}

static bool find_witness(const struct target *target, struct witness *witness) {
    uint64_t head, link;
    struct field field;
    if (target_global(target, "PsActiveProcessHead", &head) &&
        symbols_field(target->symbols, "_EPROCESS", "ActiveProcessLinks", &field)) {
        if (vm_read_pointer(target->vm, head, &link) == READ_PRESENT && link != head &&
            read_witness(target, link - field.offset, witness)) {
            witness->on_ring = true;
            witness->is_first = true;
            return true;
        }
        if (vm_read_pointer(target->vm, head + vm_pointer_size(target->vm), &link) ==
                READ_PRESENT &&
            link != head && read_witness(target, link - field.offset, witness)) {
            witness->on_ring = true;
            return true;
        }
    }
    return find_by_processor(target, witness);
}

static bool is_name(const uint8_t *name) {
    for (const uint8_t *byte = name; *byte; byte++) {
        if (*byte < ' ' || *byte == 0x7f)
            return false;
    }
    return *name != 0;
}

/* Counts a check; the first that fails ends the proof. */
__attribute__((format(printf, 3, 4))) static bool check(struct proof *proof, bool holds,
                                                        const char *format, ...) {
    if (!proof->holds)
        return false;
    proof->checks++;
    if (holds)
        return true;
    proof->holds = false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(proof->failure, sizeof proof->failure, format, arguments);
    va_end(arguments);
    return false;
}

/* A process id is a handle of PspCidTable: a multiple of four, and far below 2^32. */
static void check_witness(const struct target *target, const struct witness *witness,
                          struct proof *proof) {
    uint64_t first = first_kernel_address(target->vm);
    uint64_t at = witness->address;
    check(proof, witness->type == PROCESS_OBJECT,
          "Pcb.Header.Type of the process at 0x%" PRIx64 ": expected %u, found %" PRIu64, at,
          PROCESS_OBJECT, witness->type);
    check(proof, witness->pid % 4 == 0 && witness->pid <= UINT32_MAX,
          "UniqueProcessId of the process at 0x%" PRIx64
          ": expected a multiple of 4 below 2^32, found 0x%" PRIx64,
          at, witness->pid);
    check(proof, is_name(witness->name),
          "ImageFileName of the process at 0x%" PRIx64 ": expected text, found byte 0x%02x", at,
          witness->name[0]);
    if (witness->on_ring)
        check(proof, witness->flink >= first && witness->blink >= first,
              "ActiveProcessLinks of the process at 0x%" PRIx64
              ": expected kernel addresses, found 0x%" PRIx64 " and 0x%" PRIx64,
              at, witness->flink, witness->blink);
    if (!witness->is_first)
        return;
    AUTO(text_deinit) struct text name;
    text_init(&name);
    value_bytes(&name, witness->name, IMAGE_NAME_BYTES);
    check(proof, witness->pid == SYSTEM_PID && strcmp(name.data, "System") == 0,
          "the first process, at 0x%" PRIx64
          ": expected System with id 4, found \"%s\" with id %" PRIu64,
          at, name.data, witness->pid);
}

void proof_run(const struct target *target, const struct symbols *symbols, struct proof *proof) {
    *proof = (struct proof){.holds = true};
    check_statements(target, symbols, proof);
    struct target trial = *target;
    trial.symbols = symbols;
    trial.match = MATCH_PROVED;
    struct witness witness;
    if (proof->holds && find_witness(&trial, &witness))
        check_witness(target, &witness, proof);
    if (proof->holds && proof->checks < PROOF_LEAST_CHECKS) {
        proof->holds = false;
        snprintf(proof->failure, sizeof proof->failure,
                 "only %zu checks could be made, and %d are needed: the dump holds too little",
                 proof->checks, PROOF_LEAST_CHECKS);
    }
}
