/*
 * user.c - what full and active dumps hold of user space: the PEB of every process, the loader's
 * lists, the images on them, and the shared page below it all. A WoW64 process has PEB and lists
 * twice.
 *
 * Source: winternl.h of the Windows SDK and the symbol files for the PEB and the loader's
 * structures; the members written here lie at the same places in all builds of one width.
 */
#include "user.h"

#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "user_images.h"
#include "util.h"

#define USER_SHARED_PAGE 0x7ffe0000ull
#define FIRST_HEAP       0x00150000ull

enum { LISTS = 3, LOADER_SIZE = 0x60, ENTRY_SIZE = 0x120, PARAMETERS_SIZE = 0x400 };

/* PEB, PEB_LDR_DATA, LDR_DATA_TABLE_ENTRY, RTL_USER_PROCESS_PARAMETERS of one width. */
struct peb_form {
    unsigned pointer;
    uint16_t image_base, loader, parameters, os_major, os_minor, os_build;
    uint16_t heads[LISTS], links[LISTS]; /* load, memory, initialization order */
    uint16_t dll_base, entry, size, full_name, base_name, timestamp;
    uint16_t image_path, command_line;
};
static const struct peb_form peb_x64 = {
    .pointer = 8,
    .image_base = 0x10,
    .loader = 0x18,
    .parameters = 0x20,
    .os_major = 0x118,
    .os_minor = 0x11c,
    .os_build = 0x120,
    .heads = {0x10, 0x20, 0x30},
    .links = {0x00, 0x10, 0x20},
    .dll_base = 0x30,
    .entry = 0x38,
    .size = 0x40,
    .full_name = 0x48,
    .base_name = 0x58,
    .timestamp = 0x80,
    .image_path = 0x60,
    .command_line = 0x70,
};
static const struct peb_form peb_x86 = {
    .pointer = 4,
    .image_base = 0x08,
    .loader = 0x0c,
    .parameters = 0x10,
    .os_major = 0xa4,
    .os_minor = 0xa8,
    .os_build = 0xac,
    .heads = {0x0c, 0x14, 0x1c},
    .links = {0x00, 0x08, 0x10},
    .dll_base = 0x18,
    .entry = 0x1c,
    .size = 0x20,
    .full_name = 0x24,
    .base_name = 0x2c,
    .timestamp = 0x44,
    .image_path = 0x38,
    .command_line = 0x40,
};

struct loaded {
    const char *name, *path;
    uint64_t base, size, entry, timestamp;
};

uint64_t usual_peb(const struct machine *machine) {
    return machine->pointer_size == 8 ? 0x7fffffdf000 : 0x7ffdf000;
}

uint64_t main_image_base(const struct machine *machine, const struct process *process) {
    if (machine->pointer_size == 4)
        return 0x400000;
    uint64_t usual = is_wow64(process) ? 0x00c10000 : 0x7ff600000000 + process->pid * 0x100000;
    return number_or(process->extras, "image_base", usual);
}

static void user_path(const struct process *process, char *path, size_t size) {
    const char *given = json_string_value(json_object_get(process->extras, "path"));
    snprintf(path, size, "C:\\%s%s", given && *given ? given : "Windows\\System32\\",
             process->name);
}

/* The main image is its headers alone; its code is none of the scenario's. */
static void make_main_image(struct machine *machine, const struct process *process,
                            struct loaded *loaded) {
    const struct image_section sections[] = {{".text", 0x1000, 0x20000, 0x60000020},
                                             {".rdata", 0x20000, 0x28000, 0x40000040},
                                             {".data", 0x28000, 0x2a000, 0xc0000040},
                                             {".rsrc", 0x2a000, 0x2c000, 0x40000040}};
    struct image image = {
        .base = main_image_base(machine, process),
        .size = 0x2c000,
        .timestamp = (uint32_t)(0x55000000 + process->pid * 0x101),
        .sections = sections,
        .section_count = sizeof sections / sizeof *sections,
        .narrow = is_wow64(process),
    };
    memory_map(&machine->memory, image.base, PAGE_SIZE, PAGE_USER);
    memory_claim(&machine->memory, image.base, image.size, process->name);
    write_pe_headers(machine, &image);
    loaded->base = image.base;
    loaded->size = image.size;
    loaded->timestamp = image.timestamp;
    loaded->entry = image.base + 0x1000;
}

static uint64_t write_entry(struct machine *machine, const struct peb_form *form,
                            const struct loaded *loaded, struct pool *heap) {
    struct memory *memory = &machine->memory;
    uint64_t entry = pool_take(machine, heap, ENTRY_SIZE, 0x10, "a loader entry");
    memory_put(memory, entry + form->dll_base, loaded->base, form->pointer);
    memory_put(memory, entry + form->entry, loaded->entry, form->pointer);
    memory_put(memory, entry + form->size, loaded->size, 4);
    memory_put(memory, entry + form->timestamp, loaded->timestamp, 4);
    write_unicode_as(machine, entry + form->full_name, loaded->path, heap, form->pointer);
    write_unicode_as(machine, entry + form->base_name, loaded->name, heap, form->pointer);
    return entry;
}

static void put_links(struct machine *machine, unsigned width, uint64_t entry, uint64_t flink,
                      uint64_t blink) {
    memory_put(&machine->memory, entry, flink, width);
    memory_put(&machine->memory, entry + width, blink, width);
}

/* The main image is never initialized by the loader: it is not on the third list. */
static void link_loader(struct machine *machine, const struct peb_form *form, uint64_t loader,
                        const uint64_t *entries, size_t count) {
    for (unsigned list = 0; list < LISTS; list++) {
        uint64_t head = loader + form->heads[list], before = head;
        for (size_t i = list == LISTS - 1 ? 1 : 0; i < count; i++) {
            uint64_t entry = entries[i] + form->links[list];
            put_links(machine, form->pointer, entry, head, before);
            memory_put(&machine->memory, before, entry, form->pointer);
            before = entry;
        }
        memory_put(&machine->memory, before, head, form->pointer);
        memory_put(&machine->memory, head + form->pointer, before, form->pointer);
    }
}

/* The images on the lists of one width, the main one first. */
static size_t collect_images(const struct machine *machine, const struct process *process,
                             bool narrow, struct loaded *loaded, char (*paths)[128]) {
    size_t count = 1;
    for (size_t i = 0; i < machine->image_count; i++) {
        const struct user_image *image = &machine->images[i];
        bool of_width = machine->pointer_size == 4 || image->narrow == narrow;
        if (!wants_image(process, image) || !of_width)
            continue;
        if (count == MOST_USER_IMAGES)
            die("%s has too many images", process->name);
        uint64_t base = image_base(process, image);
        snprintf(paths[count], sizeof *paths, "C:\\Windows\\%s\\%s",
                 narrow && machine->pointer_size == 8 ? "SysWOW64" : "System32", image->name);
        loaded[count] = (struct loaded){image->name, paths[count],        base,
                                        image->size, base + image->entry, image->timestamp};
        count++;
    }
    return count;
}

static void write_loader(struct machine *machine, const struct process *process, uint64_t peb,
                         const struct loaded *main_image, struct pool *heap, bool narrow) {
    const struct peb_form *form = narrow || machine->pointer_size == 4 ? &peb_x86 : &peb_x64;
    struct loaded loaded[MOST_USER_IMAGES] = {*main_image};
    char paths[MOST_USER_IMAGES][128];
    uint64_t entries[MOST_USER_IMAGES];
    size_t count = collect_images(machine, process, narrow, loaded, paths);
    uint64_t loader = pool_take(machine, heap, LOADER_SIZE, 0x10, "PEB_LDR_DATA");
    memory_put(&machine->memory, loader, form->pointer == 8 ? 0x58 : 0x30, 4); /* Length */
    memory_put(&machine->memory, loader + 4, 1, 1);                            /* Initialized */
    for (size_t i = 0; i < count; i++)
        entries[i] = write_entry(machine, form, &loaded[i], heap);
    link_loader(machine, form, loader, entries, count);
    memory_put(&machine->memory, peb + form->loader, loader, form->pointer);
}

static void write_peb(struct machine *machine, uint64_t peb, const struct loaded *main_image,
                      struct pool *heap, bool narrow) {
    const struct peb_form *form = narrow || machine->pointer_size == 4 ? &peb_x86 : &peb_x64;
    const json_t *version = array(json_object_get(machine->scenario, "system"), "version");
    struct memory *memory = &machine->memory;
    uint64_t parameters = pool_take(machine, heap, PARAMETERS_SIZE, 0x10, "process parameters");
    char command[300];
    snprintf(command, sizeof command, "\"%s\"", main_image->path);
    memory_put(memory, peb + form->image_base, main_image->base, form->pointer);
    memory_put(memory, peb + form->parameters, parameters, form->pointer);
    memory_put(memory, peb + form->os_major, number_of(json_array_get(version, 0), "version"), 4);
    memory_put(memory, peb + form->os_minor, number_of(json_array_get(version, 1), "version"), 4);
    memory_put(memory, peb + form->os_build, machine->build, 2);
    write_unicode_as(machine, parameters + form->image_path, main_image->path, heap, form->pointer);
    write_unicode_as(machine, parameters + form->command_line, command, heap, form->pointer);
}

/* KVA shadow: the tables for user mode have the user half too; in one that lies, they alone. */
static void shadow_user_half(struct machine *machine, const struct process *process) {
    enum { USER_HALF = PAGE_SIZE / 2 };
    if (!process->user_root)
        return;
    uint8_t *own = memory_frame(&machine->memory, process->root);
    memcpy(memory_frame(&machine->memory, process->user_root), own, USER_HALF);
    if (json_is_true(json_object_get(process->extras, "only_shadow")))
        memset(own, 0, USER_HALF);
}

static void make_user_space(struct machine *machine, const struct process *process) {
    struct memory *memory = &machine->memory;
    uint64_t shared = memory_frame_of(memory, shared_page(machine));
    uint64_t peb = number_or(process->extras, "peb", usual_peb(machine));
    struct pool heap = {FIRST_HEAP, PAGE_USER};
    char path[256];
    user_path(process, path, sizeof path);
    struct loaded main_image = {.name = process->name, .path = path};
    for (size_t i = 0; i < machine->image_count; i++)
        if (wants_image(process, &machine->images[i]))
            map_user_image(machine, process, &machine->images[i]);
    memory_map_user(memory, process->root, USER_SHARED_PAGE, shared, PAGE_USER);
    uint64_t before = memory_enter(memory, process->root);
    make_main_image(machine, process, &main_image);
    for (int narrow = 0; narrow <= (is_wow64(process) ? 1 : 0); narrow++) {
        uint64_t place = narrow ? WOW64_PEB : peb;
        memory_map(memory, place, PAGE_SIZE, PAGE_USER);
        write_peb(machine, place, &main_image, &heap, narrow);
        if (machine->image_count)
            write_loader(machine, process, place, &main_image, &heap, narrow);
    }
    memory_enter(memory, before);
    shadow_user_half(machine, process);
}

/* Where 32-bit stubs call through, and where its sysenter returns to: KUSER_SHARED_DATA of XP SP2
 * on. */
static void write_system_call(struct machine *machine) {
    const struct user_image *ntdll = find_image(machine, "ntdll.dll");
    uint64_t back =
        ntdll && machine->pointer_size == 4 ? image_symbol(ntdll, "KiFastSystemCallRet") : 0;
    if (!back)
        return;
    /* KiFastSystemCall: mov edx,esp; sysenter */
    memory_put(&machine->memory, shared_page(machine) + 0x300, ntdll->base + back - 4, 4);
    memory_put(&machine->memory, shared_page(machine) + 0x304, ntdll->base + back, 4);
}

void forge_user_pages(struct machine *machine) {
    write_system_call(machine);
    for (size_t i = 0; has_user_pages(machine) && i < machine->process_count; i++)
        if (machine->processes[i].user_space)
            make_user_space(machine, &machine->processes[i]);
}
