/*
 * process.c - the rings that hold processes, and what an entry of one is.
 */
#include "kernel/process.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/processor.h"
#include "kernel/values.h"

#define IMAGE_NAME_BYTES 256 /* ImageFileName is 15 or 16 bytes in every build to 22000 */

/* ---- what an object is ---- */

static enum process_kind kind_by_header(const struct target *target, uint64_t process) {
    struct field_read type = target_read_field(target, process, "_EPROCESS", "Pcb.Header.Type");
    if (type.absent || type.state != READ_PRESENT)
        return PROCESS_UNREADABLE;
    return type.value == PROCESS_OBJECT ? PROCESS_PROCESS : PROCESS_STRANGE;
}

enum process_kind process_kind_beside(const struct target *target, uint64_t process,
                                      uint64_t idle) {
    return process == idle && idle != 0 ? PROCESS_IDLE : kind_by_header(target, process);
}

enum process_kind process_kind(const struct target *target, uint64_t process) {
    return process_kind_beside(target, process, process_idle(target));
}

const char *process_kind_name(enum process_kind kind) {
    static const char *const names[] = {
        [PROCESS_PROCESS] = "process",     [PROCESS_IDLE] = "idle",
        [PROCESS_LIST_HEAD] = "list-head", [PROCESS_UNREADABLE] = "unreadable",
        [PROCESS_STRANGE] = "strange",
    };
    return names[kind];
}

/* ---- rings ---- */

static void make_views(const struct target *target, uint32_t offset, struct process_ring *ring) {
    uint64_t idle = process_idle(target);
    ring->views = xcalloc(ring->walk.count + 1, sizeof *ring->views);
    for (size_t i = 0; i < ring->walk.count; i++) {
        struct process_view *view = &ring->views[i];
        view->link = ring->walk.entries[i];
        view->address = view->link - offset;
        view->kind = view->link == ring->head ? PROCESS_LIST_HEAD
                                              : process_kind_beside(target, view->address, idle);
    }
}

static bool link_offset(const struct target *target, const char *member, uint32_t *offset) {
    struct field field;
    if (!target->symbols || !symbols_field(target->symbols, "_EPROCESS", member, &field))
        return false;
    *offset = field.offset;
    return true;
}

void process_ring_active(const struct target *target, struct process_ring *ring) {
    *ring = (struct process_ring){0};
    uint32_t offset;
    if (!link_offset(target, "ActiveProcessLinks", &offset)) {
        ring->absent = true;
        return;
    }
    if (!target_global(target, "PsActiveProcessHead", &ring->head)) {
        ring->head = 0;
        return;
    }
    ring->start = ring->head;
    ring->head_by = "PsActiveProcessHead";
    list_walk(target->vm, ring->head, PROCESS_LIMIT, &ring->walk);
    make_views(target, offset, ring);
}

/* The head where the symbols name it: a symbol of its own up to 9600, later a member of the
 * Memory Manager's state. */
static void find_named_head(const struct target *target, struct process_ring *ring) {
    uint64_t state;
    if (target_symbol(target, "MmProcessList", &ring->head))
        ring->head_by = "MmProcessList";
    else if (target_symbol(target, "MiState", &state) &&
             target_field_address(target, state, "_MI_SYSTEM_INFORMATION", "Processes.ProcessList",
                                  &ring->head))
        ring->head_by = "MiState";
    else
        ring->head = 0;
}

/* The head is a variable of the kernel; of the processes only Idle is one as well. So an entry
 * inside the image that is no process is the head, if it is the only such. */
static void find_head_by_place(const struct target *target, struct process_ring *ring) {
    struct process_view *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ring->walk.count; i++) {
        struct process_view *view = &ring->views[i];
        if (view->link < target->kernel.base ||
            view->link - target->kernel.base >= target->kernel.size || view->kind == PROCESS_IDLE ||
            view->kind == PROCESS_PROCESS)
            continue;
        found = view;
        count++;
    }
    if (count != 1)
        return;
    found->kind = PROCESS_LIST_HEAD;
    ring->head = found->link;
    ring->head_by = "image";
}

void process_ring_memory_manager(const struct target *target, uint64_t process,
                                 struct process_ring *ring) {
    *ring = (struct process_ring){0};
    uint32_t offset;
    if (!link_offset(target, "MmProcessLinks", &offset)) {
        ring->absent = true;
        return;
    }
    find_named_head(target, ring);
    ring->start = process != 0 ? process + offset : ring->head;
    if (ring->start == 0)
        return;
    list_walk(target->vm, ring->start, PROCESS_LIMIT, &ring->walk);
    make_views(target, offset, ring);
    if (ring->head == 0)
        find_head_by_place(target, ring);
}

void process_ring_deinit(struct process_ring *ring) {
    list_walk_deinit(&ring->walk);
    free(ring->views);
    *ring = (struct process_ring){0};
}

/* ---- processes known otherwise ---- */

uint64_t process_user_tables(const struct target *target, uint64_t process) {
    struct field_read tables =
        target_read_field(target, process, "_EPROCESS", "Pcb.UserDirectoryTableBase");
    if (tables.absent || tables.state != READ_PRESENT)
        return 0;
    return tables.value & ~(uint64_t)(IMAGE_PAGE_SIZE - 1);
}

void thread_owner_init(struct thread_owner *owner, const struct target *target) {
    static const struct {
        const char *type, *path;
    } members[] = {
        {"_KTHREAD", "Process"}, {"_ETHREAD", "ThreadsProcess"}, {"_KTHREAD", "ApcState.Process"}};
    *owner = (struct thread_owner){.target = target};
    for (size_t i = 0; target->symbols && i < ARRAY_LENGTH(members); i++)
        owner->present[i] =
            symbols_field(target->symbols, members[i].type, members[i].path, &owner->fields[i]);
    if (owner->present[0])
        owner->present[1] = owner->present[2] = false;
}

struct field_read thread_owner_read(const struct thread_owner *owner, uint64_t thread) {
    struct field_read process = {.absent = true};
    for (size_t i = 0; i < ARRAY_LENGTH(owner->fields); i++) {
        if (!owner->present[i])
            continue;
        process = target_read_member(owner->target, thread, &owner->fields[i]);
        if (process.state != READ_PRESENT || process.value)
            break;
    }
    return process;
}

struct field_read thread_process(const struct target *target, uint64_t thread) {
    struct thread_owner owner;
    thread_owner_init(&owner, target);
    return thread_owner_read(&owner, thread);
}

static bool is_process(const struct target *target, uint64_t process) {
    return process != 0 && kind_by_header(target, process) == PROCESS_PROCESS;
}

/* The process of the first idle thread that leads to one. */
static uint64_t idle_by_processor(const struct target *target) {
    struct processor_block block;
    uint64_t idle = 0;
    processor_block_read(target, &block);
    for (size_t i = 0; i < block.count && idle == 0; i++) {
        if (block.items[i].state != READ_PRESENT)
            continue;
        struct field_read thread =
            target_read_field(target, block.items[i].prcb, "_KPRCB", "IdleThread");
        if (thread.absent || thread.state != READ_PRESENT)
            continue;
        struct field_read process = thread_process(target, thread.value);
        if (!process.absent && process.state == READ_PRESENT && is_process(target, process.value))
            idle = process.value;
    }
    processor_block_deinit(&block);
    return idle;
}

static uint64_t by_pointer(const struct target *target, const char *symbol) {
    uint64_t address, process;
    if (target_symbol(target, symbol, &address) &&
        vm_read_pointer(target->vm, address, &process) == READ_PRESENT)
        return process;
    return 0;
}

/* A symbol is believed though the process itself may not be in the dump. */
uint64_t process_idle(const struct target *target) {
    uint64_t idle = by_pointer(target, "PsIdleProcess");
    if (idle != 0 && kind_by_header(target, idle) != PROCESS_STRANGE)
        return idle;
    if (target_symbol(target, "KiInitialProcess", &idle) &&
        kind_by_header(target, idle) != PROCESS_STRANGE)
        return idle;
    return idle_by_processor(target);
}

/* The first entry of the ring is System: it is made first and never ends. One that cannot be read
 * is no place to start a walk from. */
uint64_t process_system(const struct target *target) {
    uint64_t system = by_pointer(target, "PsInitialSystemProcess");
    uint64_t head, link;
    uint32_t offset;
    if (is_process(target, system))
        return system;
    if (!link_offset(target, "ActiveProcessLinks", &offset) ||
        !target_global(target, "PsActiveProcessHead", &head) ||
        vm_read_pointer(target->vm, head, &link) != READ_PRESENT || link == head)
        return 0;
    return is_process(target, link - offset) ? link - offset : 0;
}

enum read_state process_name(const struct target *target, uint64_t process, struct text *name) {
    struct field field;
    if (!target->symbols || !symbols_field(target->symbols, "_EPROCESS", "ImageFileName", &field) ||
        field.size == 0 || field.size > IMAGE_NAME_BYTES)
        return READ_BAD_VALUE;
    uint8_t bytes[IMAGE_NAME_BYTES];
    enum read_state state = vm_read(target->vm, process + field.offset, bytes, field.size, NULL);
    if (state == READ_PRESENT)
        value_bytes(name, bytes, field.size);
    return state;
}
