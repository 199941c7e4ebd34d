/* services.c - system services: their tables, and a name for each. */
#include "kernel/services.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/module_symbols.h"
#include "kernel/service_internal.h"

const char *services_keep(struct services *services, char *name) {
    ARRAY_RESERVE(services->owned, services->owned_count, services->owned_capacity);
    services->owned[services->owned_count++] = name;
    return name;
}

const char *services_module_name(struct services *services, const struct loaded_module *module) {
    const char **slot = &services->module_names[module - services->modules.items];
    if (!*slot) {
        struct text name = TEXT_EMPTY;
        module_file_name(services->target->vm, module, &name);
        *slot = services_keep(services, text_take(&name));
    }
    return *slot;
}

/* ---- names ---- */

/* Several symbols may be at one address: the one that is called like a service, else the first. */
static bool is_better(const char *name, const char *than) {
    bool is_service = strncmp(name, "Nt", 2) == 0;
    return !than || (is_service && strncmp(than, "Nt", 2) != 0);
}

static int by_address(const void *left, const void *right) {
    const struct service *a = *(const struct service *const *)left;
    const struct service *b = *(const struct service *const *)right;
    return (a->address > b->address) - (a->address < b->address);
}

static void name_all_at(struct service **sorted, size_t count, uint64_t address, const char *name) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle]->address < address)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && sorted[low]->address == address; low++)
        if (is_better(name, sorted[low]->name)) {
            sorted[low]->name = name;
            sorted[low]->name_source = "symbols";
        }
}

/* By the symbols of the module at `base`, of which there are many more than services. */
static void name_by_publics(struct service_table *table, const struct symbols *symbols,
                            uint64_t base) {
    size_t count = 0, publics;
    struct service **sorted = xcalloc(table->count, sizeof(struct service *));
    for (uint32_t i = 0; i < table->count; i++)
        if (table->items[i].state == READ_PRESENT)
            sorted[count++] = &table->items[i];
    qsort(sorted, count, sizeof(struct service *), by_address);
    const struct public_symbol *names = symbols_publics(symbols, &publics);
    for (size_t i = 0; i < publics; i++)
        name_all_at(sorted, count, base + names[i].rva, names[i].name);
    free(sorted);
}

static void name_by_kernel_symbols(struct services *services) {
    const struct target *target = services->target;
    struct service_table *table = &services->tables[SERVICES_NT];
    if (target->match == MATCH_EXACT && table->count)
        name_by_publics(table, target->symbols, target->kernel.base);
}

/* Once for each module that services lie in: win32k.sys, later win32kbase.sys and win32kfull.sys.
 */
static void name_by_module_symbols(struct services *services, struct vm *vm,
                                   struct symbol_index *index, uint64_t base) {
    struct pe_image image;
    pe_read(vm, base, &image);
    if (!image.has_pdb || services->opened_count == SERVICE_MODULES)
        return;
    struct symbols *symbols = symbol_index_open(index, &image.pdb);
    if (!symbols)
        return;
    services->opened[services->opened_count++] = symbols; /* the names are theirs */
    name_by_publics(&services->tables[SERVICES_WIN32K], symbols, base);
}

static void name_by_win32k_symbols(struct services *services) {
    const struct service_table *table = &services->tables[SERVICES_WIN32K];
    struct vm *session = table->process ? process_space(services->target, table->process) : NULL;
    struct symbol_index *index = symbol_index_new(services->target);
    uint64_t seen[SERVICE_MODULES];
    size_t count = 0;
    for (uint32_t i = 0; i < table->count && count < SERVICE_MODULES; i++) {
        const struct service *service = &table->items[i];
        uint64_t base = service->address - service->rva;
        size_t known = 0;
        while (known < count && seen[known] != base)
            known++;
        if (service->state != READ_PRESENT || !service->module || known < count)
            continue;
        seen[count++] = base;
        name_by_module_symbols(services, session ? session : services->target->vm, index, base);
    }
    symbol_index_free(index);
    vm_destroy(session);
}

/* Whether symbols have that name at the service's address too: linkers keep one copy of functions
 * that are alike. */
static bool is_also_called(const struct target *target, const struct service *service,
                           const char *name) {
    uint64_t address;
    return service->name && target_symbol(target, name, &address) && address == service->address;
}

static void name_by_stubs(const struct target *target, const struct stub_name *stubs,
                          struct service_table *table) {
    for (uint32_t i = 0; i < table->count; i++) {
        struct service *service = &table->items[i];
        if (!stubs[i].name)
            continue;
        if (is_also_called(target, service, stubs[i].name)) {
            service->name = stubs[i].name;
        } else if (!service->name) {
            service->name = stubs[i].name;
            service->name_source = stubs[i].source;
        }
    }
}

bool services_name(const struct services *services, uint64_t number, struct text *name) {
    const char *found = NULL;
    unsigned which = number & SERVICE_WIN32K ? SERVICES_WIN32K : SERVICES_NT;
    text_deinit(name);
    if (number >= SERVICE_WIN32K + SERVICE_LIMIT)
        return false;
    uint64_t position = number % SERVICE_LIMIT;
    const struct service_table *table = &services->tables[which];
    if (position < table->count)
        found = table->items[position].name;
    if (!found)
        found = services->stubs[which][position].name;
    if (found)
        text_puts(name, found);
    return found != NULL;
}

/* ---- all of it ---- */

struct services *services_read(const struct target *target, const uint64_t *processes,
                               size_t count) {
    struct services *services = xcalloc(1, sizeof *services);
    services->target = target;
    services->processes = processes;
    services->process_count = count;
    services->tables[SERVICES_NT].name = "KiServiceTable";
    services->tables[SERVICES_WIN32K].name = "W32pServiceTable";
    services->tables[SERVICES_WIN32K].first = SERVICE_WIN32K;
    kernel_modules_read(target, &services->modules);
    services->module_names = xcalloc(services->modules.count + 1, sizeof(const char *));
    if (image_info(target->image)->image_base)
        service_file_read(services);
    else
        service_tables_read(services);
    service_stubs_read(services);
    name_by_kernel_symbols(services);
    name_by_win32k_symbols(services);
    for (unsigned which = 0; which < SERVICES_TABLES; which++)
        name_by_stubs(target, services->stubs[which], &services->tables[which]);
    services->processes = NULL; /* the caller's, no longer than this */
    services->process_count = 0;
    return services;
}

void services_free(struct services *services) {
    if (!services)
        return;
    for (unsigned which = 0; which < SERVICES_TABLES; which++) {
        free(services->tables[which].items);
        for (size_t i = 0; i < SERVICE_LIMIT; i++)
            free(services->stubs[which][i].name);
    }
    for (size_t i = 0; i < services->owned_count; i++)
        free(services->owned[i]);
    free(services->owned);
    for (size_t i = 0; i < services->opened_count; i++)
        symbols_free(services->opened[i]);
    free(services->module_names);
    module_list_deinit(&services->modules);
    free(services);
}

const struct service_table *services_table(const struct services *services, unsigned which) {
    return &services->tables[which];
}
