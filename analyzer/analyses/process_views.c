/* process_views.c - processes by their ids, threads, handle tables, sessions, jobs, csrss.exe, and
 * the scan of memory. */
#include "analyses/process_views.h"

#include <string.h>

#include "base/address_set.h"
#include "base/memory.h"
#include "kernel/handles.h"
#include "kernel/object.h"
#include "kernel/thread.h"

/* Pages of handles that are read for one view: ids of a million processes and threads. */
#define PAGES_MOST 4096
/* Entries of all rings of one view: a ring that is led to again and again lies. */
#define ENTRIES_MOST (4 * PROCESS_LIMIT)

/* ---- one view at a time ---- */

struct gathering {
    const struct target *target;
    struct process_set *set;
    struct sightings *sightings;
    size_t known; /* sightings before this view */
    enum process_origin view;
    struct address_set seen; /* processes that this view has */
    size_t entries;          /* of rings that were walked */
};

static struct process_place *place(struct gathering *gathering) {
    return &gathering->set->places[gathering->view];
}

static void begin(struct gathering *gathering, enum process_origin view) {
    gathering->view = view;
    gathering->known = gathering->sightings->count;
    gathering->entries = 0;
    *place(gathering) = (struct process_place){.whole = true};
}

static void end(struct gathering *gathering) {
    address_set_deinit(&gathering->seen);
    gathering->seen = (struct address_set){0};
}

/* Not all of the view is known; the first reason stays. */
static void not_whole(struct gathering *gathering, enum read_state state) {
    if (place(gathering)->whole)
        place(gathering)->state = state;
    place(gathering)->whole = false;
}

/* `thread`, which may be NULL, led to it. False where there is no process at the address. */
static bool found(struct gathering *gathering, uint64_t process,
                  const struct thread_sighting *thread) {
    enum process_kind kind = process_kind_beside(gathering->target, process, gathering->set->idle);
    if (kind != PROCESS_PROCESS && kind != PROCESS_IDLE)
        return false;
    if (address_set_add(&gathering->seen, process))
        sight(gathering->sightings,
              &(struct process_entry){.address = process,
                                      .kind = kind,
                                      .views = 1u << gathering->view,
                                      .thread = thread ? thread->thread : 0,
                                      .thread_place = thread ? thread_first_place(thread) : 0});
    return true;
}

static bool is_in_kernel(const struct target *target, uint64_t address) {
    return address >= target->kernel.base && address - target->kernel.base < target->kernel.size;
}

static bool offset_of(const struct target *target, const char *type, const char *member,
                      uint64_t *offset) {
    struct field field;
    if (!target->symbols || !symbols_field(target->symbols, type, member, &field))
        return false;
    *offset = field.offset;
    return true;
}

/* ---- PspCidTable ---- */

/* Its entries lead to processes and threads. */
static void look_at_id(struct gathering *gathering, const struct handle_entry *entry) {
    struct field_read type =
        target_read_field(gathering->target, entry->object, "_EPROCESS", "Pcb.Header.Type");
    if (entry->state != READ_PRESENT || type.state != READ_PRESENT)
        not_whole(gathering, entry->state != READ_PRESENT ? entry->state : type.state);
    else if (type.value != THREAD_OBJECT && !found(gathering, entry->object, NULL))
        not_whole(gathering, READ_BAD_VALUE);
}

static void see_ids(struct gathering *gathering) {
    struct handle_table table;
    struct handle_entry entry;
    handle_table_of_ids(gathering->target, &table);
    struct handle_walk walk = {.table = &table};
    place(gathering)->absent = table.absent;
    if (table.absent)
        return;
    if (table.state != READ_PRESENT)
        not_whole(gathering, table.state);
    while (walk.pages < PAGES_MOST && handle_walk_next(&walk, &entry))
        look_at_id(gathering, &entry);
    if (walk.pages >= PAGES_MOST)
        not_whole(gathering, READ_BAD_VALUE);
    for (enum read_state state = 0; state < READ_STATE_COUNT; state++)
        if (walk.unreadable[state])
            not_whole(gathering, state);
}

/* ---- threads that others than their processes have ---- */

static void see_thread_owners(struct gathering *gathering) {
    static const enum thread_place places[] = {PLACE_CID_TABLE, PLACE_READY_LIST, PLACE_WAIT_LIST};
    const struct thread_set *threads = gathering->set->threads;
    uint64_t last = 0;
    unsigned wanted = 0;
    place(gathering)->absent = true;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const struct thread_extent *extent = &threads->extents[places[i]];
        wanted |= 1u << places[i];
        if (extent->absent)
            continue;
        place(gathering)->absent = false;
        if (!extent->whole)
            not_whole(gathering, extent->state);
    }
    for (size_t i = 0; i < threads->count; i++) {
        const struct thread_sighting *thread = &threads->items[i];
        if (!(thread->places & wanted) || (last && thread->process == last))
            continue;
        if (thread->process_state != READ_PRESENT)
            not_whole(gathering, thread->process_state);
        else if (!found(gathering, thread->process, thread))
            not_whole(gathering, READ_BAD_VALUE);
        else
            last = thread->process;
    }
}

/* ---- the scan of memory ---- */

/* A process that nothing else has, and that is one too many. */
static bool is_beyond(struct gathering *gathering, struct address_set *others, uint64_t process) {
    if (!address_set_add(others, process))
        return false;
    return ++gathering->entries > SCANNED_ALONE_MOST;
}

static void see_scanned(struct gathering *gathering) {
    const struct object_scan *scan = gathering->set->scan;
    place(gathering)->absent = !scan || scan->impossible;
    if (place(gathering)->absent)
        return;
    if (!scan->whole)
        not_whole(gathering, READ_BAD_VALUE);
    struct address_set others = {0};
    for (size_t i = 0; i < gathering->known; i++)
        address_set_add(&others, gathering->sightings->items[i].address);
    const struct scanned_objects *processes = &scan->live[SCANNED_PROCESS];
    for (size_t i = 0; i < processes->kept; i++) {
        if (is_beyond(gathering, &others, processes->items[i]))
            gathering->set->unlisted++;
        else
            found(gathering, processes->items[i], NULL);
    }
    address_set_deinit(&others);
}

/* ---- rings ---- */

static void report_end(struct gathering *gathering, const struct list_walk *walk) {
    gathering->entries += walk->count;
    if (walk->end != LIST_CLOSED)
        not_whole(gathering, walk->end == LIST_BROKEN ? walk->state : READ_BAD_VALUE);
}

/* The ring at its head or, where no symbol names that, at an entry of System, which then is on it;
 * the head is the entry inside the kernel's image that is none of the ring's. */
static void walk_from(struct gathering *gathering, const char *head, uint64_t of_system,
                      uint64_t offset, bool (*look)(struct gathering *gathering, uint64_t object)) {
    const struct target *target = gathering->target;
    uint64_t start = 0;
    bool is_named = target_symbol(target, head, &start);
    struct list_walk walk;
    if (!is_named)
        start = of_system + offset;
    if (!is_named && (!of_system || !look(gathering, of_system))) {
        not_whole(gathering, READ_BAD_VALUE);
        return;
    }
    list_walk(target->vm, start, PROCESS_LIMIT, &walk);
    report_end(gathering, &walk);
    for (size_t i = 0; i < walk.count; i++)
        if (!look(gathering, walk.entries[i] - offset) &&
            (is_named || !is_in_kernel(target, walk.entries[i])))
            not_whole(gathering, READ_BAD_VALUE);
    list_walk_deinit(&walk);
}

static bool look_at_process(struct gathering *gathering, uint64_t process) {
    return found(gathering, process, NULL);
}

static void see_dispatcher(struct gathering *gathering) {
    uint64_t offset;
    if (offset_of(gathering->target, "_EPROCESS", "Pcb.ProcessListEntry", &offset))
        walk_from(gathering, "KiProcessListHead", gathering->set->system, offset, look_at_process);
    else
        place(gathering)->absent = true;
}

/* A table belongs to the process that is charged for it; nobody is charged for System's. */
static bool look_at_table(struct gathering *gathering, uint64_t table) {
    const struct target *target = gathering->target;
    uint64_t system = gathering->set->system;
    struct field_read of_system = target_read_field(target, system, "_EPROCESS", "ObjectTable");
    if (system && of_system.state == READ_PRESENT && of_system.value == table)
        return found(gathering, system, NULL);
    struct field_read charged = target_read_field(target, table, "_HANDLE_TABLE", "QuotaProcess");
    return charged.state == READ_PRESENT && found(gathering, charged.value, NULL);
}

static void see_handle_tables(struct gathering *gathering) {
    const struct target *target = gathering->target;
    uint64_t offset, system = gathering->set->system;
    struct field_read table = target_read_field(target, system, "_EPROCESS", "ObjectTable");
    struct field_read charged = target_read_field(target, system, "_HANDLE_TABLE", "QuotaProcess");
    if (table.absent || charged.absent ||
        !offset_of(target, "_HANDLE_TABLE", "HandleTableList", &offset)) {
        place(gathering)->absent = true;
        return;
    }
    walk_from(gathering, "HandleTableListHead",
              system && table.state == READ_PRESENT ? table.value : 0, offset, look_at_table);
}

/* ---- rings whose heads the processes themselves lead to ---- */

/* A structure that processes point to, and its ring of processes. */
struct owner {
    const char *member, *type, *head, *link;
};

/* A head may be mapped in the address spaces of its processes alone, as a session's is. */
static void walk_owner(struct gathering *gathering, uint64_t head, uint64_t process,
                       uint64_t offset) {
    const struct target *target = gathering->target;
    uint64_t first;
    struct vm *inside = NULL;
    if (vm_read_pointer(target->vm, head, &first) != READ_PRESENT) {
        struct field_read directory =
            target_read_field(target, process, "_EPROCESS", "Pcb.DirectoryTableBase");
        if (!directory.absent && directory.state == READ_PRESENT)
            inside = vm_create_like(target->vm, directory.value);
    }
    struct list_walk walk;
    list_walk(inside ? inside : target->vm, head, PROCESS_LIMIT, &walk);
    report_end(gathering, &walk);
    for (size_t i = 0; i < walk.count; i++)
        if (!found(gathering, walk.entries[i] - offset, NULL))
            not_whole(gathering, READ_BAD_VALUE);
    list_walk_deinit(&walk);
    vm_destroy(inside);
}

static void see_owners(struct gathering *gathering, const struct owner *owner) {
    const struct target *target = gathering->target;
    struct address_set owners = {0};
    uint64_t member, head, link;
    if (!offset_of(target, "_EPROCESS", owner->member, &member) ||
        !offset_of(target, owner->type, owner->head, &head) ||
        !offset_of(target, "_EPROCESS", owner->link, &link)) {
        place(gathering)->absent = true;
        return;
    }
    for (size_t i = 0; i < gathering->known; i++) {
        uint64_t process = gathering->sightings->items[i].address, address;
        enum read_state state = vm_read_pointer(target->vm, process + member, &address);
        if (state != READ_PRESENT)
            not_whole(gathering, state);
        else if (address && address_set_add(&owners, address)) {
            if (gathering->entries < ENTRIES_MOST)
                walk_owner(gathering, address + head, process, link);
            else
                not_whole(gathering, READ_BAD_VALUE);
        }
    }
    address_set_deinit(&owners);
}

static void see_sessions(struct gathering *gathering) {
    see_owners(gathering, &(struct owner){"Session", "_MM_SESSION_SPACE", "ProcessList",
                                          "SessionProcessLinks"});
}

static void see_jobs(struct gathering *gathering) {
    see_owners(gathering, &(struct owner){"Job", "_EJOB", "ProcessListHead", "JobLinks"});
}

/* ---- csrss.exe ---- */

struct csrss {
    struct gathering *gathering;
    struct objects *objects;
    size_t pages;
};

static void look_at_handles(struct csrss *csrss, uint64_t process) {
    struct gathering *gathering = csrss->gathering;
    struct handle_table table;
    struct handle_entry entry;
    struct object object;
    handle_table_of_process(gathering->target, process, &table);
    struct handle_walk walk = {.table = &table};
    if (table.state != READ_PRESENT)
        not_whole(gathering, table.state);
    while (csrss->pages + walk.looked < PAGES_MOST && handle_walk_next(&walk, &entry)) {
        if (entry.state == READ_PRESENT &&
            object_read(csrss->objects, entry.object, &object) == READ_PRESENT &&
            object_is_of_type(&object, "Process") && found(gathering, entry.object, NULL))
            continue;
        if (entry.state != READ_PRESENT || object.state != READ_PRESENT)
            not_whole(gathering, entry.state != READ_PRESENT ? entry.state : object.state);
    }
    csrss->pages += walk.looked;
    if (csrss->pages >= PAGES_MOST)
        not_whole(gathering, READ_BAD_VALUE);
    for (enum read_state state = 0; state < READ_STATE_COUNT; state++)
        if (walk.unreadable[state])
            not_whole(gathering, state);
}

/* A process whose name cannot be read may be one. */
static bool is_csrss(struct gathering *gathering, uint64_t process) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    enum read_state state = process_name(gathering->target, process, &name);
    if (state != READ_PRESENT)
        not_whole(gathering, state);
    return state == READ_PRESENT && strcmp(name.data, "csrss.exe") == 0;
}

static void see_csrss(struct gathering *gathering) {
    struct handle_table table;
    handle_table_of_process(gathering->target, 0, &table);
    place(gathering)->absent = table.absent;
    if (table.absent)
        return;
    struct csrss csrss = {gathering, objects_new(gathering->target), 0};
    struct address_set looked_at = {0};
    for (size_t i = 0; i < gathering->known; i++) {
        uint64_t process = gathering->sightings->items[i].address;
        if (address_set_add(&looked_at, process) && is_csrss(gathering, process))
            look_at_handles(&csrss, process);
    }
    if (!process_set_whole(gathering->set)) /* there may be another csrss.exe */
        not_whole(gathering, READ_BAD_VALUE);
    address_set_deinit(&looked_at);
    objects_free(csrss.objects);
}

/* ---- all of them ---- */

void process_views_read(const struct target *target, struct process_set *set,
                        struct sightings *sightings) {
    static void (*const see[VIEW_COUNT])(struct gathering * gathering) = {
        [VIEW_CID_TABLE] = see_ids,
        [VIEW_DISPATCHER] = see_dispatcher,
        [VIEW_HANDLE_TABLES] = see_handle_tables,
        [VIEW_SESSION] = see_sessions,
        [VIEW_JOB] = see_jobs,
        [VIEW_THREAD_OWNER] = see_thread_owners,
        [VIEW_CSRSS] = see_csrss,
        [VIEW_OBJECT_SCAN] = see_scanned,
    };
    struct gathering gathering = {.target = target, .set = set, .sightings = sightings};
    for (enum process_origin view = 0; view < VIEW_COUNT; view++) {
        if (!see[view])
            continue;
        begin(&gathering, view);
        see[view](&gathering);
        end(&gathering);
    }
}
