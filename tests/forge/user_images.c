/*
 * user_images.c - ntdll, win32u and other DLLs: headers, debug record, exports, and the stubs of
 * system calls.
 *
 * Source of what is special about NtQuerySystemTime: ntdll.dll of 7601 to 19041, where its place
 * among the stubs holds a jump to RtlQuerySystemTime, in 16 bytes also where stubs have 32.
 */
#include "user_images.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services.h"
#include "stubs.h"
#include "util.h"

enum {
    AFTER_READ_ONLY = 0x3000, /* .data, .rsrc, .reloc */
    JUMP_SIZE = 0x10,
    MOST_SYMBOLS = 64,
    LONGEST_NAME = 72,
};

static const char jump_name[] = "NtQuerySystemTime", jump_target[] = "RtlQuerySystemTime";

static void add_export(struct user_image *image, const char *name, uint64_t rva) {
    image->exports[image->export_count++] = (struct export){name, rva};
}

/* ntdll exports each of its stubs by two names. */
static void export_stubs(struct user_image *image) {
    const struct service_list *list = image->services;
    image->names = xcalloc(list->count, LONGEST_NAME);
    for (size_t i = 0; i < list->count; i++) {
        const struct service *service = &list->items[i];
        uint64_t rva = stub_rva(image, service->number);
        add_export(image, service->name, rva);
        if (list->items[0].number != 0)
            continue;
        char *name = image->names + i * LONGEST_NAME;
        snprintf(name, LONGEST_NAME, "Zw%s", service->name + 2);
        add_export(image, name, rva);
    }
}

static void open_services_of(struct machine *machine, struct user_image *image) {
    const char *which = json_string_value(json_object_get(image->row, "services"));
    if (!which)
        return;
    image->services = !strcmp(which, "nt") ? &machine->services : &machine->gui_services;
    image->stubs = stub_form(string(image->row, "stubs"));
    image->first_stub = number(image->row, "first_stub");
    if (!image->services->count)
        die("%s has stubs of services that the kernel does not have", image->name);
}

static void open_image(struct machine *machine, const json_t *row, struct user_image *image) {
    *image = (struct user_image){
        .row = row,
        .name = string(row, "name"),
        .base = number(row, "base"),
        .size = number(row, "size"),
        .timestamp = number(row, "timestamp"),
        .entry = number_or(row, "entry", 0x1000),
        .narrow = number_or(row, "narrow", 0) != 0,
        .wow64 = number_or(row, "wow64", 0) != 0,
    };
    open_services_of(machine, image);
    size_t stubs = image->services ? image->services->count : 0;
    image->exports = xcalloc(2 * stubs + MOST_SYMBOLS, sizeof *image->exports);
    const char *name;
    json_t *rva;
    if (json_object_size(json_object_get(row, "exports")) > MOST_SYMBOLS)
        die("%s has too many exports", image->name);
    json_object_foreach(json_object_get(row, "exports"), name, rva)
        add_export(image, name, number_of(rva, name));
    if (image->services && number_or(row, "exports_stubs", 1))
        export_stubs(image);
}

void open_user_images(struct machine *machine) {
    const json_t *rows = json_object_get(machine->scenario, "user_images");
    machine->image_count = json_array_size(rows);
    machine->images = xcalloc(machine->image_count, sizeof *machine->images);
    for (size_t i = 0; i < machine->image_count; i++)
        open_image(machine, json_array_get(rows, i), &machine->images[i]);
}

void close_user_images(struct machine *machine) {
    for (size_t i = 0; i < machine->image_count; i++) {
        free(machine->images[i].exports);
        free(machine->images[i].names);
        free(machine->images[i].pages);
    }
    free(machine->images);
}

bool is_wow64(const struct process *process) {
    return number_or(process->extras, "wow64", 0) != 0;
}

bool wants_image(const struct process *process, const struct user_image *image) {
    if (image->narrow || image->wow64)
        return is_wow64(process);
    /* The 64-bit half of a WoW64 process is ntdll and the layer itself. */
    return !is_wow64(process) || !strcmp(image->name, "ntdll.dll");
}

uint64_t image_base(const struct process *process, const struct user_image *image) {
    const json_t *bases = json_object_get(process->extras, "bases");
    return image->narrow ? image->base : number_or(bases, image->name, image->base);
}

const struct user_image *find_image(const struct machine *machine, const char *name) {
    for (size_t i = 0; i < machine->image_count; i++)
        if (!strcmp(machine->images[i].name, name))
            return &machine->images[i];
    return NULL;
}

uint64_t image_symbol(const struct user_image *image, const char *name) {
    for (size_t i = 0; i < image->export_count; i++)
        if (!strcmp(image->exports[i].name, name))
            return image->exports[i].rva;
    return number_or(json_object_get(image->row, "symbols"), name, 0);
}

static bool has_jump(const struct user_image *image) {
    return !image->narrow && image_symbol(image, jump_target) != 0;
}

static uint32_t jump_number(const struct user_image *image) {
    for (size_t i = 0; has_jump(image) && i < image->services->count; i++)
        if (!strcmp(image->services->items[i].name, jump_name))
            return image->services->items[i].number;
    return UINT32_MAX;
}

uint64_t stub_rva(const struct user_image *image, uint32_t number) {
    uint32_t index = number - image->services->items[0].number;
    uint64_t rva = image->first_stub + (uint64_t)index * image->stubs->spacing;
    return number > jump_number(image) ? rva - (image->stubs->spacing - JUMP_SIZE) : rva;
}

const struct user_image *image_of_service(const struct machine *machine,
                                          const struct service *service) {
    for (size_t i = 0; i < machine->image_count; i++) {
        const struct user_image *image = &machine->images[i];
        if (image->services && !image->narrow && service >= image->services->items &&
            service < image->services->items + image->services->count)
            return image;
    }
    return NULL;
}

/* ---- making one, in the space that is entered ---- */

static void write_stubs(struct machine *machine, const struct user_image *image, uint64_t base) {
    static const uint8_t padding[JUMP_SIZE] = {0xe9, 0,    0,    0,    0, 0x66, 0x66, 0x66,
                                               0x0f, 0x1f, 0x84, 0x00, 0, 0,    0,    0};
    const struct service_list *list = image->services;
    uint32_t jump = jump_number(image);
    for (size_t i = 0; list && i < list->count; i++) {
        uint64_t rva = stub_rva(image, list->items[i].number);
        uint8_t bytes[STUB_LONGEST];
        size_t length = image->stubs->spacing;
        const struct stub_call call = {.number = list->items[i].number,
                                       .arguments = list->items[i].arguments,
                                       .address = base + rva,
                                       .entry =
                                           base + image_symbol(image, "Wow64SystemServiceCall")};
        stub_write(image->stubs, &call, bytes);
        if (list->items[i].number == jump) {
            length = JUMP_SIZE;
            memcpy(bytes, padding, length);
            put(bytes + 1, image_symbol(image, jump_target) - (rva + 5), 4);
        }
        memory_map(&machine->memory, base + rva, length, PAGE_USER_CODE);
        memory_write(&machine->memory, base + rva, bytes, length);
    }
}

static void write_image(struct machine *machine, struct user_image *image, uint64_t base) {
    size_t exports = exports_size(image->name, image->exports, image->export_count);
    uint64_t after = image->size - AFTER_READ_ONLY;
    uint64_t debug = after - PAGE_SIZE;
    uint64_t read_only = debug - ALIGN_UP(exports, PAGE_SIZE);
    const struct image_section sections[] = {
        {".text", 0x1000, read_only, 0x60000020},
        {".rdata", read_only, after, 0x40000040},
        {".data", after, after + 0x1000, 0xc0000040},
        {".rsrc", after + 0x1000, after + 0x2000, 0x40000040},
        {".reloc", after + 0x2000, image->size, 0x42000040},
    };
    struct image headers = {
        .base = base,
        .size = (uint32_t)image->size,
        .timestamp = (uint32_t)image->timestamp,
        .sections = sections,
        .section_count = sizeof sections / sizeof *sections,
        .debug_directory = debug,
        .export_directory = image->export_count ? read_only : 0,
        .entry = image->entry,
        .narrow = image->narrow,
    };
    char pdb[64];
    pdb_name(image->name, pdb, sizeof pdb);
    memory_map(&machine->memory, base, PAGE_SIZE, PAGE_USER);
    memory_map(&machine->memory, base + read_only, after - read_only, PAGE_USER);
    if (image->export_count)
        headers.export_size = write_exports(machine, base, read_only, image->name, image->exports,
                                            image->export_count);
    write_pe_headers(machine, &headers);
    write_debug_record(machine, &headers, pdb, string(image->row, "guid"), 1);
    write_stubs(machine, image, base);
}

/* Remembers what was mapped, for the other processes. */
static void collect_pages(struct machine *machine, struct user_image *image, uint64_t base) {
    size_t capacity = 0;
    uint64_t code_end = image->size - AFTER_READ_ONLY - PAGE_SIZE;
    code_end -= ALIGN_UP(exports_size(image->name, image->exports, image->export_count), PAGE_SIZE);
    for (uint64_t rva = 0; rva < image->size; rva += PAGE_SIZE) {
        if (!memory_is_mapped(&machine->memory, base + rva))
            continue;
        image->pages = xgrow(image->pages, &capacity, image->page_count + 1, sizeof *image->pages);
        image->pages[image->page_count++] = (struct user_page){
            .rva = rva,
            .frame = memory_frame_of(&machine->memory, base + rva),
            .kind = rva && rva < code_end ? PAGE_USER_CODE : PAGE_USER,
        };
    }
}

/* The loader writes the address of the image into its header: a page of the process's own where
 * that is not the one that the others have. */
static uint64_t header_frame(struct machine *machine, const struct user_image *image,
                             uint64_t base) {
    enum { IMAGE_BASE = 0xe8 + 24 + 24 }; /* of PE32+, as pe.c has it */
    uint64_t frame = image->pages[0].frame;
    if (get(memory_frame(&machine->memory, frame) + IMAGE_BASE, 8) == base || image->narrow)
        return frame;
    uint64_t own = memory_take_frame(&machine->memory);
    uint8_t *page = memory_frame(&machine->memory, own);
    memcpy(page, memory_frame(&machine->memory, frame), PAGE_SIZE);
    put(page + IMAGE_BASE, base, 8);
    return own;
}

void map_user_image(struct machine *machine, const struct process *process,
                    struct user_image *image) {
    uint64_t base = image_base(process, image);
    uint64_t before = memory_enter(&machine->memory, process->root);
    memory_claim(&machine->memory, base, image->size, image->name);
    if (!image->page_count) {
        write_image(machine, image, base);
        collect_pages(machine, image, base);
    } else {
        for (size_t i = 0; i < image->page_count; i++)
            memory_map_user(&machine->memory, process->root, base + image->pages[i].rva,
                            i ? image->pages[i].frame : header_frame(machine, image, base),
                            image->pages[i].kind);
    }
    memory_enter(&machine->memory, before);
}
