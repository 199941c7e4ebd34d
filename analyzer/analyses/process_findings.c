/* process_findings.c - processes that contradict themselves or the lists they should be on. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyses/processes.h"
#include "base/memory.h"

static char *subject_of(const struct process_facts *facts) {
    if (!facts->pid.known)
        return xasprintf("%s", facts->name);
    return xasprintf("%s (0x%" PRIx64 ")", facts->name, facts->pid.value);
}

static void put_known(struct analysis_context *context, json_t *json, const char *key,
                      struct known known, enum value_form form) {
    if (known.known)
        put_value(context, json, key, READ_PRESENT, known.value, form);
}

static void report_reuse(struct analysis_context *context, size_t child, size_t other,
                         const struct process_facts *facts) {
    const struct process_set *set = context->processes;
    json_t *evidence = json_object();
    json_object_set_new(evidence, "address",
                        json_address(context->target, set->items[child].address));
    put_known(context, evidence, "create_time", facts[child].create_time, VALUE_TIME);
    put_known(context, evidence, "ppid", facts[child].ppid, VALUE_INTEGER);
    json_object_set_new(evidence, "other_address",
                        json_address(context->target, set->items[other].address));
    put_known(context, evidence, "other_create_time", facts[other].create_time, VALUE_TIME);
    json_object_set_new(evidence, "other_name", json_string(facts[other].name));
    AUTO_FREE char *subject = subject_of(&facts[child]);
    add_finding(context, "process.pid-reused", subject, evidence);
}

/* Lists that hold a process from its creation to its end. */
static const enum process_origin lasting[] = {VIEW_ACTIVE, VIEW_MEMORY_MANAGER, VIEW_CID_TABLE};

static bool is_missing(const struct process_set *set, const struct process_entry *entry,
                       enum process_origin view) {
    return !process_view_absent(set, view) && process_view_whole(set, view) &&
           !(entry->views & 1u << view);
}

static bool is_missing_anywhere(const struct process_set *set, const struct process_entry *entry) {
    for (size_t i = 0; i < ARRAY_LENGTH(lasting); i++)
        if (is_missing(set, entry, lasting[i]))
            return true;
    return false;
}

/* From all of them that this build has. */
static bool is_missing_everywhere(const struct process_set *set,
                                  const struct process_entry *entry) {
    for (size_t i = 0; i < ARRAY_LENGTH(lasting); i++)
        if (!process_view_absent(set, lasting[i]) && !is_missing(set, entry, lasting[i]))
            return false;
    return true;
}

static bool is_set(struct known known) {
    return known.known && known.value;
}

static bool is_clear(struct known known) {
    return known.known && !known.value;
}

/* Processes of the kernel itself have no user mode, and System is their parent. */
static bool is_own(const struct process_facts *facts, const char *name) {
    return is_set(facts->minimal) && facts->ppid.known && facts->ppid.value == 4 &&
           strcmp(facts->name, name) == 0;
}

/* Whether the dispatcher has a thread of the process. */
static bool has_run(const struct process_set *set, const struct process_entry *entry) {
    const unsigned places = 1u << PLACE_READY_LIST | 1u << PLACE_WAIT_LIST | 1u << PLACE_PROCESSOR;
    size_t count;
    const size_t *positions = thread_set_of(set->threads, entry->address, &count);
    for (size_t i = 0; i < count; i++)
        if (set->threads->items[positions[i]].places & places)
            return true;
    return false;
}

/* A process is on the Memory Manager's ring before it is inserted, and is inserted before its first
 * thread runs; XP does not note when. Once inserted it is on some list until it is deleted. These
 * members are easily written over: a thread that has run contradicts them. */
static bool is_being_created(const struct process_set *set, const struct process_entry *entry,
                             const struct process_facts *facts) {
    if (has_run(set, entry))
        return false;
    if (is_clear(facts->inserted))
        return true;
    return is_clear(facts->active_threads) &&
           !(is_set(facts->inserted) && is_missing_everywhere(set, entry));
}

/* A thread holds the object of its process, which leaves these two lists when it is deleted; the
 * Memory Manager's it leaves before, at its end. ExitTime and ProcessExiting are easily written
 * over: a thread contradicts them. */
static bool has_left_too_early(const struct process_set *set, const struct process_entry *entry) {
    const unsigned threads = 1u << VIEW_THREAD_OWNER | 1u << VIEW_PROCESSOR;
    return (is_missing(set, entry, VIEW_ACTIVE) || is_missing(set, entry, VIEW_CID_TABLE)) &&
           (entry->views & threads);
}

static bool has_exited(const struct process_set *set, const struct process_entry *entry,
                       const struct process_facts *facts) {
    return (is_set(facts->exit_time) || is_set(facts->exiting)) && !has_left_too_early(set, entry);
}

const char *process_benign(const struct process_set *set, const struct process_entry *entry,
                           const struct process_facts *facts) {
    if (!is_missing_anywhere(set, entry))
        return NULL;
    if (entry->kind == PROCESS_IDLE)
        return "idle";
    if (has_exited(set, entry, facts))
        return "exited";
    if (is_being_created(set, entry, facts))
        return "being-created";
    if (is_own(facts, "Registry"))
        return "registry";
    return is_own(facts, "MemCompression") ? "memory-compression" : NULL;
}

/* A process that a list lacks which is whole, with no reason. */
static bool is_hidden(const struct process_set *set, const struct process_entry *entry,
                      const struct process_facts *facts) {
    return entry->kind == PROCESS_PROCESS && is_missing_anywhere(set, entry) &&
           (facts->inserted.known || facts->inserted.absent) && facts->exit_time.known &&
           facts->active_threads.known && !process_benign(set, entry, facts);
}

static json_t *seen_on(const struct process_entry *entry) {
    json_t *names = json_array();
    for (enum process_origin view = 0; view < VIEW_COUNT; view++)
        if (entry->views & 1u << view)
            json_array_append_new(names, json_string(process_view_key(view)));
    return names;
}

static json_t *missing_from(const struct process_set *set, const struct process_entry *entry) {
    json_t *names = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(lasting); i++)
        if (is_missing(set, entry, lasting[i]))
            json_array_append_new(names, json_string(process_view_key(lasting[i])));
    return names;
}

static void report_hidden(struct analysis_context *context, const struct process_entry *entry,
                          const struct process_facts *facts) {
    const struct target *target = context->target;
    const struct process_set *set = context->processes;
    json_t *evidence = json_object();
    json_object_set_new(evidence, "address", json_address(target, entry->address));
    json_object_set_new(evidence, "seen_on", seen_on(entry));
    json_object_set_new(evidence, "missing_from", missing_from(set, entry));
    if (entry->link)
        json_object_set_new(evidence, "mm_process_links", json_address(target, entry->link));
    if (entry->thread) {
        json_object_set_new(evidence, "thread", json_address(target, entry->thread));
        json_object_set_new(evidence, "thread_found_by",
                            json_string(thread_place_name(entry->thread_place)));
    }
    json_object_set_new(evidence, "ps_active_process_head",
                        json_address(target, set->active.start));
    put_known(context, evidence, "active_threads", facts->active_threads, VALUE_INTEGER);
    put_field(context, evidence, "flink", entry->address, "_EPROCESS", "ActiveProcessLinks.Flink",
              VALUE_ADDRESS);
    put_field(context, evidence, "blink", entry->address, "_EPROCESS", "ActiveProcessLinks.Blink",
              VALUE_ADDRESS);
    AUTO_FREE char *subject = subject_of(facts);
    add_finding(context, "process.hidden", subject, evidence);
}

/* Entries of a process list that are no process: the list, or the symbols, lie. */
static void report_strange(struct analysis_context *context, const struct process_ring *ring,
                           const char *list) {
    for (size_t i = 0; i < ring->walk.count; i++) {
        if (ring->views[i].kind != PROCESS_STRANGE)
            continue;
        json_t *evidence = json_object();
        json_object_set_new(evidence, "address",
                            json_address(context->target, ring->views[i].address));
        json_object_set_new(evidence, "link", json_address(context->target, ring->views[i].link));
        context->coverage->unreadable[READ_BAD_VALUE]++;
        coverage_partial(context, "an entry of a process list is no process: see findings");
        add_finding(context, "list.strange-entry", list, evidence);
    }
}

/* The dispatcher's lists of threads, which lead to processes as well. */
static void report_queues(struct analysis_context *context, const struct thread_queues *queues) {
    for (size_t i = 0; i < queues->broken_count; i++)
        report_list(context, queues->broken[i].name, queues->broken[i].head,
                    &queues->broken[i].walk);
    for (size_t i = 0; i < queues->strange_count; i++) {
        json_t *evidence = json_object();
        json_object_set_new(evidence, "address",
                            json_address(context->target, queues->strange[i].address));
        context->coverage->unreadable[READ_BAD_VALUE]++;
        coverage_partial(context, "an entry of a list of threads is no thread: see findings");
        add_finding(context, "list.strange-entry", queues->strange[i].name, evidence);
    }
}

void process_findings(struct analysis_context *context, const struct process_facts *facts,
                      const struct parent *parents) {
    const struct process_set *set = context->processes;
    report_list(context, "PsActiveProcessHead", set->active.start, &set->active.walk);
    report_list(context, "MmProcessLinks", set->memory.start, &set->memory.walk);
    report_strange(context, &set->active, "PsActiveProcessHead");
    report_strange(context, &set->memory, "MmProcessLinks");
    report_queues(context, &set->threads->queues);
    if (set->unlisted)
        coverage_partial(context, "the scan of memory found more processes that nothing else has "
                                  "than are listed: see object_scan");
    for (size_t i = 0; i < set->count; i++) {
        if (parents[i].state == PARENT_REUSED)
            report_reuse(context, i, parents[i].position, facts);
        if (is_hidden(set, &set->items[i], &facts[i]))
            report_hidden(context, &set->items[i], &facts[i]);
    }
}
