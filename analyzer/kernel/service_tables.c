/*
 * service_tables.c - finding the tables of system services, and decoding their entries.
 *
 * Sources: KSERVICE_TABLE_DESCRIPTOR as in ReactOS (ndk/ketypes.h) and Volatility
 * (windows.ssdt); that KiSystemServiceRepeat of x64 kernels loads both descriptors by
 * `lea r10, [KeServiceDescriptorTable]` and `lea r11, [KeServiceDescriptorTableShadow]` is how
 * public tools find them in every build from 7601 to 22000. x86 kernels export the first one.
 */
#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/address.h"
#include "kernel/exports.h"
#include "kernel/list.h"
#include "kernel/pe_sections.h"
#include "kernel/process.h"
#include "kernel/service_internal.h"

#define PROCESSES_TRIED 256  /* for a view of win32k's session space, for a thread's table */
#define THREADS_TRIED   1024 /* of one process */
#define ENTRY_PATTERN   14   /* bytes of the two instructions */

/* KSERVICE_TABLE_DESCRIPTOR: four words of a pointer's size. */
struct descriptor {
    uint64_t address;
    uint64_t base;
    uint64_t arguments; /* Number: a byte for each service, on x86 */
    uint32_t limit;
};

static bool read_descriptor(struct vm *vm, uint64_t address, struct descriptor *descriptor) {
    unsigned width = vm_pointer_size(vm);
    descriptor->address = address;
    return vm_read_pointer(vm, address, &descriptor->base) == READ_PRESENT &&
           vm_read_u32(vm, address + 2 * width, &descriptor->limit) == READ_PRESENT &&
           vm_read_pointer(vm, address + 3 * width, &descriptor->arguments) == READ_PRESENT &&
           descriptor->base >= first_kernel_address(vm) && descriptor->limit != 0 &&
           descriptor->limit <= SERVICE_LIMIT;
}

/* ---- entries ---- */

static enum read_state read_entry(struct vm *vm, uint64_t base, uint32_t number,
                                  struct service *service) {
    uint32_t entry;
    if (vm_pointer_size(vm) == 4) {
        service->state = vm_read_pointer(vm, base + number * 4, &service->address);
        return service->state;
    }
    service->state = vm_read_u32(vm, base + number * 4, &entry);
    if (service->state == READ_PRESENT) {
        service->address = base + (uint64_t)(int64_t)((int32_t)entry >> 4);
        service->arguments = entry & 0xf;
    }
    return service->state;
}

static void read_arguments(struct vm *vm, const struct descriptor *descriptor, uint32_t number,
                           struct service *service) {
    uint8_t bytes;
    service->arguments_state = service->state;
    if (vm_pointer_size(vm) != 4)
        return;
    service->arguments_state = vm_read_u8(vm, descriptor->arguments + number, &bytes);
    if (service->arguments_state == READ_PRESENT)
        service->arguments = bytes / 4;
}

static bool in_kernel(const struct target *target, uint64_t address) {
    return address >= target->kernel.base && address - target->kernel.base < target->kernel.size;
}

static bool is_win32k(const char *module) {
    return strncasecmp(module, "win32k", strlen("win32k")) == 0;
}

/* The module that holds the service, and whether it may. A list of modules that is not whole does
 * not tell that none has it. */
static void place(struct services *services, unsigned which, struct service *service) {
    const struct loaded_module *module = module_list_at(&services->modules, service->address);
    if (module) {
        service->module = services_module_name(services, module);
        service->rva = service->address - module->base;
    }
    if (which == SERVICES_NT)
        service->is_foreign = !in_kernel(services->target, service->address);
    else if (module)
        service->is_foreign = service->module[0] && !is_win32k(service->module);
    else
        service->is_foreign = services->modules.state == READ_PRESENT;
}

/* ---- whether a descriptor is one ---- */

/* Of its entries that can be read, more lead into the kernel than not: some may be hooked. */
static bool is_nt_table(const struct target *target, const struct descriptor *descriptor) {
    uint32_t inside = 0, outside = 0;
    if (!in_kernel(target, descriptor->base))
        return false;
    for (uint32_t number = 0; number < descriptor->limit; number++) {
        struct service service = {0};
        if (read_entry(target->vm, descriptor->base, number, &service) != READ_PRESENT)
            continue;
        bool is_inside = in_kernel(target, service.address);
        inside += is_inside;
        outside += !is_inside;
    }
    return inside >= outside;
}

static bool is_win32k_table(struct services *services, const struct descriptor *descriptor) {
    const struct loaded_module *module = module_list_at(&services->modules, descriptor->base);
    return module && is_win32k(services_module_name(services, module));
}

/* What a place says: addresses of the first descriptor, of nt's table alone or of both. */
struct sighting {
    uint64_t plain, shadow; /* 0: not known */
    const char *problem;    /* why there is none */
};

/* Takes what is new of a sighting, as far as it can be believed. */
static void take(struct services *services, const char *found_by, const struct sighting *sighting,
                 struct descriptor found[SERVICES_TABLES]) {
    struct vm *vm = services->target->vm;
    const uint64_t first[] = {sighting->plain, sighting->shadow};
    for (size_t i = 0; i < ARRAY_LENGTH(first); i++) {
        struct descriptor nt, win32k;
        if (!first[i] || !read_descriptor(vm, first[i], &nt) || !is_nt_table(services->target, &nt))
            continue;
        if (!services->tables[SERVICES_NT].found_by) {
            found[SERVICES_NT] = nt;
            services->tables[SERVICES_NT].found_by = found_by;
        }
        if (!services->tables[SERVICES_WIN32K].found_by &&
            read_descriptor(vm, first[i] + 4 * vm_pointer_size(vm), &win32k) &&
            is_win32k_table(services, &win32k)) {
            found[SERVICES_WIN32K] = win32k;
            services->tables[SERVICES_WIN32K].found_by = found_by;
        }
    }
}

/* ---- where they are looked for ---- */

static struct sighting by_symbols(struct services *services) {
    struct sighting sighting = {.problem = "their addresses are not known by symbols"};
    target_symbol(services->target, "KeServiceDescriptorTable", &sighting.plain);
    target_symbol(services->target, "KeServiceDescriptorTableShadow", &sighting.shadow);
    return sighting;
}

static uint64_t operand(const uint8_t *instruction, uint64_t address) {
    return address + 7 + (uint64_t)(int64_t)(int32_t)load_u32(instruction + 3);
}

/* The two instructions in `bytes`, if their operands are descriptors. */
static bool find_entry(struct services *services, const uint8_t *bytes, size_t length,
                       uint64_t address, struct sighting *sighting) {
    static const uint8_t lea_r10[] = {0x4c, 0x8d, 0x15}, lea_r11[] = {0x4c, 0x8d, 0x1d};
    const uint8_t *end = bytes + length, *at = bytes;
    while ((size_t)(end - at) >= ENTRY_PATTERN &&
           (at = memmem(at, (size_t)(end - at), lea_r10, sizeof lea_r10)) &&
           end - at >= ENTRY_PATTERN) {
        uint64_t here = address + (uint64_t)(at - bytes);
        struct descriptor descriptor;
        sighting->plain = operand(at, here);
        sighting->shadow = operand(at + 7, here + 7);
        if (memcmp(at + 7, lea_r11, sizeof lea_r11) == 0 &&
            in_kernel(services->target, sighting->plain) &&
            in_kernel(services->target, sighting->shadow) &&
            read_descriptor(services->target->vm, sighting->plain, &descriptor) &&
            is_nt_table(services->target, &descriptor))
            return true;
        at++;
    }
    sighting->plain = sighting->shadow = 0;
    return false;
}

/* Page by page, each with the start of the next one where that is there. */
static bool scan_section(struct services *services, const struct pe_section *section,
                         struct sighting *sighting) {
    uint8_t bytes[IMAGE_PAGE_SIZE + ENTRY_PATTERN];
    struct vm *vm = services->target->vm;
    uint64_t start = services->target->kernel.base + section->rva;
    for (uint64_t done = 0; done < section->size; done += IMAGE_PAGE_SIZE) {
        size_t length = sizeof bytes;
        if (vm_read(vm, start + done, bytes, length, NULL) != READ_PRESENT) {
            length = IMAGE_PAGE_SIZE;
            if (vm_read(vm, start + done, bytes, length, NULL) != READ_PRESENT)
                continue;
        }
        if (find_entry(services, bytes, length, start + done, sighting))
            return true;
    }
    return false;
}

static struct sighting by_entry(struct services *services) {
    struct sighting sighting = {.problem = "none was found in the code that the dump holds"};
    struct pe_section sections[PE_SECTIONS_MOST];
    const struct target *target = services->target;
    if (vm_pointer_size(target->vm) != 8) {
        sighting.problem = "that is for x64";
        return sighting;
    }
    size_t count = pe_sections_read(target->vm, &target->kernel, sections);
    if (count == 0)
        sighting.problem = "the kernel's section table is not in the dump";
    for (size_t i = 0; i < count; i++)
        if ((sections[i].characteristics & PE_SECTION_EXECUTE) &&
            scan_section(services, &sections[i], &sighting))
            break;
    return sighting;
}

static struct sighting by_export(struct services *services) {
    struct sighting sighting = {.problem = "the kernel does not export them"};
    const struct target *target = services->target;
    struct exports exports;
    if (target->kernel.headers != READ_PRESENT)
        return sighting;
    exports_read(target->vm, &target->kernel, &exports);
    const struct export *export = exports_find(&exports, "KeServiceDescriptorTable");
    if (export && !export->forwarder)
        sighting.plain = target->kernel.base + export->rva;
    exports_deinit(&exports);
    return sighting;
}

/* Threads of a process: the first two tables that they use, which are the plain and the shadow. */
static void sight_threads(const struct target *target, uint64_t process,
                          struct sighting *sighting) {
    struct field entry, table;
    struct list_walk walk;
    uint64_t head;
    if (!symbols_field(target->symbols, "_KTHREAD", "ThreadListEntry", &entry) ||
        !symbols_field(target->symbols, "_KTHREAD", "ServiceTable", &table) ||
        !target_field_address(target, process, "_EPROCESS", "Pcb.ThreadListHead", &head))
        return;
    list_walk(target->vm, head, THREADS_TRIED, &walk);
    for (size_t i = 0; i < walk.count && !sighting->shadow; i++) {
        struct field_read read = target_read_member(target, walk.entries[i] - entry.offset, &table);
        if (read.state != READ_PRESENT || !in_kernel(target, read.value))
            continue;
        if (!sighting->plain)
            sighting->plain = read.value;
        else if (sighting->plain != read.value)
            sighting->shadow = read.value;
    }
    list_walk_deinit(&walk);
}

static struct sighting by_threads(struct services *services) {
    struct sighting sighting = {.problem = "this build has no such member"};
    struct field table;
    const struct target *target = services->target;
    if (!target->symbols || !symbols_field(target->symbols, "_KTHREAD", "ServiceTable", &table))
        return sighting;
    sighting.problem = "no thread that can be read has one";
    for (size_t i = 0; i < services->process_count && i < PROCESSES_TRIED; i++)
        if (!sighting.shadow)
            sight_threads(target, services->processes[i], &sighting);
    return sighting;
}

static const struct {
    const char *name;
    struct sighting (*look)(struct services *services);
} places[] = {{"symbols", by_symbols},
              {"system call entry", by_entry},
              {"export", by_export},
              {"ServiceTable", by_threads}};

/* ---- reading ---- */

static bool is_readable(struct vm *vm, const struct descriptor *descriptor) {
    uint32_t entry;
    return vm_read_u32(vm, descriptor->base, &entry) == READ_PRESENT;
}

/* win32k's table is in session space, which the address spaces of a session's processes alone
 * map: the first of them that has it. NULL: none. The caller destroys it. */
static struct vm *session_space(const struct services *services,
                                const struct descriptor *descriptor, uint64_t *process) {
    const struct target *target = services->target;
    size_t tried = 0;
    for (size_t i = 0; i < services->process_count && tried < PROCESSES_TRIED; i++) {
        struct field_read session =
            target_read_field(target, services->processes[i], "_EPROCESS", "Session");
        if (session.absent || session.state != READ_PRESENT || session.value == 0)
            continue;
        tried++;
        struct vm *vm = process_space(target, services->processes[i]);
        if (vm && is_readable(vm, descriptor)) {
            *process = services->processes[i];
            return vm;
        }
        vm_destroy(vm);
    }
    return NULL;
}

static void read_table(struct services *services, unsigned which,
                       const struct descriptor *descriptor) {
    struct service_table *table = &services->tables[which];
    struct vm *own = services->target->vm, *session = NULL;
    if (!is_readable(own, descriptor))
        session = session_space(services, descriptor, &table->process);
    struct vm *vm = session ? session : own;
    table->descriptor = descriptor->address;
    table->address = descriptor->base;
    table->count = descriptor->limit;
    table->items = xcalloc(table->count, sizeof *table->items);
    for (uint32_t number = 0; number < table->count; number++) {
        struct service *service = &table->items[number];
        enum read_state state = read_entry(vm, table->address, number, service);
        read_arguments(vm, descriptor, number, service);
        if (state == READ_PRESENT)
            place(services, which, service);
    }
    vm_destroy(session);
}

static const char *problem_of(const struct target *target, const struct sighting *sighting) {
    uint64_t address = sighting->shadow ? sighting->shadow : sighting->plain;
    uint8_t byte;
    if (!address)
        return sighting->problem;
    return vm_read_u8(target->vm, address, &byte) == READ_PRESENT
               ? "what it leads to is no such table"
               : "the page that it leads to cannot be read";
}

/* "symbols: WHY; system call entry: WHY; ..." */
static const char *what_was_tried(struct services *services, const struct sighting *sightings) {
    struct text text = TEXT_EMPTY;
    text_puts(&text, "not found: ");
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const char *why = problem_of(services->target, &sightings[i]);
        text_printf(&text, "%s%s: %s", i ? "; " : "", places[i].name, why);
    }
    return services_keep(services, text_take(&text));
}

void service_tables_read(struct services *services) {
    struct sighting sightings[ARRAY_LENGTH(places)] = {0};
    struct descriptor found[SERVICES_TABLES] = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (services->tables[SERVICES_NT].found_by && services->tables[SERVICES_WIN32K].found_by)
            break;
        sightings[i] = places[i].look(services);
        take(services, places[i].name, &sightings[i], found);
    }
    for (unsigned which = 0; which < SERVICES_TABLES; which++) {
        if (services->tables[which].found_by)
            read_table(services, which, &found[which]);
        else
            services->tables[which].problem = what_was_tried(services, sightings);
    }
}
