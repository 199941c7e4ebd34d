/*
 * names.c - the modules of the kernel and of one process at a time, and the symbols of each image.
 */
#include "kernel/names.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/exports.h"
#include "kernel/module_symbols.h"
#include "kernel/user_modules.h"

/* A symbol of an image. */
struct place {
    uint64_t rva;
    const char *name;
};

/* What is known of an image, wherever it is mapped. */
struct known_image {
    struct pdb_identity pdb; /* guid "": known by the rest */
    uint32_t size, timestamp;
    char *file, *name; /* "ntdll.dll", "ntdll" */
    struct symbols *symbols;
    struct exports exports;
    struct place *places; /* ascending by rva, then name */
    size_t count;
};

/* The modules of an address space. */
struct space {
    uint64_t process; /* 0: the kernel's */
    struct vm *vm;
    struct module_list list;
    struct known_image **images; /* of list.items; NULL until asked for */
};

struct names {
    const struct target *target;
    struct symbol_index *index;
    struct space kernel;
    struct space user; /* of the process that was asked for last */
    struct known_image **images;
    size_t count;
    size_t capacity;
};

/* ---- images ---- */

static int by_rva(const void *left, const void *right) {
    const struct place *a = left, *b = right;
    if (a->rva != b->rva)
        return a->rva < b->rva ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void take_publics(struct known_image *image, const struct symbols *symbols) {
    size_t count;
    const struct public_symbol *publics = symbols_publics(symbols, &count);
    image->places = xcalloc(count + 1, sizeof *image->places);
    for (size_t i = 0; i < count; i++)
        if (publics[i].rva < image->size)
            image->places[image->count++] = (struct place){publics[i].rva, publics[i].name};
    qsort(image->places, image->count, sizeof *image->places, by_rva);
}

static void take_exports(struct known_image *image, struct vm *vm, const struct pe_image *pe) {
    if (pe->headers != READ_PRESENT)
        return;
    exports_read(vm, pe, &image->exports);
    image->places = xcalloc(image->exports.direct + 1, sizeof *image->places);
    for (size_t i = 0; i < image->exports.direct; i++)
        image->places[image->count++] =
            (struct place){image->exports.items[i].rva, image->exports.items[i].name};
}

/* A profile has few symbols, between which nothing can be told. */
static const struct symbols *own_symbols(const struct target *target) {
    bool has_all =
        target->symbols && target->match == MATCH_EXACT && symbols_complete(target->symbols);
    return has_all ? target->symbols : NULL;
}

static void fill(struct names *names, struct known_image *image, struct vm *vm, bool is_kernel,
                 const struct pe_image *pe) {
    const struct symbols *symbols = is_kernel ? own_symbols(names->target) : NULL;
    if (!symbols && image->pdb.guid[0])
        symbols = image->symbols = symbol_index_open(names->index, &image->pdb);
    if (symbols)
        take_publics(image, symbols);
    if (image->count == 0) {
        free(image->places);
        image->places = NULL;
        take_exports(image, vm, pe);
    }
}

static char *module_name(const char *file, bool is_kernel) {
    const char *dot = strrchr(file, '.');
    if (is_kernel)
        return xstrdup("nt");
    return xstrndup(file, dot && dot != file ? (size_t)(dot - file) : strlen(file));
}

static bool is_same(const struct known_image *image, const char *file,
                    const struct loaded_module *module, const struct pe_image *pe) {
    return image->size == module->size && image->timestamp == pe->timestamp &&
           strcmp(image->pdb.guid, pe->has_pdb ? pe->pdb.guid : "") == 0 &&
           strcmp(image->file, file) == 0;
}

/* The image is made where no process had it yet. */
static struct known_image *image_of(struct names *names, const struct space *space,
                                    const struct loaded_module *module, const char *file) {
    struct pe_image pe;
    pe_read(space->vm, module->base, &pe);
    for (size_t i = 0; i < names->count; i++)
        if (is_same(names->images[i], file, module, &pe))
            return names->images[i];
    struct known_image *image = xcalloc(1, sizeof *image);
    bool is_kernel = space->process == 0 && module->base == names->target->kernel.base;
    if (pe.has_pdb)
        image->pdb = pe.pdb;
    image->size = module->size;
    image->timestamp = pe.timestamp;
    image->file = xstrdup(file);
    image->name = module_name(file, is_kernel);
    fill(names, image, space->vm, is_kernel, &pe);
    ARRAY_RESERVE(names->images, names->count, names->capacity);
    names->images[names->count++] = image;
    return image;
}

static void image_free(struct known_image *image) {
    free(image->places);
    exports_deinit(&image->exports);
    symbols_free(image->symbols);
    free(image->file);
    free(image->name);
    free(image);
}

/* ---- spaces ---- */

static void space_deinit(struct space *space) {
    if (space->process)
        vm_destroy(space->vm);
    module_list_deinit(&space->list);
    free(space->images);
    *space = (struct space){0};
}

static void enter(struct names *names, uint64_t process) {
    struct space *space = &names->user;
    if (space->process == process)
        return;
    space_deinit(space);
    space->process = process;
    space->vm = process_space(names->target, process);
    if (space->vm)
        user_modules_read(names->target, process, space->vm, &space->list);
    else
        space->list.state = READ_BAD_VALUE;
    space->images = xcalloc(space->list.count + 1, sizeof *space->images);
}

struct names *names_new(const struct target *target) {
    struct names *names = xcalloc(1, sizeof *names);
    names->target = target;
    names->index = symbol_index_new(target);
    names->kernel.vm = target->vm;
    kernel_modules_read(target, &names->kernel.list);
    names->kernel.images = xcalloc(names->kernel.list.count + 1, sizeof *names->kernel.images);
    return names;
}

void names_free(struct names *names) {
    if (!names)
        return;
    space_deinit(&names->user);
    space_deinit(&names->kernel);
    for (size_t i = 0; i < names->count; i++)
        image_free(names->images[i]);
    free(names->images);
    symbol_index_free(names->index);
    free(names);
}

/* ---- addresses ---- */

/* The module that holds the address, and its image; NULL with READ_PRESENT where none does. */
static enum read_state find(struct names *names, uint64_t process, uint64_t address,
                            const struct loaded_module **module, struct known_image **image) {
    bool is_kernel = address >= first_kernel_address(names->target->vm);
    *module = NULL;
    if (!is_kernel && process == 0)
        return READ_PRESENT;
    if (!is_kernel)
        enter(names, process);
    struct space *space = is_kernel ? &names->kernel : &names->user;
    *module = module_list_at(&space->list, address);
    if (!*module)
        return space->list.state;
    struct known_image **known = &space->images[*module - space->list.items];
    if (!*known) {
        AUTO(text_deinit) struct text file = TEXT_EMPTY;
        enum read_state state = module_file_name(space->vm, *module, &file);
        if (state != READ_PRESENT) {
            *module = NULL;
            return state;
        }
        *known = image_of(names, space, *module, file.data);
    }
    *image = *known;
    return READ_PRESENT;
}

/* The last symbol at or below `rva`; of several at one address the first by name. */
static const struct place *place_below(const struct known_image *image, uint64_t rva) {
    size_t low = 0, high = image->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (image->places[middle].rva <= rva)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    while (low > 1 && image->places[low - 2].rva == image->places[low - 1].rva)
        low--;
    return &image->places[low - 1];
}

enum read_state names_of(struct names *names, uint64_t process, uint64_t address,
                         struct text *name) {
    const struct loaded_module *module;
    struct known_image *image;
    text_deinit(name);
    text_init(name);
    enum read_state state = find(names, process, address, &module, &image);
    if (state != READ_PRESENT || !module)
        return state;
    uint64_t rva = address - module->base;
    const struct place *place = place_below(image, rva);
    text_puts(name, image->name);
    if (place)
        text_printf(name, "!%s", place->name);
    uint64_t offset = place ? rva - place->rva : rva;
    if (offset != 0 || !place)
        text_printf(name, "+0x%" PRIx64, offset);
    return READ_PRESENT;
}

enum read_state names_module(struct names *names, uint64_t process, uint64_t address,
                             struct named_module *module) {
    const struct loaded_module *loaded;
    struct known_image *image;
    *module = (struct named_module){0};
    enum read_state state = find(names, process, address, &loaded, &image);
    if (state == READ_PRESENT && loaded)
        *module = (struct named_module){image->name, image->file, loaded->base, loaded->size};
    return state;
}
