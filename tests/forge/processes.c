/*
 * processes.c - the EPROCESS objects, the rings they are on, and the sessions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "objects.h"
#include "user.h"
#include "util.h"

static const struct object_kind process_object = {"a process", TYPE_PROCESS, true, NULL, 0};
static const struct object_kind system_object = {"System", TYPE_PROCESS, false, NULL, 0};

/* A row of the scenario: address or null, pid, ppid, threads, file name, session or -1,
 * milliseconds from boot to its creation, parent state, extras. */
static struct process parse_row(const struct machine *machine, const json_t *row) {
    const json_t *address = json_array_get(row, 0);
    const char *name = json_string_value(json_array_get(row, 4));
    const char *parent = json_string_value(json_array_get(row, 7));
    if (!name || !parent)
        die("a process has no name or no parent state");
    uint64_t boot = machine->system_time - machine->uptime;
    struct process process = {
        .extras = json_array_get(row, 8),
        .name = name,
        .parent = parent,
        .address = json_is_null(address) ? 0 : number_of(address, name),
        .pid = number_of(json_array_get(row, 1), name),
        .ppid = number_of(json_array_get(row, 2), name),
        .threads = number_of(json_array_get(row, 3), name),
        .session = (int64_t)number_of(json_array_get(row, 5), name),
        .created = boot + number_of(json_array_get(row, 6), name) * 10000,
    };
    const json_t *exited = json_object_get(process.extras, "exited");
    if (exited)
        process.exited = boot + number_of(exited, name) * 10000;
    process.user_space = process.pid != 4 && !exited &&
                         !number_or(json_object_get(process.extras, "bits"), "Minimal", 0);
    process.unlisted = number_or(process.extras, "unlisted", 0) != 0;
    return process;
}

struct process *find_process(struct machine *machine, uint64_t pid) {
    for (size_t i = 0; i < machine->process_count; i++)
        if (machine->processes[i].pid == pid)
            return &machine->processes[i];
    die("no process has the id 0x%llx", (unsigned long long)pid);
}

static struct session *find_session(struct machine *machine, int64_t id) {
    for (size_t i = 0; i < machine->session_count; i++)
        if ((int64_t)machine->sessions[i].id == id)
            return &machine->sessions[i];
    die("there is no session %lld", (long long)id);
}

/* ImageFileName has room for 14 characters and a zero. */
static void write_name(struct machine *machine, uint64_t object, const char *name) {
    char text[15] = {0};
    memcpy(text, name, strnlen(name, 14));
    memory_write(&machine->memory, field(machine, object, "_EPROCESS", "ImageFileName"), text,
                 sizeof text);
}

static void write_path(struct machine *machine, const struct process *process) {
    char path[512];
    const char *given = json_string_value(json_object_get(process->extras, "path"));
    if (given && !*given)
        return;
    snprintf(path, sizeof path, "\\Device\\HarddiskVolume2\\Windows\\System32\\%s", process->name);
    if (given)
        snprintf(path, sizeof path, "\\Device\\HarddiskVolume2\\%s%s", given, process->name);
    /* _OBJECT_NAME_INFORMATION is a UNICODE_STRING with its text behind it. */
    uint64_t name = pool_take(machine, &machine->paged, 0x10, 0x10, "an image name");
    write_unicode(machine, name, path, &machine->paged);
    set(machine, process->address, "_EPROCESS", "SeAuditProcessCreationInfo", name);
}

static void write_flags(struct machine *machine, const struct process *process) {
    uint64_t object = process->address;
    bool exited = process->exited != 0;
    set(machine, object, "_EPROCESS", "CreateReported", 1);
    set(machine, object, "_EPROCESS", "ImageNotifyDone", 1);
    set(machine, object, "_EPROCESS", "AddressSpaceInitialized", 2);
    set(machine, object, "_EPROCESS", "HasAddressSpace", !exited);
    set(machine, object, "_EPROCESS", "VmDeleted", exited);
    set(machine, object, "_EPROCESS", "ProcessExiting", exited);
    set(machine, object, "_EPROCESS", "ProcessDelete", exited);
    set(machine, object, "_EPROCESS", "ProcessInSession", process->session >= 0);
    set(machine, object, "_EPROCESS", "ProcessInserted", 1);
    set(machine, object, "_EPROCESS", "DefaultPagePriority", 5);
    set(machine, object, "_EPROCESS", "DefaultIoPriority", 2);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(process->extras, "bits"), name, value)
        must_set(machine, object, "_EPROCESS", name, number_of(value, name));
    static const char *const levels[] = {"Protection", "SignatureLevel", "SectionSignatureLevel"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (json_object_get(process->extras, levels[i]))
            must_set(machine, object, "_EPROCESS", levels[i], number(process->extras, levels[i]));
}

/* Before Windows 10 1607 the member is the 32-bit PEB itself, from then on a structure that
 * points to it. */
static void write_wow64(struct machine *machine, const struct process *process) {
    const uint64_t peb32 = WOW64_PEB;
    if (!number_or(process->extras, "wow64", 0) || process->exited)
        return;
    if (set(machine, process->address, "_EPROCESS", "Wow64Process", peb32))
        return;
    uint64_t wow64 = pool_take(machine, &machine->nonpaged, 0x10, 0x10, "_EWOW64PROCESS");
    put64(machine, wow64, peb32);
    memory_put(&machine->memory, wow64 + 8, 0x014c, 2); /* Machine */
    must_set(machine, process->address, "_EPROCESS", "WoW64Process", wow64);
}

static void write_pointers(struct machine *machine, const struct process *process) {
    uint64_t object = process->address;
    if (process->session >= 0)
        must_set(machine, object, "_EPROCESS", "Session",
                 find_session(machine, process->session)->address);
    if (process->exited)
        return;
    if (process->user_space)
        set(machine, object, "_EPROCESS", "Peb",
            number_or(process->extras, "peb", usual_peb(machine)));
}

static void write_process(struct machine *machine, const struct process *process) {
    uint64_t object = process->address;
    uint64_t base = process->root << PAGE_SHIFT;
    if (process->pid == 4 || process->pid == 0)
        base = machine->directory_table_base;
    must_set(machine, object, "_EPROCESS", "Pcb.Header.Type", 3);
    set(machine, object, "_EPROCESS", "Pcb.Header.Size",
        layout_size(machine->layout, "_KPROCESS") / 4);
    must_set(machine, object, "_EPROCESS", "Pcb.DirectoryTableBase", base);
    set(machine, object, "_EPROCESS", "Pcb.BasePriority", 8);
    set(machine, object, "_EPROCESS", "Pcb.QuantumReset", 6);
    link_ring(machine, field(machine, object, "_EPROCESS", "Pcb.Header.WaitListHead"), NULL, 0);
    link_ring(machine, field(machine, object, "_EPROCESS", "Pcb.ProfileListHead"), NULL, 0);
    must_set(machine, object, "_EPROCESS", "UniqueProcessId", process->pid);
    must_set(machine, object, "_EPROCESS", "InheritedFromUniqueProcessId", process->ppid);
    must_set(machine, object, "_EPROCESS", "ActiveThreads", process->threads);
    must_set(machine, object, "_EPROCESS", "CreateTime", process->created);
    must_set(machine, object, "_EPROCESS", "ExitTime", process->exited);
    set(machine, object, "_EPROCESS", "ExitStatus", process->exited ? 0 : 0x103);
    set(machine, object, "_EPROCESS", "PriorityClass", 2);
    write_name(machine, object, process->name);
}

/* KVA shadow: tables of its own for user mode, with PCID 1; a process that is trusted, and one that
 * has no user mode, is given the PCID alone. These values are those of a capture of a real 17763.
 */
static void shadow_process(struct machine *machine, struct process *process) {
    bool trusted =
        !process->user_space || json_is_true(json_object_get(process->extras, "trusted"));
    if (!has_kva_shadow(machine))
        return;
    if (!trusted)
        process->user_root = memory_new_space(&machine->memory, 0);
    must_set(machine, process->address, "_EPROCESS", "Pcb.UserDirectoryTableBase",
             process->user_root << PAGE_SHIFT | 1);
    must_set(machine, process->address, "_EPROCESS", "Pcb.AddressPolicy", trusted);
}

/* The frame of the scenario's DirBase; 0: any. */
static uint64_t given_root(const struct process *process) {
    return number_or(process->extras, "root", 0) >> PAGE_SHIFT;
}

static bool flag(const struct process *process, const char *name) {
    return number_or(process->extras, name, 0) != 0;
}

static void make_process(struct machine *machine, struct process *process) {
    const struct object_kind *kind = process->pid == 4 ? &system_object : &process_object;
    process->address =
        make_object(machine, kind, process->address, layout_size(machine->layout, "_EPROCESS"));
    process->root = process->pid == 4 ? machine->memory.root
                                      : memory_new_space(&machine->memory, given_root(process));
    write_process(machine, process);
    shadow_process(machine, process);
    write_path(machine, process);
    write_flags(machine, process);
    write_wow64(machine, process);
    write_pointers(machine, process);
    process->thread_addresses = xcalloc(process->threads, sizeof(uint64_t));
    const json_t *given = json_object_get(process->extras, "threads");
    for (uint64_t i = 0; i < process->threads; i++) {
        process->thread_addresses[i] = make_thread(machine, process, json_array_get(given, i), i);
    }
    link_threads(machine, process, process->thread_addresses, process->threads);
    if (flag(process, "freed"))
        put_pointer(machine, object_header(machine, process->address), 0); /* PointerCount */
}

/* The Idle process is a variable of the kernel; it is in no process list but the Memory
 * Manager's and the dispatcher's. */
static void make_idle(struct machine *machine) {
    struct process *idle = &machine->idle;
    *idle = (struct process){.name = "Idle", .parent = "none", .session = -1};
    idle->threads = json_array_size(array(machine->scenario, "processors"));
    idle->address = global(machine, "KiInitialProcess", layout_size(machine->layout, "_EPROCESS"));
    write_process(machine, idle);
    must_set(machine, idle->address, "_EPROCESS", "ExitStatus", 0x103);
    put_pointer(machine, global(machine, "PsIdleProcess", 8), idle->address);
}

static void make_sessions(struct machine *machine) {
    const json_t *rows = array(machine->scenario, "sessions");
    machine->session_count = json_array_size(rows);
    machine->sessions = xcalloc(machine->session_count, sizeof *machine->sessions);
    uint64_t *links = xcalloc(machine->session_count, sizeof *links);
    for (size_t i = 0; i < machine->session_count; i++) {
        struct session *session = &machine->sessions[i];
        session->id = number_of(json_array_get(rows, i), "sessions");
        session->address =
            pool_take(machine, &machine->nonpaged,
                      layout_size(machine->layout, "_MM_SESSION_SPACE"), PAGE_SIZE, "a session");
        must_set(machine, session->address, "_MM_SESSION_SPACE", "SessionId", session->id);
        links[i] = field(machine, session->address, "_MM_SESSION_SPACE", "WsListEntry");
    }
    link_ring(machine, global(machine, "MiSessionWsList", 16), links, machine->session_count);
    free(links);
}

/* Every process that is not kept off the list, in the order of the scenario; those that are
 * marked "last" behind the others. `entries` has room for one more than there are processes. */
static size_t collect(struct machine *machine, const char *member, const char *off,
                      const char *last, uint64_t *entries) {
    size_t count = 0;
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < machine->process_count; i++) {
            const struct process *process = &machine->processes[i];
            if (process->unlisted || flag(process, off) || flag(process, last) != (pass == 1))
                continue;
            entries[count++] = field(machine, process->address, "_EPROCESS", member);
        }
    return count;
}

static void link_sessions(struct machine *machine, uint64_t *entries) {
    for (size_t s = 0; s < machine->session_count; s++) {
        const struct session *session = &machine->sessions[s];
        size_t count = 0;
        for (size_t i = 0; i < machine->process_count; i++)
            if (machine->processes[i].session == (int64_t)session->id &&
                !machine->processes[i].unlisted)
                entries[count++] = field(machine, machine->processes[i].address, "_EPROCESS",
                                         "SessionProcessLinks");
        link_ring(machine, field(machine, session->address, "_MM_SESSION_SPACE", "ProcessList"),
                  entries, count);
        memory_put(&machine->memory, session->address, count, 4); /* ReferenceCount */
    }
}

static void link_processes(struct machine *machine) {
    uint64_t *entries = xcalloc(machine->process_count + 1, sizeof *entries);
    size_t count = collect(machine, "ActiveProcessLinks", "off_active", "last_active", entries);
    link_ring(machine, global(machine, "PsActiveProcessHead", 16), entries, count);
    static const struct {
        const char *member, *off, *last, *head;
    } rings[] = {
        {"MmProcessLinks", "off_mm", "last_mm", "MmProcessList"},
        {"Pcb.ProcessListEntry", "off_dispatcher", "last_dispatcher", "KiProcessListHead"},
    };
    /* Idle is on the Memory Manager's ring and the dispatcher's as well, in front of System. XP has
     * neither of the two. */
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
        struct member member;
        if (!layout_member(machine->layout, "_EPROCESS", rings[i].member, &member))
            continue;
        count = collect(machine, rings[i].member, rings[i].off, rings[i].last, entries + 1);
        entries[0] = machine->idle.address + member.offset;
        link_ring(machine, global(machine, rings[i].head, 16), entries, count + 1);
    }
    link_sessions(machine, entries);
    free(entries);
}

void forge_processes(struct machine *machine) {
    const json_t *rows = array(machine->scenario, "processes");
    machine->process_count = json_array_size(rows);
    machine->processes = xcalloc(machine->process_count, sizeof *machine->processes);
    for (size_t i = 0; i < machine->process_count; i++)
        machine->processes[i] = parse_row(machine, json_array_get(rows, i));
    make_sessions(machine);
    make_idle(machine);
    for (size_t i = 0; i < machine->process_count; i++)
        make_process(machine, &machine->processes[i]);
    link_processes(machine);
    put_pointer(machine, global(machine, "PsInitialSystemProcess", 8),
                find_process(machine, 4)->address);
}
