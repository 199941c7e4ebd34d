/*
 * target.c - opening a dump as a kernel, and reading its members by name.
 */
#include "kernel/target.h"

#include <string.h>

#include "base/memory.h"
#include "image/triage.h"
#include "kernel/address.h"
#include "kernel/current.h"
#include "kernel/discover.h"
#include "kernel/module.h"

/* How far below PsLoadedModuleList an image may start: the largest ntoskrnl.exe of today is some
 * 17 MiB. */
#define SCAN_LIMIT (32u << 20)

static uint64_t header_value(const struct target *target, const char *name) {
    uint64_t value = 0;
    return image_header_value(target->image, name, &value) ? value : 0;
}

static bool holds(const struct pe_image *image, uint64_t address) {
    return address >= image->base && address - image->base < image->size;
}

/* Takes the image at `base` for the kernel where it looks like one. A header page that the dump
 * does not hold is no argument against it: KDBG and the module list name the kernel all the same,
 * and the list also its size. */
static bool take_kernel(struct target *target, uint64_t base, uint32_t size, const char *by) {
    if (base == 0 || base % IMAGE_PAGE_SIZE != 0 || !vm_is_canonical(target->vm, base))
        return false;
    struct pe_image image;
    pe_read(target->vm, base, &image);
    if (image.headers == READ_BAD_VALUE || image.headers == READ_NON_CANONICAL)
        return false;
    if (image.headers != READ_PRESENT)
        image.size = size;
    target->kernel = image;
    target->kernel_found_by = by;
    return true;
}

static bool take_first_module(struct target *target, uint64_t list) {
    uint64_t entry, base;
    uint32_t size;
    if (vm_read_pointer(target->vm, list, &entry) != READ_PRESENT ||
        vm_read_pointer(target->vm, entry + module_dll_base(target->vm), &base) != READ_PRESENT ||
        vm_read_u32(target->vm, entry + module_size_of_image(target->vm), &size) != READ_PRESENT)
        return false;
    if (list < base || list - base >= size)
        return false; /* the kernel holds the list's head: another module came first */
    return take_kernel(target, base, size, "PsLoadedModuleList");
}

static uint64_t module_list(const struct target *target) {
    uint64_t list = header_value(target, "PsLoadedModuleList");
    if (list == 0)
        kdbg_value(&target->kdbg, "PsLoadedModuleList", &list);
    return list;
}

/* The list of drivers in a triage dump has the kernel's base and size too. */
static const struct triage_driver *listed(const struct target *target, uint64_t address) {
    const struct triage *triage = image_triage(target->image);
    return triage ? triage_driver_at(triage, address) : NULL;
}

static uint32_t listed_size(const struct target *target, uint64_t base) {
    const struct triage_driver *driver = listed(target, base);
    return driver && driver->base == base ? driver->size : 0;
}

/* The kernel's image holds the head of the list of modules. */
static bool take_listed(struct target *target, uint64_t list) {
    const struct triage_driver *driver = listed(target, list);
    return driver && take_kernel(target, driver->base, driver->size, "driver list");
}

/* `found`: the base that was found without a header; 0 where there was no need to. */
static void find_kernel(struct target *target, uint64_t found) {
    uint64_t base = 0;
    kdbg_value(&target->kdbg, "KernBase", &base);
    uint64_t list = module_list(target);
    if (take_kernel(target, base, listed_size(target, base), "KdDebuggerDataBlock.KernBase"))
        return;
    if (take_kernel(target, found, 0, "page tables") || list == 0 || take_listed(target, list) ||
        take_first_module(target, list))
        return;
    base = pe_find_below(target->vm, list, SCAN_LIMIT);
    take_kernel(target, base, 0, "scan");
}

/* Nothing in a header says that there are five levels of page tables. Where the debugger block is
 * found through five and not through four, there are. */
static void choose_paging(struct target *target, uint64_t block) {
    kdbg_read(target->vm, block, &target->kdbg);
    if (vm_paging(target->vm) != VM_X64 || target->kdbg.state == READ_PRESENT || !block)
        return;
    struct vm *deep =
        vm_create_paging(target->image, VM_X64_LA57, header_value(target, "DirectoryTableBase"));
    struct kdbg kdbg;
    kdbg_read(deep, block, &kdbg);
    bool found = kdbg.state == READ_PRESENT;
    vm_destroy(found ? target->vm : deep);
    if (found) {
        target->vm = deep;
        target->kdbg = kdbg;
    }
}

/* Takes the image over, whatever becomes of it. */
static enum status make_target(struct error *err, const char *path, struct image *image,
                               struct target **made) {
    struct discovery found = {0};
    if (image_info(image)->is_capture && discover(err, image, &found)) {
        image_close(image);
        return err ? fail_within(err, path) : STATUS_FORMAT;
    }
    struct target *target = xcalloc(1, sizeof *target);
    target->path = xstrdup(path);
    target->image = image;
    target->vm = found.kernel_base
                     ? vm_create_paging(image, found.paging, found.directory_table_base)
                     : vm_create(image, header_value(target, "DirectoryTableBase"));
    target->kernel.headers = READ_BAD_VALUE;
    target->kernel.pdb_state = READ_BAD_VALUE;
    choose_paging(target, header_value(target, "KdDebuggerDataBlock"));
    current_map(target);
    find_kernel(target, found.kernel_base);
    discover_machine(target);
    *made = target;
    return STATUS_OK;
}

enum status target_open(struct error *err, const char *path, struct target **target) {
    struct image *image;
    enum status status = image_open(err, path, &image);
    return status ? status : make_target(err, path, image, target);
}

enum status target_open_bytes(struct error *err, const char *name, const void *bytes, size_t size,
                              struct target **target) {
    struct image *image;
    enum status status = image_open_bytes(err, name, bytes, size, &image);
    return status ? status : make_target(err, name, image, target);
}

static enum status make_executable(struct error *err, const char *path, struct image *image,
                                   struct target **made) {
    struct target *target = xcalloc(1, sizeof *target);
    target->path = xstrdup(path);
    target->image = image;
    target->vm = vm_create(image, 0);
    target->kernel_found_by = "file";
    kdbg_read(target->vm, 0, &target->kdbg);
    pe_read(target->vm, image_info(image)->image_base, &target->kernel);
    if (target->kernel.headers == READ_PRESENT) {
        *made = target;
        return STATUS_OK;
    }
    fail(err, STATUS_FORMAT, "%s: its PE headers cannot be read: %s", path,
         read_state_name(target->kernel.headers));
    target_close(target);
    return STATUS_FORMAT;
}

enum status target_open_executable(struct error *err, const char *path, struct target **target) {
    struct image *image;
    enum status status = image_open_executable(err, path, &image);
    return status ? status : make_executable(err, path, image, target);
}

enum status target_open_executable_bytes(struct error *err, const char *name, const void *bytes,
                                         size_t size, struct target **target) {
    struct image *image;
    enum status status = image_open_executable_bytes(err, name, bytes, size, &image);
    return status ? status : make_executable(err, name, image, target);
}

void target_close(struct target *target) {
    if (!target)
        return;
    symbols_free((struct symbols *)target->symbols);
    free((char *)target->symbols_source);
    for (size_t i = 0; i < target->symbol_path_count; i++)
        free(target->symbol_paths[i]);
    free(target->symbol_paths);
    vm_destroy(target->vm);
    image_close(target->image);
    free((char *)target->path);
    free(target);
}

/* ---- reading members by name ---- */

static enum read_state read_word(struct vm *vm, uint64_t address, uint32_t size, uint64_t *value) {
    uint8_t bytes[8];
    enum read_state state = vm_read(vm, address, bytes, size, NULL);
    if (state != READ_PRESENT)
        return state;
    *value = 0;
    for (uint32_t i = size; i-- > 0;)
        *value = *value << 8 | bytes[i];
    return READ_PRESENT;
}

/* The size of a member that its source does not tell: a pointer's is known. */
static uint32_t word_size(const struct target *target, const struct field *field) {
    size_t length = strlen(field->type);
    if (field->size == 0 && length != 0 && field->type[length - 1] == '*')
        return vm_pointer_size(target->vm);
    return field->size;
}

struct field_read target_read_member(const struct target *target, uint64_t object,
                                     const struct field *field) {
    struct field_read read = {.address = object + field->offset, .state = READ_BAD_VALUE};
    uint32_t size = word_size(target, field);
    bool word = size == 1 || size == 2 || size == 4 || size == 8;
    unsigned end = (unsigned)field->bit_position + field->bit_length;
    if (!word || (field->bit_length != 0 && end > size * 8))
        return read;
    read.state = read_word(target->vm, read.address, size, &read.value);
    if (read.state == READ_PRESENT && field->bit_length != 0) {
        read.value >>= field->bit_position;
        if (field->bit_length < 64)
            read.value &= ((uint64_t)1 << field->bit_length) - 1;
    }
    return read;
}

struct field_read target_read_field(const struct target *target, uint64_t object, const char *type,
                                    const char *path) {
    struct field field;
    if (!target->symbols || !symbols_field(target->symbols, type, path, &field))
        return (struct field_read){.absent = true};
    return target_read_member(target, object, &field);
}

bool target_field_address(const struct target *target, uint64_t object, const char *type,
                          const char *path, uint64_t *address) {
    struct field field;
    if (!target->symbols || !symbols_field(target->symbols, type, path, &field))
        return false;
    *address = object + field.offset;
    return true;
}

bool target_symbol(const struct target *target, const char *name, uint64_t *address) {
    uint64_t rva;
    if (target->match != MATCH_EXACT || target->kernel.base == 0 ||
        !symbols_rva(target->symbols, name, &rva))
        return false;
    *address = target->kernel.base + rva;
    return target->kernel.size == 0 || holds(&target->kernel, *address);
}

static bool header_address(const struct target *target, const char *name, uint64_t *address) {
    const struct image_info *info = image_info(target->image);
    for (size_t i = 0; i < info->field_count; i++) {
        const struct image_field *field = &info->fields[i];
        if (field->kind != IMAGE_FIELD_ADDRESS || strcmp(field->name, name) != 0)
            continue;
        *address = image_field_value(target->image, field, 0);
        return *address != 0;
    }
    /* What was found without a header is a number or an address. */
    return info->is_capture && image_header_value(target->image, name, address) &&
           *address >= first_kernel_address(target->vm);
}

bool target_global(const struct target *target, const char *name, uint64_t *address) {
    if (target_symbol(target, name, address))
        return true;
    for (const struct kdbg_field *field = kdbg_fields; field->name; field++) {
        if (field->size == 8 && strcmp(field->name, name) == 0 &&
            kdbg_value(&target->kdbg, name, address) && *address != 0)
            return true;
    }
    return header_address(target, name, address);
}
