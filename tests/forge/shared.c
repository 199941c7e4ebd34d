/*
 * shared.c - KUSER_SHARED_DATA, the page that every address space has.
 *
 * Source: ntddk.h of the Windows Driver Kit; the offsets are the same in all x64 builds and, as far
 * as XP has them, in XP.
 */
#include <stddef.h>

#include "machine.h"
#include "util.h"

#define IMAGE_FILE_MACHINE_I386  0x14c
#define IMAGE_FILE_MACHINE_AMD64 0x8664

enum {
    TICK_COUNT_MULTIPLIER = 0x004,
    INTERRUPT_TIME = 0x008,
    SYSTEM_TIME = 0x014,
    TIME_ZONE_BIAS = 0x020,
    IMAGE_NUMBER_LOW = 0x02c,
    IMAGE_NUMBER_HIGH = 0x02e,
    NT_SYSTEM_ROOT = 0x030,
    NT_BUILD_NUMBER = 0x260, /* from Windows 10 */
    NT_PRODUCT_TYPE = 0x264,
    PRODUCT_TYPE_IS_VALID = 0x268,
    PROCESSOR_ARCHITECTURE = 0x26a,
    NT_MAJOR_VERSION = 0x26c,
    NT_MINOR_VERSION = 0x270,
    PROCESSOR_FEATURES = 0x274, /* a byte for each PF_ number of winnt.h */
    SUITE_MASK = 0x2d0,
    NUMBER_OF_PHYSICAL_PAGES = 0x2e8,
    TICK_COUNT = 0x320,
};

/* What every x64 machine has, and x86 machines of the last years: PF_COMPARE_EXCHANGE_DOUBLE,
 * PF_MMX_INSTRUCTIONS_AVAILABLE, PF_XMMI_INSTRUCTIONS_AVAILABLE, PF_RDTSC_INSTRUCTION_AVAILABLE,
 * PF_PAE_ENABLED, PF_XMMI64_INSTRUCTIONS_AVAILABLE, PF_NX_ENABLED, PF_COMPARE_EXCHANGE128. */
static const unsigned processor_features[] = {2, 3, 6, 8, 9, 10, 12, 14};

/* No-execute is a bit above the 32 that an entry without PAE has; the firmware may switch it off
 * ("without_nx" of the scenario). */
static bool has_feature(const struct machine *machine, unsigned feature) {
    enum { PF_PAE_ENABLED = 9, PF_NX_ENABLED = 12 };
    bool long_entries = machine->pointer_size == 8 || machine->pae;
    if (feature == PF_NX_ENABLED && json_is_true(json_object_get(machine->scenario, "without_nx")))
        return false;
    return long_entries || (feature != PF_PAE_ENABLED && feature != PF_NX_ENABLED);
}

/* KSYSTEM_TIME: LowPart, High1Time, High2Time. */
static void put_time(uint8_t *page, unsigned offset, uint64_t time) {
    put(page + offset, time, 8);
    put(page + offset + 8, time >> 32, 4);
}

uint64_t shared_page(const struct machine *machine) {
    return machine->pointer_size == 8 ? 0xfffff78000000000 : 0xffdf0000;
}

void forge_shared_page(struct machine *machine) {
    bool wide = machine->pointer_size == 8;
    const json_t *system = json_object_get(machine->scenario, "system");
    const json_t *version = array(system, "version");
    const json_t *header = json_object_get(machine->scenario, "header");
    uint64_t address = shared_page(machine);
    memory_map(&machine->memory, address, PAGE_SIZE, PAGE_DATA);
    uint8_t *page = memory_frame(&machine->memory, memory_frame_of(&machine->memory, address));
    put(page + TICK_COUNT_MULTIPLIER, 0x0fa00000, 4);
    put_time(page, INTERRUPT_TIME, machine->uptime);
    put_time(page, SYSTEM_TIME, machine->system_time);
    put_time(page, TIME_ZONE_BIAS, 0 - number(system, "time_zone_minutes") * 60 * 10000000);
    put(page + IMAGE_NUMBER_LOW, wide ? IMAGE_FILE_MACHINE_AMD64 : IMAGE_FILE_MACHINE_I386, 2);
    put(page + IMAGE_NUMBER_HIGH, wide ? IMAGE_FILE_MACHINE_AMD64 : IMAGE_FILE_MACHINE_I386, 2);
    static const char root[] = "C:\\Windows";
    for (size_t i = 0; i < sizeof root; i++)
        put(page + NT_SYSTEM_ROOT + 2 * i, (uint8_t)root[i], 2);
    uint64_t major = number_of(json_array_get(version, 0), "version");
    if (major >= 10)
        put(page + NT_BUILD_NUMBER, machine->build,
            4); /* without the free bit of nt!NtBuildNumber */
    put(page + NT_PRODUCT_TYPE, number(header, "ProductType"), 4);
    put(page + PRODUCT_TYPE_IS_VALID, 1, 1);
    if (wide) /* XP has none */
        put(page + PROCESSOR_ARCHITECTURE, 9, 2);
    for (size_t i = 0; i < sizeof processor_features / sizeof *processor_features; i++)
        if (has_feature(machine, processor_features[i]))
            put(page + PROCESSOR_FEATURES + processor_features[i], 1, 1);
    put(page + NT_MAJOR_VERSION, major, 4);
    put(page + NT_MINOR_VERSION, number_of(json_array_get(version, 1), "version"), 4);
    put(page + SUITE_MASK, number(header, "SuiteMask"), 4);
    put(page + NUMBER_OF_PHYSICAL_PAGES, number(system, "physical_pages"), 4);
    put(page + TICK_COUNT, machine->uptime / 156250, 8);
}
