/* process_parent.c - who is whose parent, when ids are used again and parents are gone. */
#include <stdlib.h>

#include "analyses/processes.h"
#include "base/memory.h"
#include "base/text.h"

/* ---- facts ---- */

static struct known read_known(const struct target *target, uint64_t process,
                               const struct member *member) {
    struct known known = {.absent = !member->present};
    if (member->present)
        known.known = member_read(target, process, member, &known.value) == READ_PRESENT;
    return known;
}

struct process_facts *process_facts_read(const struct target *target,
                                         const struct process_set *set) {
    enum { PID, PPID, CREATED, EXITED, THREADS, EXITING, INSERTED, MINIMAL, COUNT };
    struct member members[COUNT] = {[PID] = {.path = "UniqueProcessId"},
                                    [PPID] = {.path = "InheritedFromUniqueProcessId"},
                                    [CREATED] = {.path = "CreateTime.QuadPart"},
                                    [EXITED] = {.path = "ExitTime.QuadPart"},
                                    [THREADS] = {.path = "ActiveThreads"},
                                    [EXITING] = {.path = "ProcessExiting"},
                                    [INSERTED] = {.path = "ProcessInserted"},
                                    [MINIMAL] = {.path = "Minimal"}};
    members_resolve(target, "_EPROCESS", members, COUNT);
    struct process_facts *facts = xcalloc(set->count + 1, sizeof *facts);
    for (size_t i = 0; i < set->count; i++) {
        uint64_t process = set->items[i].address;
        struct text name;
        text_init(&name);
        process_name(target, process, &name);
        facts[i] = (struct process_facts){
            .pid = read_known(target, process, &members[PID]),
            .ppid = read_known(target, process, &members[PPID]),
            .create_time = read_known(target, process, &members[CREATED]),
            .exit_time = read_known(target, process, &members[EXITED]),
            .active_threads = read_known(target, process, &members[THREADS]),
            .exiting = read_known(target, process, &members[EXITING]),
            .inserted = read_known(target, process, &members[INSERTED]),
            .minimal = read_known(target, process, &members[MINIMAL]),
            .name = text_take(&name),
        };
    }
    return facts;
}

void process_facts_free(struct process_facts *facts, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(facts[i].name);
    free(facts);
}

/* ---- parents ---- */

const char *parent_state_name(enum parent_state state) {
    static const char *const names[] = {"none", "alive", "exited", "absent", "pid-reused", NULL};
    return names[state];
}

/* A process whose last thread is gone has ended, even before its exit is on record. */
static bool has_exited(const struct process_facts *facts) {
    return (facts->exit_time.known && facts->exit_time.value) ||
           (facts->exiting.known && facts->exiting.value) ||
           (facts->active_threads.known && !facts->active_threads.value);
}

/* A process under its id. An id is used again, so that there may be several; a time that is not
 * known counts as the earliest. */
struct pid_entry {
    uint64_t pid;
    uint64_t create_time;
    size_t position;
};

struct pids {
    struct pid_entry *entries; /* by id, then time */
    size_t count;
    bool whole; /* no process with another id can be anywhere */
};

static int compare(uint64_t left, uint64_t right) {
    return (left > right) - (left < right);
}

static int by_pid(const void *left, const void *right) {
    const struct pid_entry *a = left, *b = right;
    int order = compare(a->pid, b->pid);
    if (!order)
        order = compare(a->create_time, b->create_time);
    return order ? order : compare(a->position, b->position);
}

static struct pids pids_of(const struct process_set *set, const struct process_facts *facts) {
    struct pids pids = {.entries = xcalloc(set->count + 1, sizeof *pids.entries),
                        .whole = process_view_whole(set, VIEW_ACTIVE)};
    for (size_t i = 0; i < set->count; i++) {
        if (facts[i].pid.known)
            pids.entries[pids.count++] =
                (struct pid_entry){facts[i].pid.value, facts[i].create_time.value, i};
        else
            pids.whole = false;
    }
    if (pids.count)
        qsort(pids.entries, pids.count, sizeof *pids.entries, by_pid);
    return pids;
}

/* How many entries have a lower id, or the same and were not created after `time`. */
static size_t count_up_to(const struct pids *pids, uint64_t pid, uint64_t time) {
    size_t low = 0, high = pids->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct pid_entry *entry = &pids->entries[middle];
        if (entry->pid < pid || (entry->pid == pid && entry->create_time <= time))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of the processes with the parent's id, the one created last before the child. */
static struct parent find_parent(const struct pids *pids, const struct process_facts *facts,
                                 const struct process_facts *child) {
    uint64_t ppid = child->ppid.value;
    if (!child->ppid.known)
        return (struct parent){PARENT_UNKNOWN, 0};
    if (ppid == 0)
        return (struct parent){PARENT_NONE, 0};
    bool dated = child->create_time.known && child->create_time.value;
    size_t end = count_up_to(pids, ppid, dated ? child->create_time.value : UINT64_MAX);
    if (end > 0 && pids->entries[end - 1].pid == ppid) {
        size_t position = pids->entries[end - 1].position;
        return (struct parent){has_exited(&facts[position]) ? PARENT_EXITED : PARENT_ALIVE,
                               position};
    }
    if (end < pids->count && pids->entries[end].pid == ppid)
        return (struct parent){PARENT_REUSED, pids->entries[end].position};
    return (struct parent){pids->whole ? PARENT_ABSENT : PARENT_UNKNOWN, 0};
}

struct parent *process_parents(const struct process_set *set, const struct process_facts *facts) {
    struct parent *parents = xcalloc(set->count + 1, sizeof *parents);
    struct pids pids = pids_of(set, facts);
    for (size_t i = 0; i < set->count; i++) {
        parents[i] = find_parent(&pids, facts, &facts[i]);
        /* System never ends, so its id is not used again: the clock was set after it was made. */
        if (parents[i].state == PARENT_REUSED && set->system &&
            set->items[parents[i].position].address == set->system)
            parents[i].state = PARENT_ALIVE;
    }
    free(pids.entries);
    return parents;
}
