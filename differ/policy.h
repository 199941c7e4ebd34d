/*
 * policy.h - what gates: which kinds and severities, which sections must be known, and which
 * changes are waived. A policy file is JSON:
 *
 *   {"schema": "ntdrift-policy/1",
 *    "gate": {"severities": ["breaking", "notable"], "kinds": ["layout.bit.moved"]},
 *    "require": ["layouts", "processes"],
 *    "waivers": [{"kind": "layout.*", "subject": "_KPRCB*", "reason": "one sentence",
 *                 "builds": "10240-14393", "expires": "2027-06-30"}]}
 *
 * `kind` and `subject` are shell patterns. `builds` says for which builds of the new side a waiver
 * is meant: "10240", "10240-14393", "-9600", "22000-". `expires` is the last day on which it holds.
 * A key that is not known is refused, for a policy that is misread passes what it should hold back.
 * Without "gate", breaking and notable changes gate.
 *
 * It decides nothing about what a change is: that is done before.
 */
#ifndef NTDRIFT_DIFFER_POLICY_H
#define NTDRIFT_DIFFER_POLICY_H

#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "differ/difference.h"

/* What became of a waiver when it was held against a difference. */
enum waiver_state {
    WAIVER_UNUSED,    /* no change is like that: out of date, or never right */
    WAIVER_USED,      /* a change was waived by it */
    WAIVER_ELSEWHERE, /* meant for other builds: nothing to be said */
    WAIVER_EXPIRED,   /* waives nothing any more */
    WAIVER_UNKNOWN,   /* no kind of change is called so */
};

#define POLICY_SCHEMA "ntdrift-policy/1"

struct waiver {
    const char *kind;
    const char *subject;
    const char *reason;
    const char *expires; /* "2027-06-30", or NULL: never */
    bool limited;        /* to builds from `first` to `last` */
    int32_t first, last;
    enum waiver_state state; /* after policy_waive() */
};

/* Strings belong to `json`. */
struct policy {
    json_t *json; /* NULL for the default */
    bool severities[SEVERITY_BREAKING + 1];
    const char **kinds;
    size_t kind_count;
    const char **required;
    size_t required_count;
    struct waiver *waivers;
    size_t waiver_count;
};

/* The default where `path` is NULL. On failure nothing is left to deinitialize. */
enum status policy_read(struct error *err, const char *path, struct policy *policy);
enum status policy_parse(struct error *err, const char *name, const struct text *content,
                         struct policy *policy);
void policy_deinit(struct policy *policy);

/* Marks the changes that a waiver names, and says what became of each waiver. `today` is a day as
 * date.h writes it. */
void policy_waive(struct policy *policy, struct difference *difference, const char *today);

/* What is wrong with a waiver, so that it gates by itself: "... expired on 2026-01-31". NULL where
 * nothing is. The caller frees. */
char *waiver_fault(const struct waiver *waiver);

/* The policy with a waiver more for each change that gates, as a policy file has it; the reason
 * says that nobody gave one, and the waiver is for the build of the new side and for 90 days. The
 * caller decrefs. */
json_t *policy_with_waivers(const struct policy *policy, const struct difference *difference,
                            const char *today);

/* Whether a change gates; one that is waived never does. */
bool policy_gates(const struct policy *policy, const struct change *change);

/* Why nothing can be concluded about `section`: a side lacks it, or part of it was not comparable.
 * NULL where it was compared whole. The caller frees. */
char *policy_unknown(const struct difference *difference, const char *section);

#endif
