/* process_set.c - gathering processes from every view. */
#include "analyses/process_set.h"

#include <stdlib.h>

#include "analyses/process_views.h"
#include "base/memory.h"
#include "kernel/processor_scan.h"

/* ---- gathering ---- */

void sight(struct sightings *sightings, const struct process_entry *entry) {
    ARRAY_RESERVE(sightings->items, sightings->count, sightings->capacity);
    sightings->items[sightings->count++] = *entry;
}

static bool is_process(enum process_kind kind) {
    return kind == PROCESS_PROCESS || kind == PROCESS_IDLE || kind == PROCESS_UNREADABLE;
}

static void sight_ring(struct sightings *sightings, const struct process_ring *ring,
                       enum process_origin view) {
    for (size_t i = 0; i < ring->walk.count; i++)
        if (is_process(ring->views[i].kind))
            sight(sightings, &(struct process_entry){
                                 .address = ring->views[i].address,
                                 .kind = ring->views[i].kind,
                                 .views = 1u << view,
                                 .link = view == VIEW_MEMORY_MANAGER ? ring->views[i].link : 0});
}

/* The process of the thread that a member of a processor leads to. False where that is not known.
 */
static bool sight_thread(const struct target *target, struct sightings *sightings, uint64_t prcb,
                         const char *member) {
    struct field_read thread = target_read_field(target, prcb, "_KPRCB", member);
    if (thread.absent || thread.state != READ_PRESENT)
        return thread.absent;
    if (!thread.value)
        return true;
    struct field_read process = thread_process(target, thread.value);
    if (process.absent || process.state != READ_PRESENT)
        return false;
    enum process_kind kind = process_kind(target, process.value);
    if (!is_process(kind))
        return false;
    sight(sightings, &(struct process_entry){
                         .address = process.value, .kind = kind, .views = 1u << VIEW_PROCESSOR});
    return true;
}

/* What it runs, and what it has chosen to run next. */
static bool sight_processor(const struct target *target, struct sightings *sightings,
                            const struct processor *processor) {
    if (processor->state != READ_PRESENT)
        return false;
    bool current = sight_thread(target, sightings, processor->prcb, "CurrentThread");
    return sight_thread(target, sightings, processor->prcb, "NextThread") && current;
}

static bool sight_processors(const struct target *target, struct sightings *sightings) {
    struct processor_block block;
    processor_block_read(target, &block);
    processor_block_complete(target, &block);
    bool whole = block.count > 0;
    for (size_t i = 0; i < block.count; i++)
        whole &= sight_processor(target, sightings, &block.items[i]);
    processor_block_deinit(&block);
    return whole;
}

/* A sighting by its address. */
struct address_entry {
    uint64_t address;
    size_t position;
};

static int by_address(const void *left, const void *right) {
    const struct address_entry *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return (a->position > b->position) - (a->position < b->position);
}

/* For each sighting the position of the first one of the same process; the caller frees it. */
static size_t *first_sightings(const struct sightings *sightings) {
    size_t count = sightings->count;
    AUTO_FREE struct address_entry *order = xcalloc(count + 1, sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = (struct address_entry){sightings->items[i].address, i};
    if (count)
        qsort(order, count, sizeof *order, by_address);
    size_t *first = xcalloc(count + 1, sizeof *first);
    for (size_t i = 0; i < count; i++)
        first[order[i].position] = i > 0 && order[i].address == order[i - 1].address
                                       ? first[order[i - 1].position]
                                       : order[i].position;
    return first;
}

/* Joins the sightings of one process at the place of the first. */
static void merge(struct process_set *set, const struct sightings *sightings) {
    size_t count = sightings->count;
    AUTO_FREE size_t *first = first_sightings(sightings);
    AUTO_FREE size_t *place = xcalloc(count + 1, sizeof *place);
    set->items = xcalloc(count + 1, sizeof *set->items);
    for (size_t i = 0; i < count; i++) {
        const struct process_entry *seen = &sightings->items[i];
        if (first[i] == i) {
            place[i] = set->count;
            set->items[set->count++] = *seen;
            continue;
        }
        struct process_entry *entry = &set->items[place[first[i]]];
        entry->views |= seen->views;
        if (seen->link)
            entry->link = seen->link;
        if (!entry->thread) {
            entry->thread = seen->thread;
            entry->thread_place = seen->thread_place;
        }
    }
}

struct process_set *process_set_create(const struct target *target,
                                       const struct object_scan *scan) {
    struct process_set *set = xcalloc(1, sizeof *set);
    struct sightings sightings = {0};
    set->scan = scan;
    set->threads = thread_set_create(target, scan);
    set->system = process_system(target);
    set->idle = process_idle(target);
    process_ring_active(target, &set->active);
    process_ring_memory_manager(target, set->system, &set->memory);
    sight_ring(&sightings, &set->active, VIEW_ACTIVE);
    /* The Memory Manager's ring is entered at System, which therefore is on it. */
    if (set->system && set->memory.start && set->memory.walk.count)
        sight(&sightings, &(struct process_entry){.address = set->system,
                                                  .kind = process_kind(target, set->system),
                                                  .views = 1u << VIEW_MEMORY_MANAGER,
                                                  .link = set->memory.start});
    sight_ring(&sightings, &set->memory, VIEW_MEMORY_MANAGER);
    set->places[VIEW_PROCESSOR].whole = sight_processors(target, &sightings);
    set->places[VIEW_PROCESSOR].state = READ_BAD_VALUE;
    process_views_read(target, set, &sightings);
    merge(set, &sightings);
    free(sightings.items);
    return set;
}

void process_set_destroy(struct process_set *set) {
    if (!set)
        return;
    process_ring_deinit(&set->active);
    process_ring_deinit(&set->memory);
    thread_set_destroy(set->threads);
    free(set->items);
    free(set);
}

/* NULL for a place that is no such ring. */
static const struct process_ring *ring_of(const struct process_set *set, enum process_origin view) {
    if (view == VIEW_ACTIVE)
        return &set->active;
    return view == VIEW_MEMORY_MANAGER ? &set->memory : NULL;
}

bool process_view_whole(const struct process_set *set, enum process_origin view) {
    const struct process_ring *ring = ring_of(set, view);
    return ring ? ring->start && ring->walk.end == LIST_CLOSED : set->places[view].whole;
}

bool process_set_whole(const struct process_set *set) {
    return process_view_whole(set, VIEW_ACTIVE) || process_view_whole(set, VIEW_MEMORY_MANAGER);
}

bool process_view_absent(const struct process_set *set, enum process_origin view) {
    const struct process_ring *ring = ring_of(set, view);
    return ring ? ring->absent : set->places[view].absent;
}

enum read_state process_view_state(const struct process_set *set, enum process_origin view) {
    const struct process_ring *ring = ring_of(set, view);
    if (!ring)
        return set->places[view].state;
    return ring->walk.end == LIST_BROKEN ? ring->walk.state : READ_BAD_VALUE;
}

bool process_has_handles_of_system(const struct target *target, const struct process_set *set,
                                   const struct process_entry *entry) {
    static const char type[] = "_EPROCESS", member[] = "ObjectTable";
    if (entry->kind != PROCESS_IDLE || !set->system)
        return false;
    struct field_read own = target_read_field(target, entry->address, type, member);
    struct field_read of_system = target_read_field(target, set->system, type, member);
    return !own.absent && own.state == READ_PRESENT && of_system.state == READ_PRESENT &&
           own.value == of_system.value;
}

const char *process_view_key(enum process_origin view) {
    static const char *const keys[VIEW_COUNT] = {
        [VIEW_ACTIVE] = "active_process_links",  [VIEW_MEMORY_MANAGER] = "mm_process_links",
        [VIEW_PROCESSOR] = "processor",          [VIEW_CID_TABLE] = "cid_table",
        [VIEW_DISPATCHER] = "process_list_head", [VIEW_HANDLE_TABLES] = "handle_table_list",
        [VIEW_SESSION] = "session_links",        [VIEW_JOB] = "job_links",
        [VIEW_THREAD_OWNER] = "thread_owner",    [VIEW_CSRSS] = "csrss_handles",
        [VIEW_OBJECT_SCAN] = "object_scan",
    };
    return keys[view];
}
