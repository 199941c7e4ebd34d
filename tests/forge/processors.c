/*
 * processors.c - KPCR and KPRCB of every processor, and the idle threads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "util.h"

enum { STATE_RUNNING = 2, IDLE_PRIORITY = 16 };

struct processor {
    uint64_t number;
    uint64_t prcb, pcr;
    uint64_t idle_thread, current_thread;
    uint64_t cr3;
};

/* The thread lives in the kernel's data or, for the other processors, behind their KPCR. */
static uint64_t make_idle_thread(struct machine *machine, const json_t *row, uint64_t number) {
    uint64_t size = layout_size(machine->layout, "_ETHREAD");
    uint64_t address = number_or(row, "idle_thread", 0);
    memory_map(&machine->memory, address, size, PAGE_DATA);
    memory_claim(&machine->memory, address, size, "an idle thread");
    make_thread(machine, &machine->idle, json_object_get(row, "idle_thread"), number);
    must_set(machine, address, "_ETHREAD", "Tcb.State", STATE_RUNNING);
    must_set(machine, address, "_ETHREAD", "Tcb.Priority", IDLE_PRIORITY);
    must_set(machine, address, "_ETHREAD", "Tcb.WaitTime", number_or(row, "wait_time", 0));
    set(machine, address, "_ETHREAD", "Tcb.WaitReason", 0);
    return address;
}

/* The first thread of the process that the scenario names, or the idle thread. */
static void choose_current(struct machine *machine, const json_t *row,
                           struct processor *processor) {
    processor->current_thread = processor->idle_thread;
    processor->cr3 = machine->directory_table_base;
    if (!json_object_get(row, "current"))
        return;
    const struct process *process = find_process(machine, number(row, "current"));
    if (!process->threads)
        die("%s has no thread to run", process->name);
    processor->current_thread = process->thread_addresses[0];
    if (process->pid != 4)
        processor->cr3 = process->root << PAGE_SHIFT;
    must_set(machine, processor->current_thread, "_ETHREAD", "Tcb.State", STATE_RUNNING);
}

static void write_state(struct machine *machine, const json_t *row,
                        const struct processor *processor) {
    static const struct {
        const char *key, *path;
        uint64_t value;
    } registers[] = {
        {"cr0", "ProcessorState.SpecialRegisters.Cr0", 0x80050031},
        {"cr2", "ProcessorState.SpecialRegisters.Cr2", 0},
        {"cr4", "ProcessorState.SpecialRegisters.Cr4", 0x6f8},
    };
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        must_set(machine, processor->prcb, "_KPRCB", registers[i].path,
                 number_or(row, registers[i].key, registers[i].value));
    must_set(machine, processor->prcb, "_KPRCB", "ProcessorState.SpecialRegisters.Cr3",
             processor->cr3);
    set(machine, processor->prcb, "_KPRCB", "ProcessorState.SpecialRegisters.MsrEfer", 0xd01);
    uint8_t context[CONTEXT_SIZE];
    make_context(machine, context, processor->pcr - 0x1000);
    uint64_t frame = field(machine, processor->prcb, "_KPRCB", "ProcessorState.ContextFrame");
    memory_write(&machine->memory, frame, context, context_size(machine));
    set(machine, processor->prcb, "_KPRCB", "Context", frame);
}

static void write_processor(struct machine *machine, const struct processor *processor) {
    bool wide = machine->pointer_size == 8;
    must_set(machine, processor->pcr, "_KPCR", wide ? "Self" : "SelfPcr", processor->pcr);
    must_set(machine, processor->pcr, "_KPCR", wide ? "CurrentPrcb" : "Prcb", processor->prcb);
    set(machine, processor->pcr, "_KPCR", "MajorVersion", 1);
    set(machine, processor->pcr, "_KPCR", "MinorVersion", 1);
    must_set(machine, processor->prcb, "_KPRCB", "Number", processor->number);
    must_set(machine, processor->prcb, "_KPRCB", "CurrentThread", processor->current_thread);
    must_set(machine, processor->prcb, "_KPRCB", "IdleThread", processor->idle_thread);
    set(machine, processor->prcb, "_KPRCB", "LegacyNumber", processor->number);
    set(machine, processor->prcb, "_KPRCB", "SetMember", 1ull << processor->number);
    set(machine, processor->prcb, "_KPRCB", "GroupIndex", processor->number);
    set(machine, processor->prcb, "_KPRCB", "GroupSetMember", 1ull << processor->number);
    set(machine, processor->prcb, "_KPRCB", "MajorVersion", 1);
    set(machine, processor->prcb, "_KPRCB", "MinorVersion", 1);
    set(machine, processor->prcb, "_KPRCB", "MHz", 3392);
    if (has_kva_shadow(machine))
        must_set(machine, processor->prcb, "_KPRCB", "KernelDirectoryTableBase",
                 processor->cr3 | 1ull << 63); /* keeps the TLB */
    set(machine, processor->prcb, "_KPRCB", "CpuType", 6);
    set(machine, processor->prcb, "_KPRCB", "CpuID", 1);
    struct member vendor;
    if (layout_member(machine->layout, "_KPRCB", "VendorString", &vendor))
        memory_write(&machine->memory, processor->prcb + vendor.offset, "GenuineIntel", 13);
}

static void note_processor(struct machine *machine, const json_t *row,
                           const struct processor *processor) {
    json_array_append_new(
        json_object_get(machine->facts, "processors"),
        json_pack("{s:i, s:o, s:o, s:{s:o, s:o, s:i, s:i, s:i}, s:o, s:o, s:o}", "number",
                  (int)processor->number, "prcb", address_text(machine, processor->prcb),
                  "current_thread", address_text(machine, processor->current_thread), "idle_thread",
                  "address", address_text(machine, processor->idle_thread), "process",
                  address_text(machine, machine->idle.address), "state", STATE_RUNNING, "priority",
                  IDLE_PRIORITY, "wait_time", (int)number_or(row, "wait_time", 0), "cr0",
                  hex(number_or(row, "cr0", 0x80050031)), "cr3", hex(processor->cr3), "cr4",
                  hex(number_or(row, "cr4", 0x6f8))));
}

/* A variable of late kernels: "kernel_cet" of the scenario. */
static void write_kernel_cet(struct machine *machine) {
    const json_t *enabled = json_object_get(machine->scenario, "kernel_cet");
    if (enabled)
        memory_put(&machine->memory, global(machine, "KiKernelCetEnabled", 1),
                   json_is_true(enabled), 1);
}

void forge_processors(struct machine *machine) {
    const json_t *rows = array(machine->scenario, "processors");
    size_t count = json_array_size(rows);
    uint64_t block = global(machine, "KiProcessorBlock", 0x800);
    uint64_t *idle_threads = xcalloc(count, sizeof *idle_threads);
    const char *contained = machine->pointer_size == 8 ? "Prcb" : "PrcbData";
    uint64_t in_pcr = layout_offset(machine->layout, "_KPCR", contained);
    json_object_set_new(machine->facts, "processors", json_array());
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(rows, i);
        struct processor processor = {.number = i, .prcb = number(row, "prcb")};
        uint64_t size = layout_size(machine->layout, "_KPCR");
        processor.pcr = processor.prcb - in_pcr;
        memory_map(&machine->memory, processor.pcr, size, PAGE_DATA);
        memory_claim(&machine->memory, processor.pcr, size, "a KPCR");
        idle_threads[i] = processor.idle_thread = make_idle_thread(machine, row, i);
        choose_current(machine, row, &processor);
        write_processor(machine, &processor);
        write_state(machine, row, &processor);
        put_pointer(machine, block + machine->pointer_size * i, processor.prcb);
        note_processor(machine, row, &processor);
    }
    write_kernel_cet(machine);
    link_threads(machine, &machine->idle, idle_threads, count);
    free(idle_threads);
}
