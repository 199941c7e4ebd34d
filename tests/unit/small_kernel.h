/*
 * small_kernel.h - the least of a Windows 10 10240 kernel, on a machine of a few pages: an image
 * with a debug directory, the debugger block, the two rings of processes, a processor.
 *
 * Offsets inside NT structures come from the profile of that build; those of the debugger block,
 * the PE headers and a loader entry are written out here.
 */
#ifndef NTDRIFT_TESTS_SMALL_KERNEL_H
#define NTDRIFT_TESTS_SMALL_KERNEL_H

#include "machine.h"
#include "symbols/profile.h"

#define NT         0xfffff80229400000
#define NT_SIZE    0x10000
#define NT_KDBG    (NT + 0x2000)
#define NT_LAB_EX  (NT + 0x3020)
#define NT_LAB     (NT + 0x3120)
#define NT_CSD     (NT + 0x3200)
#define NT_ACTIVE  (NT + 0x4000) /* PsActiveProcessHead */
#define NT_MODULES (NT + 0x4100) /* PsLoadedModuleList */
#define NT_BLOCK   (NT + 0x4200) /* KiProcessorBlock */
#define NT_NEVER   (NT + 0x4300) /* KiWaitNever */
#define NT_ALWAYS  (NT + 0x4308) /* KiWaitAlways */
#define NT_ENCODED (NT + 0x4310) /* KdpDataBlockEncoded */
#define NT_LIST    (NT + 0x5100) /* MmProcessList */
#define NT_IDLE    (NT + 0x6000)
#define NT_PRCB    0xffffd00020000180
#define NT_THREAD  0xffffd00020010000 /* the idle thread */
#define NT_MODULE  0xffffe00000001000
#define NT_GUID    "0123456789ABCDEF0123456789ABCDEF"
#define NT_KEY     NT_GUID "2A" /* with age 42 */
#define NT_SHARED  0xfffff78000000000

static inline uint64_t small_process(unsigned index) {
    return 0xffffe00000010000 + 0x1000 * (uint64_t)index;
}

static inline struct symbols *builtin_symbols(const char *name) {
    const struct builtin_profile *profile = profile_find(name);
    struct symbols *symbols = NULL;
    struct error err;
    if (!profile ||
        symbols_parse(&err, name, profile->json, profile->length, &symbols) != STATUS_OK)
        abort();
    return symbols;
}

static inline uint32_t offset_of(const struct symbols *symbols, const char *type,
                                 const char *path) {
    struct field field;
    if (!symbols_field(symbols, type, path, &field))
        abort();
    return field.offset;
}

static inline void small_image(struct machine *machine) {
    machine_write(machine, NT, "MZ", 2);
    machine_put(machine, NT + 0x3c, 0x80, 4);
    machine_write(machine, NT + 0x80, "PE\0\0", 4);
    machine_put(machine, NT + 0x84, 0x8664, 2);
    machine_put(machine, NT + 0x88, 0x559f3c1a, 4); /* TimeDateStamp */
    machine_put(machine, NT + 0x98, 0x20b, 2);
    machine_put(machine, NT + 0x98 + 56, NT_SIZE, 4);
    machine_put(machine, NT + 0x98 + 108, 16, 4);
    machine_put(machine, NT + 0x98 + 112 + 6 * 8, 0x1000, 4);
    machine_put(machine, NT + 0x98 + 112 + 6 * 8 + 4, 2 * 28, 4);
    machine_put(machine, NT + 0x1000 + 12, 13, 4); /* POGO, then CODEVIEW */
    machine_put(machine, NT + 0x101c + 12, 2, 4);
    machine_put(machine, NT + 0x101c + 16, 24 + 16, 4);
    machine_put(machine, NT + 0x101c + 20, 0x1100, 4);
    machine_write(machine, NT + 0x1100, "RSDS", 4);
    machine_write(machine, NT + 0x1104,
                  "\x67\x45\x23\x01\xab\x89\xef\xcd\x01\x23\x45\x67\x89\xab\xcd\xef", 16);
    machine_put(machine, NT + 0x1114, 42, 4);
    machine_write(machine, NT + 0x1118, "ntkrnlmp.pdb", 13);
}

static inline void small_kdbg(struct machine *machine, const struct symbols *symbols) {
    static const struct {
        uint32_t at;
        uint64_t value;
    } addresses[] = {{0x18, NT},      {0x48, NT_MODULES}, {0x50, NT_ACTIVE},
                     {0x208, NT_LAB}, {0x218, NT_BLOCK},  {0x268, NT_CSD}};
    static const struct {
        uint32_t at;
        const char *type, *path;
    } offsets[] = {{0x29a, "_KTHREAD", "Teb"},
                   {0x29c, "_KTHREAD", "KernelStack"},
                   {0x2aa, "_EPROCESS", "Peb"},
                   {0x2ac, "_EPROCESS", "InheritedFromUniqueProcessId"},
                   {0x2b4, "_KPRCB", "CurrentThread"}};
    machine_write(machine, NT_KDBG + 0x10, "KDBG", 4);
    machine_put(machine, NT_KDBG + 0x14, 0x360, 4);
    machine_put(machine, NT_KDBG + 0x358, 0, 8);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        machine_put(machine, NT_KDBG + addresses[i].at, addresses[i].value, 8);
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        machine_put(machine, NT_KDBG + offsets[i].at,
                    offset_of(symbols, offsets[i].type, offsets[i].path), 2);
    machine_put(machine, NT_KDBG + 0x2a8, symbols_type(symbols, "_EPROCESS")->size, 2);
    machine_put(machine, NT_KDBG + 0x2c0, symbols_type(symbols, "_ETHREAD")->size, 2);
}

static inline void small_eprocess(struct machine *machine, const struct symbols *symbols,
                                  uint64_t process, uint64_t pid, const char *name) {
    machine_put(machine, process + offset_of(symbols, "_EPROCESS", "Pcb.Header.Type"), 3, 1);
    machine_put(machine, process + offset_of(symbols, "_EPROCESS", "UniqueProcessId"), pid, 8);
    machine_write(machine, process + offset_of(symbols, "_EPROCESS", "ImageFileName"), name,
                  strlen(name) + 1);
}

static inline void small_processes(struct machine *machine, const struct symbols *symbols) {
    uint32_t active = offset_of(symbols, "_EPROCESS", "ActiveProcessLinks");
    uint32_t memory = offset_of(symbols, "_EPROCESS", "MmProcessLinks");
    small_eprocess(machine, symbols, small_process(0), 4, "System");
    small_eprocess(machine, symbols, small_process(1), 0x144, "smss.exe");
    small_eprocess(machine, symbols, small_process(2), 0x1f8, "csrss.exe");
    small_eprocess(machine, symbols, NT_IDLE, 0, "Idle");
    uint64_t on_active[] = {NT_ACTIVE, small_process(0) + active, small_process(1) + active,
                            small_process(2) + active};
    uint64_t on_memory[] = {NT_LIST, NT_IDLE + memory, small_process(0) + memory,
                            small_process(1) + memory, small_process(2) + memory};
    machine_ring(machine, on_active, 4);
    machine_ring(machine, on_memory, 5);
    machine_put(machine, NT_BLOCK, NT_PRCB, 8);
    machine_put(machine, NT_PRCB + offset_of(symbols, "_KPRCB", "Number"), 0, 4);
    machine_put(machine, NT_PRCB + offset_of(symbols, "_KPRCB", "IdleThread"), NT_THREAD, 8);
    machine_put(machine, NT_PRCB + offset_of(symbols, "_KPRCB", "CurrentThread"), NT_THREAD, 8);
    machine_put(machine, NT_THREAD + offset_of(symbols, "_KTHREAD", "Process"), NT_IDLE, 8);
}

/* The same kernel with the structures of a profile, whatever its build. */
static inline struct machine *small_kernel_of(const char *profile) {
    struct machine *machine = machine_create();
    struct symbols *symbols = builtin_symbols(profile);
    put(&machine->header, 0xc, 10240, 4);
    put(&machine->header, 0x20, NT_MODULES, 8);
    put(&machine->header, 0x28, NT_ACTIVE, 8);
    put(&machine->header, 0x80, NT_KDBG, 8);
    put(&machine->header, 0x1040, 1, 4);
    put(&machine->header, 0x1044, 0x110, 4);
    put(&machine->header, 0xfa8, 130831284826580000, 8);
    put(&machine->header, 0x1030, 650562574567, 8);
    small_image(machine);
    small_kdbg(machine, symbols);
    small_processes(machine, symbols);
    machine_write(machine, NT_LAB_EX, "10240.16393.amd64fre.th1_st1.150717-1719", 41);
    machine_write(machine, NT_LAB, "10240.th1_st1.150717-1719", 26);
    machine_put(machine, NT_CSD, 0, 4);
    machine_put(machine, NT_SHARED + 0x260, 10240, 4);
    machine_ring(machine, (uint64_t[]){NT_MODULES, NT_MODULE}, 2);
    machine_put(machine, NT_MODULE + 0x30, NT, 8);
    machine_put(machine, NT_MODULE + 0x40, NT_SIZE, 4);
    symbols_free(symbols);
    return machine;
}

static inline struct machine *small_kernel(void) {
    return small_kernel_of("nt-10240-x64");
}

/* Writes the profile of 10240 as that of this kernel: with its PDB, and symbols. */
static inline void write_own_profile(const char *path, const char *guid) {
    static const char pdb[] = "\"pdb\": null", symbols[] = "\"symbols\": {}";
    const char *json = profile_find("nt-10240-x64")->json;
    const char *at_pdb = strstr(json, pdb), *at_symbols = strstr(json, symbols);
    FILE *file = fopen(path, "wb");
    if (!file || !at_pdb || !at_symbols || at_symbols < at_pdb)
        abort();
    fprintf(file, "%.*s\"pdb\": {\"age\": 42, \"guid\": \"%s\", \"name\": \"ntkrnlmp.pdb\"}",
            (int)(at_pdb - json), json, guid);
    fprintf(file, "%.*s", (int)(at_symbols - at_pdb - (int)strlen(pdb)), at_pdb + strlen(pdb));
    fprintf(file,
            "\"symbols\": {\"KdpDataBlockEncoded\": \"0x4310\", \"KiWaitAlways\": \"0x4308\", "
            "\"KiWaitNever\": \"0x4300\", \"MiInvalidPteMask\": \"0x4320\", "
            "\"MmProcessList\": \"0x5100\", "
            "\"NtBuildLabEx\": \"0x3020\", \"Outside\": \"0x20000\"}%s",
            at_symbols + strlen(symbols));
    if (fclose(file) != 0)
        abort();
}

#endif
