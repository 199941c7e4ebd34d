/* policy.c - reading a policy, and what it says of a difference. */
#include "differ/policy.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "differ/date.h"

#define POLICY_LIMIT (4u << 20)

/* ---- checking ---- */

static enum status check_keys(struct error *err, const json_t *object, const char *what,
                              const char *const *known) {
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return fail(err, STATUS_FORMAT, "%s: unknown key \"%s\"", what, key);
    }
    return STATUS_OK;
}

/* An array of strings, or nothing at all. */
static enum status read_strings(struct error *err, const json_t *object, const char *key,
                                const char ***strings, size_t *count) {
    const json_t *array = json_object_get(object, key);
    if (!array)
        return STATUS_OK;
    if (!json_is_array(array))
        return fail(err, STATUS_FORMAT, "\"%s\": expected an array of strings", key);
    *strings = xcalloc(json_array_size(array) + 1, sizeof **strings);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *string = json_string_value(json_array_get(array, i));
        if (!string)
            return fail(err, STATUS_FORMAT, "\"%s\": element %zu: expected a string", key, i);
        (*strings)[(*count)++] = string;
    }
    return STATUS_OK;
}

static bool names_a_kind(const char *pattern) {
    for (const struct rule *rule = rules; rule->id; rule++)
        if (fnmatch(pattern, rule->id, 0) == 0)
            return true;
    return false;
}

/* ---- gate ---- */

static enum status read_severity(struct error *err, const char *name, struct policy *policy) {
    for (int severity = SEVERITY_INFO; severity <= SEVERITY_BREAKING; severity++)
        if (strcmp(severity_name((enum severity)severity), name) == 0) {
            policy->severities[severity] = true;
            return STATUS_OK;
        }
    return fail(err, STATUS_FORMAT,
                "gate: severity \"%s\" (expected \"breaking\", \"notable\" or \"info\")", name);
}

static enum status read_severities(struct error *err, const json_t *gate, struct policy *policy) {
    AUTO_FREE const char **names = NULL;
    size_t count = 0;
    enum status status = read_strings(err, gate, "severities", &names, &count);
    for (size_t i = 0; !status && i < count; i++)
        status = read_severity(err, names[i], policy);
    return status;
}

static enum status read_kinds(struct error *err, const json_t *gate, struct policy *policy) {
    enum status status = read_strings(err, gate, "kinds", &policy->kinds, &policy->kind_count);
    for (size_t i = 0; !status && i < policy->kind_count; i++)
        if (!names_a_kind(policy->kinds[i]))
            status =
                fail(err, STATUS_FORMAT, "gate: no kind of change is \"%s\"", policy->kinds[i]);
    return status;
}

static void gate_default(struct policy *policy) {
    policy->severities[SEVERITY_BREAKING] = true;
    policy->severities[SEVERITY_NOTABLE] = true;
}

static enum status read_gate(struct error *err, const json_t *json, struct policy *policy) {
    static const char *const known[] = {"severities", "kinds", NULL};
    const json_t *gate = json_object_get(json, "gate");
    if (!gate) {
        gate_default(policy);
        return STATUS_OK;
    }
    if (!json_is_object(gate))
        return fail(err, STATUS_FORMAT, "\"gate\": expected an object");
    enum status status = check_keys(err, gate, "gate", known);
    if (!status)
        status = read_severities(err, gate, policy);
    return status ? status : read_kinds(err, gate, policy);
}

/* ---- waivers ---- */

static enum status read_expires(struct error *err, const json_t *json, const char *what,
                                struct waiver *waiver) {
    waiver->expires = json_string_value(json);
    if (json && (!waiver->expires || !date_is_valid(waiver->expires)))
        return fail(err, STATUS_FORMAT, "%s: \"expires\": expected a day like \"2027-06-30\"",
                    what);
    return STATUS_OK;
}

/* The digits at the start of *text as a build number, or `otherwise` where there are none. */
static bool scan_build(const char **text, int32_t otherwise, int32_t *build) {
    size_t digits = strspn(*text, "0123456789");
    *build = digits ? (int32_t)strtol(*text, NULL, 10) : otherwise;
    *text += digits;
    return digits <= 9;
}

/* "10240", "10240-14393", "-9600" or "22000-". */
static bool scan_builds(const char *text, struct waiver *waiver) {
    const char *start = text;
    if (!scan_build(&text, 0, &waiver->first))
        return false;
    bool has_first = text > start;
    if (!*text) {
        waiver->last = waiver->first;
        return has_first;
    }
    if (*text++ != '-')
        return false;
    const char *end = text;
    return scan_build(&text, INT32_MAX, &waiver->last) && !*text && (has_first || text > end) &&
           waiver->first <= waiver->last;
}

static enum status read_builds(struct error *err, const json_t *json, const char *what,
                               struct waiver *waiver) {
    if (!json)
        return STATUS_OK;
    waiver->limited = true;
    if (json_is_string(json) && scan_builds(json_string_value(json), waiver))
        return STATUS_OK;
    return fail(err, STATUS_FORMAT,
                "%s: \"builds\": expected \"10240\", \"10240-14393\", \"-9600\" or \"22000-\"",
                what);
}

static enum status read_waiver(struct error *err, const json_t *json, size_t index,
                               struct waiver *waiver) {
    static const char *const known[] = {"kind", "subject", "reason", "builds", "expires", NULL};
    char what[32];
    snprintf(what, sizeof what, "waiver %zu", index + 1);
    if (!json_is_object(json))
        return fail(err, STATUS_FORMAT, "%s: expected an object", what);
    enum status status = check_keys(err, json, what, known);
    if (status)
        return status;
    *waiver = (struct waiver){.kind = json_string_value(json_object_get(json, "kind")),
                              .subject = json_string_value(json_object_get(json, "subject")),
                              .reason = json_string_value(json_object_get(json, "reason"))};
    if (!waiver->kind || !waiver->subject || !waiver->reason || !*waiver->reason)
        return fail(err, STATUS_FORMAT,
                    "%s: expected the strings \"kind\", \"subject\", \"reason\"", what);
    status = read_expires(err, json_object_get(json, "expires"), what, waiver);
    return status ? status : read_builds(err, json_object_get(json, "builds"), what, waiver);
}

static enum status read_waivers(struct error *err, const json_t *json, struct policy *policy) {
    const json_t *waivers = json_object_get(json, "waivers");
    if (!waivers)
        return STATUS_OK;
    if (!json_is_array(waivers))
        return fail(err, STATUS_FORMAT, "\"waivers\": expected an array");
    size_t count = json_array_size(waivers);
    policy->waivers = xcalloc(count + 1, sizeof *policy->waivers);
    enum status status = STATUS_OK;
    for (; !status && policy->waiver_count < count; policy->waiver_count++)
        status = read_waiver(err, json_array_get(waivers, policy->waiver_count),
                             policy->waiver_count, &policy->waivers[policy->waiver_count]);
    return status;
}

/* ---- reading ---- */

static enum status read_policy(struct error *err, const json_t *json, struct policy *policy) {
    static const char *const known[] = {"schema", "gate", "require", "waivers", NULL};
    const char *schema = json_string_value(json_object_get(json, "schema"));
    if (!schema || strcmp(schema, POLICY_SCHEMA) != 0)
        return fail(err, STATUS_FORMAT, "not a policy: expected \"schema\": \"%s\"", POLICY_SCHEMA);
    enum status status = check_keys(err, json, "policy", known);
    if (!status)
        status = read_gate(err, json, policy);
    if (!status)
        status = read_strings(err, json, "require", &policy->required, &policy->required_count);
    return status ? status : read_waivers(err, json, policy);
}

enum status policy_parse(struct error *err, const char *name, const struct text *content,
                         struct policy *policy) {
    json_error_t where;
    *policy = (struct policy){
        .json = json_loadb(content->data, content->length, JSON_REJECT_DUPLICATES, &where)};
    if (!policy->json)
        return fail(err, STATUS_FORMAT, "%s: line %d, column %d: %s", name, where.line,
                    where.column, where.text);
    enum status status = read_policy(err, policy->json, policy);
    if (!status)
        return STATUS_OK;
    policy_deinit(policy);
    return fail_within(err, name);
}

enum status policy_read(struct error *err, const char *path, struct policy *policy) {
    *policy = (struct policy){0};
    if (!path) {
        gate_default(policy);
        return STATUS_OK;
    }
    struct text content AUTO(text_deinit) = TEXT_EMPTY;
    enum status status = file_read(err, path, POLICY_LIMIT, &content);
    return status ? status : policy_parse(err, path, &content, policy);
}

void policy_deinit(struct policy *policy) {
    json_decref(policy->json);
    free(policy->kinds);
    free(policy->required);
    free(policy->waivers);
    *policy = (struct policy){0};
}

/* ---- deciding ---- */

/* Before any change is looked at. */
static enum waiver_state waiver_standing(const struct waiver *waiver, int build,
                                         const char *today) {
    if (!names_a_kind(waiver->kind))
        return WAIVER_UNKNOWN;
    if (waiver->expires && strcmp(today, waiver->expires) > 0)
        return WAIVER_EXPIRED;
    if (waiver->limited && (build < waiver->first || build > waiver->last))
        return WAIVER_ELSEWHERE;
    return WAIVER_UNUSED;
}

static void waive_with(struct waiver *waiver, struct difference *difference) {
    for (size_t i = 0; i < difference->count; i++) {
        struct change *change = &difference->changes[i];
        if (fnmatch(waiver->kind, change->rule->id, 0) != 0 ||
            fnmatch(waiver->subject, change->subject, 0) != 0)
            continue;
        waiver->state = WAIVER_USED;
        if (!change->waived)
            change->waived = xstrdup(waiver->reason);
    }
}

void policy_waive(struct policy *policy, struct difference *difference, const char *today) {
    for (size_t i = 0; i < policy->waiver_count; i++) {
        struct waiver *waiver = &policy->waivers[i];
        waiver->state = waiver_standing(waiver, difference->new.build, today);
        if (waiver->state == WAIVER_UNUSED)
            waive_with(waiver, difference);
    }
}

char *waiver_fault(const struct waiver *waiver) {
    static const char *const faults[] = {
        [WAIVER_UNUSED] = "matches nothing",
        [WAIVER_EXPIRED] = "expired on ",
        [WAIVER_UNKNOWN] = "names no kind of change",
    };
    if (waiver->state >= ARRAY_LENGTH(faults) || !faults[waiver->state])
        return NULL;
    return xasprintf("the waiver of %s for %s %s%s", waiver->kind, waiver->subject,
                     faults[waiver->state], waiver->state == WAIVER_EXPIRED ? waiver->expires : "");
}

bool policy_gates(const struct policy *policy, const struct change *change) {
    if (change->waived)
        return false;
    for (size_t i = 0; i < policy->kind_count; i++)
        if (fnmatch(policy->kinds[i], change->rule->id, 0) == 0)
            return true;
    return policy->severities[change->severity];
}

static const char *why_missing(const struct side *side, const char *section) {
    const json_t *coverage = json_object_get(
        json_object_get(json_object_get(side->snapshot, "coverage"), "sections"), section);
    const json_t *value = json_object_get(side->snapshot, section);
    if (value && !json_is_null(value))
        return NULL;
    const char *reason = json_string_value(json_object_get(coverage, "reason"));
    return reason ? reason : "not in the snapshot";
}

char *policy_unknown(const struct difference *difference, const char *section) {
    const char *old = why_missing(&difference->old, section);
    const char *new = why_missing(&difference->new, section);
    if (old || new)
        return xasprintf("%s: unknown on the %s side: %s", section, old ? "old" : "new",
                         old ? old : new);
    for (size_t i = 0; i < difference->unknown_count; i++)
        if (strcmp(difference->unknown[i].section, section) == 0)
            return xasprintf("%s: %s", section, difference->unknown[i].reason);
    return NULL;
}
