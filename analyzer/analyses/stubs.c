/* stubs.c - section `stubs`: the code by which programs, and the kernel itself, ask for system
 * services. */
#include <string.h>
#include <strings.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/image_names.h"
#include "kernel/names.h"
#include "kernel/stub_module.h"
#include "kernel/user_modules.h"

#define PROCESSES_TRIED 64 /* in whose address spaces a module is looked for */
#define FINDINGS_MOST   64 /* of one module; a module that is no module is one finding too many */

/* Which modules have stubs, and how those are called. */
struct source {
    const char *name; /* in the snapshot */
    const char *file;
    const char *prefix;
    bool wow64;
};

static const struct source user_sources[] = {
    {"ntdll.dll", "ntdll.dll", "Nt", false},
    {"win32u.dll", "win32u.dll", "Nt", false},
    {"SysWOW64\\ntdll.dll", "ntdll.dll", "Nt", true},
    {"SysWOW64\\win32u.dll", "win32u.dll", "Nt", true},
};

/* The stubs that were found of one source, the best that a process has. */
struct found {
    struct stub_module module;
    bool is_whole;
};

/* ---- one module ---- */

/* In a dump as the process sees it; in a file, where no process is, by the file's own symbols or
 * exports. */
static void name_code(struct analysis_context *context, const struct stub_module *module,
                      const char *name, uint64_t address, struct text *symbol) {
    const struct target *target = context->target;
    const struct pe_image *image = &module->image;
    uint32_t displacement = 0;
    if (!image_info(target->image)->image_base) {
        struct names *names = names_new(target);
        names_of(names, module->process, address, symbol);
        names_free(names);
    } else if (address >= image->base && address - image->base < image->size) {
        struct symbol_index *index = symbol_index_new(target);
        struct image_names *names = image_names_read(target, target->vm, image, index);
        uint32_t rva = (uint32_t)(address - image->base);
        const char *below = image_names_below(names, rva, &displacement);
        text_printf(symbol, "%.*s", (int)strcspn(name, "."), name);
        if (below)
            text_printf(symbol, "!%s", below);
        if (!below || displacement)
            text_printf(symbol, "+0x%x", below ? displacement : rva);
        image_names_free(names);
        symbol_index_free(index);
    }
}

/* Where a stub that is but a jump leads to. */
static json_t *jump_target(struct analysis_context *context, const struct stub_module *module,
                           const char *name, const struct module_stub *stub) {
    uint64_t address = stub->address + (uint64_t)stub->stub.jump;
    struct text symbol AUTO(text_deinit) = TEXT_EMPTY;
    if (module->image.machine != PE_MACHINE_AMD64)
        address &= UINT32_MAX;
    name_code(context, module, name, address, &symbol);
    return json_pack("{s:o, s:o}", "address", json_address(context->target, address), "symbol",
                     symbol.length ? json_string(symbol.data) : json_null());
}

static void report_exception(struct analysis_context *context, const struct stub_module *module,
                             const char *name, const struct module_stub *stub) {
    struct text bytes AUTO(text_deinit) = TEXT_EMPTY;
    AUTO_FREE char *subject = xasprintf("%s!%s", name, stub->name);
    stub_bytes(&bytes, &stub->stub, stub->bytes);
    json_t *evidence =
        json_pack("{s:o, s:s, s:s, s:s}", "address", json_address(context->target, stub->address),
                  "bytes", bytes.data, "mechanism", stub_mechanism_name(stub->stub.mechanism),
                  "usual", stub_mechanism_name(module->usual));
    if (stub->stub.jumps)
        json_object_set_new(evidence, "jumps_to", jump_target(context, module, name, stub));
    add_finding(context, "stub.exception", subject, evidence);
}

static json_t *extract_stub(struct analysis_context *context, const struct module_stub *stub) {
    static const char *const of_code[] = {"bytes", "mechanism", "template"};
    json_t *entry = json_pack("{s:s}", "name", stub->name);
    put_value(context, entry, "number", stub->state, stub->stub.number, VALUE_INTEGER);
    if (stub->state != READ_PRESENT) {
        for (size_t i = 0; i < ARRAY_LENGTH(of_code); i++)
            json_object_set_new(entry, of_code[i], json_null());
        return entry;
    }
    if (!stub->stub.has_number)
        json_object_del(entry, "number");
    struct text bytes AUTO(text_deinit) = TEXT_EMPTY;
    struct text template AUTO(text_deinit) = TEXT_EMPTY;
    stub_bytes(&bytes, &stub->stub, stub->bytes);
    stub_template(&template, &stub->stub, stub->bytes);
    json_object_set_new(entry, "bytes", json_string(bytes.data));
    json_object_set_new(entry, "mechanism", json_string(stub_mechanism_name(stub->stub.mechanism)));
    json_object_set_new(entry, "template", json_string(template.data));
    return entry;
}

json_t *extract_stub_module(struct analysis_context *context, const char *name,
                            const struct stub_module *module) {
    json_t *entries = json_array();
    size_t findings = 0;
    for (size_t i = 0; i < module->count; i++) {
        const struct module_stub *stub = &module->items[i];
        json_array_append_new(entries, extract_stub(context, stub));
        if (stub->state == READ_PRESENT && stub->stub.mechanism != module->usual &&
            findings++ < FINDINGS_MOST)
            report_exception(context, module, name, stub);
    }
    json_t *json = json_pack("{s:s, s:o}", "module", name, "entries", entries);
    if (module->image.has_pdb)
        json_object_set_new(json, "pdb", json_pdb(&module->image.pdb));
    else if (!module->image.pdb_absent)
        put_unreadable(context, json, "pdb", module->image.pdb_state);
    return json;
}

/* ---- the modules of processes ---- */

/* Takes the place of what was found before where it has more. */
static void take_better(struct found *found, struct stub_module *module) {
    if (module->readable > found->module.readable) {
        struct stub_module other = found->module;
        found->module = *module;
        *module = other;
    }
    found->is_whole = found->module.count && found->module.readable == found->module.count;
    stub_module_deinit(module);
}

static void look_at(uint64_t process, struct vm *space, const struct module_list *modules,
                    struct found *found) {
    for (size_t i = 0; i < modules->count; i++) {
        const struct loaded_module *module = &modules->items[i];
        struct text file AUTO(text_deinit) = TEXT_EMPTY;
        if (module_file_name(space, module, &file) != READ_PRESENT)
            continue;
        for (size_t j = 0; j < ARRAY_LENGTH(user_sources); j++) {
            const struct source *source = &user_sources[j];
            if (found[j].is_whole || source->wow64 != module->wow64 ||
                strcasecmp(source->file, file.data) != 0)
                continue;
            struct stub_module stubs;
            stub_module_read(space, module->base, source->prefix, &stubs);
            stubs.process = process;
            take_better(&found[j], &stubs);
        }
    }
}

/* One process is as good as another, for they share the pages; but a dump need not hold them. */
static void look_at_processes(struct analysis_context *context, struct found *found) {
    const struct process_set *set = context->processes;
    size_t tried = 0;
    for (size_t i = 0; set && i < set->count && tried < PROCESSES_TRIED; i++) {
        struct module_list modules = {0};
        struct vm *space = process_space(context->target, set->items[i].address);
        if (!space)
            continue;
        user_modules_read(context->target, set->items[i].address, space, &modules);
        tried += modules.count != 0;
        look_at(set->items[i].address, space, &modules, found);
        module_list_deinit(&modules);
        vm_destroy(space);
    }
}

/* ---- all of it ---- */

static void put_module(struct analysis_context *context, json_t *modules, const char *name,
                       struct stub_module *module) {
    if (module->readable)
        json_array_append_new(modules, extract_stub_module(context, name, module));
    stub_module_deinit(module);
}

static json_t *extract(struct analysis_context *context) {
    const struct target *target = context->target;
    json_t *modules = json_array();
    struct found found[ARRAY_LENGTH(user_sources)] = {0};
    look_at_processes(context, found);
    for (size_t i = 0; i < ARRAY_LENGTH(user_sources); i++)
        put_module(context, modules, user_sources[i].name, &found[i].module);
    bool has_user = json_array_size(modules) != 0;
    struct stub_module kernel = {0};
    if (target->kernel.headers == READ_PRESENT)
        stub_module_read(target->vm, target->kernel.base, "Zw", &kernel);
    put_module(context, modules, "ntoskrnl.exe", &kernel);
    if (json_array_size(modules) == 0) {
        json_decref(modules);
        return coverage_none(context, "no module's stubs are in the dump: not ntdll.dll's, and not "
                                      "the kernel's own");
    }
    if (!has_user)
        coverage_partial(context, "no process's ntdll.dll can be read: its pages are not in the "
                                  "dump");
    return json_pack("{s:o}", "modules", modules);
}

static const char *const types[] = {"_EPROCESS", "_EWOW64PROCESS", "_KPROCESS", NULL};

const struct analysis analysis_stubs = {
    .name = "stubs", .types = types, .publics = NULL, .extract = extract};
