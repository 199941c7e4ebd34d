/*
 * handles.c - handle tables: those of the processes, the kernel's (System's own), and PspCidTable;
 * and the small objects that the handles of a process lead to.
 *
 * Sources: the symbol files for _HANDLE_TABLE and its entries; Volatility's handle plugins for what
 * no symbol file says: the level in the low bits of TableCode, and the bits of an entry's pointer.
 */
#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "threads.h"
#include "user.h"
#include "util.h"

enum {
    HANDLE_STEP = 4,
    LEVELS_MOST = 3,
    ENTRY_REFERENCES = 0x7fff, /* that a fresh entry of 8.1 or later holds in stock */
    FREE_LIST_COUNT = 0x18,    /* HandleCount in the first of _HANDLE_TABLE.FreeLists */
};

#define PROTECT_CLOSE_ACCESS 0x02000000u /* before Windows 8 in the access mask */

struct table {
    uint64_t address, code;
    unsigned level;
    uint64_t handles; /* in use */
    uint64_t limit;   /* no handle reaches it */
};

static unsigned entry_size(const struct machine *machine) {
    return (unsigned)layout_size(machine->layout, "_HANDLE_TABLE_ENTRY");
}

static uint64_t per_page(const struct machine *machine) {
    return PAGE_SIZE / entry_size(machine);
}

static uint64_t take_page(struct machine *machine) {
    return pool_take(machine, &machine->paged, PAGE_SIZE, PAGE_SIZE, "a page of handles");
}

/* How many handle values a table of that many levels above the lowest has room for. */
static uint64_t capacity(const struct machine *machine, unsigned level) {
    uint64_t entries = per_page(machine);
    for (unsigned i = 0; i < level; i++)
        entries *= PAGE_SIZE / machine->pointer_size;
    return entries * HANDLE_STEP;
}

/* The address of a handle's entry; pages on the way are made. */
static uint64_t entry_of(struct machine *machine, const struct table *table, uint64_t handle) {
    uint64_t at = table->code;
    for (unsigned level = table->level; level > 0; level--) {
        uint64_t below = capacity(machine, level - 1);
        uint64_t slot = at + handle / below * machine->pointer_size;
        at = get_pointer(machine, slot);
        if (!at) {
            at = take_page(machine);
            put_pointer(machine, slot, at);
        }
        handle %= below;
    }
    return at + handle / HANDLE_STEP * entry_size(machine);
}

/* MemProcFS looks for the pool tag in front of a handle table. */
static uint64_t make_table_object(struct machine *machine, uint64_t given) {
    const uint8_t header[0x10] = {0, 0, 9, 3, 'O', 'b', 't', 'b'};
    uint64_t size = layout_size(machine->layout, "_HANDLE_TABLE");
    uint64_t block = given - 0x10;
    if (given) {
        memory_map(&machine->memory, block, size + 0x10, machine->paged.kind);
        memory_claim(&machine->memory, block, size + 0x10, "a handle table");
    } else {
        block = pool_take(machine, &machine->paged, size + 0x10, 0x10, "a handle table");
    }
    memory_write(&machine->memory, block, header, sizeof header);
    return block + 0x10;
}

static struct table open_table(struct machine *machine, const json_t *extras, uint64_t highest) {
    uint64_t page = number_or(extras, "handle_page", 0);
    struct table table = {.address =
                              make_table_object(machine, number_or(extras, "object_table", 0)),
                          .level = (unsigned)number_or(extras, "handle_levels", 1) - 1};
    while (capacity(machine, table.level) <= highest)
        table.level++;
    if (table.level >= LEVELS_MOST)
        die("0x%llx is too large for a handle", (unsigned long long)highest);
    if (page) {
        memory_map(&machine->memory, page, PAGE_SIZE, machine->paged.kind);
        memory_claim(&machine->memory, page, PAGE_SIZE, "a page of handles");
    }
    table.code = page ? page : take_page(machine);
    return table;
}

/* The kernel hands out pages in the order of the handles: below the last there is none missing. */
static void fill_pages(struct machine *machine, const struct table *table) {
    for (uint64_t handle = 0; handle < table->limit; handle += capacity(machine, 0))
        entry_of(machine, table, handle);
}

static void close_table(struct machine *machine, const struct table *table,
                        const struct process *process) {
    uint64_t pages = table->limit / (per_page(machine) * HANDLE_STEP) + 1;
    uint64_t list = field(machine, table->address, "_HANDLE_TABLE", "HandleTableList");
    struct member lists;
    fill_pages(machine, table);
    must_set(machine, table->address, "_HANDLE_TABLE", "TableCode", table->code | table->level);
    must_set(machine, table->address, "_HANDLE_TABLE", "NextHandleNeedingPool",
             pages * per_page(machine) * HANDLE_STEP);
    link_entry(machine, list, list, list);
    if (process) {
        must_set(machine, table->address, "_HANDLE_TABLE", "QuotaProcess",
                 process->pid == 4 ? 0 : process->address);
        must_set(machine, table->address, "_HANDLE_TABLE", "UniqueProcessId", process->pid);
    }
    if (set(machine, table->address, "_HANDLE_TABLE", "HandleCount", table->handles))
        return;
    if (layout_member(machine->layout, "_HANDLE_TABLE", "FreeLists", &lists))
        memory_put(&machine->memory, table->address + lists.offset + FREE_LIST_COUNT,
                   table->handles, 4);
}

/* ---- entries ---- */

struct handle {
    uint64_t value, object, access;
    unsigned attributes; /* 1: protected from close, 2: inherit, 4: audit */
};

/* x64 from Windows 8: 44 bits of the header's address, attributes, references, the lock. */
static void write_new_entry(struct machine *machine, uint64_t entry, uint64_t pointer,
                            const struct handle *handle) {
    static const char type[] = "_HANDLE_TABLE_ENTRY";
    must_set(machine, entry, type, "ObjectPointerBits", pointer >> 4);
    must_set(machine, entry, type, "Attributes", handle->attributes);
    must_set(machine, entry, type, "RefCnt", handle->access ? ENTRY_REFERENCES : 0);
    must_set(machine, entry, type, "Unlocked", 1);
    must_set(machine, entry, type, "GrantedAccessBits", handle->access);
}

/* Before: the address with three bits of attributes, the lowest of which is the lock. */
static void write_old_entry(struct machine *machine, uint64_t entry, uint64_t pointer,
                            const struct handle *handle) {
    uint64_t access = handle->access | (handle->attributes & 1 ? PROTECT_CLOSE_ACCESS : 0);
    put_pointer(machine, entry, pointer | (handle->attributes & 6) | 1);
    must_set(machine, entry, "_HANDLE_TABLE_ENTRY", "GrantedAccess", access);
}

static uint64_t write_entry(struct machine *machine, struct table *table, uint64_t pointer,
                            const struct handle *handle) {
    struct member coded;
    uint64_t entry = entry_of(machine, table, handle->value);
    if (layout_member(machine->layout, "_HANDLE_TABLE_ENTRY", "ObjectPointerBits", &coded))
        write_new_entry(machine, entry, pointer, handle);
    else
        write_old_entry(machine, entry, pointer, handle);
    table->handles++;
    if (handle->value > table->limit)
        table->limit = handle->value;
    return entry;
}

static void note_handle(struct machine *machine, const struct process *process, uint64_t entry,
                        const struct handle *handle) {
    json_t *notes = json_object_get(machine->facts, "handles");
    if (!notes) {
        notes = json_array();
        json_object_set_new(machine->facts, "handles", notes);
    }
    json_array_append_new(
        notes, json_pack("{s:i, s:i, s:o, s:o, s:i, s:i}", "pid", (int)process->pid, "handle",
                         (int)handle->value, "entry", address_text(machine, entry), "object",
                         address_text(machine, handle->object), "access", (int)handle->access,
                         "attributes", (int)handle->attributes));
}

static void add_handle(struct machine *machine, struct table *table, const struct process *process,
                       enum object_type type, struct handle handle) {
    uint64_t entry = write_entry(machine, table, object_header(machine, handle.object), &handle);
    count_handle(machine, handle.object);
    machine->handle_counts[type]++;
    note_handle(machine, process, entry, &handle);
}

/* ---- objects of a process ---- */

static uint64_t size_of_type(const struct machine *machine, enum object_type type) {
    static const struct {
        enum object_type type;
        const char *layout;
    } layouts[] = {
        {TYPE_EVENT, "_KEVENT"},          {TYPE_FILE, "_FILE_OBJECT"},
        {TYPE_MUTANT, "_KMUTANT"},        {TYPE_PORT, "_ALPC_PORT"},
        {TYPE_PORT, "_LPCP_PORT_OBJECT"}, {TYPE_DEVICE, "_DEVICE_OBJECT"},
    };
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].type == type && layout_has(machine->layout, layouts[i].layout))
            return layout_size(machine->layout, layouts[i].layout);
    return 0x80; /* has members that nobody reads here */
}

static uint64_t make_device(struct machine *machine, const char *path) {
    uint64_t size = size_of_type(machine, TYPE_DEVICE);
    uint64_t device = make_named(machine, TYPE_DEVICE, 0, size, path);
    must_set(machine, device, "_DEVICE_OBJECT", "Type", 3);
    must_set(machine, device, "_DEVICE_OBJECT", "Size", size);
    must_set(machine, device, "_DEVICE_OBJECT", "ReferenceCount", 1);
    return device;
}

static uint64_t existing(const struct machine *machine, const char *path) {
    const json_t *known = json_object_get(json_object_get(machine->facts, "named_objects"), path);
    return known ? number_of(known, path) : 0;
}

static void write_file(struct machine *machine, uint64_t file, const char *name) {
    if (!machine->device)
        machine->device = make_device(machine, "\\Device\\HarddiskVolume2");
    must_set(machine, file, "_FILE_OBJECT", "Type", 5);
    must_set(machine, file, "_FILE_OBJECT", "Size", size_of_type(machine, TYPE_FILE));
    must_set(machine, file, "_FILE_OBJECT", "DeviceObject", machine->device);
    write_unicode(machine, field(machine, file, "_FILE_OBJECT", "FileName"), name, &machine->paged);
}

/* `name` is a file's own, and any other object's path; a key's is in the registry. */
static uint64_t make_handle_object(struct machine *machine, enum object_type type, uint64_t address,
                                   const char *name) {
    static const struct object_kind nameless = {"an object", TYPE_LIMIT, false, NULL, 0};
    bool file = type == TYPE_FILE;
    if (type == TYPE_KEY)
        return make_key(machine, address, name ? name : "\\REGISTRY");
    struct object_kind kind = nameless;
    kind.type = type;
    uint64_t size = size_of_type(machine, type);
    uint64_t object = name && !file ? make_named(machine, type, address, size, name)
                                    : make_object(machine, &kind, address, size);
    if (file)
        write_file(machine, object, name ? name : "\\Windows\\System32");
    if (type == TYPE_EVENT)
        must_set(machine, object, "_KEVENT", "Header.Type", 1);
    return object;
}

static const struct usual {
    uint64_t handle, access;
    enum object_type type, old;
} usual_handles[] = {
    {HANDLE_EVENT, 0x1f0003, TYPE_EVENT, TYPE_EVENT},
    {HANDLE_FILE, 0x100020, TYPE_FILE, TYPE_FILE},
    {HANDLE_WORKERS, 0xf00ff, TYPE_WORKER_FACTORY, 27 /* IoCompletion */},
    {HANDLE_PORT, 0x1f0001, TYPE_PORT, TYPE_PORT},
};

static void add_usual_handles(struct machine *machine, struct table *table,
                              const struct process *process) {
    bool old = machine->pointer_size == 4;
    for (size_t i = 0; i < sizeof usual_handles / sizeof *usual_handles; i++) {
        const struct usual *usual = &usual_handles[i];
        enum object_type type = old ? usual->old : usual->type;
        const struct handle handle = {usual->handle, make_handle_object(machine, type, 0, NULL),
                                      usual->access, 0};
        add_handle(machine, table, process, type, handle);
    }
}

/* The object that a handle of another process, made before, leads to. */
static uint64_t object_of_handle(const struct machine *machine, const json_t *pair) {
    uint64_t pid = number_of(json_array_get(pair, 0), "of");
    uint64_t value = number_of(json_array_get(pair, 1), "of");
    size_t i;
    json_t *note;
    json_array_foreach(json_object_get(machine->facts, "handles"), i, note) {
        if (number(note, "pid") == pid && number(note, "handle") == value)
            return number(note, "object");
    }
    die("process 0x%llx has no handle 0x%llx yet", (unsigned long long)pid,
        (unsigned long long)value);
}

/* An object in a private namespace; its directory where `name` is NULL. */
static uint64_t object_of_namespace(const struct machine *machine, uint64_t row, const char *name) {
    const json_t *fact = json_array_get(json_object_get(machine->facts, "namespaces"), row);
    return name ? number(json_object_get(fact, "objects"), name) : number(fact, "directory");
}

/* The name's text lies in a page that is not in the dump. */
static void leave_name_out(struct machine *machine, const char *path, uint64_t object) {
    json_t *facts = json_object_get(machine->facts, "names_left_out");
    if (!facts) {
        facts = json_array();
        json_object_set_new(machine->facts, "names_left_out", facts);
    }
    json_array_append_new(facts, json_string(path));
    uint64_t page = pool_take(machine, &machine->paged, PAGE_SIZE, PAGE_SIZE, "a name left out");
    put_pointer(machine, name_info(machine, object) + 2 * machine->pointer_size, page);
    memory_omit(&machine->memory, page);
}

/* A file of another device than the disk. */
static uint64_t make_device_file(struct machine *machine, const char *device, const char *name) {
    uint64_t file = make_handle_object(machine, TYPE_FILE, 0, name);
    uint64_t known = existing(machine, device);
    must_set(machine, file, "_FILE_OBJECT", "DeviceObject",
             known ? known : make_device(machine, device));
    return file;
}

/* What a row names: see add_given_handles(). */
static uint64_t given_object(struct machine *machine, const json_t *row, enum object_type type) {
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *device = json_string_value(json_object_get(row, "device"));
    if (json_object_get(row, "process")) {
        const struct process *process = find_process(machine, number(row, "process"));
        return type == TYPE_THREAD ? process->thread_addresses[0] : process->address;
    }
    if (json_object_get(row, "of"))
        return object_of_handle(machine, json_object_get(row, "of"));
    if (json_object_get(row, "namespace"))
        return object_of_namespace(machine, number(row, "namespace"), name);
    if (device)
        return make_device_file(machine, device, name);
    if (name && type != TYPE_FILE && existing(machine, name))
        return existing(machine, name);
    uint64_t object = make_handle_object(machine, type, number_or(row, "object", 0), name);
    if (number_or(row, "name_left_out", 0))
        leave_name_out(machine, name, object);
    return object;
}

/* What the scenario says of an object outside of its holder's session, as it has it. */
static void note_outside(struct machine *machine, const struct process *process, const json_t *row,
                         uint64_t object) {
    json_t *notes = json_object_get(machine->facts, "cross_session");
    json_t *note = json_object_get(row, "outside");
    if (!notes) {
        notes = json_array();
        json_object_set_new(machine->facts, "cross_session", notes);
    }
    if (note) {
        note = json_deep_copy(note);
        json_object_set_new(note, "pid", json_integer((json_int_t)process->pid));
        json_object_set_new(note, "object", address_text(machine, object));
        json_object_set(note, "type", json_object_get(row, "type"));
        json_array_append_new(notes, note);
    }
}

/* A row: {"handle", "type", "access", "attributes", and what it leads to: "process", or its first
 * thread; "of": [pid, handle], the object of another handle; "namespace": number of the row, with
 * the "name" of an object in it; or "name", with the address "object", "device" and
 * "name_left_out"}. An object that has the name already is that one. "outside" is what a reader
 * must find in cross_session. */
static void add_given_handle(struct machine *machine, struct table *table,
                             const struct process *process, const json_t *row) {
    enum object_type type = object_type_named(machine, string(row, "type"));
    const struct handle handle = {number(row, "handle"), given_object(machine, row, type),
                                  number_or(row, "access", 0x1f0003),
                                  (unsigned)number_or(row, "attributes", 0)};
    add_handle(machine, table, process, type, handle);
    note_outside(machine, process, row, handle.object);
}

/* Rows are the process's own, and those of the scenario that have its "pid". */
static void add_given_handles(struct machine *machine, struct table *table,
                              const struct process *process) {
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(process->extras, "handles"), i, row) {
        add_given_handle(machine, table, process, row);
    }
    json_array_foreach(json_object_get(machine->scenario, "handles"), i, row) {
        if (number(row, "pid") == process->pid)
            add_given_handle(machine, table, process, row);
    }
}

/* csrss.exe has a handle to every process of its session, and to the first thread of each; System
 * has one to every process that runs. */
static void add_process_handles(struct machine *machine, struct table *table,
                                const struct process *process) {
    uint64_t value = 0x20;
    bool csrss = !strcmp(process->name, "csrss.exe");
    for (size_t i = 0; i < machine->process_count; i++) {
        const struct process *other = &machine->processes[i];
        bool wanted = csrss ? other->session == process->session && other != process : true;
        if (!wanted || other->exited || other->unlisted)
            continue;
        value += value % (per_page(machine) * HANDLE_STEP) ? 0 : HANDLE_STEP;
        add_handle(machine, table, process, TYPE_PROCESS,
                   (struct handle){value, other->address, 0x1fffff, 0});
        value += HANDLE_STEP;
        if (!csrss || !other->threads)
            continue;
        value += value % (per_page(machine) * HANDLE_STEP) ? 0 : HANDLE_STEP;
        add_handle(machine, table, process, TYPE_THREAD,
                   (struct handle){value, other->thread_addresses[0], 0x1fffff, 0});
        value += HANDLE_STEP;
    }
}

static uint64_t highest_handle(const struct machine *machine, const struct process *process) {
    uint64_t highest = 0x40 + 2 * HANDLE_STEP * machine->process_count;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(process->extras, "handles"), i, row) {
        if (number(row, "handle") > highest)
            highest = number(row, "handle");
    }
    json_array_foreach(json_object_get(machine->scenario, "handles"), i, row) {
        if (number(row, "pid") == process->pid && number(row, "handle") > highest)
            highest = number(row, "handle");
    }
    return highest;
}

static uint64_t make_process_table(struct machine *machine, const struct process *process) {
    bool lister = process->pid == 4 || !strcmp(process->name, "csrss.exe");
    struct table table = open_table(machine, process->extras, highest_handle(machine, process));
    if (process->user_space)
        add_usual_handles(machine, &table, process);
    add_given_handles(machine, &table, process);
    if (lister)
        add_process_handles(machine, &table, process);
    close_table(machine, &table, process);
    must_set(machine, process->address, "_EPROCESS", "ObjectTable", table.address);
    return table.address;
}

/* ---- PspCidTable: objects themselves, not their headers ---- */

static void add_cid(struct machine *machine, struct table *table, uint64_t id, uint64_t object) {
    write_entry(machine, table, object, &(struct handle){.value = id});
}

static void make_cid_table(struct machine *machine) {
    uint64_t highest = machine->next_thread_id;
    for (size_t i = 0; i < machine->process_count; i++)
        if (machine->processes[i].pid > highest)
            highest = machine->processes[i].pid;
    struct table table = open_table(machine, NULL, highest);
    for (size_t i = 0; i < machine->process_count; i++) {
        const struct process *process = &machine->processes[i];
        const json_t *given = json_object_get(process->extras, "threads");
        if (process->unlisted)
            continue;
        if (!number_or(process->extras, "off_cid", 0))
            add_cid(machine, &table, process->pid, process->address);
        for (uint64_t k = 0; k < process->threads; k++) {
            if (number_or(json_array_get(given, k), "off_cid", 0))
                continue;
            uint64_t thread = process->thread_addresses[k];
            add_cid(machine, &table,
                    get_pointer(machine, field(machine, thread, "_ETHREAD", "Cid.UniqueThread")),
                    thread);
        }
    }
    close_table(machine, &table, NULL);
    put_pointer(machine, global(machine, "PspCidTable", 8), table.address);
}

void forge_handles(struct machine *machine) {
    uint64_t offset = layout_offset(machine->layout, "_HANDLE_TABLE", "HandleTableList");
    uint64_t *tables = xcalloc(machine->process_count, sizeof *tables);
    size_t count = 0;
    for (size_t i = 0; i < machine->process_count; i++) {
        const struct process *process = &machine->processes[i];
        if (process->exited)
            continue;
        tables[count] = make_process_table(machine, process);
        if (process->unlisted) {
            uint64_t list = tables[count] + offset;
            link_entry(machine, list, list, list);
            continue;
        }
        if (process->pid == 4)
            put_pointer(machine, global(machine, "ObpKernelHandleTable", 8), tables[count]);
        tables[count++] += offset;
    }
    link_ring(machine, global(machine, "HandleTableListHead", 16), tables, count);
    free(tables);
    make_cid_table(machine);
}
