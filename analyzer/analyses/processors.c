/* processors.c - section `processors`: what each processor runs, and what its control registers
 * protect. */
#include <stdio.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/processor_scan.h"

/* _KTHREAD_STATE of the kernel's own symbol files; GateWaitObsolete was GateWait before 8. */
static const char *const thread_states[] = {
    "Initialized", "Ready",      "Running",       "Standby",          "Terminated",
    "Waiting",     "Transition", "DeferredReady", "GateWaitObsolete", "WaitingForProcessInSwap",
};
const struct enumeration thread_state = {"_KTHREAD_STATE", "", thread_states,
                                                ARRAY_LENGTH(thread_states)};

/* What a bit of a control register switches on: Intel SDM volume 3A, 2.5 "Control Registers". */
struct protection {
    const char *key;
    const char *control; /* the register's member of _KSPECIAL_REGISTERS */
    unsigned bit;
};

static const struct protection protections[] = {
    {"wp", "Cr0", 16},   {"umip", "Cr4", 11}, {"fsgsbase", "Cr4", 16}, {"smep", "Cr4", 20},
    {"smap", "Cr4", 21}, {"pke", "Cr4", 22},  {"cet", "Cr4", 23},
};

static struct field_read read_control(const struct target *target, uint64_t prcb,
                                      const char *control) {
    char path[64];
    snprintf(path, sizeof path, "ProcessorState.SpecialRegisters.%s", control);
    return target_read_field(target, prcb, "_KPRCB", path);
}

static void put_read(struct analysis_context *context, json_t *section, const char *key,
                     struct field_read read, enum value_form form) {
    if (!read.absent)
        put_value(context, section, key, read.state, read.value, form);
}

/* EFER is in no structure of these kernels. That it has NXE set is told by the processor feature
 * PF_NX_ENABLED, number 12 (winnt.h), of the page that kernel and user mode share; it is at one
 * address in every kernel of one width (KUSER_SHARED_DATA, Windows Driver Kit). */
static void put_nx(struct analysis_context *context, json_t *section) {
    enum { PF_NX_ENABLED = 12 };
    uint64_t shared_data = shared_data_address(context->target->vm);
    uint64_t features;
    uint8_t enabled = 0;
    if (!target_field_address(context->target, shared_data, "_KUSER_SHARED_DATA",
                              "ProcessorFeatures", &features))
        return;
    enum read_state state = vm_read_u8(context->target->vm, features + PF_NX_ENABLED, &enabled);
    put_value(context, section, "nx", state, enabled, VALUE_BOOLEAN);
}

/* A processor on which KVA shadow (the mitigation of CVE-2017-5754) is active has the tables that
 * it changes to when it enters the kernel: 0 on the AMD machine of a real triage dump of 19041, CR3
 * with the bit that keeps the TLB on the Intel one of a capture of 17763. */
static void put_kva_shadow(struct analysis_context *context, json_t *section, uint64_t prcb) {
    struct field_read tables =
        target_read_field(context->target, prcb, "_KPRCB", "KernelDirectoryTableBase");
    put_read(context, section, "kva_shadow", tables, VALUE_BOOLEAN);
}

/* CR4 says that shadow stacks are on, for programs at least; whether the kernel has its own as well
 * is a variable of late kernels (public symbols of 19041.3570 and 22000), the same for all
 * processors. */
static void put_kernel_cet(struct analysis_context *context, json_t *section) {
    uint64_t address;
    uint8_t enabled = 0;
    if (!target_symbol(context->target, "KiKernelCetEnabled", &address))
        return;
    enum read_state state = vm_read_u8(context->target->vm, address, &enabled);
    put_value(context, section, "kernel_cet", state, enabled, VALUE_BOOLEAN);
}

static json_t *protections_of(struct analysis_context *context, uint64_t prcb) {
    json_t *section = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(protections); i++) {
        struct field_read read = read_control(context->target, prcb, protections[i].control);
        read.value = read.value >> protections[i].bit & 1;
        put_read(context, section, protections[i].key, read, VALUE_BOOLEAN);
    }
    put_nx(context, section);
    put_kva_shadow(context, section, prcb);
    put_kernel_cet(context, section);
    return section;
}

static json_t *idle_thread(struct analysis_context *context, uint64_t thread) {
    const struct target *target = context->target;
    json_t *section = json_object();
    json_object_set_new(section, "address", json_address(target, thread));
    put_read(context, section, "process", thread_process(target, thread), VALUE_ADDRESS);
    struct field_read state = target_read_field(target, thread, "_KTHREAD", "State");
    if (!state.absent)
        put_enumerator(context, section, "state", state.state, state.value, &thread_state);
    put_field(context, section, "priority", thread, "_KTHREAD", "Priority", VALUE_SIGNED8);
    put_field(context, section, "wait_time", thread, "_KTHREAD", "WaitTime", VALUE_INTEGER);
    return section;
}

static void put_idle_thread(struct analysis_context *context, json_t *section, uint64_t prcb) {
    struct field_read thread = target_read_field(context->target, prcb, "_KPRCB", "IdleThread");
    if (thread.absent)
        return;
    if (thread.state == READ_PRESENT)
        json_object_set_new(section, "idle_thread", idle_thread(context, thread.value));
    else
        put_unreadable(context, section, "idle_thread", thread.state);
}

static json_t *extract_one(struct analysis_context *context, const struct processor *processor) {
    const struct target *target = context->target;
    json_t *section = json_object();
    put_value(context, section, "prcb", processor->state, processor->prcb, VALUE_ADDRESS);
    if (processor->state != READ_PRESENT)
        return section;
    uint64_t prcb = processor->prcb;
    json_object_set_new(section, "found_by",
                        json_string(processor->scanned ? "_KPCR" : "KiProcessorBlock"));
    if (processor->scanned)
        context->coverage->unreadable[processor->block_state]++;
    if (!processor->number_absent)
        put_value(context, section, "number", processor->number_state, processor->number,
                  VALUE_INTEGER);
    put_field(context, section, "current_thread", prcb, "_KPRCB", "CurrentThread", VALUE_ADDRESS);
    put_idle_thread(context, section, prcb);
    put_read(context, section, "cr0", read_control(target, prcb, "Cr0"), VALUE_HEX);
    put_read(context, section, "cr3", read_control(target, prcb, "Cr3"), VALUE_HEX);
    put_read(context, section, "cr4", read_control(target, prcb, "Cr4"), VALUE_HEX);
    json_object_set_new(section, "protections", protections_of(context, prcb));
    return section;
}

/* KiProcessorBlock has an entry for each processor that runs, and zeros behind them. */
static void compare_count(struct analysis_context *context, const struct processor_block *block) {
    uint64_t more = 0;
    size_t found = 0;
    while (found < block->count && block->items[found].state == READ_PRESENT)
        found++;
    bool readable = found == block->count || block->items[found].state == READ_BAD_VALUE;
    /* Every kernel has room for at least as many as KAFFINITY, a word of a pointer's size, has
     * bits. */
    struct vm *vm = context->target->vm;
    unsigned size = vm_pointer_size(vm);
    if (found == block->declared && found < 8 * (size_t)size &&
        vm_read_pointer(vm, block->address + size * found, &more) == READ_PRESENT && more)
        found++;
    struct claim claims[] = {
        {"DUMP_HEADER.NumberProcessors", true, block->declared, 0, VALUE_INTEGER},
        {"KiProcessorBlock", readable, found, block->address, VALUE_INTEGER},
    };
    compare_claims(context, "NumberProcessors", claims, ARRAY_LENGTH(claims));
}

static json_t *extract(struct analysis_context *context) {
    struct processor_block block;
    processor_block_read(context->target, &block);
    if (!block.address)
        return coverage_none(context, "nothing names KiProcessorBlock");
    compare_count(context, &block);
    processor_block_complete(context->target, &block);
    json_t *section = json_array();
    for (size_t i = 0; i < block.count; i++)
        json_array_append_new(section, extract_one(context, &block.items[i]));
    processor_block_deinit(&block);
    return section;
}

static const char *const types[] = {"_KPRCB",
                                    "_KPROCESSOR_STATE",
                                    "_KSPECIAL_REGISTERS",
                                    "_KTHREAD",
                                    "_KUSER_SHARED_DATA",
                                    "_KTHREAD_STATE",
                                    "_KPCR",
                                    NULL};
static const char *const publics[] = {"KiKernelCetEnabled", "KiProcessorBlock",
                                      "KeNumberProcessors", NULL};

static const char *const needs[] = {"_KPRCB.CurrentThread",
                                    "_KPRCB.IdleThread",
                                    "_KPRCB.Number|_KPRCB.LegacyNumber",
                                    "_KPRCB.ProcessorState.SpecialRegisters",
                                    "_KSPECIAL_REGISTERS.Cr0",
                                    "_KSPECIAL_REGISTERS.Cr3",
                                    "_KSPECIAL_REGISTERS.Cr4",
                                    "_KTHREAD.Priority",
                                    "_KTHREAD.State",
                                    "_KTHREAD.WaitTime",
                                    NULL};

const struct analysis analysis_processors = {.name = "processors",
                                             .needs_symbols = true,
                                             .types = types,
                                             .publics = publics,
                                             .needs = needs,
                                             .extract = extract};
