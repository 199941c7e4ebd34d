/*
 * names.c - from an address to its module and the name below it.
 *
 * What is read is kept: the kernel's modules, those of the process that was asked for last (threads
 * are asked for process by process), and the names of every image met, by what makes it the same
 * file in another process.
 */
#include "kernel/names.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/image_names.h"
#include "kernel/pe.h"
#include "kernel/user_modules.h"

/* An image that was met, wherever. */
struct met_image {
    char *key;
    char *name;
    char *file;
    struct image_names *names; /* NULL: its headers cannot be read */
};

/* Modules of one address space; images[i] belongs to list.items[i], NULL until it is asked for. */
struct module_space {
    struct vm *vm;
    struct module_list list;
    struct met_image **images;
};

struct names {
    const struct target *target;
    struct symbol_index *index;
    struct met_image **met; /* in ascending order of key */
    size_t met_count;
    size_t met_capacity;
    struct module_space kernel;
    uint64_t process; /* whose modules `user` are; 0: none yet */
    struct module_space user;
};

struct names *names_new(const struct target *target) {
    struct names *names = xcalloc(1, sizeof *names);
    names->target = target;
    names->index = symbol_index_new(target);
    names->kernel.vm = target->vm;
    kernel_modules_read(target, &names->kernel.list);
    names->kernel.images = xcalloc(names->kernel.list.count + 1, sizeof(*names->kernel.images));
    return names;
}

static void forget_process(struct names *names) {
    module_list_deinit(&names->user.list);
    free(names->user.images);
    vm_destroy(names->user.vm);
    names->user = (struct module_space){0};
    names->process = 0;
}

void names_free(struct names *names) {
    if (!names)
        return;
    forget_process(names);
    module_list_deinit(&names->kernel.list);
    free(names->kernel.images);
    for (size_t i = 0; i < names->met_count; i++) {
        struct met_image *met = names->met[i];
        image_names_free(met->names);
        free(met->key);
        free(met->name);
        free(met->file);
        free(met);
    }
    free(names->met);
    symbol_index_free(names->index);
    free(names);
}

/* The address space and modules of `process`; its list says why it is not whole. */
static struct module_space *space_of(struct names *names, uint64_t process) {
    if (names->process == process)
        return &names->user;
    forget_process(names);
    names->process = process;
    names->user.vm = process_space(names->target, process);
    if (names->user.vm)
        user_modules_read(names->target, process, names->user.vm, &names->user.list);
    else
        names->user.list.state = READ_BAD_VALUE;
    names->user.images = xcalloc(names->user.list.count + 1, sizeof(*names->user.images));
    return &names->user;
}

/* ---- images ---- */

/* Whether the 64-bit half of a WoW64 process has another module of that name: ntdll.dll. */
static bool is_taken(const struct module_space *space, const struct loaded_module *module,
                     const char *file) {
    bool taken = false;
    struct text other AUTO(text_deinit) = TEXT_EMPTY;
    for (size_t i = 0; i < space->list.count && module->wow64 && !taken; i++) {
        const struct loaded_module *item = &space->list.items[i];
        taken = !item->wow64 && item->base != module->base &&
                module_file_name(space->vm, item, &other) == READ_PRESENT &&
                strcasecmp(other.data, file) == 0;
    }
    return taken;
}

/* WinDbg's name of a module: its file's without extension; the kernel is nt; the second of one name
 * has its base behind it, ntdll_77c30000. */
static char *module_name(const struct names *names, const struct module_space *space,
                         const struct loaded_module *module, const char *file) {
    if (module->base == names->target->kernel.base)
        return xstrdup("nt");
    const char *dot = strrchr(file, '.');
    int length = dot && dot != file ? (int)(dot - file) : (int)strlen(file);
    return is_taken(space, module, file) ? xasprintf("%.*s_%" PRIx64, length, file, module->base)
                                         : xstrndup(file, (size_t)length);
}

/* The position of `key`, or where it belongs. */
static size_t find_met(const struct names *names, const char *key, bool *found) {
    size_t low = 0;
    *found = false;
    for (size_t high = names->met_count; low < high && !*found;) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(names->met[middle]->key, key);
        *found = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
        if (*found)
            low = middle;
    }
    return low;
}

static struct met_image *meet(struct names *names, char *key, size_t position) {
    ARRAY_RESERVE(names->met, names->met_count, names->met_capacity);
    memmove(names->met + position + 1, names->met + position,
            (names->met_count - position) * sizeof(*names->met));
    struct met_image *met = xcalloc(1, sizeof *met);
    met->key = key;
    names->met[position] = met;
    names->met_count++;
    return met;
}

/* win32k.sys and what belongs to it is mapped in sessions alone: it is read where the process sees
 * it, and one that sees nothing there says nothing for the others. */
static struct met_image *image_of(struct names *names, struct module_space *space,
                                  const struct loaded_module *module, struct vm *vm) {
    struct met_image **known = &space->images[module - space->list.items];
    if (*known && ((*known)->names || space == &names->user))
        return *known;
    struct text file AUTO(text_deinit) = TEXT_EMPTY;
    module_file_name(space->vm, module, &file);
    struct pe_image image;
    pe_read(vm, module->base, &image);
    bool is_readable = image.headers == READ_PRESENT;
    image.size = is_readable && image.size < module->size ? image.size : module->size;
    char *identity = is_readable ? image_names_key(&image, file.data) : xstrdup("");
    AUTO_FREE char *name = module_name(names, space, module, file.data);
    /* One file can have two names, and a copy that cannot be read has none of its own. */
    char *key = xasprintf("%s|%s|%x", name, identity, module->size);
    free(identity);
    bool found;
    size_t position = find_met(names, key, &found);
    if (found) {
        free(key);
        return *known = names->met[position];
    }
    *known = meet(names, key, position);
    (*known)->name = xstrdup(name);
    (*known)->file = xstrdup(file.data);
    if (is_readable)
        (*known)->names = image_names_read(names->target, vm, &image, names->index);
    return *known;
}

/* ---- addresses ---- */

struct place {
    const struct loaded_module *module;
    struct met_image *image;
};

static enum read_state find_place(struct names *names, uint64_t process, uint64_t address,
                                  struct place *place) {
    *place = (struct place){0};
    bool is_kernel = address >= first_kernel_address(names->target->vm);
    if (!is_kernel && process == 0)
        return READ_PRESENT;
    struct module_space *space = is_kernel ? &names->kernel : space_of(names, process);
    place->module = module_list_at(&space->list, address);
    if (!place->module)
        return space->list.state;
    place->image = image_of(names, space, place->module, space->vm);
    if (is_kernel && !place->image->names && process != 0 && space_of(names, process)->vm)
        place->image = image_of(names, space, place->module, names->user.vm);
    return READ_PRESENT;
}

enum read_state names_of(struct names *names, uint64_t process, uint64_t address,
                         struct text *name) {
    struct place place;
    text_deinit(name);
    enum read_state state = find_place(names, process, address, &place);
    if (!place.module)
        return state;
    uint32_t rva = (uint32_t)(address - place.module->base), displacement = rva;
    const char *below =
        place.image->names ? image_names_below(place.image->names, rva, &displacement) : NULL;
    text_puts(name, place.image->name);
    if (below)
        text_printf(name, "!%s", below);
    if (displacement || !below)
        text_printf(name, "+0x%x", displacement);
    return READ_PRESENT;
}

enum read_state names_module(struct names *names, uint64_t process, uint64_t address,
                             struct named_module *module) {
    struct place place;
    *module = (struct named_module){0};
    enum read_state state = find_place(names, process, address, &place);
    if (!place.module)
        return state;
    *module = (struct named_module){.name = place.image->name,
                                    .file = place.image->file,
                                    .base = place.module->base,
                                    .size = place.module->size};
    return READ_PRESENT;
}
