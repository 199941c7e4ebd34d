/* thread_set.c - gathering threads from every place but the lists of their processes. */
#include "analyses/thread_set.h"

#include <stdlib.h>

#include "base/memory.h"
#include "kernel/handles.h"
#include "kernel/process.h"
#include "kernel/processor_scan.h"
#include "kernel/thread.h"

/* Pages of PspCidTable that are read: ids of a million processes and threads. */
#define PAGES_MOST 4096

struct gathering {
    const struct target *target;
    struct thread_set *set;
    struct thread_sighting *items; /* the same thread may be among them several times */
    size_t count, capacity;
    size_t of_place[PLACE_COUNT];
};

static void not_whole(struct gathering *gathering, enum thread_place place, enum read_state state) {
    struct thread_extent *extent = &gathering->set->extents[place];
    if (extent->whole)
        extent->state = state;
    extent->whole = false;
}

static void found(struct gathering *gathering, enum thread_place place, uint64_t thread) {
    if (gathering->of_place[place] >= THREAD_SET_MOST) {
        not_whole(gathering, place, READ_BAD_VALUE);
        return;
    }
    gathering->of_place[place]++;
    ARRAY_RESERVE(gathering->items, gathering->count, gathering->capacity);
    gathering->items[gathering->count++] =
        (struct thread_sighting){.thread = thread, .places = 1u << place};
}

/* ---- the places ---- */

/* The dispatcher header tells threads from processes. */
static void look_at_id(struct gathering *gathering, const struct field *header_type,
                       const struct handle_entry *entry) {
    struct field_read type = target_read_member(gathering->target, entry->object, header_type);
    if (entry->state != READ_PRESENT || type.state != READ_PRESENT)
        not_whole(gathering, PLACE_CID_TABLE,
                  entry->state != READ_PRESENT ? entry->state : type.state);
    else if (type.value == THREAD_OBJECT)
        found(gathering, PLACE_CID_TABLE, entry->object);
}

static void gather_ids(struct gathering *gathering) {
    struct handle_table table;
    struct handle_entry entry;
    struct field type;
    handle_table_of_ids(gathering->target, &table);
    struct handle_walk walk = {.table = &table};
    bool absent = table.absent ||
                  !symbols_field(gathering->target->symbols, "_KTHREAD", "Header.Type", &type);
    gathering->set->extents[PLACE_CID_TABLE].absent = absent;
    if (absent)
        return;
    if (table.state != READ_PRESENT)
        not_whole(gathering, PLACE_CID_TABLE, table.state);
    while (walk.pages < PAGES_MOST && handle_walk_next(&walk, &entry))
        look_at_id(gathering, &type, &entry);
    if (walk.pages >= PAGES_MOST)
        not_whole(gathering, PLACE_CID_TABLE, READ_BAD_VALUE);
    for (enum read_state state = 0; state < READ_STATE_COUNT; state++)
        if (walk.unreadable[state])
            not_whole(gathering, PLACE_CID_TABLE, state);
}

static void gather_queues(struct gathering *gathering) {
    static const enum thread_place places[QUEUE_KIND_COUNT] = {
        [QUEUE_READY] = PLACE_READY_LIST, [QUEUE_WAIT] = PLACE_WAIT_LIST};
    struct thread_queues *queues = &gathering->set->queues;
    thread_queues_read(gathering->target, queues);
    for (enum thread_queue_kind kind = 0; kind < QUEUE_KIND_COUNT; kind++)
        gathering->set->extents[places[kind]] =
            (struct thread_extent){queues->absent[kind], queues->whole[kind], queues->state[kind]};
    for (size_t i = 0; i < queues->count; i++)
        found(gathering, places[queues->items[i].kind], queues->items[i].thread);
}

/* What a processor runs, runs next, and runs when there is nothing else. */
static void gather_processors(struct gathering *gathering) {
    static const char *const members[] = {"CurrentThread", "NextThread", "IdleThread"};
    struct processor_block block;
    processor_block_read(gathering->target, &block);
    processor_block_complete(gathering->target, &block);
    if (!block.count)
        not_whole(gathering, PLACE_PROCESSOR, READ_BAD_VALUE);
    for (size_t i = 0; i < block.count; i++) {
        const struct processor *processor = &block.items[i];
        if (processor->state != READ_PRESENT)
            not_whole(gathering, PLACE_PROCESSOR, processor->state);
        for (size_t k = 0; k < ARRAY_LENGTH(members) && processor->state == READ_PRESENT; k++) {
            struct field_read thread =
                target_read_field(gathering->target, processor->prcb, "_KPRCB", members[k]);
            if (!thread.absent && thread.state == READ_PRESENT && thread.value)
                found(gathering, PLACE_PROCESSOR, thread.value);
            else if (!thread.absent && thread.state != READ_PRESENT)
                not_whole(gathering, PLACE_PROCESSOR, thread.state);
        }
    }
    processor_block_deinit(&block);
}

static void gather_scanned(struct gathering *gathering, const struct object_scan *scan) {
    struct thread_extent *extent = &gathering->set->extents[PLACE_SCAN];
    extent->absent = !scan || scan->impossible;
    if (extent->absent)
        return;
    if (!scan->whole)
        not_whole(gathering, PLACE_SCAN, READ_BAD_VALUE);
    for (size_t i = 0; i < scan->live[SCANNED_THREAD].kept; i++)
        found(gathering, PLACE_SCAN, scan->live[SCANNED_THREAD].items[i]);
}

/* ---- each thread once ---- */

struct key {
    uint64_t process, thread;
    size_t position;
};

static int by_key(const void *left, const void *right) {
    const struct key *a = left, *b = right;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    return (a->position > b->position) - (a->position < b->position);
}

/* Joins the sightings of one thread at the place of the first. */
static void merge(struct gathering *gathering) {
    size_t count = gathering->count;
    AUTO_FREE struct key *keys = xcalloc(count + 1, sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct key){0, gathering->items[i].thread, i};
    if (count)
        qsort(keys, count, sizeof *keys, by_key);
    size_t first = 0;
    for (size_t i = 1; i < count; i++) {
        struct thread_sighting *later = &gathering->items[keys[i].position];
        if (keys[i].thread != keys[first].thread) {
            first = i;
            continue;
        }
        gathering->items[keys[first].position].places |= later->places;
        later->places = 0;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (gathering->items[i].places)
            gathering->items[kept++] = gathering->items[i];
    gathering->count = kept;
}

static void read_processes(struct gathering *gathering) {
    struct thread_owner owner;
    thread_owner_init(&owner, gathering->target);
    for (size_t i = 0; i < gathering->count; i++) {
        struct thread_sighting *item = &gathering->items[i];
        struct field_read process = thread_owner_read(&owner, item->thread);
        item->process_state = process.absent ? READ_BAD_VALUE : process.state;
        item->process = item->process_state == READ_PRESENT ? process.value : 0;
    }
}

static void sort_by_process(struct thread_set *set) {
    AUTO_FREE struct key *keys = xcalloc(set->count + 1, sizeof *keys);
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].process_state == READ_PRESENT)
            keys[count++] = (struct key){set->items[i].process, set->items[i].thread, i};
    if (count)
        qsort(keys, count, sizeof *keys, by_key);
    set->by_process = xcalloc(count + 1, sizeof *set->by_process);
    set->by_process_count = count;
    for (size_t i = 0; i < count; i++)
        set->by_process[i] = keys[i].position;
}

struct thread_set *thread_set_create(const struct target *target, const struct object_scan *scan) {
    struct thread_set *set = xcalloc(1, sizeof *set);
    struct gathering gathering = {.target = target, .set = set};
    for (enum thread_place place = 0; place < PLACE_COUNT; place++)
        set->extents[place].whole = true;
    gather_ids(&gathering);
    gather_queues(&gathering);
    gather_processors(&gathering);
    gather_scanned(&gathering, scan);
    merge(&gathering);
    read_processes(&gathering);
    set->items = gathering.items;
    set->count = gathering.count;
    sort_by_process(set);
    return set;
}

void thread_set_destroy(struct thread_set *set) {
    if (!set)
        return;
    thread_queues_deinit(&set->queues);
    free(set->items);
    free(set->by_process);
    free(set);
}

/* ---- looking up ---- */

/* The first position in by_process whose thread is not before (process, thread). */
static size_t lower_bound(const struct thread_set *set, uint64_t process, uint64_t thread) {
    size_t low = 0, high = set->by_process_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct thread_sighting *item = &set->items[set->by_process[middle]];
        if (item->process < process || (item->process == process && item->thread < thread))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const size_t *thread_set_of(const struct thread_set *set, uint64_t process, size_t *count) {
    size_t first = lower_bound(set, process, 0), end = first;
    while (end < set->by_process_count && set->items[set->by_process[end]].process == process)
        end++;
    *count = end - first;
    return set->by_process + first;
}

const struct thread_sighting *thread_set_find(const struct thread_set *set, uint64_t process,
                                              uint64_t thread) {
    size_t at = lower_bound(set, process, thread);
    if (at == set->by_process_count)
        return NULL;
    const struct thread_sighting *item = &set->items[set->by_process[at]];
    return item->process == process && item->thread == thread ? item : NULL;
}

const char *thread_place_name(enum thread_place place) {
    static const char *const names[PLACE_COUNT] = {
        [PLACE_CID_TABLE] = "cid_table", [PLACE_READY_LIST] = "ready_list",
        [PLACE_WAIT_LIST] = "wait_list", [PLACE_PROCESSOR] = "processor",
        [PLACE_SCAN] = "object_scan",
    };
    return names[place];
}

enum thread_place thread_first_place(const struct thread_sighting *sighting) {
    enum thread_place place = 0;
    while (place < PLACE_COUNT - 1 && !(sighting->places & 1u << place))
        place++;
    return place;
}
