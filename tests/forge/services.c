/*
 * services.c - system services: the lists of names and numbers, the kernel's tables of them, the
 * code that uses the tables, and the kernel's own stubs.
 *
 * Sources: the names and numbers are those of hfiref0x's SyscallTables, of 2600 those of ntdll.dll
 * 5.1.2600.5512; the counts of arguments are what 32-bit stubs give to `ret`. The form of a table
 * and of the entry code, which finds the tables behind KiSystemServiceRepeat, is as published
 * debugger listings have it.
 */
#include "services.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stubs.h"
#include "util.h"

enum {
    FIRST_STUB = 0x20000, /* RVAs in .text */
    ENTRY_CODE = 0x38000,
    INTERNAL_ENTRY = 0x38800,
    LINKAGE = 0x39000,
    HANDLE_CODE = 0x39800,
    FIRST_SERVICE = 0x40000,
    SERVICE_STEP = 0x3d0,     /* less where .text is small */
    AFTER_SERVICES = 0x14000, /* before .data */
    TABLES = 0xb000,          /* before .data: in .rdata */
    WIN32K_TABLE = 0x1000,
    WIN32K_ARGUMENTS = 0x3000,
    WIN32K_FIRST_SERVICE = 0x10000,
    WIN32K_STEP = 0x140,
    REGISTER_ARGUMENTS = 4, /* x64: the others are on the stack */
};

static char *read_list(const struct machine *machine, const char *name) {
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/services/%s.txt", machine->folder, name) >=
        sizeof path)
        die("%s: the path is too long", name);
    FILE *file = fopen(path, "rb");
    char *text = xcalloc(1, 0x10000);
    if (!file || fread(text, 1, 0xffff, file) == 0 || !feof(file))
        die("%s cannot be read", path);
    fclose(file);
    return text;
}

/* Lines of number, name and, where it is known, count of arguments; the numbers ascend. */
static void parse_list(const struct machine *machine, const char *name, struct service_list *list) {
    size_t capacity = 0;
    list->text = read_list(machine, name);
    char *rest = list->text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        list->items = xgrow(list->items, &capacity, list->count + 1, sizeof *list->items);
        struct service *service = &list->items[list->count++];
        char *end;
        service->number = (uint32_t)strtoul(line, &end, 10);
        service->name = end + 1;
        end += 1 + strcspn(end + 1, " ");
        service->arguments = *end ? (unsigned)strtoul(end, NULL, 10) : 0;
        *end = 0;
        if (service->number != list->items[0].number + list->count - 1)
            die("%s: %s is out of order", name, service->name);
    }
}

const struct service *find_service(const struct machine *machine, const char *name) {
    const struct service_list *lists[] = {&machine->services, &machine->gui_services};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < lists[i]->count; k++)
            if (!strcmp(lists[i]->items[k].name, name))
                return &lists[i]->items[k];
    return NULL;
}

/* Where the scenario says, or a place of its own in .text. */
static uint64_t place_service(struct machine *machine, const struct service *service) {
    const json_t *symbols =
        json_object_get(json_object_get(machine->scenario, "kernel"), "symbols");
    uint64_t address = number_or(symbols, service->name, 0);
    uint64_t room = machine->kernel_data - AFTER_SERVICES - FIRST_SERVICE;
    uint64_t step = room / machine->services.count / 0x10 * 0x10;
    if (!address)
        address = machine->kernel_base + FIRST_SERVICE +
                  service->number * (step < SERVICE_STEP ? step : SERVICE_STEP) +
                  service->number % 5 * 0x10;
    memory_claim(&machine->memory, address, 0x10, service->name);
    return address;
}

void open_services(struct machine *machine) {
    const json_t *lists = json_object_get(machine->scenario, "services");
    if (!lists)
        return;
    parse_list(machine, string(lists, "nt"), &machine->services);
    for (size_t i = 0; i < machine->services.count; i++) {
        struct service *service = &machine->services.items[i];
        service->address = place_service(machine, service);
    }
    if (json_object_get(lists, "win32k"))
        parse_list(machine, string(lists, "win32k"), &machine->gui_services);
}

void close_services(struct machine *machine) {
    free(machine->services.items);
    free(machine->services.text);
    free(machine->gui_services.items);
    free(machine->gui_services.text);
}

static const struct stub_form *kernel_form(const struct machine *machine) {
    return stub_form(machine->pointer_size == 8 ? "zw-x64" : "zw-x86");
}

static uint64_t kernel_stub(const struct machine *machine, const struct service *service) {
    return machine->kernel_base + FIRST_STUB + service->number * kernel_form(machine)->spacing;
}

/* NtName and ZwName are exported for those services that the kernel of 2600 exports them of. */
size_t service_exports(struct machine *machine, struct export *exports, size_t room) {
    size_t count = 0;
    if (!machine->services.count)
        return 0;
    machine->export_names = read_list(machine, "kernel-exports");
    char *rest = machine->export_names;
    for (char *name; (name = strsep(&rest, "\n")) && *name;) {
        char service_name[64];
        snprintf(service_name, sizeof service_name, "Nt%s", name + 2);
        const struct service *service = find_service(machine, service_name);
        if (!service)
            continue;
        if (count == room)
            die("too many exports");
        uint64_t address = name[0] == 'N' ? service->address : kernel_stub(machine, service);
        exports[count++] = (struct export){name, address - machine->kernel_base};
    }
    return count;
}

static void remember_symbol(struct machine *machine, const char *name, uint64_t address) {
    json_object_set_new(machine->symbols, name, address_text(machine, address));
}

static void write_kernel_stubs(struct machine *machine) {
    const struct stub_form *form = kernel_form(machine);
    uint64_t base = machine->kernel_base;
    for (size_t i = 0; i < machine->services.count; i++) {
        const struct service *service = &machine->services.items[i];
        const struct stub_call call = {.number = service->number,
                                       .arguments = service->arguments,
                                       .address = kernel_stub(machine, service),
                                       .linkage = base + LINKAGE,
                                       .entry = base + INTERNAL_ENTRY};
        uint8_t bytes[STUB_LONGEST];
        char name[64];
        stub_write(form, &call, bytes);
        memory_write(&machine->memory, call.address, bytes, form->spacing);
        snprintf(name, sizeof name, "Zw%s", service->name + 2);
        remember_symbol(machine, name, call.address);
        remember_symbol(machine, service->name, service->address);
    }
}

/* x64: the distance from the table, shifted by four, with the count of arguments on the stack; x86:
 * the address. The table of arguments has their bytes. */
static void write_table(struct machine *machine, const struct service_list *list, uint64_t table,
                        uint64_t arguments) {
    bool wide = machine->pointer_size == 8;
    for (size_t i = 0; i < list->count; i++) {
        const struct service *service = &list->items[i];
        unsigned on_stack = service->arguments;
        if (wide)
            on_stack -= on_stack < REGISTER_ARGUMENTS ? on_stack : REGISTER_ARGUMENTS;
        if (on_stack > 15)
            on_stack = 15;
        uint64_t entry = wide ? (service->address - table) << 4 | on_stack : service->address;
        memory_put(&machine->memory, table + 4 * i, entry, 4);
        memory_put(&machine->memory, arguments + i, 4 * (wide ? on_stack : service->arguments), 1);
    }
}

/* Base, count of calls (checked builds), limit, arguments. */
static void write_descriptor(struct machine *machine, uint64_t place, uint64_t table,
                             uint64_t arguments, size_t limit) {
    put_pointer(machine, place, table);
    memory_put(&machine->memory, place + 2 * machine->pointer_size, limit, 4);
    put_pointer(machine, place + 3 * machine->pointer_size, arguments);
}

struct code {
    uint8_t bytes[0x100];
    size_t length;
    uint64_t address;
};

static void emit(struct code *code, const uint8_t *bytes, size_t count) {
    if (code->length + count > sizeof code->bytes)
        die("the entry code is too long");
    memcpy(code->bytes + code->length, bytes, count);
    code->length += count;
}

static void emit_value(struct code *code, uint64_t value, size_t size) {
    uint8_t bytes[8];
    put(bytes, value, 8);
    emit(code, bytes, size);
}

#define EMIT(code, ...)                                                                            \
    emit((code), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void emit_target(struct code *code, uint64_t target) {
    emit_value(code, target - (code->address + code->length + 4), 4);
}

static uint64_t in_thread(const struct machine *machine, const char *member) {
    struct member found;
    return layout_member(machine->layout, "_KTHREAD", member, &found) ? found.offset : 0;
}

/* nt!KiSystemCall64 up to the choice of the table:
 *   swapgs; mov gs:[10h],rsp; mov rsp,gs:[1A8h]; push 2Bh; push qword ptr gs:[10h]; push r11;
 *   push 33h; push rcx; mov rcx,r10
 * KiSystemServiceStart:
 *   mov [rbx+FirstArgument],rcx; mov [rbx+SystemCallNumber],eax; mov edi,eax; shr edi,7;
 *   and edi,20h; and eax,0FFFh
 * KiSystemServiceRepeat:
 *   lea r10,[KeServiceDescriptorTable]; lea r11,[KeServiceDescriptorTableShadow];
 *   test dword ptr [rbx+flags],GuiThread; cmovne r10,r11; cmp eax,[r10+rdi+10h] */
static void write_entry_code(struct machine *machine, uint64_t table, uint64_t shadow) {
    struct code code = {.address = machine->kernel_base + ENTRY_CODE};
    struct member gui;
    if (!layout_member(machine->layout, "_KTHREAD", "GuiThread", &gui))
        return;
    EMIT(&code, 0x0f, 0x01, 0xf8, 0x65, 0x48, 0x89, 0x24, 0x25, 0x10, 0, 0, 0);
    EMIT(&code, 0x65, 0x48, 0x8b, 0x24, 0x25, 0xa8, 0x01, 0, 0, 0x6a, 0x2b);
    EMIT(&code, 0x65, 0xff, 0x34, 0x25, 0x10, 0, 0, 0, 0x41, 0x53, 0x6a, 0x33, 0x51);
    EMIT(&code, 0x49, 0x8b, 0xca);
    remember_symbol(machine, "KiSystemCall64", code.address);
    remember_symbol(machine, "KiSystemServiceStart", code.address + code.length);
    EMIT(&code, 0x48, 0x89, 0x8b);
    emit_value(&code, in_thread(machine, "FirstArgument"), 4);
    EMIT(&code, 0x89, 0x83);
    emit_value(&code, in_thread(machine, "SystemCallNumber"), 4);
    EMIT(&code, 0x8b, 0xf8, 0xc1, 0xef, 0x07, 0x83, 0xe7, 0x20, 0x25, 0xff, 0x0f, 0, 0);
    remember_symbol(machine, "KiSystemServiceRepeat", code.address + code.length);
    EMIT(&code, 0x4c, 0x8d, 0x15);
    emit_target(&code, table);
    EMIT(&code, 0x4c, 0x8d, 0x1d);
    emit_target(&code, shadow);
    EMIT(&code, 0xf7, 0x83);
    emit_value(&code, gui.offset, 4);
    emit_value(&code, 1ull << gui.position, 4);
    EMIT(&code, 0x4d, 0x0f, 0x45, 0xd3, 0x42, 0x3b, 0x44, 0x17, 0x10);
    memory_write(&machine->memory, code.address, code.bytes, code.length);
}

/* The one place of nt!ObpCaptureHandleInformationEx that says how an entry holds a pointer:
 *   mov rax,[rdx]; sar rax,10h; and rax,0FFFFFFFFFFFFFFF0h; ret */
static void write_handle_code(struct machine *machine) {
    static const uint8_t code[] = {0x48, 0x8b, 0x02, 0x48, 0xc1, 0xf8,
                                   0x10, 0x48, 0x83, 0xe0, 0xf0, 0xc3};
    struct member coded;
    if (!layout_member(machine->layout, "_HANDLE_TABLE_ENTRY", "ObjectPointerBits", &coded))
        return;
    memory_write(&machine->memory, machine->kernel_base + HANDLE_CODE, code, sizeof code);
    remember_symbol(machine, "ObpCaptureHandleInformationEx", machine->kernel_base + HANDLE_CODE);
}

static json_t *list_facts(const struct machine *machine, const struct service_list *list) {
    json_t *facts = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(facts, json_pack("[i, s, o, i]", (int)list->items[i].number,
                                               list->items[i].name,
                                               address_text(machine, list->items[i].address),
                                               (int)list->items[i].arguments));
    return facts;
}

static void note_services(struct machine *machine, uint64_t table, uint64_t gui_table) {
    json_t *facts = json_object();
    json_object_set_new(facts, "nt", list_facts(machine, &machine->services));
    json_object_set_new(facts, "table", address_text(machine, table));
    if (gui_table) {
        json_object_set_new(facts, "win32k", list_facts(machine, &machine->gui_services));
        json_object_set_new(facts, "win32k_table", address_text(machine, gui_table));
    }
    json_object_set_new(machine->facts, "services", facts);
}

/* win32k's table, in session space. */
static uint64_t write_gui_table(struct machine *machine, uint64_t win32k) {
    struct service_list *list = &machine->gui_services;
    memory_map(&machine->memory, win32k + WIN32K_TABLE, 0x3000, PAGE_DATA);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].address = win32k + WIN32K_FIRST_SERVICE + i * WIN32K_STEP;
    write_table(machine, list, win32k + WIN32K_TABLE, win32k + WIN32K_ARGUMENTS);
    return win32k + WIN32K_TABLE;
}

static uint64_t kernel_table(struct machine *machine, const char *name, uint64_t place,
                             uint64_t size) {
    uint64_t address = machine->kernel_base + machine->kernel_data - TABLES + place;
    memory_claim(&machine->memory, address, size, name);
    remember_global(machine, name, address);
    return address;
}

void forge_services(struct machine *machine) {
    const struct service_list *list = &machine->services;
    if (!list->count)
        return;
    unsigned width = 4 * machine->pointer_size;
    uint64_t table = kernel_table(machine, "KiServiceTable", 0, 4 * list->count);
    uint64_t arguments = kernel_table(machine, "KiArgumentTable", 0x1000, list->count);
    uint64_t normal = global(machine, "KeServiceDescriptorTable", 2 * width);
    uint64_t shadow = global(machine, "KeServiceDescriptorTableShadow", 2 * width);
    uint64_t gui = machine->win32k && machine->gui_services.count
                       ? write_gui_table(machine, machine->win32k)
                       : 0;
    memory_put(&machine->memory, global(machine, "KiServiceLimit", 4), list->count, 4);
    write_table(machine, list, table, arguments);
    write_descriptor(machine, normal, table, arguments, list->count);
    write_descriptor(machine, shadow, table, arguments, list->count);
    if (gui)
        write_descriptor(machine, shadow + width, gui, machine->win32k + WIN32K_ARGUMENTS,
                         machine->gui_services.count);
    write_kernel_stubs(machine);
    write_entry_code(machine, normal, shadow);
    write_handle_code(machine);
    remember_symbol(machine, machine->pointer_size == 8 ? "KiServiceInternal" : "KiSystemService",
                    machine->kernel_base + INTERNAL_ENTRY);
    if (machine->pointer_size == 8)
        remember_symbol(machine, "KiServiceLinkage", machine->kernel_base + LINKAGE);
    note_services(machine, table, gui);
}
