/*
 * policy.h - what gates: which kinds and severities, which sections must be known, and which
 * changes are waived. A policy file is JSON:
 *
 *   {"schema": "ntdrift-policy/1",
 *    "gate": {"severities": ["breaking", "notable"], "kinds": ["layout.bit.moved"]},
 *    "require": ["layouts", "processes"],
 *    "waivers": [{"kind": "layout.*", "subject": "_KPRCB*", "reason": "one sentence"}]}
 *
 * `kind` and `subject` are shell patterns. A key that is not known is refused, for a policy that is
 * misread passes what it should hold back. Without "gate", breaking and notable changes gate.
 *
 * It decides nothing about what a change is: that is done before.
 */
#ifndef NTDRIFT_DIFFER_POLICY_H
#define NTDRIFT_DIFFER_POLICY_H

#include "base/status.h"
#include "base/text.h"
#include "differ/difference.h"

struct waiver {
    const char *kind;
    const char *subject;
    const char *reason;
    bool matched; /* a change was waived by it */
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

/* Marks the changes that a waiver names. */
void policy_waive(struct policy *policy, struct difference *difference);

/* Whether a change gates; one that is waived never does. */
bool policy_gates(const struct policy *policy, const struct change *change);

/* Why nothing can be concluded about `section`: a side lacks it, or part of it was not comparable.
 * NULL where it was compared whole. The caller frees. */
char *policy_unknown(const struct difference *difference, const char *section);

#endif
