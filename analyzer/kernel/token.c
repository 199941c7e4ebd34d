/* token.c - access tokens and security identifiers. */
#include "kernel/token.h"

#include <inttypes.h>
#include <string.h>

#define SID_REVISION 1

/* A token of more groups than this lies: Windows refuses to make one of more than 1,024 ("Logging
 * on a user account that is a member of more than 1,010 groups may fail", Microsoft), to which it
 * adds the user, the logon session and the label. */
#define GROUPS_MOST 2048

/* ntifs.h: bits of a token's flags. */
enum { TOKEN_IS_FILTERED = 0x800 };

enum read_state sid_read(const struct target *target, uint64_t address, struct sid *sid) {
    uint8_t head[8]; /* Revision, SubAuthorityCount, IdentifierAuthority in big-endian order */
    memset(sid, 0, sizeof *sid);
    enum read_state state = vm_read(target->vm, address, head, sizeof head, NULL);
    if (state != READ_PRESENT)
        return state;
    if (head[0] != SID_REVISION || head[1] > SID_SUBAUTHORITIES_MOST)
        return READ_BAD_VALUE;
    for (unsigned i = 2; i < sizeof head; i++)
        sid->authority = sid->authority << 8 | head[i];
    for (unsigned i = 0; i < head[1] && state == READ_PRESENT; i++)
        state = vm_read_u32(target->vm, address + sizeof head + (uint64_t)4 * i,
                            &sid->subauthorities[i]);
    sid->count = head[1];
    return state;
}

/* An authority that does not fit 32 bits is written in hexadecimal (ConvertSidToStringSid). */
void sid_print(const struct sid *sid, struct text *text) {
    if (sid->authority >> 32)
        text_printf(text, "S-1-0x%012" PRIx64, sid->authority);
    else
        text_printf(text, "S-1-%" PRIu64, sid->authority);
    for (unsigned i = 0; i < sid->count; i++)
        text_printf(text, "-%" PRIu32, sid->subauthorities[i]);
}

/* The low bits of a fast reference count references: three of them on x86, four on x64. */
bool token_of_process(const struct target *target, uint64_t process, enum read_state *state,
                      uint64_t *token) {
    struct field_read read = target_read_field(target, process, "_EPROCESS", "Token.Value");
    uint64_t count_mask = 2 * (uint64_t)vm_pointer_size(target->vm) - 1;
    *state = read.state;
    *token = read.value & ~count_mask;
    return !read.absent;
}

enum read_state token_group(const struct target *target, uint64_t token, uint64_t position,
                            struct token_group *group) {
    struct field_read count = target_read_field(target, token, "_TOKEN", "UserAndGroupCount");
    struct field_read groups = target_read_field(target, token, "_TOKEN", "UserAndGroups");
    if (count.absent || groups.absent)
        return READ_BAD_VALUE;
    if (count.state != READ_PRESENT || groups.state != READ_PRESENT)
        return count.state != READ_PRESENT ? count.state : groups.state;
    if (position >= count.value || position >= GROUPS_MOST)
        return READ_BAD_VALUE;
    unsigned pointer_size = vm_pointer_size(target->vm);
    uint64_t sid, place = groups.value + position * 2 * pointer_size;
    enum read_state state = vm_read_pointer(target->vm, place, &sid);
    if (state == READ_PRESENT)
        state = vm_read_u32(target->vm, place + pointer_size, &group->attributes);
    return state == READ_PRESENT ? sid_read(target, sid, &group->sid) : state;
}

bool token_is_filtered(const struct target *target, uint64_t token, enum read_state *state,
                       bool *is_filtered) {
    struct field label;
    struct field_read flags = target_read_field(target, token, "_TOKEN", "TokenFlags");
    *state = flags.state;
    *is_filtered = flags.value & TOKEN_IS_FILTERED;
    return !flags.absent && symbols_field(target->symbols, "_TOKEN", "IntegrityLevelIndex", &label);
}

/* An administrator who logs on under User Account Control gets two logon sessions, each of which
 * names the other by its BuddyLogonId; that of a user who has one token is 0. Sources: "How User
 * Account Control works" (Microsoft); "Exploring Token Members Part 1" (J. Johnson, 2022) for the
 * member, a LUID of 8 bytes. */
static enum read_state read_buddy(const struct target *target, uint64_t token, uint64_t *buddy) {
    uint64_t address;
    struct field_read session = target_read_field(target, token, "_TOKEN", "LogonSession");
    if (session.state != READ_PRESENT)
        return session.state;
    if (!session.value ||
        !target_field_address(target, session.value, "_SEP_LOGON_SESSION_REFERENCES",
                              "BuddyLogonId", &address))
        return READ_BAD_VALUE;
    return vm_read_u64(target->vm, address, buddy);
}

bool token_elevation(const struct target *target, uint64_t token, enum read_state *state,
                     enum token_elevation *elevation) {
    struct field field;
    uint64_t buddy = 0;
    bool is_filtered;
    if (!symbols_field(target->symbols, "_TOKEN", "LogonSession", &field) ||
        !symbols_field(target->symbols, "_SEP_LOGON_SESSION_REFERENCES", "BuddyLogonId", &field) ||
        !token_is_filtered(target, token, state, &is_filtered))
        return false;
    if (*state == READ_PRESENT)
        *state = read_buddy(target, token, &buddy);
    *elevation = TOKEN_ELEVATION_DEFAULT;
    if (buddy)
        *elevation = is_filtered ? TOKEN_ELEVATION_LIMITED : TOKEN_ELEVATION_FULL;
    return true;
}
