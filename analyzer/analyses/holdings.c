/* holdings.c - handle tables by object. */
#include "analyses/holdings.h"

#include <stdlib.h>

#include "analyses/process_set.h"
#include "base/memory.h"
#include "kernel/handles.h"

/* Handles that are looked at, and pages of tables: more than the largest terminal servers have.
 * Tables that lie could share pages, or have room for millions and no page, and be read for ever.
 */
#define HOLDINGS_MOST ((size_t)1 << 22)
#define PAGES_MOST    65536

static void add(struct holdings *holdings, const struct handle_entry *entry, size_t process,
                uint32_t order) {
    if (entry->state != READ_PRESENT) {
        holdings->unreadable[entry->state]++;
        return;
    }
    ARRAY_RESERVE(holdings->items, holdings->count, holdings->capacity);
    holdings->items[holdings->count++] =
        (struct holding){.object = entry->object, .process = (uint32_t)process, .order = order};
}

static void read_table(struct holdings *holdings, const struct handle_table *table,
                       size_t process) {
    struct handle_walk walk = {.table = table};
    struct handle_entry entry;
    uint32_t order = 0;
    while (holdings->count < HOLDINGS_MOST && holdings->pages + walk.looked < PAGES_MOST &&
           handle_walk_next(&walk, &entry))
        add(holdings, &entry, process, order++);
    holdings->pages += walk.looked;
    holdings->cut = holdings->count >= HOLDINGS_MOST || holdings->pages >= PAGES_MOST;
    if (holdings->cut && walk.pages == 0)
        holdings->tables[process].state = READ_BAD_VALUE;
    for (size_t state = 0; state < READ_STATE_COUNT; state++) {
        holdings->unreadable[state] += walk.unreadable[state];
        if (walk.unreadable[state] && walk.pages == 0)
            holdings->tables[process].state = (enum read_state)state;
    }
}

static void read_process(struct holdings *holdings, const struct target *target, uint64_t address,
                         size_t process) {
    struct handle_table table;
    handle_table_of_process(target, address, &table);
    holdings->absent = holdings->absent || table.absent;
    holdings->tables[process] = (struct holding_table){
        .none = table.state == READ_PRESENT && !table.address, .state = table.state};
    if (table.state == READ_PRESENT && table.address && !table.absent)
        read_table(holdings, &table, process);
}

/* ---- by object ---- */

static int by_object(const void *left, const void *right) {
    const struct holding *a = left, *b = right;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Of several handles to one object, the process's first stays. */
static void sort(struct holdings *holdings) {
    struct holding *items = holdings->items;
    size_t kept = 0;
    if (holdings->count)
        qsort(items, holdings->count, sizeof *items, by_object);
    for (size_t i = 0; i < holdings->count; i++)
        if (kept == 0 || items[i].object != items[kept - 1].object ||
            items[i].process != items[kept - 1].process)
            items[kept++] = items[i];
    holdings->count = kept;
}

struct holdings *holdings_new(const struct target *target, const struct process_set *set) {
    struct holdings *holdings = xcalloc(1, sizeof *holdings);
    holdings->tables = xcalloc(set->count + 1, sizeof *holdings->tables);
    for (size_t i = 0; i < set->count; i++)
        if (process_has_handles_of_system(target, set, &set->items[i]))
            holdings->tables[i].none = true;
        else
            read_process(holdings, target, set->items[i].address, i);
    sort(holdings);
    return holdings;
}

void holdings_free(struct holdings *holdings) {
    if (!holdings)
        return;
    free(holdings->items);
    free(holdings->tables);
    free(holdings);
}

size_t holdings_end(const struct holdings *holdings, size_t first) {
    size_t end = first;
    while (end < holdings->count && holdings->items[end].object == holdings->items[first].object)
        end++;
    return end;
}

size_t holdings_find(const struct holdings *holdings, uint64_t object) {
    size_t low = 0, high = holdings->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (holdings->items[middle].object < object)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < holdings->count && holdings->items[low].object == object;
    return found ? low : holdings->count;
}
