/*
 * process_crowd.h - the processes of one system image on one side, and what is the same for all of
 * them. Processes are never matched by id; what varies between those of one image varies with the
 * machine, so that a change is what holds for all. Private to process*.c.
 */
#ifndef NTDRIFT_DIFFER_PROCESS_CROWD_H
#define NTDRIFT_DIFFER_PROCESS_CROWD_H

#include "differ/comparisons/process.h"
#include "differ/comparisons/process_facets.h"
#include "differ/difference.h"

struct crowd {
    const struct side *side;
    json_t *all;
    json_t *live; /* those that have not exited: the others are half torn down */
};

struct comparing {
    struct difference *difference;
    const struct system_image *image;
    const char *where; /* for messages: " in session 0"; "" for all processes of the image */
    struct crowd old;
    struct crowd new;
    const struct comparing *whole; /* of a role: all processes of the image; else NULL */
};

/* What a process is to Windows: services and the system live in session 0 since Vista, each user
 * in a session of its own ("Application Compatibility: Session 0 Isolation", Microsoft), and what
 * is older than all sessions in none. Which number a user's session has is chance. */
enum role { ROLE_NONE, ROLE_SYSTEM, ROLE_USER, ROLE_COUNT };

/* Whether a process is known to be of a role. */
bool process_has_role(const json_t *process, enum role role);

/* References to the processes, which must outlive the crowd. */
struct crowd crowd_of(const struct side *side, const json_t *processes,
                      const struct system_image *image);
struct crowd crowd_in_role(const struct crowd *whole, enum role role);
void crowd_deinit(struct crowd *crowd);

/* The value at object.key that all live processes of a crowd have; NULL where they have none, not
 * all the same, or one is not known. */
const json_t *crowd_value(const struct crowd *crowd, const char *object, const char *key);

/* The same of a facet: a new reference. */
json_t *crowd_facet(const struct crowd *crowd, const struct facet *facet);

/* process_parents.c: whose children they are */
void process_compare_parents(const struct comparing *comparing);

/* process_values.c: bits, views, facets, mitigations; of all processes of an image, or of those in
 * one role */
void process_compare_values(const struct comparing *comparing);

/* protection and signature alone, where the processes are protected on a side */
void process_compare_protection(const struct comparing *comparing);

/* process_sessions.c: in which kinds of session the image runs; `old_roles` and `new_roles` are
 * those in which any process of a snapshot is. */
unsigned process_roles(const json_t *processes);
void process_compare_sessions(const struct comparing *comparing, unsigned old_roles,
                              unsigned new_roles);

/* process_objects.c: what the processes of an image hold outside their session */
void process_compare_objects(const struct comparing *comparing);

#endif
