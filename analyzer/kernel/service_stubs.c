/*
 * service_stubs.c - names of system services by the stubs that ask for them: the number is in the
 * stub, the name is what it is exported by.
 *
 * Only the start of a stub is looked at, up to its number.
 */
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "kernel/exports.h"
#include "kernel/service_internal.h"
#include "kernel/stub.h"

#define PROCESSES_TRIED 64 /* whose ntdll.dll or win32u.dll may be in the dump */

static bool read_number(struct vm *vm, uint64_t address, uint32_t *number) {
    uint8_t bytes[STUB_START];
    if (vm_read(vm, address, bytes, sizeof bytes, NULL) != READ_PRESENT)
        return false;
    return stub_number(bytes, vm_pointer_size(vm) == 8, number) &&
           *number < SERVICE_WIN32K + SERVICE_LIMIT;
}

/* The first name that a number has stays. */
static void add_name(struct services *services, uint32_t number, const char *name,
                     const char *source) {
    unsigned which = number & SERVICE_WIN32K ? SERVICES_WIN32K : SERVICES_NT;
    struct stub_name *stub = &services->stubs[which][number % SERVICE_LIMIT];
    if (stub->name)
        return;
    stub->name = xasprintf("Nt%s", name + 2);
    stub->source = source;
}

/* Takes the names of the exports that start with `prefix`; gives how many numbers they had. */
static size_t take_names(struct services *services, struct vm *vm, uint64_t base,
                         const char *prefix, const char *source) {
    struct pe_image image;
    struct exports exports;
    size_t found = 0;
    pe_read(vm, base, &image);
    if (image.headers != READ_PRESENT)
        return 0;
    exports_read(vm, &image, &exports);
    for (size_t i = 0; i < exports.direct; i++) {
        const struct export *export = &exports.items[i];
        uint32_t number;
        if (!export->named || strncmp(export->name, prefix, 2) != 0 ||
            !read_number(vm, base + export->rva, &number))
            continue;
        add_name(services, number, export->name, source);
        found++;
    }
    exports_deinit(&exports);
    return found;
}

/* ---- user modules ---- */

/* Of the process's own width: the stubs of WoW64 have the numbers of another table of names. */
static bool take_module(struct services *services, struct vm *space,
                        const struct module_list *modules, const char *file, const char *source) {
    for (size_t i = 0; i < modules->count; i++) {
        AUTO(text_deinit) struct text name = TEXT_EMPTY;
        const struct loaded_module *module = &modules->items[i];
        if (!module->wow64 && module_file_name(space, module, &name) == READ_PRESENT &&
            strcasecmp(name.data, file) == 0)
            return take_names(services, space, module->base, "Nt", source) != 0;
    }
    return false;
}

static void take_user_modules(struct services *services) {
    bool has_ntdll = false, has_win32u = false;
    for (size_t i = 0; i < services->process_count && i < PROCESSES_TRIED; i++) {
        struct module_list modules = {0};
        struct vm *space = process_space(services->target, services->processes[i]);
        if (!space)
            continue;
        user_modules_read(services->target, services->processes[i], space, &modules);
        has_ntdll = has_ntdll || take_module(services, space, &modules, "ntdll.dll", "ntdll");
        has_win32u = has_win32u || take_module(services, space, &modules, "win32u.dll", "win32u");
        module_list_deinit(&modules);
        vm_destroy(space);
        if (has_ntdll && has_win32u)
            return;
    }
}

void service_stubs_read(struct services *services) {
    const struct target *target = services->target;
    if (target->kernel.headers == READ_PRESENT)
        take_names(services, target->vm, target->kernel.base, "Zw", "kernel-stub");
    take_user_modules(services);
}
