/* process_integrity.c - `integrity` of a process: who it runs as, by its token. */
#include <string.h>

#include "analyses/process_layers.h"
#include "base/memory.h"
#include "kernel/token.h"

/* Mandatory labels are S-1-16-LEVEL (winnt.h: SECURITY_MANDATORY_*_RID). A level between two of
 * them has the rights of the lower one. */
#define LABEL_AUTHORITY 16
static const struct {
    uint32_t from;
    const char *name;
} levels[] = {
    {0x0000, "Untrusted"}, {0x1000, "Low"},    {0x2000, "Medium"},    {0x2100, "MediumPlus"},
    {0x3000, "High"},      {0x4000, "System"}, {0x5000, "Protected"},
};

/* winnt.h: attributes of a group. */
enum { SE_GROUP_ENABLED = 0x4, SE_GROUP_USE_FOR_DENY_ONLY = 0x10 };

static const char *level_name(uint32_t level) {
    const char *name = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(levels) && levels[i].from <= level; i++)
        name = levels[i].name;
    return name;
}

static void put_sid(struct analysis_context *context, json_t *json, const char *key,
                    enum read_state state, const struct sid *sid) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    if (state != READ_PRESENT) {
        put_unreadable(context, json, key, state);
        return;
    }
    sid_print(sid, &text);
    json_object_set_new(json, key, json_string(text.data));
}

/* The label is among the groups from Vista on; an index of -1 says that there is none. */
static void put_label(struct analysis_context *context, json_t *json, uint64_t token) {
    struct token_group group;
    struct field_read index =
        target_read_field(context->target, token, "_TOKEN", "IntegrityLevelIndex");
    if (index.absent || (index.state == READ_PRESENT && index.value == UINT32_MAX))
        return;
    enum read_state state = index.state;
    if (state == READ_PRESENT)
        state = token_group(context->target, token, index.value, &group);
    bool is_label =
        state == READ_PRESENT && group.sid.authority == LABEL_AUTHORITY && group.sid.count == 1;
    put_sid(context, json, "sid", state, &group.sid);
    if (is_label)
        json_object_set_new(json, "level", json_string(level_name(group.sid.subauthorities[0])));
    else
        put_unreadable(context, json, "level", state == READ_PRESENT ? READ_BAD_VALUE : state);
}

static void put_user(struct analysis_context *context, json_t *json, uint64_t token) {
    struct token_group group;
    enum read_state state = token_group(context->target, token, 0, &group);
    put_sid(context, json, "user", state, &group.sid);
}

/* S-1-5-32-544 */
static bool is_administrators(const struct sid *sid) {
    return sid->authority == 5 && sid->count == 2 && sid->subauthorities[0] == 32 &&
           sid->subauthorities[1] == 544;
}

static const char *use_of(uint32_t attributes) {
    if (attributes & SE_GROUP_USE_FOR_DENY_ONLY)
        return "deny-only";
    return attributes & SE_GROUP_ENABLED ? "enabled" : "disabled";
}

/* An elevated token has Administrators enabled, a filtered one for deny only. */
static void put_administrators(struct analysis_context *context, json_t *json, uint64_t token) {
    const struct target *target = context->target;
    struct field_read count = target_read_field(target, token, "_TOKEN", "UserAndGroupCount");
    enum read_state state = count.absent ? READ_BAD_VALUE : count.state;
    const char *use = NULL;
    struct token_group group;
    for (uint64_t i = 0; state == READ_PRESENT && !use && i < count.value; i++) {
        state = token_group(target, token, i, &group);
        if (state == READ_PRESENT && is_administrators(&group.sid))
            use = use_of(group.attributes);
    }
    if (state == READ_PRESENT)
        json_object_set_new(json, "administrators", json_string(use ? use : "absent"));
    else
        put_unreadable(context, json, "administrators", state);
}

static void put_filtered(struct analysis_context *context, json_t *json, uint64_t token) {
    enum read_state state;
    bool is_filtered;
    if (token_is_filtered(context->target, token, &state, &is_filtered))
        put_value(context, json, "filtered", state, is_filtered, VALUE_BOOLEAN);
}

static void put_elevation(struct analysis_context *context, json_t *json, uint64_t token) {
    static const char *const names[] = {[TOKEN_ELEVATION_DEFAULT] = "Default",
                                        [TOKEN_ELEVATION_FULL] = "Full",
                                        [TOKEN_ELEVATION_LIMITED] = "Limited"};
    enum read_state state;
    enum token_elevation elevation;
    if (!token_elevation(context->target, token, &state, &elevation))
        return;
    if (state == READ_PRESENT)
        json_object_set_new(json, "elevation", json_string(names[elevation]));
    else
        put_unreadable(context, json, "elevation", state);
}

/* The number by which the kernel tells app containers of one logon session apart; atoms and named
 * objects are kept by it. */
static void put_lowbox_number(struct analysis_context *context, json_t *json, uint64_t token) {
    struct field_read entry =
        target_read_field(context->target, token, "_TOKEN", "LowboxNumberEntry");
    if (entry.absent || (entry.state == READ_PRESENT && !entry.value))
        return;
    if (entry.state == READ_PRESENT)
        put_field(context, json, "lowbox_number", entry.value, "_SEP_LOWBOX_NUMBER_ENTRY",
                  "LowboxNumber", VALUE_INTEGER);
    else
        put_unreadable(context, json, "lowbox_number", entry.state);
}

/* From Windows 8 on: the token of an app container names its package. */
static void put_package(struct analysis_context *context, json_t *json, uint64_t token) {
    struct sid sid;
    struct field_read package = target_read_field(context->target, token, "_TOKEN", "Package");
    if (package.absent)
        return;
    put_value(context, json, "app_container", package.state, package.value, VALUE_BOOLEAN);
    if (package.state != READ_PRESENT || !package.value)
        return;
    enum read_state state = sid_read(context->target, package.value, &sid);
    put_sid(context, json, "package", state, &sid);
    put_field(context, json, "capabilities", token, "_TOKEN", "CapabilityCount", VALUE_INTEGER);
    put_lowbox_number(context, json, token);
}

void put_integrity(struct analysis_context *context, json_t *section, uint64_t process) {
    enum read_state state;
    uint64_t token;
    if (!token_of_process(context->target, process, &state, &token) ||
        (state == READ_PRESENT && !token))
        return;
    if (state != READ_PRESENT) {
        put_unreadable(context, section, "integrity", state);
        return;
    }
    json_t *json = json_object();
    json_object_set_new(json, "token", json_address(context->target, token));
    put_user(context, json, token);
    put_label(context, json, token);
    put_administrators(context, json, token);
    put_filtered(context, json, token);
    put_elevation(context, json, token);
    put_package(context, json, token);
    json_object_set_new(section, "integrity", json);
}
