/*
 * service_file.c - KiServiceTable in the kernel's own file, as the linker left it: the kernel gives
 * it the form that it has in memory when it starts.
 *
 * x86: pointers, as in memory. x64: pointers of eight bytes, in later builds RVAs of four; the
 * bytes of all arguments are in KiArgumentTable. Source: nt!KeCompactServiceTable, which turns
 * either into the distances of services.h, as public disassemblies of it show: of the older kernels
 * it goes on by eight bytes an entry, of the newer ones it adds the image's base to each.
 */
#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/service_internal.h"

struct linked_table {
    uint64_t table, arguments;
    uint32_t limit;
};

/* How an entry is written. */
struct encoding {
    unsigned size;
    bool is_rva;
};

static const struct encoding encodings32[] = {{4, false}};
static const struct encoding encodings64[] = {{8, false}, {4, true}};

static bool in_kernel(const struct pe_image *kernel, uint64_t address) {
    return address >= kernel->base && address - kernel->base < kernel->size;
}

static enum read_state read_entry(const struct target *target, const struct linked_table *linked,
                                  const struct encoding *encoding, uint32_t number,
                                  uint64_t *address) {
    uint8_t bytes[8];
    uint64_t at = linked->table + (uint64_t)number * encoding->size;
    enum read_state state = vm_read(target->vm, at, bytes, encoding->size, NULL);
    if (state == READ_PRESENT)
        *address =
            load_integer(bytes, encoding->size) + (encoding->is_rva ? target->kernel.base : 0);
    return state;
}

/* Whether all entries lead into the image: a file that nobody changed has no others. */
static bool fits(const struct target *target, const struct linked_table *linked,
                 const struct encoding *encoding) {
    for (uint32_t i = 0; i < linked->limit; i++) {
        uint64_t address;
        if (read_entry(target, linked, encoding, i, &address) != READ_PRESENT ||
            !in_kernel(&target->kernel, address))
            return false;
    }
    return true;
}

static const struct encoding *encoding_of(const struct target *target,
                                          const struct linked_table *linked) {
    bool wide = vm_pointer_size(target->vm) == 8;
    const struct encoding *encodings = wide ? encodings64 : encodings32;
    size_t count = wide ? ARRAY_LENGTH(encodings64) : ARRAY_LENGTH(encodings32);
    for (size_t i = 0; i < count; i++)
        if (fits(target, linked, &encodings[i]))
            return &encodings[i];
    return NULL;
}

static const char *find(const struct target *target, struct linked_table *linked) {
    uint64_t limit;
    if (!target_symbol(target, "KiServiceTable", &linked->table) ||
        !target_symbol(target, "KiServiceLimit", &limit) ||
        !target_symbol(target, "KiArgumentTable", &linked->arguments))
        return "not found: in a file, only exact symbols tell where it is";
    if (vm_read_u32(target->vm, limit, &linked->limit) != READ_PRESENT || linked->limit == 0 ||
        linked->limit > SERVICE_LIMIT)
        return "not found: KiServiceLimit is no number of services";
    return NULL;
}

/* Of x64, `arguments` are those on the stack, as the table in memory has them: the first four are
 * in registers. KiArgumentTable has the bytes of just these. */
static void read_arguments(const struct target *target, const struct linked_table *linked,
                           uint32_t number, struct service *service) {
    uint8_t bytes;
    service->arguments_state = vm_read_u8(target->vm, linked->arguments + number, &bytes);
    if (service->arguments_state == READ_PRESENT)
        service->arguments = bytes / 4;
}

void service_file_read(struct services *services) {
    const struct target *target = services->target;
    struct service_table *table = &services->tables[SERVICES_NT];
    struct linked_table linked = {0};
    services->tables[SERVICES_WIN32K].problem = "not found: it is in another file";
    table->problem = find(target, &linked);
    if (table->problem)
        return;
    const struct encoding *encoding = encoding_of(target, &linked);
    if (!encoding) {
        table->problem = "not found: what KiServiceTable has are no addresses in the kernel";
        return;
    }
    table->found_by = "symbols";
    target_symbol(target, "KeServiceDescriptorTable", &table->descriptor);
    table->address = linked.table;
    table->count = linked.limit;
    table->items = xcalloc(table->count, sizeof *table->items);
    for (uint32_t i = 0; i < table->count; i++) {
        struct service *service = &table->items[i];
        service->state = read_entry(target, &linked, encoding, i, &service->address);
        service->module = "ntoskrnl.exe";
        service->rva = service->address - target->kernel.base;
        read_arguments(target, &linked, i, service);
    }
}
