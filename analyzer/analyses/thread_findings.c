/* thread_findings.c - threads that a list should have, and has not. */
#include <inttypes.h>

#include "analyses/threads.h"
#include "base/address_set.h"
#include "base/memory.h"

/* Threads of no process that are told: the first say enough of a list that lies. */
#define ORPHANS_MOST 64

static char *process_label(const struct target *target, uint64_t process) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    struct field_read pid = target_read_field(target, process, "_EPROCESS", "UniqueProcessId");
    char address[24];
    if (process_name(target, process, &name) != READ_PRESENT) {
        address_print(target, process, address);
        text_puts(&name, address);
    }
    if (pid.absent || pid.state != READ_PRESENT)
        return xasprintf("%s", name.data);
    return xasprintf("%s (0x%" PRIx64 ")", name.data, pid.value);
}

char *thread_list_name(const struct target *target, uint64_t process) {
    AUTO_FREE char *label = process_label(target, process);
    return xasprintf("ThreadListHead of %s", label);
}

/* False where it cannot be told. */
static bool read_value(const struct thread_reader *reader, uint64_t thread,
                       enum thread_member_name name, uint64_t *value) {
    if (!reader->members[name].present)
        return false;
    struct field_read read =
        target_read_member(reader->target, thread, &reader->members[name].field);
    *value = read.value;
    return read.state == READ_PRESENT;
}

/* ---- the lists that hold every thread which runs ---- */

/* A thread is on the executive's list and in PspCidTable from when it is inserted until its object
 * is deleted, and on the scheduler's list from its start to its end. */
enum thread_list_kind { LIST_EXECUTIVE, LIST_SCHEDULER, LIST_CID_TABLE, LIST_KIND_COUNT };

static const char *const list_keys[LIST_KIND_COUNT] = {"thread_list_head", "scheduler_list",
                                                       "cid_table"};

/* A thread and what is known of where it is. */
struct sought {
    const struct thread_set *set;
    const struct process_entry *process;
    const struct thread_entry *entry;
    const struct process_threads *threads;
    const struct thread_sighting *sighting; /* NULL: its process's lists alone have it */
};

static struct sought seek(const struct analysis_context *context,
                          const struct process_entry *process, const struct thread_entry *entry,
                          const struct process_threads *threads) {
    const struct thread_set *set = context->processes->threads;
    return (struct sought){set, process, entry, threads,
                           thread_set_find(set, process->address, entry->address)};
}

static bool is_whole(const struct thread_list *list) {
    return !list->absent && list->walk.end == LIST_CLOSED;
}

static bool is_missing(const struct sought *sought, enum thread_list_kind list) {
    const struct thread_extent *ids = &sought->set->extents[PLACE_CID_TABLE];
    switch (list) {
    case LIST_EXECUTIVE:
        return !sought->entry->on_executive && is_whole(&sought->threads->executive);
    case LIST_SCHEDULER:
        return !sought->entry->on_scheduler && is_whole(&sought->threads->scheduler);
    default:
        return !ids->absent && ids->whole &&
               !(sought->sighting && sought->sighting->places & 1u << PLACE_CID_TABLE);
    }
}

static bool is_missing_anywhere(const struct sought *sought) {
    for (enum thread_list_kind list = 0; list < LIST_KIND_COUNT; list++)
        if (is_missing(sought, list))
            return true;
    return false;
}

/* ---- reasons ---- */

/* Whether it is to run again: then it has not ended, whatever is written in its members. */
static bool is_queued(const struct sought *sought) {
    const unsigned queues = 1u << PLACE_READY_LIST | 1u << PLACE_WAIT_LIST;
    return sought->sighting && (sought->sighting->places & queues);
}

/* The reason, or NULL; `*is_known` is false where its own members cannot be read. The idle threads
 * are no objects and were never inserted. */
static const char *reason_of(const struct thread_reader *reader, const struct sought *sought,
                             bool *is_known) {
    uint64_t inserted = 1, state = 0;
    *is_known = true;
    if (sought->process->kind == PROCESS_IDLE)
        return "idle";
    *is_known = !sought->entry->strange && sought->entry->type_state == READ_PRESENT &&
                read_value(reader, sought->entry->address, THREAD_STATE, &state);
    if (!*is_known || is_queued(sought))
        return NULL;
    if (state == THREAD_TERMINATED)
        return "terminated";
    read_value(reader, sought->entry->address, THREAD_INSERTED, &inserted);
    return state == THREAD_INITIALIZED || !inserted ? "being-created" : NULL;
}

const char *thread_benign(const struct analysis_context *context,
                          const struct thread_reader *reader, const struct process_entry *process,
                          const struct thread_entry *entry, const struct process_threads *threads) {
    struct sought sought = seek(context, process, entry, threads);
    bool is_known;
    return is_missing_anywhere(&sought) ? reason_of(reader, &sought, &is_known) : NULL;
}

static bool is_hidden(const struct thread_reader *reader, const struct sought *sought) {
    bool is_known;
    return is_missing_anywhere(sought) && !reason_of(reader, sought, &is_known) && is_known;
}

/* ---- findings ---- */

static void append_places(json_t *names, const struct thread_sighting *sighting) {
    for (enum thread_place place = 0; place < PLACE_COUNT; place++)
        if (sighting->places & 1u << place)
            json_array_append_new(names, json_string(thread_place_name(place)));
}

static json_t *seen_on(const struct sought *sought) {
    json_t *names = json_array();
    if (sought->entry->on_executive)
        json_array_append_new(names, json_string(list_keys[LIST_EXECUTIVE]));
    if (sought->entry->on_scheduler)
        json_array_append_new(names, json_string(list_keys[LIST_SCHEDULER]));
    if (sought->sighting)
        append_places(names, sought->sighting);
    return names;
}

static json_t *missing_from(const struct sought *sought) {
    json_t *names = json_array();
    for (enum thread_list_kind list = 0; list < LIST_KIND_COUNT; list++)
        if (is_missing(sought, list))
            json_array_append_new(names, json_string(list_keys[list]));
    return names;
}

static void put_list(struct analysis_context *context, json_t *evidence, const char *list_key,
                     const struct thread_list *list, const char *on_key, bool is_on) {
    if (list->absent)
        return;
    json_object_set_new(evidence, list_key, json_address(context->target, list->head));
    json_object_set_new(evidence, on_key, json_boolean(is_on));
}

static void report_hidden(struct analysis_context *context, const struct sought *sought) {
    const struct target *target = context->target;
    const struct thread_entry *entry = sought->entry;
    AUTO_FREE char *label = process_label(target, sought->process->address);
    json_t *evidence = json_object();
    json_object_set_new(evidence, "address", json_address(target, entry->address));
    json_object_set_new(evidence, "process", json_address(target, sought->process->address));
    put_field(context, evidence, "tid", entry->address, "_ETHREAD", "Cid.UniqueThread",
              VALUE_INTEGER);
    json_object_set_new(evidence, "seen_on", seen_on(sought));
    json_object_set_new(evidence, "missing_from", missing_from(sought));
    put_list(context, evidence, "executive_list", &sought->threads->executive, "on_executive_list",
             entry->on_executive);
    put_list(context, evidence, "scheduler_list", &sought->threads->scheduler, "on_scheduler_list",
             entry->on_scheduler);
    add_finding(context, "thread.hidden", label, evidence);
}

void thread_findings(struct analysis_context *context, const struct thread_reader *reader,
                     const struct process_entry *process, const struct process_threads *threads) {
    for (size_t i = 0; i < threads->count; i++) {
        struct sought sought = seek(context, process, &threads->items[i], threads);
        if (is_hidden(reader, &sought))
            report_hidden(context, &sought);
    }
}

/* ---- threads of no process ---- */

static void report_orphan(struct analysis_context *context,
                          const struct thread_sighting *sighting) {
    struct field_read id =
        target_read_field(context->target, sighting->thread, "_ETHREAD", "Cid.UniqueThread");
    bool known = !id.absent && id.state == READ_PRESENT;
    AUTO_FREE char *subject =
        known ? xasprintf("thread 0x%" PRIx64, id.value) : xasprintf("a thread");
    json_t *names = json_array(), *evidence = json_object();
    append_places(names, sighting);
    json_object_set_new(evidence, "address", json_address(context->target, sighting->thread));
    json_object_set_new(evidence, "process", json_address(context->target, sighting->process));
    json_object_set_new(evidence, "seen_on", names);
    add_finding(context, "thread.orphan", subject, evidence);
}

void thread_orphans(struct analysis_context *context) {
    const struct process_set *set = context->processes;
    const struct thread_set *threads = set->threads;
    struct address_set processes = {0};
    size_t told = 0;
    address_set_add(&processes, set->idle); /* no list of XP has it */
    for (size_t i = 0; i < set->count; i++)
        address_set_add(&processes, set->items[i].address);
    for (size_t i = 0; i < threads->count && told < ORPHANS_MOST && !set->unlisted; i++) {
        const struct thread_sighting *sighting = &threads->items[i];
        if (sighting->process_state != READ_PRESENT)
            continue;
        enum process_kind kind = process_kind_beside(context->target, sighting->process, set->idle);
        if (kind == PROCESS_UNREADABLE || !address_set_add(&processes, sighting->process))
            continue;
        report_orphan(context, sighting);
        told++;
    }
    address_set_deinit(&processes);
}
