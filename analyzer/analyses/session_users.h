/*
 * session_users.h - which sessions the processes are in, and which users run in which sessions. For
 * `cross_session`: a process of no session (System, smss.exe) sees the directories of session 0,
 * and counts as one of it.
 */
#ifndef NTDRIFT_ANALYSES_SESSION_USERS_H
#define NTDRIFT_ANALYSES_SESSION_USERS_H

#include "analyses/sections.h"

struct process_session {
    enum read_state state;
    uint32_t id; /* where READ_PRESENT */
};

/* A user of whom a process runs in a session. */
struct session_user {
    char *sid; /* "S-1-5-18" */
    uint32_t session;
};

struct session_users {
    bool absent;                      /* the symbols do not describe sessions */
    struct process_session *sessions; /* of set->items[i] */
    struct session_user *items;       /* by SID, then session; each once */
    size_t count, capacity;
    size_t unreadable[READ_STATE_COUNT]; /* tokens, by reason */
    bool whole;                          /* every user is known */
};

void session_users_read(const struct target *target, const struct process_set *set,
                        struct session_users *users);
void session_users_deinit(struct session_users *users);

/* The users[*first] to users[end - 1] of that SID; gives end, which is `*first` where nobody of
 * that SID runs. */
size_t session_users_find(const struct session_users *users, const char *sid, size_t length,
                          size_t *first);

/* Whether one of users[first] to users[end - 1], who are of one SID, runs in the session. */
bool session_users_run_in(const struct session_users *users, size_t first, size_t end,
                          uint32_t session);

#endif
