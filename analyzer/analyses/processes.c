/* processes.c - section `processes`: every process that any view of the dump holds. */
#include "analyses/processes.h"

#include <stdlib.h>

#include "analyses/process_layers.h"
#include "base/memory.h"

/* ---- members ---- */

enum {
    PID,
    PPID,
    ACTIVE_THREADS,
    SIGNATURE_LEVEL,
    SECTION_SIGNATURE_LEVEL,
    WOW64,
    WOW64_OLD,
    USER_DIRECTORY,
    ADDRESS_POLICY,
    PLAIN_COUNT,

    CREATE_TIME = PLAIN_COUNT,
    EXIT_TIME,
    PROTECTION_LEVEL,
    PROTECTION_TYPE,
    PROTECTION_SIGNER,
    PROTECTION_AUDIT,
    MEMBER_COUNT
};

/* Looked up once; those before PLAIN_COUNT are put as they are. The pointer to the WoW64 part was
 * renamed after 10240. */
struct layout {
    struct member members[MEMBER_COUNT];
    struct session_layout session;
    struct process_bits bits;
};

static void layout_resolve(const struct target *target, struct layout *layout) {
    *layout = (struct layout){
        .members = {[PID] = {.key = "pid", .path = "UniqueProcessId"},
                    [PPID] = {.key = "ppid", .path = "InheritedFromUniqueProcessId"},
                    [ACTIVE_THREADS] = {.key = "active_threads", .path = "ActiveThreads"},
                    [SIGNATURE_LEVEL] = {.key = "signature_level",
                                         .path = "SignatureLevel",
                                         .form = VALUE_HEX},
                    [SECTION_SIGNATURE_LEVEL] = {.key = "section_signature_level",
                                                 .path = "SectionSignatureLevel",
                                                 .form = VALUE_HEX},
                    [WOW64] = {.key = "wow64", .path = "WoW64Process", .form = VALUE_BOOLEAN},
                    [WOW64_OLD] = {.key = "wow64", .path = "Wow64Process", .form = VALUE_BOOLEAN},
                    [USER_DIRECTORY] = {.key = "user_directory_table_base",
                                        .path = "Pcb.UserDirectoryTableBase",
                                        .form = VALUE_ADDRESS},
                    [ADDRESS_POLICY] = {.key = "address_policy", .path = "Pcb.AddressPolicy"},
                    [CREATE_TIME] = {.key = "create_time", .path = "CreateTime.QuadPart"},
                    [EXIT_TIME] = {.key = "exit_time", .path = "ExitTime.QuadPart"},
                    [PROTECTION_LEVEL] = {.path = "Protection.Level"},
                    [PROTECTION_TYPE] = {.path = "Protection.Type"},
                    [PROTECTION_SIGNER] = {.path = "Protection.Signer"},
                    [PROTECTION_AUDIT] = {.key = "audit", .path = "Protection.Audit"}}};
    members_resolve(target, "_EPROCESS", layout->members, MEMBER_COUNT);
    session_layout_resolve(target, &layout->session);
    process_bits_resolve(target, &layout->bits);
}

/* ---- values ---- */

/* A time that was never set is left out: the process has not exited, or (Idle) was not created. */
static void put_time(struct analysis_context *context, json_t *section, uint64_t process,
                     const struct member *member) {
    uint64_t time = 0;
    if (!member->present)
        return;
    enum read_state state = member_read(context->target, process, member, &time);
    if (state != READ_PRESENT || time)
        put_value(context, section, member->key, state, time, VALUE_TIME);
}

static void put_session(struct analysis_context *context, json_t *section, uint64_t process,
                        const struct layout *layout) {
    struct session session = session_of_process(context->target, &layout->session, process);
    if (!session.none)
        put_value(context, section, "session", session.state, session.id, VALUE_INTEGER);
}

/* _PS_PROTECTED_TYPE and _PS_PROTECTED_SIGNER of the kernel's own symbol files. */
static const char *const protected_types[] = {"None", "ProtectedLight", "Protected"};
static const char *const protected_signers[] = {"None",        "Authenticode", "CodeGen",
                                                "Antimalware", "Lsa",          "Windows",
                                                "WinTcb",      "WinSystem",    "App"};
static const struct enumeration protected_type = {"_PS_PROTECTED_TYPE", "PsProtectedType",
                                                  protected_types, ARRAY_LENGTH(protected_types)};
static const struct enumeration protected_signer = {"_PS_PROTECTED_SIGNER", "PsProtectedSigner",
                                                    protected_signers,
                                                    ARRAY_LENGTH(protected_signers)};

static void put_protection_part(struct analysis_context *context, json_t *section, const char *key,
                                uint64_t process, const struct member *member,
                                const struct enumeration *enumeration) {
    uint64_t value = 0;
    if (!member->present)
        return;
    enum read_state state = member_read(context->target, process, member, &value);
    if (enumeration)
        put_enumerator(context, section, key, state, value, enumeration);
    else
        put_value(context, section, key, state, value, VALUE_HEX);
}

static void put_protection(struct analysis_context *context, json_t *section, uint64_t process,
                           const struct member *members) {
    if (!members[PROTECTION_LEVEL].present)
        return;
    json_t *json = json_object();
    put_protection_part(context, json, "level", process, &members[PROTECTION_LEVEL], NULL);
    put_protection_part(context, json, "type", process, &members[PROTECTION_TYPE], &protected_type);
    put_protection_part(context, json, "signer", process, &members[PROTECTION_SIGNER],
                        &protected_signer);
    put_member(context, json, process, &members[PROTECTION_AUDIT]);
    json_object_set_new(section, "protection", json);
}

/* ---- views and parent ---- */

static json_t *views(struct analysis_context *context, const struct process_entry *entry) {
    const struct process_set *set = context->processes;
    json_t *json = json_object();
    for (enum process_origin view = 0; view < VIEW_COUNT; view++) {
        bool seen = entry->views & 1u << view;
        const char *key = process_view_key(view);
        if (process_view_absent(set, view))
            continue;
        /* Of a process whose memory cannot be read a scan says nothing. */
        bool told = view != VIEW_OBJECT_SCAN || entry->kind != PROCESS_UNREADABLE;
        if (seen || (process_view_whole(set, view) && told))
            json_object_set_new(json, key, json_boolean(seen));
        else
            put_unreadable(context, json, key, process_view_state(set, view));
    }
    return json;
}

static json_t *parent_of(struct analysis_context *context, const struct parent *parent,
                         const struct process_facts *facts) {
    json_t *json = json_object();
    const char *name = parent_state_name(parent->state);
    if (name)
        json_object_set_new(json, "state", json_string(name));
    else
        put_unreadable(context, json, "state", READ_BAD_VALUE);
    bool is_found = parent->state == PARENT_ALIVE || parent->state == PARENT_EXITED;
    if (is_found && facts[parent->position].name[0])
        json_object_set_new(json, "name", json_string(facts[parent->position].name));
    return json;
}

/* ---- the section ---- */

static json_t *extract_one(struct analysis_context *context, const struct layout *layout,
                           const struct process_entry *entry) {
    uint64_t process = entry->address;
    json_t *section = json_object();
    put_process_name(context, section, process);
    json_object_set_new(section, "address", json_address(context->target, process));
    for (size_t i = 0; i < PLAIN_COUNT; i++)
        put_member(context, section, process, &layout->members[i]);
    put_time(context, section, process, &layout->members[CREATE_TIME]);
    put_time(context, section, process, &layout->members[EXIT_TIME]);
    put_session(context, section, process, layout);
    put_protection(context, section, process, layout->members);
    put_signature_levels(context, section, process);
    put_integrity(context, section, process);
    put_job(context, section, process);
    put_mitigations(context, section, process);
    json_object_set_new(section, "views", views(context, entry));
    put_inserted(context, section, process);
    json_object_set_new(section, "bits", process_bits_extract(context, &layout->bits, process));
    return section;
}

static json_t *extract(struct analysis_context *context) {
    const struct process_set *set = context->processes;
    if (set->active.absent)
        return coverage_none(context, "nothing names PsActiveProcessHead, or the symbols have no "
                                      "ActiveProcessLinks");
    struct layout layout;
    layout_resolve(context->target, &layout);
    struct process_facts *facts = process_facts_read(context->target, set);
    struct parent *parents = process_parents(set, facts);
    process_findings(context, facts, parents);
    json_t *section = json_array();
    for (size_t i = 0; i < set->count; i++) {
        json_t *process = extract_one(context, &layout, &set->items[i]);
        json_object_set_new(process, "parent", parent_of(context, &parents[i], facts));
        const char *benign = process_benign(set, &set->items[i], &facts[i]);
        if (benign)
            json_object_set_new(process, "benign", json_string(benign));
        json_array_append_new(section, process);
    }
    free(parents);
    process_facts_free(facts, set->count);
    return section;
}

static const char *const types[] = {"_DISPATCHER_HEADER",
                                    "_EJOB",
                                    "_EPROCESS",
                                    "_EWOW64PROCESS",
                                    "_EX_FAST_REF",
                                    "_HANDLE_TABLE",
                                    "_HANDLE_TABLE_ENTRY",
                                    "_ETHREAD",
                                    "_KPROCESS",
                                    "_KSHARED_READY_QUEUE",
                                    "_KTHREAD",
                                    "_LIST_ENTRY",
                                    "_LARGE_INTEGER",
                                    "_MM_SESSION_SPACE",
                                    "_OBJECT_HEADER",
                                    "_OBJECT_HEADER_NAME_INFO",
                                    "_PS_PROTECTION",
                                    "_KPRCB",
                                    "_PS_PROTECTED_TYPE",
                                    "_PS_PROTECTED_SIGNER",
                                    "_SEP_LOGON_SESSION_REFERENCES",
                                    "_SEP_LOWBOX_NUMBER_ENTRY",
                                    "_SID",
                                    "_SID_AND_ATTRIBUTES",
                                    "_SINGLE_LIST_ENTRY",
                                    "_TOKEN",
                                    NULL};
static const char *const publics[] = {"HandleTableListHead",
                                      "KiDispatcherReadyListHead",
                                      "KiInitialProcess",
                                      "KiProcessListHead",
                                      "KiProcessorBlock",
                                      "KiWaitInListHead",
                                      "KiWaitListHead",
                                      "KiWaitOutListHead",
                                      "PsActiveProcessHead",
                                      "PsIdleProcess",
                                      "PsInitialSystemProcess",
                                      "PspCidTable",
                                      "PspJobList",
                                      NULL};

static const char *const needs[] = {"_EPROCESS.ActiveProcessLinks",
                                    "_EPROCESS.ActiveThreads",
                                    "_EPROCESS.CreateTime",
                                    "_EPROCESS.ExitTime",
                                    "_EPROCESS.ImageFileName",
                                    "_EPROCESS.InheritedFromUniqueProcessId",
                                    "_EPROCESS.Pcb",
                                    "_EPROCESS.Peb",
                                    "_EPROCESS.UniqueProcessId",
                                    "_KPROCESS.DirectoryTableBase",
                                    "_KTHREAD.ApcState.Process|_KTHREAD.Process",
                                    "_LIST_ENTRY.Flink",
                                    "_LIST_ENTRY.Blink",
                                    NULL};

const struct analysis analysis_processes = {.name = "processes",
                                            .needs_symbols = true,
                                            .types = types,
                                            .publics = publics,
                                            .needs = needs,
                                            .extract = extract};
