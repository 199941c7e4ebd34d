/*
 * kernel.c - the kernel's image: headers, sections, exports, debug record, and the strings and
 * numbers that name the build.
 */
#include <string.h>

#include "machine.h"
#include "services.h"
#include "util.h"

#define CODE        0x68000020u
#define DATA_READ   0x48000040u
#define DATA_WRITE  0xc8000040u
#define DISCARDABLE 0x62000020u

enum {
    RDATA_SIZE = 0x10000, /* of the section in front of .data */
    DEBUG_PLACE = 0x4000, /* in .rdata */
    INIT_SIZE = 0x50000,
    RELOC_SIZE = 0x10000,
    MOST_SERVICES = 256, /* that are exported */
};

/* Names that a real kernel exports; those with a place in the data are variables. */
static const char *const exports[] = {
    "CcFlushCache",
    "DbgPrint",
    "ExAllocatePoolWithTag",
    "ExFreePoolWithTag",
    "FsRtlIsNtstatusExpected",
    "InitSafeBootMode",
    "IoCallDriver",
    "IoCompleteRequest",
    "IoCreateDevice",
    "IoDeleteDevice",
    "IofCallDriver",
    "KdDebuggerEnabled",
    "KdDebuggerNotPresent",
    "KeBugCheck",
    "KeBugCheckEx",
    "KeInitializeEvent",
    "KeNumberProcessors",
    "KeSetEvent",
    "KeTickCount",
    "KeWaitForSingleObject",
    "MmGetSystemRoutineAddress",
    "MmHighestUserAddress",
    "MmSystemRangeStart",
    "MmUserProbeAddress",
    "NtBuildGUID",
    "NtBuildLab",
    "NtBuildNumber",
    "NtGlobalFlag",
    "ObReferenceObjectByHandle",
    "ObfDereferenceObject",
    "PsGetCurrentProcess",
    "PsGetProcessId",
    "PsInitialSystemProcess",
    "PsJobType",
    "PsLoadedModuleList",
    "PsLookupProcessByProcessId",
    "PsProcessType",
    "PsThreadType",
    "RtlInitUnicodeString",
    "SeTokenObjectType",
};
enum { EXPORT_COUNT = sizeof exports / sizeof *exports };

static const struct {
    const char *name;
    uint64_t size;
} exported_data[] = {
    {"KdDebuggerEnabled", 1},    {"KdDebuggerNotPresent", 1},   {"KeNumberProcessors", 4},
    {"MmHighestUserAddress", 8}, {"MmSystemRangeStart", 8},     {"MmUserProbeAddress", 8},
    {"NtBuildGUID", 16},         {"NtBuildLab", 0x40},          {"NtBuildNumber", 4},
    {"NtGlobalFlag", 4},         {"PsInitialSystemProcess", 8}, {"PsJobType", 8},
    {"PsLoadedModuleList", 16},  {"PsProcessType", 8},          {"PsThreadType", 8},
    {"SeTokenObjectType", 8},
};

/* The RVA of an export: a variable's own, or a made-up one in .text. */
static uint64_t export_rva(struct machine *machine, size_t index) {
    for (size_t i = 0; i < sizeof exported_data / sizeof *exported_data; i++)
        if (!strcmp(exports[index], exported_data[i].name))
            return global(machine, exports[index], exported_data[i].size) - machine->kernel_base;
    return 0x1400 + index * 0x340;
}

static uint32_t write_kernel_exports(struct machine *machine, uint64_t directory) {
    struct export all[EXPORT_COUNT + MOST_SERVICES];
    for (size_t i = 0; i < EXPORT_COUNT; i++)
        all[i] = (struct export){exports[i], export_rva(machine, i)};
    size_t count = EXPORT_COUNT + service_exports(machine, all + EXPORT_COUNT, MOST_SERVICES);
    if (exports_size("ntoskrnl.exe", all, count) > DEBUG_PLACE)
        die("the kernel has too many exports");
    return write_exports(machine, machine->kernel_base, directory, "ntoskrnl.exe", all, count);
}

/* All but the discarded INIT section is mapped, to contiguous frames, as the loader leaves it;
 * where the scenario says so, a part of it by one large page. */
static void map_image(struct machine *machine, uint64_t init, uint64_t init_end) {
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    uint64_t frame = number(kernel, "physical") >> PAGE_SHIFT;
    uint64_t large = number_or(kernel, "large_page", 0);
    for (uint64_t rva = 0; rva < machine->kernel_size; rva += PAGE_SIZE) {
        uint64_t address = machine->kernel_base + rva;
        bool code = rva < machine->kernel_data - RDATA_SIZE || rva >= machine->kernel_data_end;
        if (large && address >= large && address - large < memory_large_size(&machine->memory))
            continue;
        if (rva >= init && rva < init_end)
            continue;
        memory_map_frames(&machine->memory, address, frame + (rva >> PAGE_SHIFT), 1,
                          code ? PAGE_CODE : PAGE_DATA);
    }
    if (large)
        memory_map_large(&machine->memory, large,
                         (number(kernel, "physical") + large - machine->kernel_base) >> PAGE_SHIFT,
                         2);
}

static void write_image(struct machine *machine) {
    uint64_t data = machine->kernel_data;
    uint64_t rdata = data - RDATA_SIZE;
    uint64_t init = machine->kernel_size - RELOC_SIZE - INIT_SIZE;
    uint64_t reloc = machine->kernel_size - RELOC_SIZE;
    const struct image_section sections[] = {
        {".text", 0x1000, rdata - 0x3000, CODE},
        {"INITKDBG", rdata - 0x3000, rdata - 0x2000, CODE},
        {"POOLMI", rdata - 0x2000, rdata - 0x1000, CODE},
        {"POOLCODE", rdata - 0x1000, rdata, CODE},
        {".rdata", rdata, data - 0x4000, DATA_READ},
        {".pdata", data - 0x4000, data, DATA_READ},
        {".data", data, machine->kernel_data_end, DATA_WRITE},
        {"PAGE", machine->kernel_data_end, init, CODE},
        {"INIT", init, reloc, DISCARDABLE},
        {".reloc", reloc, machine->kernel_size, DATA_READ},
    };
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    const json_t *pdb = json_object_get(kernel, "pdb");
    map_image(machine, init, reloc);
    struct image image = {
        .base = machine->kernel_base,
        .size = (uint32_t)machine->kernel_size,
        .timestamp = (uint32_t)number(kernel, "timestamp"),
        .sections = sections,
        .section_count = sizeof sections / sizeof *sections,
        .debug_directory = rdata + DEBUG_PLACE,
        .export_directory = rdata,
    };
    image.export_size = write_kernel_exports(machine, rdata);
    write_pe_headers(machine, &image);
    write_debug_record(machine, &image, string(pdb, "name"), string(pdb, "guid"),
                       (uint32_t)number(pdb, "age"));
}

/* NtBuildLabEx lies 0x100 before NtBuildLab, as in kernels of 17763; XP has none. */
static void place_strings(struct machine *machine) {
    if (!json_object_get(json_object_get(machine->scenario, "system"), "build_lab_ex"))
        return;
    uint64_t extended = global(machine, "NtBuildLabEx", 0x100);
    if (global(machine, "NtBuildLab", 0x40) != extended + 0x100)
        die("NtBuildLab is not behind NtBuildLabEx");
}

static void write_text(struct machine *machine, uint64_t address, const char *text) {
    memory_write(&machine->memory, address, text, strlen(text) + 1);
}

static void write_numbers(struct machine *machine) {
    const json_t *system = json_object_get(machine->scenario, "system");
    if (json_object_get(system, "build_lab_ex"))
        write_text(machine, global(machine, "NtBuildLabEx", 0x100), string(system, "build_lab_ex"));
    write_text(machine, global(machine, "NtBuildLab", 0x40), string(system, "build_lab"));
    /* The top four bits say "free build". */
    memory_put(&machine->memory, global(machine, "NtBuildNumber", 4), 0xf0000000 | machine->build,
               4);
    /* Bits 8..15 of CSDVersion hold the service pack. */
    memory_put(&machine->memory, global(machine, "CmNtCSDVersion", 4),
               number_or(system, "service_pack", 0) << 8, 4);
    memory_put(&machine->memory, global(machine, "KeNumberProcessors", 4),
               json_array_size(array(machine->scenario, "processors")), 4);
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(kernel, "values"), name, value)
        put_pointer(machine, global(machine, name, 8), number_of(value, name));
}

void forge_kernel(struct machine *machine) {
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    const json_t *pdb = json_object_get(kernel, "pdb");
    machine->kernel_base = number(kernel, "base");
    machine->kernel_size = number(kernel, "size");
    machine->kernel_data = number(kernel, "data") - machine->kernel_base;
    machine->kernel_data_end = number(kernel, "data_end") - machine->kernel_base;
    machine->scratch = number(kernel, "scratch");
    place_strings(machine);
    open_services(machine);
    write_image(machine);
    write_numbers(machine);
    json_object_set_new(machine->facts, "kernel",
                        json_pack("{s:o, s:o, s:o, s:O}", "base",
                                  address_text(machine, machine->kernel_base), "size",
                                  json_integer((json_int_t)machine->kernel_size), "timestamp",
                                  hex(number(kernel, "timestamp")), "pdb", pdb));
}
