/*
 * user_modules.c - walking the loader's lists of the kernel and of processes.
 */
#include "kernel/user_modules.h"

#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/address.h"
#include "kernel/list.h"
#include "kernel/module.h"
#include "kernel/values.h"

/* Windows itself cannot load that many: an entry takes more than 160 bytes of nonpaged pool, and
 * a machine of today loads some 250 drivers, a large process some 500 DLLs. */
#define KERNEL_MODULES_MOST 16384
#define USER_MODULES_MOST   4096
#define NAME_BYTES_MOST     520 /* MAX_PATH of UTF-16 */

/* The loader's structures of one width. */
struct loader {
    unsigned pointer;
    uint32_t ldr;         /* _PEB.Ldr */
    uint32_t list;        /* _PEB_LDR_DATA.InLoadOrderModuleList */
    uint32_t dll_base;    /* of _LDR_DATA_TABLE_ENTRY, whose first member is InLoadOrderLinks */
    uint32_t image_size;  /* SizeOfImage */
    uint32_t name;        /* BaseDllName */
    uint32_t name_buffer; /* _UNICODE_STRING.Buffer */
};

static const struct loader loader32 = {4, 0xc, 0xc, 0x18, 0x20, 0x2c, 4};
static const struct loader loader64 = {8, 0x18, 0x10, 0x30, 0x40, 0x58, 8};

#define ENTRY_READ 0x44 /* of an entry, at the most: up to SizeOfImage */

static const struct loader *loader_of(bool wide) {
    return wide ? &loader64 : &loader32;
}

static bool is_wide(const struct vm *vm) {
    return vm_pointer_size(vm) == 8;
}

static void add(struct module_list *list, struct loaded_module module) {
    if (module.size == 0 || module.base == 0 || module.size > UINT64_MAX - module.base)
        return;
    ARRAY_RESERVE(list->items, list->count, list->capacity);
    list->items[list->count++] = module;
}

static int by_base(const void *left, const void *right, void *items) {
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    const struct loaded_module *modules = items;
    if (modules[a].base != modules[b].base)
        return modules[a].base < modules[b].base ? -1 : 1;
    return (a < b) - (a > b); /* the first one listed is found last, and so first */
}

static void sort(struct module_list *list) {
    list->by_base = xcalloc(list->count + 1, sizeof *list->by_base);
    for (size_t i = 0; i < list->count; i++)
        list->by_base[i] = i;
    if (list->count)
        qsort_r(list->by_base, list->count, sizeof *list->by_base, by_base, list->items);
}

void module_list_deinit(struct module_list *list) {
    free(list->items);
    free(list->by_base);
    *list = (struct module_list){0};
}

const struct loaded_module *module_list_at(const struct module_list *list, uint64_t address) {
    size_t low = 0;
    for (size_t high = list->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (list->items[list->by_base[middle]].base > address)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0)
        return NULL;
    const struct loaded_module *module = &list->items[list->by_base[low - 1]];
    return address - module->base < module->size ? module : NULL;
}

/* ---- the kernel ---- */

static void add_drivers(const struct triage *triage, struct module_list *list) {
    for (size_t i = 0; i < triage->driver_count; i++) {
        const struct triage_driver *driver = &triage->drivers[i];
        add(list, (struct loaded_module){
                      .base = driver->base, .size = driver->size, .path = &driver->path});
    }
}

static enum read_state add_kernel_entry(struct vm *vm, uint64_t entry, struct module_list *list) {
    struct loaded_module module = {.name_at = entry + loader_of(is_wide(vm))->name};
    enum read_state state = vm_read_pointer(vm, entry + module_dll_base(vm), &module.base);
    if (state == READ_PRESENT)
        state = vm_read_u32(vm, entry + module_size_of_image(vm), &module.size);
    if (state == READ_PRESENT)
        add(list, module);
    return state;
}

static void add_listed(const struct target *target, struct module_list *list) {
    uint64_t head;
    struct list_walk walk;
    if (!target_global(target, "PsLoadedModuleList", &head)) {
        list->state = READ_BAD_VALUE;
        return;
    }
    list_walk(target->vm, head, KERNEL_MODULES_MOST, &walk);
    if (walk.end != LIST_CLOSED)
        list->state = walk.end == LIST_BROKEN ? walk.state : READ_BAD_VALUE;
    for (size_t i = 0; i < walk.count; i++) {
        enum read_state state = add_kernel_entry(target->vm, walk.entries[i], list);
        if (list->state == READ_PRESENT)
            list->state = state;
    }
    list_walk_deinit(&walk);
}

void kernel_modules_read(const struct target *target, struct module_list *list) {
    *list = (struct module_list){.state = READ_PRESENT};
    const struct triage *triage = image_triage(target->image);
    if (triage && triage->driver_count)
        add_drivers(triage, list);
    else
        add_listed(target, list);
    sort(list);
}

/* ---- a process ---- */

/* One loader's list. */
struct walk {
    struct vm *space;
    const struct loader *loader;
    struct module_list *list;
    bool wow64;
};

static uint64_t get_pointer(const struct loader *loader, const uint8_t *bytes) {
    return load_integer(bytes, loader->pointer);
}

static enum read_state read_pointer(const struct walk *walk, uint64_t address, uint64_t *value) {
    uint8_t bytes[8];
    enum read_state state = vm_read(walk->space, address, bytes, walk->loader->pointer, NULL);
    if (state == READ_PRESENT)
        *value = get_pointer(walk->loader, bytes);
    return state;
}

static bool is_user(const struct walk *walk, uint64_t address) {
    return address != 0 && address < first_kernel_address(walk->space) &&
           address % walk->loader->pointer == 0;
}

/* Adds the entry, and gives the next one. An entry that does not lead back to where the walk comes
 * from ends it, so that no cycle is ever gone round. */
static enum read_state take_entry(const struct walk *walk, uint64_t from, uint64_t *entry) {
    const struct loader *loader = walk->loader;
    uint8_t bytes[ENTRY_READ];
    if (!is_user(walk, *entry))
        return READ_BAD_VALUE;
    enum read_state state = vm_read(walk->space, *entry, bytes, loader->image_size + 4, NULL);
    if (state != READ_PRESENT)
        return state;
    if (get_pointer(loader, bytes + loader->pointer) != from)
        return READ_BAD_VALUE;
    add(walk->list, (struct loaded_module){.base = get_pointer(loader, bytes + loader->dll_base),
                                           .size = load_u32(bytes + loader->image_size),
                                           .wow64 = walk->wow64,
                                           .name_at = *entry + loader->name});
    *entry = get_pointer(loader, bytes);
    return READ_PRESENT;
}

static enum read_state walk_list(const struct walk *walk, uint64_t head) {
    uint64_t entry, from = head;
    if (!is_user(walk, head))
        return READ_BAD_VALUE;
    enum read_state state = read_pointer(walk, head, &entry);
    for (size_t i = 0; state == READ_PRESENT && entry != head; i++) {
        uint64_t here = entry;
        state = i < USER_MODULES_MOST ? take_entry(walk, from, &entry) : READ_BAD_VALUE;
        from = here;
    }
    return state;
}

/* A process that has not run yet has a PEB without Ldr: it has loaded nothing. */
static enum read_state walk_loader(const struct walk *walk, uint64_t peb) {
    uint64_t ldr;
    if (!is_user(walk, peb))
        return READ_BAD_VALUE;
    enum read_state state = read_pointer(walk, peb + walk->loader->ldr, &ldr);
    if (state != READ_PRESENT || ldr == 0)
        return state;
    return walk_list(walk, ldr + walk->loader->list);
}

/* EPROCESS.Wow64Process was the 32-bit PEB; since there is _EWOW64PROCESS, WoW64Process points to
 * one, which has it. 0 where the process has none. */
static enum read_state wow64_peb(const struct target *target, uint64_t process, uint64_t *peb) {
    *peb = 0;
    struct field_read read = target_read_field(target, process, "_EPROCESS", "Wow64Process");
    if (!read.absent) {
        *peb = read.value;
        return read.state;
    }
    read = target_read_field(target, process, "_EPROCESS", "WoW64Process");
    if (read.absent || read.state != READ_PRESENT || read.value == 0)
        return read.absent ? READ_PRESENT : read.state;
    read = target_read_field(target, read.value, "_EWOW64PROCESS", "Peb");
    *peb = read.value;
    return read.absent ? READ_BAD_VALUE : read.state;
}

void user_modules_read(const struct target *target, uint64_t process, struct vm *space,
                       struct module_list *list) {
    *list = (struct module_list){.state = READ_BAD_VALUE};
    struct walk walk = {space, loader_of(is_wide(space)), list, false};
    struct field_read peb = target_read_field(target, process, "_EPROCESS", "Peb");
    if (!peb.absent)
        list->state = peb.state;
    if (list->state == READ_PRESENT && peb.value != 0) {
        list->state = walk_loader(&walk, peb.value);
        struct walk wow64 = {space, &loader32, list, true};
        uint64_t peb32;
        enum read_state state = wow64_peb(target, process, &peb32);
        if (state == READ_PRESENT && peb32 != 0)
            state = walk_loader(&wow64, peb32);
        if (list->state == READ_PRESENT)
            list->state = state;
    }
    sort(list);
}

struct vm *process_space(const struct target *target, uint64_t process) {
    struct field_read directory =
        target_read_field(target, process, "_EPROCESS", "Pcb.DirectoryTableBase");
    if (directory.absent || directory.state != READ_PRESENT || directory.value == 0)
        return NULL;
    return vm_create_like(target->vm, directory.value);
}

/* ---- names ---- */

/* The part of a path behind its last backslash. */
static enum read_state name_of_path(const struct triage_name *path, struct text *name) {
    size_t start = path->bytes ? path->length : 0;
    while (start >= 2 && load_u16(path->bytes + start - 2) != '\\')
        start -= 2;
    if (!path->bytes || start == path->length)
        return READ_BAD_VALUE;
    value_utf16(name, path->bytes + start, path->length - start);
    return READ_PRESENT;
}

enum read_state module_file_name(struct vm *space, const struct loaded_module *module,
                                 struct text *name) {
    const struct loader *loader = loader_of(is_wide(space) && !module->wow64);
    uint8_t string[16], bytes[NAME_BYTES_MOST];
    text_deinit(name);
    if (module->path)
        return name_of_path(module->path, name);
    enum read_state state = vm_read(space, module->name_at, string, 2 * loader->pointer, NULL);
    if (state != READ_PRESENT)
        return state;
    uint16_t length = load_u16(string);
    if (length == 0 || length > sizeof bytes || length % 2 != 0)
        return READ_BAD_VALUE;
    state = vm_read(space, get_pointer(loader, string + loader->name_buffer), bytes, length, NULL);
    if (state == READ_PRESENT)
        value_utf16(name, bytes, length);
    return state;
}
