/* process_sessions.c - in which kinds of session a system image runs: in none, in session 0 with
 * the services, in those of users. */
#include "differ/comparisons/process_crowd.h"

#include "base/memory.h"
#include "base/text.h"

static const char *const role_names[] = {
    [ROLE_NONE] = "no session",
    [ROLE_SYSTEM] = "session 0",
    [ROLE_USER] = "sessions of users",
};

static unsigned roles_of(const json_t *process) {
    unsigned roles = 0;
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++)
        roles |= process_has_role(process, role) ? 1u << role : 0;
    return roles;
}

unsigned process_roles(const json_t *processes) {
    unsigned roles = 0;
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process) {
        roles |= roles_of(process);
    }
    return roles;
}

/* Whether the session of every process is known. */
static bool are_known(const json_t *processes) {
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process) {
        if (!roles_of(process))
            return false;
    }
    return true;
}

static json_t *roles_json(unsigned roles) {
    json_t *names = json_array();
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++)
        if (roles >> role & 1)
            json_array_append_new(names, json_string(role_names[role]));
    return names;
}

static void put_roles(struct text *out, const json_t *names) {
    size_t count = json_array_size(names);
    for (size_t i = 0; i < count; i++)
        text_printf(out, "%s%s",
                    !i              ? ""
                    : i + 1 < count ? ", "
                                    : " and ",
                    json_string_value(json_array_get(names, i)));
}

/* A snapshot without any session is one whose symbols do not tell them. */
static bool has_sessions(unsigned roles) {
    return roles >> ROLE_SYSTEM;
}

/* Nobody logged on, on one side, is no change of the images that run in every session: what only
 * that explains is left out. */
static bool is_explained(unsigned old, unsigned new, unsigned common) {
    return (old & new) && ((old ^ new) & common) == 0;
}

void process_compare_sessions(const struct comparing *comparing, unsigned old_roles,
                              unsigned new_roles) {
    unsigned old = process_roles(comparing->old.live), new = process_roles(comparing->new.live);
    if (!has_sessions(old_roles) || !has_sessions(new_roles) || comparing->image->where_needed ||
        !old || !new || old == new || is_explained(old, new, old_roles & new_roles) ||
        !are_known(comparing->old.live) || !are_known(comparing->new.live))
        return;
    json_t *before = roles_json(old), *after = roles_json(new);
    AUTO(text_deinit) struct text from = TEXT_EMPTY, to = TEXT_EMPTY;
    put_roles(&from, before);
    put_roles(&to, after);
    difference_add(comparing->difference, "process.session.changed", comparing->image->name, before,
                   after, NULL, "%s ran in %s and runs in %s", comparing->image->name, from.data,
                   to.data);
}
