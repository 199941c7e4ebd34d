/* thread_findings.c - threads that a list of their process should have, and has not. */
#include <inttypes.h>

#include "analyses/threads.h"
#include "base/memory.h"

static char *process_label(const struct target *target, uint64_t process) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    struct field_read pid = target_read_field(target, process, "_EPROCESS", "UniqueProcessId");
    process_name(target, process, &name);
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

static bool is_whole(const struct thread_list *list) {
    return !list->absent && list->walk.end == LIST_CLOSED;
}

/* A thread is on the executive's list from when it is inserted until its object is deleted, and on
 * the scheduler's from its start to its end. */
static bool is_hidden(const struct thread_reader *reader, const struct thread_entry *entry,
                      const struct process_threads *threads) {
    uint64_t inserted = 1, state = 0;
    if (entry->strange || entry->type_state != READ_PRESENT ||
        !read_value(reader, entry->address, THREAD_STATE, &state) || state == THREAD_INITIALIZED ||
        state == THREAD_TERMINATED)
        return false;
    read_value(reader, entry->address, THREAD_INSERTED, &inserted);
    return inserted && ((!entry->on_executive && is_whole(&threads->executive)) ||
                        (!entry->on_scheduler && is_whole(&threads->scheduler)));
}

static void report_hidden(struct analysis_context *context, uint64_t process,
                          const struct thread_entry *entry, const struct process_threads *threads) {
    const struct target *target = context->target;
    AUTO_FREE char *label = process_label(target, process);
    json_t *evidence = json_object();
    json_object_set_new(evidence, "address", json_address(target, entry->address));
    json_object_set_new(evidence, "process", json_address(target, process));
    put_field(context, evidence, "tid", entry->address, "_ETHREAD", "Cid.UniqueThread",
              VALUE_INTEGER);
    if (!threads->executive.absent) {
        json_object_set_new(evidence, "executive_list",
                            json_address(target, threads->executive.head));
        json_object_set_new(evidence, "on_executive_list", json_boolean(entry->on_executive));
    }
    if (!threads->scheduler.absent) {
        json_object_set_new(evidence, "scheduler_list",
                            json_address(target, threads->scheduler.head));
        json_object_set_new(evidence, "on_scheduler_list", json_boolean(entry->on_scheduler));
    }
    add_finding(context, "thread.hidden", label, evidence);
}

/* The idle threads were never inserted, and are on neither list, or one. */
void thread_findings(struct analysis_context *context, const struct thread_reader *reader,
                     const struct process_entry *process, const struct process_threads *threads) {
    for (size_t i = 0; process->kind != PROCESS_IDLE && i < threads->count; i++)
        if (is_hidden(reader, &threads->items[i], threads))
            report_hidden(context, process->address, &threads->items[i], threads);
}
