/* alpc.c - the ring of ALPC ports, and ways to a first port where no symbol names its head. */
#include "kernel/alpc.h"

#include <stdlib.h>
#include <string.h>

#include "base/address_set.h"
#include "base/memory.h"
#include "kernel/directory.h"
#include "kernel/handles.h"

/* What is looked through for a first port: more than a real machine has lies. */
#define DIRECTORIES_MOST  16384
#define HANDLE_PAGES_MOST 65536

/* What a search works with. */
struct search {
    const struct objects *objects;
    const struct target *target;
    uint32_t link; /* _ALPC_PORT.PortListEntry */
};

/* ---- a first port ---- */

/* A port that is closed, or being made, is an object still and on no list. */
static bool is_linked(const struct search *search, uint64_t port) {
    uint64_t link = port + search->link, next = 0, back = 0;
    return vm_read_pointer(search->target->vm, link, &next) == READ_PRESENT &&
           vm_read_pointer(search->target->vm, next + vm_pointer_size(search->target->vm), &back) ==
               READ_PRESENT &&
           back == link && next != link;
}

static bool is_first(const struct search *search, const struct object *object) {
    return object_is_of_type(object, "ALPC Port") && is_linked(search, object->address);
}

struct pending {
    uint64_t *items; /* directories, in the order in which they were met */
    size_t count, capacity;
    struct address_set met;
};

static void meet(struct pending *pending, uint64_t directory) {
    if (pending->count >= DIRECTORIES_MOST || !address_set_add(&pending->met, directory))
        return;
    ARRAY_RESERVE(pending->items, pending->count, pending->capacity);
    pending->items[pending->count++] = directory;
}

/* The first port of a directory; 0 where it has none. Adds its directories to `pending`. */
static uint64_t port_in(const struct search *search, uint64_t address, struct pending *pending) {
    struct directory directory;
    struct object object;
    uint64_t port = 0;
    directory_read(search->target, address, &directory);
    for (size_t i = 0; i < directory.count && !port; i++) {
        if (object_read(search->objects, directory.objects[i], &object) != READ_PRESENT)
            continue;
        if (is_first(search, &object))
            port = object.address;
        else if (object_is_of_type(&object, "Directory"))
            meet(pending, object.address);
    }
    directory_deinit(&directory);
    return port;
}

static uint64_t port_by_directory(const struct search *search) {
    struct pending pending = {0};
    uint64_t port = 0;
    if (objects_root(search->objects))
        meet(&pending, objects_root(search->objects));
    for (size_t i = 0; i < pending.count && !port; i++)
        port = port_in(search, pending.items[i], &pending);
    address_set_deinit(&pending.met);
    free(pending.items);
    return port;
}

static uint64_t port_of_process(const struct search *search, uint64_t process, size_t *pages) {
    struct handle_table table;
    struct handle_walk walk = {.table = &table};
    struct handle_entry entry;
    struct object object;
    uint64_t port = 0;
    handle_table_of_process(search->target, process, &table);
    if (table.absent || table.state != READ_PRESENT || !table.address)
        return 0;
    while (!port && *pages + walk.looked < HANDLE_PAGES_MOST && handle_walk_next(&walk, &entry))
        if (entry.state == READ_PRESENT &&
            object_read(search->objects, entry.object, &object) == READ_PRESENT &&
            is_first(search, &object))
            port = object.address;
    *pages += walk.looked;
    return port;
}

static uint64_t port_by_handle(const struct search *search, const uint64_t *processes,
                               size_t count) {
    uint64_t port = 0;
    size_t pages = 0;
    for (size_t i = 0; i < count && !port; i++)
        port = port_of_process(search, processes[i], &pages);
    return port;
}

/* ---- the ring ---- */

/* The head, met on the way round, is no port: it lies in the kernel's own data. */
static bool is_head(const struct target *target, uint64_t entry) {
    return entry >= target->kernel.base && entry - target->kernel.base < target->kernel.size;
}

/* A header that is not in the dump, or types that were not found, say nothing against an entry. */
static bool is_port(const struct objects *objects, uint64_t address) {
    struct object object;
    size_t types;
    const char *found_by;
    objects_types(objects, &types, &found_by);
    enum read_state state = object_read(objects, address, &object);
    if (state != READ_PRESENT)
        return types == 0 || state != READ_BAD_VALUE;
    return !object_type_is_named(object.type) || object_is_of_type(&object, "ALPC Port");
}

static void take_entries(const struct search *search, struct alpc_ports *ports) {
    for (size_t i = 0; i < ports->walk.count; i++) {
        uint64_t entry = ports->walk.entries[i], port = entry - search->link;
        if (is_head(search->target, entry))
            continue;
        if (is_port(search->objects, port))
            ports->items[ports->count++] = port;
        else
            ports->strange++;
    }
}

/* The first port; 0 where symbols name the head, and where nothing leads to a port. */
static uint64_t enter(const struct search *search, const uint64_t *processes, size_t count,
                      struct alpc_ports *ports) {
    uint64_t port = 0;
    if (target_symbol(search->target, "AlpcpPortList", &ports->start)) {
        ports->found_by = "AlpcpPortList";
        return 0;
    }
    if ((port = port_by_directory(search)))
        ports->found_by = "directory";
    else if ((port = port_by_handle(search, processes, count)))
        ports->found_by = "handle";
    return port;
}

void alpc_ports_find(const struct objects *objects, const struct target *target,
                     const uint64_t *processes, size_t process_count, struct alpc_ports *ports) {
    struct field link;
    *ports = (struct alpc_ports){0};
    ports->absent =
        !target->symbols || !symbols_field(target->symbols, "_ALPC_PORT", "PortListEntry", &link);
    if (ports->absent)
        return;
    const struct search search = {.objects = objects, .target = target, .link = link.offset};
    uint64_t first = enter(&search, processes, process_count, ports);
    if (!ports->found_by)
        return;
    if (first)
        ports->start = first + link.offset;
    list_walk(target->vm, ports->start, ALPC_PORT_LIMIT, &ports->walk);
    ports->items = xcalloc(ports->walk.count + 1, sizeof *ports->items);
    if (first)
        ports->items[ports->count++] = first;
    take_entries(&search, ports);
}

void alpc_ports_deinit(struct alpc_ports *ports) {
    list_walk_deinit(&ports->walk);
    free(ports->items);
    ports->items = NULL;
}
