/* threads.c - section `threads`: the threads of each process, as a part of `processes`. */
#include "analyses/threads.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/user_modules.h"

/* ---- members ---- */

enum { TID, START, WIN32_START, WAIT_REASON, MESSAGE_ID_VALID, MEMBER_COUNT };

/* What the section works with. */
struct extraction {
    struct analysis_context *context;
    struct thread_reader reader;
    struct member members[MEMBER_COUNT];
    struct wait_reasons reasons;
    struct lookups lookups;
};

static void extraction_init(struct extraction *extraction, struct analysis_context *context) {
    const struct target *target = context->target;
    *extraction = (struct extraction){
        .context = context,
        .members = {[TID] = {.key = "tid", .path = "Cid.UniqueThread"},
                    [START] = {.key = "start", .path = "StartAddress"},
                    [WIN32_START] = {.key = "win32_start", .path = "Win32StartAddress"},
                    [WAIT_REASON] = {.key = "wait_reason", .path = "Tcb.WaitReason"},
                    [MESSAGE_ID_VALID] = {.path = "LpcReceivedMsgIdValid"}},
        .lookups = {context_names(context), context_objects(context), context_services(context)}};
    members_resolve(target, "_ETHREAD", extraction->members, MEMBER_COUNT);
    wait_reasons_init(&extraction->reasons, target);
    thread_reader_init(&extraction->reader, target);
}

static void extraction_deinit(struct extraction *extraction) {
    thread_reader_deinit(&extraction->reader);
}

/* ---- one thread ---- */

/* The address space of the process whose threads are read; made when it is first asked for. */
struct space {
    uint64_t process;
    struct vm *vm;
};

/* XP keeps the id of an LPC message in the place of Win32StartAddress, and says so. */
static bool is_message_id(const struct extraction *extraction, uint64_t thread) {
    const struct member *valid = &extraction->members[MESSAGE_ID_VALID];
    uint64_t value = 0;
    return valid->present &&
           member_read(extraction->context->target, thread, valid, &value) == READ_PRESENT && value;
}

static void put_code(struct extraction *extraction, json_t *json, const char *key, uint64_t process,
                     enum read_state state, uint64_t address) {
    if (state == READ_PRESENT)
        json_object_set_new(
            json, key, code_extract(extraction->context, &extraction->lookups, process, address));
    else
        put_unreadable(extraction->context, json, key, state);
}

static void put_start(struct extraction *extraction, json_t *json, const struct space *space,
                      uint64_t thread, const struct member *member) {
    uint64_t address = 0;
    if (!member->present)
        return;
    enum read_state state = member_read(extraction->context->target, thread, member, &address);
    put_code(extraction, json, member->key, space->process, state, address);
}

static uint64_t put_state(struct extraction *extraction, json_t *json, uint64_t thread) {
    const struct thread_member *member = &extraction->reader.members[THREAD_STATE];
    uint64_t reason = 0;
    struct field_read state = {.state = READ_BAD_VALUE};
    if (member->present) {
        state = target_read_member(extraction->context->target, thread, &member->field);
        put_enumerator(extraction->context, json, "state", state.state, state.value, &thread_state);
    }
    const struct member *waits = &extraction->members[WAIT_REASON];
    if (waits->present) {
        enum read_state read = member_read(extraction->context->target, thread, waits, &reason);
        put_enumerator(extraction->context, json, waits->key, read, reason,
                       &extraction->reasons.enumeration);
    }
    return state.state == READ_PRESENT ? state.value : UINT64_MAX;
}

static void put_call(struct extraction *extraction, json_t *json, struct space *space,
                     uint64_t thread, const struct thread_frame *frame) {
    if (frame->entered == ENTERED_UNKNOWN)
        put_unreadable(extraction->context, json, "system_call", frame->unknown);
    if (frame->entered != ENTERED_SERVICE)
        return;
    bool in_user_memory = !extraction->reader.members[THREAD_SYSTEM_CALL_NUMBER].present;
    if (in_user_memory && !space->vm)
        space->vm = process_space(extraction->context->target, space->process);
    struct thread_call call = thread_call_read(&extraction->reader, thread, frame, space->vm);
    json_object_set_new(
        json, "system_call",
        system_call_extract(extraction->context, &extraction->lookups, space->process, &call));
}

static json_t *extract_one(struct extraction *extraction, struct space *space, uint64_t thread) {
    struct analysis_context *context = extraction->context;
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(context->target, thread));
    put_member(context, json, thread, &extraction->members[TID]);
    uint64_t state = put_state(extraction, json, thread);
    put_start(extraction, json, space, thread, &extraction->members[START]);
    if (!is_message_id(extraction, thread))
        put_start(extraction, json, space, thread, &extraction->members[WIN32_START]);
    struct thread_frame frame = thread_frame_read(&extraction->reader, thread, state);
    if (!frame.address.absent)
        put_value(context, json, "trap_frame", frame.address.state, frame.address.value,
                  VALUE_ADDRESS);
    if (frame.has_rip && !frame.rip.absent)
        put_code(extraction, json, "rip", space->process, frame.rip.state, frame.rip.value);
    put_call(extraction, json, space, thread, &frame);
    return json;
}

/* ---- one process ---- */

static void report_strange(struct analysis_context *context, const char *name,
                           const struct thread_entry *entry) {
    json_t *evidence = json_object();
    json_object_set_new(evidence, "address", json_address(context->target, entry->address));
    context->coverage->unreadable[READ_BAD_VALUE]++;
    coverage_partial(context, "an entry of a thread list is no thread: see findings");
    bool is_listed = entry->on_executive || entry->on_scheduler;
    add_finding(context, "list.strange-entry", is_listed ? name : "_KPRCB.CurrentThread", evidence);
}

/* Both lists failed at their very heads: it is not known whether there are threads. */
static bool is_unreadable(const struct process_threads *threads) {
    const struct list_walk *walk = &threads->executive.walk;
    return threads->count == 0 && !threads->executive.absent && walk->end == LIST_BROKEN &&
           walk->broken_at == threads->executive.head;
}

/* A machine has tens of thousands of threads, and the text of one takes a tenth of its tree. */
static json_t *threads_of(struct extraction *extraction, const struct process_entry *process,
                          const struct process_threads *threads) {
    struct analysis_context *context = extraction->context;
    struct space space = {.process = process->address};
    AUTO_FREE char *name = thread_list_name(context->target, process->address);
    struct text text = TEXT_EMPTY;
    struct canon canon;
    canon_init(&canon, &text);
    canon_array_begin(&canon, NULL);
    for (size_t i = 0; i < threads->count; i++) {
        const struct thread_entry *entry = &threads->items[i];
        if (entry->strange) {
            report_strange(context, name, entry);
            continue;
        }
        json_t *json = extract_one(extraction, &space, entry->address);
        const char *benign = thread_benign(context, &extraction->reader, process, entry, threads);
        if (benign)
            json_object_set_new(json, "benign", json_string(benign));
        canon_json(&canon, NULL, json);
        json_decref(json);
    }
    canon_array_end(&canon);
    report_list(context, name, threads->executive.head, &threads->executive.walk);
    thread_findings(context, &extraction->reader, process, threads);
    vm_destroy(space.vm);
    return rows_text(&context->rows, &text);
}

/* Threads of the process that are on no list of it. */
static void add_others(struct extraction *extraction, uint64_t process,
                       struct process_threads *threads) {
    const struct thread_set *set = extraction->context->processes->threads;
    size_t count;
    const size_t *positions = thread_set_of(set, process, &count);
    AUTO_FREE uint64_t *others = xcalloc(count + 1, sizeof *others);
    for (size_t i = 0; i < count; i++)
        others[i] = set->items[positions[i]].thread;
    process_threads_add(&extraction->reader, others, count, threads);
}

static void put_threads(struct extraction *extraction, json_t *json,
                        const struct process_entry *process) {
    struct process_threads threads;
    process_threads_read(&extraction->reader, process->address, &threads);
    add_others(extraction, process->address, &threads);
    if (is_unreadable(&threads))
        put_unreadable(extraction->context, json, "threads", threads.executive.walk.state);
    else
        json_object_set_new(json, "threads", threads_of(extraction, process, &threads));
    process_threads_deinit(&threads);
}

static void put_all(struct extraction *extraction, json_t *processes) {
    struct analysis_context *context = extraction->context;
    const struct process_set *set = context->processes;
    for (size_t i = 0; i < set->count; i++)
        put_threads(extraction, json_array_get(processes, i), &set->items[i]);
    thread_orphans(context);
    const char *user_memory = user_memory_probe(context->target, set);
    if (user_memory && strcmp(user_memory, "absent") == 0)
        coverage_partial(context, "the dump has no user memory: addresses in user mode have no "
                                  "names");
}

/* processes[i] is of set->items[i]. */
static void extend(struct analysis_context *context, json_t *processes) {
    struct extraction extraction;
    extraction_init(&extraction, context);
    if (!extraction.reader.members[THREAD_EXECUTIVE_HEAD].present ||
        !extraction.reader.members[THREAD_EXECUTIVE_ENTRY].present)
        coverage_none(context, "the symbols have no ThreadListHead of _EPROCESS");
    else
        put_all(&extraction, processes);
    extraction_deinit(&extraction);
}

static const char *const types[] = {"_CLIENT_ID",
                                    "_CONTEXT",
                                    "_EPROCESS",
                                    "_ETHREAD",
                                    "_KAPC_STATE",
                                    "_KPRCB",
                                    "_KPROCESSOR_STATE",
                                    "_KTHREAD",
                                    "_KTHREAD_STATE",
                                    "_KTRAP_FRAME",
                                    "_KUSER_SHARED_DATA",
                                    "_KWAIT_REASON",
                                    NULL};

const struct analysis analysis_threads = {.name = "threads",
                                          .needs_symbols = true,
                                          .types = types,
                                          .within = "processes",
                                          .extend = extend};
