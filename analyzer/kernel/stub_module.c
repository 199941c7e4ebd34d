/* stub_module.c - the stubs that a module exports. */
#include "kernel/stub_module.h"

#include <string.h>

#include "base/memory.h"
#include "image/image.h"

#define STUBS_MOST 8192 /* the two tables together have room for as many services */

static bool is_service_name(const char *name, const char *prefix) {
    return strncmp(name, prefix, strlen(prefix)) == 0 && name[strlen(prefix)] >= 'A' &&
           name[strlen(prefix)] <= 'Z';
}

/* As much as there is: the page behind the stub's need not be in the dump. */
static enum read_state read_code(struct vm *vm, uint64_t address, uint8_t bytes[STUB_MOST],
                                 size_t *size) {
    size_t here = IMAGE_PAGE_SIZE - (size_t)(address % IMAGE_PAGE_SIZE);
    *size = here < STUB_MOST ? here : STUB_MOST;
    enum read_state state = vm_read(vm, address, bytes, *size, NULL);
    if (state == READ_PRESENT && *size < STUB_MOST &&
        vm_read(vm, address + *size, bytes + *size, STUB_MOST - *size, NULL) == READ_PRESENT)
        *size = STUB_MOST;
    return state;
}

static void read_stub(struct vm *vm, const struct pe_image *image, const struct export *export,
                      struct module_stub *stub) {
    size_t size;
    stub->name = export->name;
    stub->address = image->base + export->rva;
    stub->state = read_code(vm, stub->address, stub->bytes, &size);
    if (stub->state == READ_PRESENT)
        stub->stub = stub_read(stub->bytes, size, image->machine == PE_MACHINE_AMD64);
}

static void find_usual(struct stub_module *module) {
    size_t counts[STUB_KERNEL + 1] = {0};
    for (size_t i = 0; i < module->count; i++)
        counts[module->items[i].stub.mechanism] += module->items[i].state == READ_PRESENT;
    module->readable = counts[STUB_UNKNOWN];
    counts[STUB_UNKNOWN] = 0; /* hooks do not become usual by being many */
    for (enum stub_mechanism i = STUB_UNKNOWN; i <= STUB_KERNEL; i++) {
        module->readable += counts[i];
        if (counts[i] > counts[module->usual])
            module->usual = i;
    }
}

void stub_module_read(struct vm *vm, uint64_t base, const char *prefix,
                      struct stub_module *module) {
    *module = (struct stub_module){0};
    pe_read(vm, base, &module->image);
    if (module->image.headers != READ_PRESENT)
        return;
    exports_read(vm, &module->image, &module->exports);
    module->items = xcalloc(module->exports.count + 1, sizeof *module->items);
    for (size_t i = 0; i < module->exports.count && module->count < STUBS_MOST; i++) {
        const struct export *export = &module->exports.items[module->exports.by_name[i]];
        if (export->named && !export->forwarder && is_service_name(export->name, prefix))
            read_stub(vm, &module->image, export, &module->items[module->count++]);
    }
    find_usual(module);
}

void stub_module_deinit(struct stub_module *module) {
    exports_deinit(&module->exports);
    free(module->items);
    *module = (struct stub_module){0};
}
