/* session_users.c - sessions of processes, and of the users that they run as. */
#include "analyses/session_users.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyses/process_layers.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/token.h"

static struct process_session read_session(const struct target *target,
                                           const struct session_layout *layout, uint64_t process) {
    struct session session = session_of_process(target, layout, process);
    if (session.none)
        return (struct process_session){.state = READ_PRESENT};
    return (struct process_session){.state = session.state, .id = (uint32_t)session.id};
}

static void add_user(const struct target *target, uint64_t process, uint32_t session,
                     struct session_users *users) {
    AUTO(text_deinit) struct text sid = TEXT_EMPTY;
    struct token_group user;
    enum read_state state;
    uint64_t token;
    if (!token_of_process(target, process, &state, &token) || (state == READ_PRESENT && !token))
        return;
    if (state == READ_PRESENT)
        state = token_group(target, token, 0, &user);
    if (state != READ_PRESENT) {
        users->unreadable[state]++;
        return;
    }
    sid_print(&user.sid, &sid);
    ARRAY_RESERVE(users->items, users->count, users->capacity);
    users->items[users->count++] =
        (struct session_user){.sid = text_take(&sid), .session = session};
}

static int by_sid(const void *left, const void *right) {
    const struct session_user *a = left, *b = right;
    int order = strcasecmp(a->sid, b->sid);
    if (order != 0)
        return order;
    return a->session < b->session ? -1 : a->session > b->session;
}

static void sort(struct session_users *users) {
    struct session_user *items = users->items;
    size_t kept = 0;
    if (users->count)
        qsort(items, users->count, sizeof *items, by_sid);
    for (size_t i = 0; i < users->count; i++) {
        if (kept && by_sid(&items[kept - 1], &items[i]) == 0)
            free(items[i].sid);
        else
            items[kept++] = items[i];
    }
    users->count = kept;
}

static bool is_whole(const struct session_users *users, size_t process_count) {
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        if (users->unreadable[state])
            return false;
    for (size_t i = 0; i < process_count; i++)
        if (users->sessions[i].state != READ_PRESENT)
            return false;
    return true;
}

/* The idle process has no token, and counts as one of no session. */
void session_users_read(const struct target *target, const struct process_set *set,
                        struct session_users *users) {
    struct session_layout layout;
    session_layout_resolve(target, &layout);
    *users = (struct session_users){.absent = !layout.session.present || !layout.id.present};
    users->sessions = xcalloc(set->count + 1, sizeof *users->sessions);
    for (size_t i = 0; i < set->count && !users->absent; i++) {
        uint64_t process = set->items[i].address;
        if (set->items[i].kind == PROCESS_IDLE)
            continue;
        users->sessions[i] = read_session(target, &layout, process);
        if (users->sessions[i].state == READ_PRESENT)
            add_user(target, process, users->sessions[i].id, users);
    }
    users->whole = is_whole(users, set->count);
    sort(users);
}

void session_users_deinit(struct session_users *users) {
    for (size_t i = 0; i < users->count; i++)
        free(users->items[i].sid);
    free(users->items);
    free(users->sessions);
}

/* The order of users against a SID that is no string by itself. */
static int compare(const struct session_user *user, const char *sid, size_t length) {
    int order = strncasecmp(user->sid, sid, length);
    return order == 0 && strlen(user->sid) > length ? 1 : order;
}

/* The first from `low` on that is not before the SID or, with `behind`, that is behind it. */
static size_t bound(const struct session_users *users, const char *sid, size_t length, size_t low,
                    bool behind) {
    size_t high = users->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&users->items[middle], sid, length) < (behind ? 1 : 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t session_users_find(const struct session_users *users, const char *sid, size_t length,
                          size_t *first) {
    *first = bound(users, sid, length, 0, false);
    return bound(users, sid, length, *first, true);
}

bool session_users_run_in(const struct session_users *users, size_t first, size_t end,
                          uint32_t session) {
    size_t low = first, high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (users->items[middle].session < session)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && users->items[low].session == session;
}
