/* modules.c - section `modules`: the kernel image and its drivers, in the loader's order. */
#include "analyses/sections.h"
#include "analyses/triage.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/list.h"
#include "kernel/pe.h"
#include "kernel/values.h"

/* Windows itself cannot load that many: an entry takes more than 160 bytes of nonpaged pool, and
 * a machine of today loads some 250 drivers. */
#define MODULES_MOST 16384

enum { LINKS, DLL_BASE, SIZE_OF_IMAGE, FULL_NAME, BASE_NAME, TIME_STAMP, MEMBER_COUNT };

struct loader_entry {
    const char *type;
    struct member members[MEMBER_COUNT];
};

/* The kernel's loader keeps _KLDR_DATA_TABLE_ENTRY; where the symbols do not have it, the members
 * used here lie at the same offsets in _LDR_DATA_TABLE_ENTRY, but for TimeDateStamp, which then is
 * taken from the image. */
static void resolve(const struct target *target, struct loader_entry *entry) {
    *entry = (struct loader_entry){
        .type = "_KLDR_DATA_TABLE_ENTRY",
        .members = {[LINKS] = {.path = "InLoadOrderLinks"},
                    [DLL_BASE] = {"base", "DllBase", VALUE_ADDRESS, false, {0}},
                    [SIZE_OF_IMAGE] = {"size", "SizeOfImage", VALUE_INTEGER, false, {0}},
                    [FULL_NAME] = {.path = "FullDllName"},
                    [BASE_NAME] = {.path = "BaseDllName"},
                    [TIME_STAMP] = {"timestamp", "TimeDateStamp", VALUE_INTEGER, false, {0}}}};
    members_resolve(target, entry->type, entry->members, MEMBER_COUNT);
    if (entry->members[LINKS].present)
        return;
    entry->type = "_LDR_DATA_TABLE_ENTRY";
    members_resolve(target, entry->type, entry->members, TIME_STAMP);
}

static void put_string(struct analysis_context *context, json_t *section, const char *key,
                       uint64_t object, const struct member *member) {
    if (!member->present)
        return;
    struct text text;
    text_init(&text);
    enum read_state state =
        value_unicode_string(context->target->vm, object + member->field.offset, &text);
    if (state == READ_PRESENT)
        json_object_set_new(section, key, json_stringn(text.data, text.length));
    else
        put_unreadable(context, section, key, state);
    text_deinit(&text);
}

static void put_pdb(struct analysis_context *context, json_t *section,
                    const struct pe_image *image) {
    if (image->pdb_absent)
        return;
    if (!image->has_pdb) {
        enum read_state state = image->headers ? image->headers : image->pdb_state;
        put_unreadable(context, section, "pdb", state);
        return;
    }
    json_object_set_new(section, "pdb", json_pdb(&image->pdb));
}

/* The first process of a session that has an address space, or NULL; the caller destroys it. */
static struct vm *session_space(const struct target *target, const struct process_set *processes) {
    struct member members[] = {{.path = "Session"}, {.path = "Pcb.DirectoryTableBase"}};
    members_resolve(target, "_EPROCESS", members, 2);
    if (!members[0].present || !members[1].present)
        return NULL;
    for (size_t i = 0; i < processes->count; i++) {
        uint64_t process = processes->items[i].address, session = 0, directory = 0;
        if (member_read(target, process, &members[0], &session) == READ_PRESENT && session &&
            member_read(target, process, &members[1], &directory) == READ_PRESENT && directory)
            return vm_create_like(target->vm, directory);
    }
    return NULL;
}

/* The drivers of win32k are mapped in the address spaces of sessions alone. */
static void read_image(struct vm *vm, struct vm *session, uint64_t base, struct pe_image *image) {
    pe_read(vm, base, image);
    if (image->headers == READ_NOT_MAPPED && session)
        pe_read(session, base, image);
}

static json_t *extract_one(struct analysis_context *context, const struct loader_entry *entry,
                           uint64_t object, struct vm *session) {
    const struct member *members = entry->members;
    json_t *section = json_object();
    put_string(context, section, "name", object, &members[BASE_NAME]);
    put_string(context, section, "path", object, &members[FULL_NAME]);
    put_member(context, section, object, &members[SIZE_OF_IMAGE]);
    struct pe_image image = {.headers = READ_BAD_VALUE, .pdb_state = READ_BAD_VALUE};
    uint64_t base = 0;
    enum read_state state = member_read(context->target, object, &members[DLL_BASE], &base);
    put_value(context, section, "base", state, base, VALUE_ADDRESS);
    if (state == READ_PRESENT)
        read_image(context->target->vm, session, base, &image);
    if (members[TIME_STAMP].present)
        put_member(context, section, object, &members[TIME_STAMP]);
    else
        put_value(context, section, "timestamp", image.headers, image.timestamp, VALUE_INTEGER);
    put_pdb(context, section, &image);
    return section;
}

static json_t *extract(struct analysis_context *context) {
    uint64_t head;
    struct loader_entry entry;
    const struct triage *triage = image_triage(context->target->image);
    if (triage && triage->driver_count)
        return triage_modules(context, triage);
    if (!context->target->symbols)
        return coverage_no_symbols(context);
    resolve(context->target, &entry);
    if (!entry.members[LINKS].present)
        return coverage_none(context, "the symbols have no loader entry");
    if (!target_global(context->target, "PsLoadedModuleList", &head))
        return coverage_none(context, "nothing names PsLoadedModuleList");
    struct list_walk walk;
    list_walk(context->target->vm, head, MODULES_MOST, &walk);
    report_list(context, "PsLoadedModuleList", head, &walk);
    struct vm *session = session_space(context->target, context->processes);
    json_t *section = json_array();
    for (size_t i = 0; i < walk.count; i++)
        json_array_append_new(
            section, extract_one(context, &entry,
                                 walk.entries[i] - entry.members[LINKS].field.offset, session));
    if (session)
        vm_destroy(session);
    list_walk_deinit(&walk);
    return section;
}

static const char *const types[] = {"_KLDR_DATA_TABLE_ENTRY", "_LDR_DATA_TABLE_ENTRY",
                                    "_LIST_ENTRY", "_UNICODE_STRING", NULL};
static const char *const publics[] = {"PsLoadedModuleList", "MmUnloadedDrivers", NULL};

static const char *const needs[] = {
    "_KLDR_DATA_TABLE_ENTRY.DllBase|_LDR_DATA_TABLE_ENTRY.DllBase",
    "_KLDR_DATA_TABLE_ENTRY.SizeOfImage|_LDR_DATA_TABLE_ENTRY.SizeOfImage",
    "_KLDR_DATA_TABLE_ENTRY.FullDllName|_LDR_DATA_TABLE_ENTRY.FullDllName",
    "_KLDR_DATA_TABLE_ENTRY.BaseDllName|_LDR_DATA_TABLE_ENTRY.BaseDllName",
    "_KLDR_DATA_TABLE_ENTRY.InLoadOrderLinks|_LDR_DATA_TABLE_ENTRY.InLoadOrderLinks",
    "_UNICODE_STRING.Buffer",
    "_UNICODE_STRING.Length",
    NULL};

const struct analysis analysis_modules = {
    .name = "modules", .types = types, .publics = publics, .needs = needs, .extract = extract};
