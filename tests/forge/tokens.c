/*
 * tokens.c - the access token of a process: user, groups, integrity level, elevation, app
 * container.
 *
 * Sources: the symbol files for _TOKEN and _SEP_LOGON_SESSION_REFERENCES; winnt.h for the
 * well-known SIDs, group attributes, mandatory labels (S-1-16-N), which are among the groups from
 * Windows Vista on, and types of elevation; ntifs.h for the flags. An administrator has a pair of
 * logon sessions that name each other; the token of one was filtered.
 */
#include <string.h>

#include "objects.h"
#include "util.h"

enum {
    SID_SIZE = 0x20, /* room for five subauthorities, rounded up */
    MOST_GROUPS = 4,
    PACKAGE_PLACE = 0x100,      /* behind the groups */
    GROUP_ENABLED = 0x7,        /* mandatory, enabled by default, enabled */
    GROUP_INTEGRITY = 0x60,     /* integrity, integrity enabled */
    CAPABILITIES_PLACE = 0x140, /* an array, then the SIDs */
    LOWBOX_PLACE = 0x200,
    VARIABLE_SIZE = 0x280,
    TOKEN_PRIMARY = 1,
    FLAG_IS_FILTERED = 0x800,
    FLAG_NOT_LOW = 0x2000,
    FLAG_LOWBOX = 0x4000,
};

struct sid {
    uint8_t authority, count;
    uint32_t subauthorities[5];
};

static const struct sid local_system = {5, 1, {18}}, administrators = {5, 2, {32, 544}};
static const struct sid everyone = {1, 1, {0}}, users = {5, 2, {32, 545}};
static const struct sid a_user = {5, 5, {21, 1180699209, 877415012, 3182924384, 1001}};

static const struct sid container_user = {5, 3, {93, 2, 2}}; /* ContainerUser */
static const struct sid a_package = {15, 5, {2, 1310292540, 1029022339, 4008023048, 2190398717}};

/* internetClient and privateNetworkClientServer */
static const struct sid capabilities[] = {{15, 2, {3, 1}}, {15, 2, {3, 3}}};
enum { CAPABILITY_COUNT = 2 };

/* What winnt.h calls TOKEN_ELEVATION_TYPE; services have the default. */
enum elevation {
    ELEVATION_SYSTEM,
    ELEVATION_DEFAULT,
    ELEVATION_FULL,
    ELEVATION_LIMITED,
    ELEVATION_COUNT
};
static const struct {
    const char *name;
    uint64_t logon, buddy; /* 0x3e7 is LocalSystem's */
} elevations[] = {
    [ELEVATION_SYSTEM] = {"Default", 0x3e7, 0},
    [ELEVATION_DEFAULT] = {"Default", 0x2d4c7, 0},
    [ELEVATION_FULL] = {"Full", 0x2c8b3, 0x2c8f1},
    [ELEVATION_LIMITED] = {"Limited", 0x2c8f1, 0x2c8b3},
};

static const struct {
    const char *name;
    uint32_t level;
} levels[] = {
    {"untrusted", 0}, {"low", 0x1000},    {"medium", 0x2000},
    {"high", 0x3000}, {"system", 0x4000}, {"protected", 0x5000},
};

/* What a session has of the system's own: the rest of session 1 and up is its user's. */
static bool is_of_system(const struct process *process) {
    return process->session <= 0 || process->ppid <= 4 || !strcmp(process->name, "csrss.exe") ||
           !strcmp(process->name, "winlogon.exe");
}

static uint32_t integrity_of(const struct process *process) {
    const char *name = json_string_value(json_object_get(process->extras, "integrity"));
    if (!name)
        name = is_of_system(process) ? "system" : "medium";
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

/* "elevation" of a process; else its user is an administrator, and has the token of the pair that
 * fits the level. */
static enum elevation elevation_of(const struct process *process) {
    const char *name = json_string_value(json_object_get(process->extras, "elevation"));
    uint32_t level = integrity_of(process);
    if (level >= 0x4000)
        return ELEVATION_SYSTEM;
    if (!name)
        return level >= 0x3000 ? ELEVATION_FULL : ELEVATION_LIMITED;
    for (enum elevation i = ELEVATION_DEFAULT; i < ELEVATION_COUNT; i++)
        if (!strcmp(name, elevations[i].name))
            return i;
    die("\"%s\" is no type of elevation", name);
}

struct group {
    struct sid sid;
    uint32_t attributes;
};

/* An array of SID_AND_ATTRIBUTES with room for `most`, then the SIDs. */
static void put_groups(struct machine *machine, uint64_t place, const struct group *groups,
                       unsigned count, unsigned most) {
    unsigned step = 2 * machine->pointer_size;
    for (unsigned i = 0; i < count; i++) {
        uint64_t sid = place + most * step + i * SID_SIZE;
        put_sid(machine, sid, &groups[i].sid);
        put_pointer(machine, place + i * step, sid);
        memory_put(&machine->memory, place + i * step + machine->pointer_size, groups[i].attributes,
                   4);
    }
}

static const struct sid *user_of(const struct process *process) {
    if (elevation_of(process) == ELEVATION_SYSTEM)
        return &local_system;
    return json_object_get(process->extras, "user") ? &container_user : &a_user;
}

static void write_groups(struct machine *machine, const struct process *process, uint64_t token,
                         uint64_t place) {
    static const char type[] = "_TOKEN";
    const struct group administrators_as[] = {
        [ELEVATION_SYSTEM] = {administrators, 0xe}, /* owner and enabled */
        [ELEVATION_DEFAULT] = {users, GROUP_ENABLED},
        [ELEVATION_FULL] = {administrators, 0xf},
        [ELEVATION_LIMITED] = {administrators, 0x10}, /* for deny only */
    };
    enum elevation elevation = elevation_of(process);
    const struct group groups[MOST_GROUPS] = {
        {*user_of(process), 0},
        {everyone, GROUP_ENABLED},
        administrators_as[elevation],
        {{16, 1, {integrity_of(process)}}, GROUP_INTEGRITY},
    };
    bool labelled = set(machine, token, type, "IntegrityLevelIndex", MOST_GROUPS - 1);
    unsigned count = labelled ? MOST_GROUPS : MOST_GROUPS - 1;
    put_groups(machine, place, groups, count, MOST_GROUPS);
    must_set(machine, token, type, "UserAndGroupCount", count);
    must_set(machine, token, type, "UserAndGroups", place);
}

/* An app container, from Windows 8 on. */
static void write_package(struct machine *machine, const struct process *process, uint64_t token,
                          uint64_t place) {
    static const char type[] = "_TOKEN", lowbox[] = "_SEP_LOWBOX_NUMBER_ENTRY";
    struct group groups[CAPABILITY_COUNT];
    uint64_t number = number_or(process->extras, "lowbox", 1);
    put_sid(machine, place + PACKAGE_PLACE, &a_package);
    must_set(machine, token, type, "Package", place + PACKAGE_PLACE);
    for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
        groups[i] = (struct group){capabilities[i], 0x4};
    put_groups(machine, place + CAPABILITIES_PLACE, groups, CAPABILITY_COUNT, CAPABILITY_COUNT);
    must_set(machine, token, type, "CapabilityCount", CAPABILITY_COUNT);
    must_set(machine, token, type, "Capabilities", place + CAPABILITIES_PLACE);
    must_set(machine, token, type, "LowboxNumberEntry", place + LOWBOX_PLACE);
    if (!layout_has(machine->layout, lowbox))
        return;
    must_set(machine, place + LOWBOX_PLACE, lowbox, "LowboxNumber", number);
    must_set(machine, place + LOWBOX_PLACE, lowbox, "PackageSid", place + PACKAGE_PLACE);
}

static uint64_t flags_of(const struct process *process, bool is_package) {
    uint64_t flags = number_or(process->extras, "token_flags", 0);
    flags |= elevation_of(process) == ELEVATION_LIMITED ? FLAG_IS_FILTERED : 0;
    flags |= integrity_of(process) >= 0x2000 ? FLAG_NOT_LOW : 0;
    return flags | (is_package ? FLAG_LOWBOX : 0);
}

/* Filtered tokens and labels are Vista's. */
static void write_token(struct machine *machine, const struct process *process, uint64_t token,
                        const uint64_t sessions[ELEVATION_COUNT]) {
    static const char type[] = "_TOKEN";
    enum elevation elevation = elevation_of(process);
    uint64_t place = token + layout_size(machine->layout, type);
    bool is_package = json_is_true(json_object_get(process->extras, "package"));
    struct member label;
    write_groups(machine, process, token, place);
    must_set(machine, token, type, "TokenType", TOKEN_PRIMARY);
    set(machine, token, type, "TokenInUse", 1);
    set(machine, token, type, "SessionId", process->session > 0 ? (uint64_t)process->session : 0);
    set(machine, token, type, "MandatoryPolicy", 3);
    if (layout_member(machine->layout, type, "IntegrityLevelIndex", &label))
        must_set(machine, token, type, "TokenFlags", flags_of(process, is_package));
    if (is_package)
        write_package(machine, process, token, place);
    if (sessions[elevation])
        must_set(machine, token, type, "LogonSession", sessions[elevation]);
    put64(machine, field(machine, token, type, "AuthenticationId"), elevations[elevation].logon);
    put64(machine, field(machine, token, type, "TokenId"), 0x10000 + process->pid);
}

/* 0 where the layout does not describe them. */
static void make_sessions(struct machine *machine, uint64_t sessions[ELEVATION_COUNT]) {
    static const char type[] = "_SEP_LOGON_SESSION_REFERENCES";
    for (unsigned i = 0; i < ELEVATION_COUNT; i++) {
        sessions[i] = 0;
        if (!layout_has(machine->layout, type))
            continue;
        sessions[i] = pool_take(machine, &machine->nonpaged, layout_size(machine->layout, type),
                                0x10, "a logon session");
        put64(machine, field(machine, sessions[i], type, "LogonId"), elevations[i].logon);
        put64(machine, field(machine, sessions[i], type, "BuddyLogonId"), elevations[i].buddy);
    }
}

static void note_token(struct machine *machine, const struct process *process, uint64_t token) {
    bool is_package = json_is_true(json_object_get(process->extras, "package"));
    json_array_append_new(
        json_object_get(machine->facts, "tokens"),
        json_pack("{s:i, s:o, s:i, s:s, s:I, s:b, s:I}", "pid", (int)process->pid, "token",
                  address_text(machine, token), "integrity", (int)integrity_of(process),
                  "elevation", elevations[elevation_of(process)].name, "flags",
                  (json_int_t)flags_of(process, is_package), "package", is_package, "lowbox",
                  (json_int_t)number_or(process->extras, "lowbox", 1)));
}

/* The low bits of a fast reference are a count. */
void forge_tokens(struct machine *machine) {
    static const struct object_kind kind = {"a token", TYPE_TOKEN, false, NULL, 0};
    uint64_t size = layout_size(machine->layout, "_TOKEN") + VARIABLE_SIZE;
    uint64_t sessions[ELEVATION_COUNT];
    json_object_set_new(machine->facts, "tokens", json_array());
    make_sessions(machine, sessions);
    for (size_t i = 0; i < machine->process_count; i++) {
        const struct process *process = &machine->processes[i];
        if (process->exited)
            continue;
        uint64_t token = make_object(machine, &kind, 0, size);
        write_token(machine, process, token, sessions);
        must_set(machine, process->address, "_EPROCESS", "Token",
                 token | (machine->pointer_size - 1));
        note_token(machine, process, token);
    }
}
