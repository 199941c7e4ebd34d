/*
 * modules.c - the ring of loaded modules and what a kernel dump holds of each image: its headers
 * and debug record, or not even these.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "machine.h"
#include "util.h"

/* A row of the scenario: name, base, size, time stamp, GUID or null, what the dump has of it. */
struct module {
    const char *name;
    uint64_t base, size, timestamp;
    const char *guid; /* NULL: no debug record */
    /* "present"; "omitted": mapped, but not in the dump; "session": not mapped in System's space */
    const char *presence;
};

static struct module parse_row(const json_t *row) {
    const char *name = json_string_value(json_array_get(row, 0));
    const char *presence = json_string_value(json_array_get(row, 5));
    if (!name)
        die("a module has no name");
    return (struct module){
        .name = name,
        .base = number_of(json_array_get(row, 1), name),
        .size = number_of(json_array_get(row, 2), name),
        .timestamp = number_of(json_array_get(row, 3), name),
        .guid = json_string_value(json_array_get(row, 4)),
        .presence = presence ? presence : "present",
    };
}

static void module_path(const struct module *module, char *path, size_t size) {
    size_t length = strlen(module->name);
    bool driver = length > 4 && !strcasecmp(module->name + length - 4, ".sys") &&
                  strncasecmp(module->name, "win32k", 6) != 0;
    snprintf(path, size, "\\SystemRoot\\system32\\%s%s", driver ? "DRIVERS\\" : "", module->name);
}

/* Only the headers and the read-only data are in memory; the rest of the image is not mapped. */
static void write_module_image(struct machine *machine, const struct module *module) {
    const struct image_section sections[] = {
        {".text", 0x1000, module->size - 0x4000, 0x68000020},
        {".rdata", module->size - 0x4000, module->size - 0x3000, 0x48000040},
        {".data", module->size - 0x3000, module->size - 0x2000, 0xc8000040},
        {"INIT", module->size - 0x2000, module->size - 0x1000, 0x62000020},
        {".reloc", module->size - 0x1000, module->size, 0x42000040},
    };
    struct image image = {
        .base = module->base,
        .size = (uint32_t)module->size,
        .timestamp = (uint32_t)module->timestamp,
        .sections = sections,
        .section_count = sizeof sections / sizeof *sections,
        .debug_directory = module->guid ? module->size - 0x4000 : 0,
    };
    if (module->size < 0x6000)
        die("%s is too small", module->name);
    memory_map(&machine->memory, image.base, PAGE_SIZE, PAGE_CODE);
    memory_map(&machine->memory, image.base + module->size - 0x4000, PAGE_SIZE, PAGE_DATA);
    memory_claim(&machine->memory, image.base, module->size, module->name);
    write_pe_headers(machine, &image);
    if (module->guid) {
        char pdb[64];
        pdb_name(module->name, pdb, sizeof pdb);
        write_debug_record(machine, &image, pdb, module->guid, 1);
    }
    if (!strcmp(module->presence, "session") && !strcmp(module->name, "win32k.sys")) {
        machine->win32k = module->base;
        machine->win32k_guid = module->guid;
    }
    if (!strcmp(module->presence, "omitted"))
        memory_omit(&machine->memory, image.base);
}

/* From Windows 10 the symbol files describe _KLDR_DATA_TABLE_ENTRY; before, kernel modules are
 * read as _LDR_DATA_TABLE_ENTRY, whose members lie at the same places. */
static uint64_t write_entry(struct machine *machine, const struct module *module) {
    const char *type = layout_has(machine->layout, "_KLDR_DATA_TABLE_ENTRY")
                           ? "_KLDR_DATA_TABLE_ENTRY"
                           : "_LDR_DATA_TABLE_ENTRY";
    uint64_t size = layout_size(machine->layout, type);
    uint64_t entry = pool_take(machine, &machine->nonpaged, size, 0x10, "a module entry");
    char path[256];
    module_path(module, path, sizeof path);
    must_set(machine, entry, type, "DllBase", module->base);
    set(machine, entry, type, "EntryPoint", module->base + 0x1000);
    must_set(machine, entry, type, "SizeOfImage", module->size);
    set(machine, entry, type, "TimeDateStamp", module->timestamp);
    set(machine, entry, type, "LoadCount", 1);
    write_unicode(machine, field(machine, entry, type, "FullDllName"), path, &machine->strings);
    write_unicode(machine, field(machine, entry, type, "BaseDllName"), module->name,
                  &machine->strings);
    json_array_append_new(
        json_object_get(machine->facts, "modules"),
        json_pack("{s:s, s:s, s:o, s:i, s:o, s:o, s:s?, s:s}", "name", module->name, "path", path,
                  "base", address_text(machine, module->base), "size", (int)module->size,
                  "timestamp", hex(module->timestamp), "entry", address_text(machine, entry),
                  "guid", module->guid, "presence", module->presence));
    return field(machine, entry, type, "InLoadOrderLinks");
}

/* _UNLOADED_DRIVERS: Name, StartAddress, EndAddress, CurrentTime; 50 of them, behind a pointer.
 * The time is aligned to 8 in both widths. */
static void write_unloaded(struct machine *machine) {
    static const char *const names[] = {"crashdmp.sys", "dump_storport.sys", "dump_storahci.sys"};
    uint64_t pointer = machine->pointer_size;
    uint64_t size = 4 * pointer + 8;
    uint64_t list = pool_take(machine, &machine->nonpaged, 50 * size, 0x10, "MmUnloadedDrivers");
    uint64_t base = machine->kernel_base - 0x4000000;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        write_unicode(machine, list + i * size, names[i], &machine->nonpaged);
        put_pointer(machine, list + i * size + 2 * pointer, base + i * 0x20000);
        put_pointer(machine, list + i * size + 3 * pointer, base + i * 0x20000 + 0x17000);
        put64(machine, list + i * size + 4 * pointer,
              machine->system_time - machine->uptime + 200000000 + i * 310000);
    }
    put_pointer(machine, global(machine, "MmUnloadedDrivers", 8), list);
    memory_put(&machine->memory, global(machine, "MmLastUnloadedDriver", 4),
               sizeof names / sizeof *names, 4);
}

void forge_modules(struct machine *machine) {
    const json_t *rows = array(machine->scenario, "modules");
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    size_t count = json_array_size(rows) + 1;
    uint64_t *entries = xcalloc(count, sizeof *entries);
    const struct module self = {
        .name = "ntoskrnl.exe",
        .base = machine->kernel_base,
        .size = machine->kernel_size,
        .timestamp = number(kernel, "timestamp"),
        .guid = string(json_object_get(kernel, "pdb"), "guid"),
        .presence = "present",
    };
    json_object_set_new(machine->facts, "modules", json_array());
    entries[0] = write_entry(machine, &self);
    for (size_t i = 1; i < count; i++) {
        struct module module = parse_row(json_array_get(rows, i - 1));
        write_module_image(machine, &module);
        entries[i] = write_entry(machine, &module);
    }
    link_ring(machine, global(machine, "PsLoadedModuleList", 16), entries, count);
    write_unloaded(machine);
    free(entries);
}
