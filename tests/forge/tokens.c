/*
 * tokens.c - the access token of a process: user, groups, integrity level, session.
 *
 * Sources: the symbol files for _TOKEN; winnt.h for the well-known SIDs, group attributes and
 * mandatory labels (S-1-16-N), which are among the groups from Windows Vista on.
 */
#include <string.h>

#include "objects.h"
#include "util.h"

enum {
    SID_SIZE = 0x20, /* room for five subauthorities, rounded up */
    MOST_GROUPS = 4,
    PACKAGE_PLACE = 0x100,  /* behind the groups */
    GROUP_ENABLED = 0x7,    /* mandatory, enabled by default, enabled */
    GROUP_INTEGRITY = 0x60, /* integrity, integrity enabled */
    VARIABLE_SIZE = 0x200,
    TOKEN_PRIMARY = 1,
};

struct sid {
    uint8_t authority, count;
    uint32_t subauthorities[5];
};

static const struct sid local_system = {5, 1, {18}}, administrators = {5, 2, {32, 544}};
static const struct sid everyone = {1, 1, {0}};
static const struct sid a_user = {5, 5, {21, 1180699209, 877415012, 3182924384, 1001}};

static const struct sid a_package = {15, 5, {2, 1310292540, 1029022339, 4008023048, 2190398717}};

static const struct {
    const char *name;
    uint32_t level;
} levels[] = {
    {"untrusted", 0}, {"low", 0x1000},    {"medium", 0x2000},
    {"high", 0x3000}, {"system", 0x4000}, {"protected", 0x5000},
};

static uint32_t integrity_of(const struct process *process) {
    const char *name = json_string_value(json_object_get(process->extras, "integrity"));
    if (!name)
        name = process->session > 0 && process->ppid > 4 ? "medium" : "system";
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (!strcmp(name, levels[i].name))
            return levels[i].level;
    die("\"%s\" is no integrity level", name);
}

static void put_sid(struct machine *machine, uint64_t address, const struct sid *sid) {
    uint8_t bytes[SID_SIZE] = {1, sid->count};
    bytes[7] = sid->authority;
    for (unsigned i = 0; i < sid->count; i++)
        put(bytes + 8 + 4 * i, sid->subauthorities[i], 4);
    memory_write(&machine->memory, address, bytes, sizeof bytes);
}

struct group {
    struct sid sid;
    uint32_t attributes;
};

/* The array of SID_AND_ATTRIBUTES, then the SIDs. Gives the address behind. */
static void put_groups(struct machine *machine, uint64_t place, const struct group *groups,
                       unsigned count) {
    unsigned step = 2 * machine->pointer_size;
    for (unsigned i = 0; i < count; i++) {
        uint64_t sid = place + MOST_GROUPS * step + i * SID_SIZE;
        put_sid(machine, sid, &groups[i].sid);
        put_pointer(machine, place + i * step, sid);
        memory_put(&machine->memory, place + i * step + machine->pointer_size, groups[i].attributes,
                   4);
    }
}

static void write_token(struct machine *machine, const struct process *process, uint64_t token) {
    static const char type[] = "_TOKEN";
    uint32_t level = integrity_of(process);
    bool system = level >= 0x4000;
    const struct group groups[MOST_GROUPS] = {
        {system ? local_system : a_user, 0},
        {everyone, GROUP_ENABLED},
        {administrators, system ? 0xe : 0x10}, /* owner and enabled; for deny only */
        {{16, 1, {level}}, GROUP_INTEGRITY},
    };
    bool labelled = set(machine, token, type, "IntegrityLevelIndex", MOST_GROUPS - 1);
    uint64_t place = token + layout_size(machine->layout, type);
    put_groups(machine, place, groups, labelled ? MOST_GROUPS : MOST_GROUPS - 1);
    must_set(machine, token, type, "UserAndGroupCount", labelled ? MOST_GROUPS : MOST_GROUPS - 1);
    must_set(machine, token, type, "UserAndGroups", place);
    must_set(machine, token, type, "TokenType", TOKEN_PRIMARY);
    set(machine, token, type, "TokenInUse", 1);
    set(machine, token, type, "SessionId", process->session > 0 ? (uint64_t)process->session : 0);
    set(machine, token, type, "MandatoryPolicy", 3);
    set(machine, token, type, "TokenFlags", number_or(process->extras, "token_flags", 0));
    if (json_is_true(json_object_get(process->extras, "package"))) {
        put_sid(machine, place + PACKAGE_PLACE, &a_package);
        must_set(machine, token, type, "Package", place + PACKAGE_PLACE);
    }
    /* Logon sessions: 0x3e7 is LocalSystem's. */
    put64(machine, field(machine, token, type, "AuthenticationId"), system ? 0x3e7 : 0x2c8f1);
    put64(machine, field(machine, token, type, "TokenId"), 0x10000 + process->pid);
}

/* The low bits of a fast reference are a count. */
void forge_tokens(struct machine *machine) {
    static const struct object_kind kind = {"a token", TYPE_TOKEN, false, NULL, 0};
    uint64_t size = layout_size(machine->layout, "_TOKEN") + VARIABLE_SIZE;
    json_t *facts = json_array();
    for (size_t i = 0; i < machine->process_count; i++) {
        const struct process *process = &machine->processes[i];
        if (process->exited)
            continue;
        uint64_t token = make_object(machine, &kind, 0, size);
        write_token(machine, process, token);
        must_set(machine, process->address, "_EPROCESS", "Token",
                 token | (machine->pointer_size - 1));
        json_array_append_new(facts, json_pack("{s:i, s:o, s:i}", "pid", (int)process->pid, "token",
                                               address_text(machine, token), "integrity",
                                               (int)integrity_of(process)));
    }
    json_object_set_new(machine->facts, "tokens", facts);
}
