/*
 * stub_module.h - the stubs of one module: ntdll, win32u, the kernel's Zw functions. They are found
 * by the module's exports; what is called like a service and is no stub is among them, for that is
 * what a hook looks like.
 */
#ifndef NTDRIFT_KERNEL_STUB_MODULE_H
#define NTDRIFT_KERNEL_STUB_MODULE_H

#include "kernel/exports.h"
#include "kernel/pe.h"
#include "kernel/stub.h"

struct module_stub {
    const char *name; /* "NtReadFile" */
    uint64_t address;
    enum read_state state; /* of its bytes */
    struct stub stub;
    uint8_t bytes[STUB_MOST];
};

struct stub_module {
    struct pe_image image;
    struct exports exports;    /* the names are theirs */
    struct module_stub *items; /* in ascending order of name */
    size_t count;
    size_t readable;
    uint64_t process;          /* whoever reads may say in whose address space; 0: no process's */
    enum stub_mechanism usual; /* of most of those that are known; STUB_UNKNOWN: none is */
};

/* `prefix`: "Nt" or "Zw". Reads the exports of the image at `base` whose names go on with a
 * capital. Never fails: image.headers and exports.state say why there is nothing. */
void stub_module_read(struct vm *vm, uint64_t base, const char *prefix, struct stub_module *module);
void stub_module_deinit(struct stub_module *module);

#endif
