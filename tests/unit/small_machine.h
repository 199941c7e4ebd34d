/*
 * small_machine.h - a kernel of a few pages in a dump, for the tests of the analyses: System,
 * processes, both rings, one processor. Its layouts are of no Windows: they are in `small_profile`,
 * and the machine is written by the same offsets.
 *
 * The kernel's memory is one 2 MiB page: virtual KERNEL + x is physical x.
 */
#ifndef NTDRIFT_TESTS_SMALL_MACHINE_H
#define NTDRIFT_TESTS_SMALL_MACHINE_H

#include <stdio.h>

#include "base/memory.h"
#include "kernel/target.h"
#include "small_dump.h"

#define KERNEL        0xfffff80000000000
#define IMAGE         (KERNEL + 0x8000) /* of the kernel: its data is in it */
#define IMAGE_SIZE    0x9000
#define ACTIVE_HEAD   (KERNEL + 0x8000)
#define MEMORY_HEAD   (KERNEL + 0x8800)
#define PROCESSORS    (KERNEL + 0x9000)
#define MODULES       (KERNEL + 0x9800)
#define KDBG          (KERNEL + 0xa000)
#define IDLE          (KERNEL + 0xb000)
#define PRCB          (KERNEL + 0x10000)
#define THREAD        (KERNEL + 0x11000)
#define IDLE_THREAD   (KERNEL + 0x12000)
#define SESSION       (KERNEL + 0x13000)
#define PROCESS(n)    (KERNEL + 0x20000 + (uint64_t)(n)*0x400)
#define MACHINE_PAGES 0x30

/* Offsets in _EPROCESS. */
enum {
    E_DIRECTORY = 0x28,
    E_PID = 0x30,
    E_ACTIVE_LINKS = 0x38,
    E_MM_LINKS = 0x48,
    E_CREATE_TIME = 0x58,
    E_EXIT_TIME = 0x60,
    E_PPID = 0x68,
    E_NAME = 0x70,
    E_THREADS = 0x80,
    E_FLAGS = 0x84,
    E_FLAGS3 = 0x88,
    E_SIGNATURE = 0x8c,
    E_PROTECTION = 0x8e,
    E_SESSION = 0x90,
    E_WOW64 = 0x98,
    E_PEB = 0xa0,
};
#define INSERTED (1u << 26)

/* clang-format off */
static const char small_profile[] =
    "{\"arch\":\"x64\",\"build\":7601,\"name\":\"small\",\"origin\":\"a test\",\"pdb\":null,\"precision\":{\"enums\":true,\"kinds\":true,\"pointees\":true},\"revision\":null,\"schema\":\"ntdrift-profile/1\",\"symbols\":{},\"types\":{"
    "\"_DISPATCHER_HEADER\":{\"fields\":{"
    "\"Size\":\"0x2 unsigned char\","
    "\"Type\":\"0x0 unsigned char\""
    "},\"kind\":\"struct\",\"size\":24},"
    "\"_EPROCESS\":{\"fields\":{"
    "\"ActiveProcessLinks\":\"0x38 _LIST_ENTRY\","
    "\"ActiveThreads\":\"0x80 unsigned long\","
    "\"CreateTime\":\"0x58 _LARGE_INTEGER\","
    "\"DefaultIoPriority\":\"0x84:27:3 unsigned long\","
    "\"ExitTime\":\"0x60 _LARGE_INTEGER\","
    "\"Flags\":\"0x84 unsigned long\","
    "\"ImageFileName\":\"0x70 unsigned char[15]\","
    "\"InheritedFromUniqueProcessId\":\"0x68 void*\","
    "\"Minimal\":\"0x88:0:1 unsigned long\","
    "\"MmProcessLinks\":\"0x48 _LIST_ENTRY\","
    "\"Pcb\":\"0x0 _KPROCESS\","
    "\"Peb\":\"0xa0 void*\","
    "\"ProcessExiting\":\"0x84:2:1 unsigned long\","
    "\"ProcessInserted\":\"0x84:26:1 unsigned long\","
    "\"Protection\":\"0x8e _PS_PROTECTION\","
    "\"SectionSignatureLevel\":\"0x8d unsigned char\","
    "\"Session\":\"0x90 _MM_SESSION_SPACE*\","
    "\"SignatureLevel\":\"0x8c unsigned char\","
    "\"UniqueProcessId\":\"0x30 void*\","
    "\"WoW64Process\":\"0x98 void*\""
    "},\"kind\":\"struct\",\"size\":256},"
    "\"_KPCR\":{\"fields\":{"
    "\"CurrentPrcb\":\"0x20 _KPRCB*\","
    "\"Prcb\":\"0x180 _KPRCB\","
    "\"Self\":\"0x18 _KPCR*\""
    "},\"kind\":\"struct\",\"size\":512},"
    "\"_KPRCB\":{\"fields\":{"
    "\"CurrentThread\":\"0x8 _KTHREAD*\","
    "\"IdleThread\":\"0x18 _KTHREAD*\","
    "\"Number\":\"0x24 unsigned long\","
    "\"ProcessorState\":\"0x40 _KPROCESSOR_STATE\""
    "},\"kind\":\"struct\",\"size\":128},"
    "\"_KPROCESS\":{\"fields\":{"
    "\"DirectoryTableBase\":\"0x28 unsigned long long\","
    "\"Header\":\"0x0 _DISPATCHER_HEADER\""
    "},\"kind\":\"struct\",\"size\":48},"
    "\"_KPROCESSOR_STATE\":{\"fields\":{"
    "\"SpecialRegisters\":\"0x0 _KSPECIAL_REGISTERS\""
    "},\"kind\":\"struct\",\"size\":64},"
    "\"_KSPECIAL_REGISTERS\":{\"fields\":{"
    "\"Cr0\":\"0x0 unsigned long long\","
    "\"Cr3\":\"0x10 unsigned long long\","
    "\"Cr4\":\"0x18 unsigned long long\""
    "},\"kind\":\"struct\",\"size\":64},"
    "\"_KTHREAD\":{\"fields\":{"
    "\"Header\":\"0x0 _DISPATCHER_HEADER\","
    "\"Priority\":\"0x29 char\","
    "\"Process\":\"0x20 _KPROCESS*\","
    "\"State\":\"0x28 unsigned char\","
    "\"WaitTime\":\"0x2c unsigned long\""
    "},\"kind\":\"struct\",\"size\":64},"
    "\"_LARGE_INTEGER\":{\"fields\":{"
    "\"QuadPart\":\"0x0 long long\""
    "},\"kind\":\"union\",\"size\":8},"
    "\"_LIST_ENTRY\":{\"fields\":{"
    "\"Blink\":\"0x8 _LIST_ENTRY*\","
    "\"Flink\":\"0x0 _LIST_ENTRY*\""
    "},\"kind\":\"struct\",\"size\":16},"
    "\"_MM_SESSION_SPACE\":{\"fields\":{"
    "\"SessionId\":\"0x8 unsigned long\""
    "},\"kind\":\"struct\",\"size\":16},"
    "\"_PS_PROTECTION\":{\"fields\":{"
    "\"Audit\":\"0x0:3:1 unsigned char\","
    "\"Level\":\"0x0 unsigned char\","
    "\"Signer\":\"0x0:4:4 unsigned char\","
    "\"Type\":\"0x0:0:3 unsigned char\""
    "},\"kind\":\"union\",\"size\":1}}}";
/* clang-format on */

struct machine {
    struct small_dump dump;
    size_t processes;
};

/* ---- memory ---- */

static inline void poke(struct machine *machine, uint64_t address, uint64_t value, size_t width) {
    put(&machine->dump, machine->dump.first_page + (size_t)(address - KERNEL), value, width);
}

static inline void link_entries(struct machine *machine, const uint64_t *entries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        poke(machine, entries[i], entries[(i + 1) % count], 8);
        poke(machine, entries[i] + 8, entries[(i + count - 1) % count], 8);
    }
}

/* ---- objects ---- */

static inline void put_process(struct machine *machine, uint64_t process, const char *name,
                               uint64_t pid, uint64_t ppid, uint64_t created) {
    poke(machine, process, 3, 1); /* ProcessObject */
    poke(machine, process + E_DIRECTORY, 0x1002, 8);
    poke(machine, process + E_PID, pid, 8);
    poke(machine, process + E_PPID, ppid, 8);
    poke(machine, process + E_CREATE_TIME, created, 8);
    poke(machine, process + E_THREADS, 3, 4);
    poke(machine, process + E_FLAGS, INSERTED, 4);
    memcpy(machine->dump.bytes + machine->dump.first_page + (process - KERNEL) + E_NAME, name,
           strlen(name));
}

/* Rings of the processes 0..count-1; Idle is on the Memory Manager's alone. `hidden` (or -1) is
 * left out of the ActiveProcessLinks. */
static inline void put_rings(struct machine *machine, size_t count, int hidden) {
    uint64_t active[34] = {ACTIVE_HEAD}, memory[34] = {MEMORY_HEAD, IDLE + E_MM_LINKS};
    size_t actives = 1, memories = 2;
    for (size_t i = 0; i < count; i++) {
        if ((int)i != hidden)
            active[actives++] = PROCESS(i) + E_ACTIVE_LINKS;
        memory[memories++] = PROCESS(i) + E_MM_LINKS;
    }
    link_entries(machine, active, actives);
    link_entries(machine, memory, memories);
    machine->processes = count;
}

static inline void put_processor(struct machine *machine) {
    poke(machine, PROCESSORS, PRCB, 8);
    poke(machine, PRCB + 0x8, THREAD, 8);
    poke(machine, PRCB + 0x18, IDLE_THREAD, 8);
    poke(machine, PRCB + 0x40, 0x80050033, 8);        /* cr0: with WP */
    poke(machine, PRCB + 0x40 + 0x10, 0x1000, 8);     /* cr3 */
    poke(machine, PRCB + 0x40 + 0x18, 0x001006f8, 8); /* cr4: with SMEP, without SMAP */
    poke(machine, THREAD, 6, 1);
    poke(machine, THREAD + 0x20, PROCESS(0), 8);
    poke(machine, THREAD + 0x28, 2, 1);
    poke(machine, IDLE_THREAD, 6, 1);
    poke(machine, IDLE_THREAD + 0x20, IDLE, 8);
    poke(machine, IDLE_THREAD + 0x28, 2, 1);
    poke(machine, IDLE_THREAD + 0x29, 16, 1);
    poke(machine, IDLE_THREAD + 0x2c, 0x9c906, 4);
}

/* A _KPCR at PRCB, with a _KPRCB in it that runs the same thread. */
static inline void put_pcr(struct machine *machine) {
    poke(machine, PRCB + 0x8, 0, 8);
    poke(machine, PRCB + 0x18, PRCB, 8);
    poke(machine, PRCB + 0x20, PRCB + 0x180, 8);
    poke(machine, PRCB + 0x180 + 0x8, THREAD, 8);
    poke(machine, PRCB + 0x180 + 0x18, IDLE_THREAD, 8);
}

static inline void put_debugger_block(struct machine *machine) {
    poke(machine, KDBG + 0x10, 0x4742444b, 4); /* "KDBG" */
    poke(machine, KDBG + 0x14, 0x340, 4);
    poke(machine, KDBG + 0x48, MODULES, 8);
    poke(machine, KDBG + 0x50, ACTIVE_HEAD, 8);
    poke(machine, KDBG + 0x218, PROCESSORS, 8);
    poke(machine, MODULES, MODULES, 8);
    poke(machine, MODULES + 8, MODULES, 8);
}

/* Frame 1 is the PML4, 2 and 3 lead to one large page at physical 0. */
static inline void put_tables(struct machine *machine) {
    poke(machine, KERNEL + 0x1000 + 496 * 8, 0x2063, 8);
    poke(machine, KERNEL + 0x2000, 0x3063, 8);
    poke(machine, KERNEL + 0x3000, 0xe3, 8);
}

static inline void put_header(struct machine *machine) {
    struct small_dump *dump = &machine->dump;
    put(dump, 0x8, 15, 4);
    put(dump, 0xc, 7601, 4);
    put(dump, 0x10, 0x1000, 8);
    put(dump, 0x20, MODULES, 8);
    put(dump, 0x28, ACTIVE_HEAD, 8);
    put(dump, 0x30, 0x8664, 4);
    put(dump, 0x34, 1, 4);
    put(dump, 0x80, KDBG, 8);
    put(dump, 0xfa8, 0x01cfd4d5af4f0ba0, 8);
    put(dump, 0x1030, 100041740000, 8);
    put(dump, 0x1040, 1, 4);
    put(dump, 0x1044, 0x110, 4);
}

/* System (4), smss.exe (0x1ac), csrss.exe (0x23c, of a parent that is gone), Idle. */
static inline struct machine small_machine(void) {
    const struct small_run run = {0, MACHINE_PAGES};
    struct machine machine = {.dump = small_full(&run, 1, 1)};
    memset(machine.dump.bytes + machine.dump.first_page, 0, MACHINE_PAGES * PAGE);
    put_header(&machine);
    put_tables(&machine);
    put_debugger_block(&machine);
    put_processor(&machine);
    put_process(&machine, IDLE, "Idle", 0, 0, 0);
    poke(&machine, IDLE + E_FLAGS, 0, 4);
    put_process(&machine, PROCESS(0), "System", 4, 0, 1000);
    put_process(&machine, PROCESS(1), "smss.exe", 0x1ac, 4, 2000);
    put_process(&machine, PROCESS(2), "csrss.exe", 0x23c, 0x1f4, 3000);
    poke(&machine, PROCESS(2) + E_SESSION, SESSION, 8);
    poke(&machine, SESSION + 8, 7, 4);
    put_rings(&machine, 3, -1);
    return machine;
}

/* Opens the machine, which must outlive the target, with its symbols unless `without_symbols`;
 * NULL on any failure. */
static inline struct target *machine_open(const struct machine *machine, bool without_symbols) {
    struct error err = {0};
    struct target *target;
    struct symbols *symbols;
    if (target_open_bytes(&err, "machine", machine->dump.bytes, machine->dump.size, &target)) {
        fprintf(stderr, "%s\n", err.message);
        return NULL;
    }
    if (without_symbols)
        return target;
    target->kernel.base = IMAGE;
    target->kernel.size = IMAGE_SIZE;
    if (symbols_parse(&err, "small", small_profile, sizeof small_profile - 1, &symbols)) {
        fprintf(stderr, "%s\n", err.message);
        target_close(target);
        return NULL;
    }
    target->symbols = symbols;
    target->symbols_source = xstrdup("small");
    target->match = MATCH_PROVED;
    return target;
}

#endif
