/*
 * sarif.c - a difference as SARIF 2.1.0, for code scanning: the kinds of change are the rules, each
 * change is a result at the old snapshot (in a gate: the baseline, which lies in the repository).
 *
 * Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub Docs,
 * "SARIF support for code scanning", for what it wants beyond: a physical location and a
 * fingerprint. A waived change is suppressed, with the waiver's reason; what could not be compared
 * is a notification of the tool.
 */
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/version.h"
#include "reports/escape.h"
#include "reports/outline.h"
#include "reports/renderers.h"
#include "snapshot/canon.h"

#define SARIF_SCHEMA                                                                               \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static const char *level_name(enum severity severity) {
    static const char *const names[] = {
        [SEVERITY_INFO] = "note",
        [SEVERITY_NOTABLE] = "warning",
        [SEVERITY_BREAKING] = "error",
    };
    return names[severity];
}

/* What comes from a snapshot is shown, not obeyed. */
static json_t *visible(const char *string) {
    struct text clean AUTO(text_deinit) = TEXT_EMPTY;
    escape_visible(&clean, string, strlen(string));
    return json_stringn(clean.data, clean.length);
}

static json_t *message(const char *string) {
    return json_pack("{s:o}", "text", visible(string));
}

/* ---- rules ---- */

static json_t *rule_json(const struct rule *rule) {
    AUTO_FREE char *help = xasprintf("%s To check: %s", rule->reason, rule->check);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:{s:s}, s:{s:[s]}}", "id", rule->id, "name",
                     rule->title, "shortDescription", message(rule->title), "fullDescription",
                     message(rule->meaning), "help", message(help), "defaultConfiguration", "level",
                     level_name(rule->severity), "properties", "tags", rule->family);
}

static json_t *driver_json(void) {
    json_t *list = json_array();
    for (const struct rule *rule = rules; rule->id; rule++)
        json_array_append_new(list, rule_json(rule));
    return json_pack("{s:s, s:s, s:s, s:o}", "name", "ntdrift", "version", NTDRIFT_VERSION,
                     "semanticVersion", NTDRIFT_VERSION, "rules", list);
}

/* ---- results ---- */

/* A path as a URI reference (RFC 3986): what is not unreserved or a slash is percent-encoded. */
static json_t *uri_json(const char *path) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    struct text uri AUTO(text_deinit) = TEXT_EMPTY;
    if (*path == '/')
        text_puts(&uri, "file://");
    for (; *path; path++)
        if (strchr(plain, *path))
            text_putc(&uri, *path);
        else
            text_printf(&uri, "%%%02X", (unsigned char)*path);
    return json_stringn(uri.data, uri.length);
}

static json_t *location_json(const struct side *side, const struct change *change) {
    json_t *location = json_pack("{s:[{s:o, s:s}]}", "logicalLocations", "fullyQualifiedName",
                                 visible(change->subject), "kind", change->rule->family);
    if (side->path && strcmp(side->path, "-") != 0)
        json_object_set_new(location, "physicalLocation",
                            json_pack("{s:{s:o}, s:{s:i}}", "artifactLocation", "uri",
                                      uri_json(side->path), "region", "startLine", 1));
    return location;
}

/* The same change keeps it from run to run: kind, subject and which one of them it is. */
static json_t *fingerprint_json(const struct difference *difference, const struct change *change) {
    struct text anchor AUTO(text_deinit) = TEXT_EMPTY;
    outline_anchor(&anchor, difference, change);
    XXH128_hash_t hash = XXH3_128bits(anchor.data, anchor.length);
    return json_sprintf("%016llx%016llx", (unsigned long long)hash.high64,
                        (unsigned long long)hash.low64);
}

static json_t *values_json(const struct change *change) {
    json_t *properties = json_pack("{s:b}", "gates", change->gates);
    if (change->old)
        json_object_set(properties, "old", change->old);
    if (change->new)
        json_object_set(properties, "new", change->new);
    if (change->details)
        json_object_set(properties, "details", change->details);
    return properties;
}

static json_t *result_json(const struct difference *difference, const struct change *change) {
    json_t *result = json_pack(
        "{s:s, s:i, s:s, s:o, s:[o], s:{s:o}, s:o}", "ruleId", change->rule->id, "ruleIndex",
        (int)(change->rule - rules), "level", level_name(change->severity), "message",
        message(change->message), "locations", location_json(&difference->old, change),
        "partialFingerprints", "ntdriftChange/v1", fingerprint_json(difference, change),
        "properties", values_json(change));
    if (change->waived)
        json_object_set_new(result, "suppressions",
                            json_pack("[{s:s, s:o}]", "kind", "external", "justification",
                                      visible(change->waived)));
    return result;
}

static json_t *notification_json(const struct not_comparable *unknown) {
    AUTO_FREE char *text = xasprintf("%s is not comparable: %s", unknown->section, unknown->reason);
    return json_pack("{s:s, s:o}", "level", "warning", "message", message(text));
}

void report_sarif(const struct difference *difference, const struct report_options *options,
                  struct text *output) {
    (void)options;
    json_t *results = json_array(), *notifications = json_array();
    for (size_t i = 0; i < difference->count; i++)
        json_array_append_new(results, result_json(difference, &difference->changes[i]));
    for (size_t i = 0; i < difference->unknown_count; i++)
        json_array_append_new(notifications, notification_json(&difference->unknown[i]));
    json_t *json = json_pack("{s:s, s:s, s:[{s:{s:o}, s:[{s:b, s:o}], s:o, s:s, s:{s:o, s:o}}]}",
                             "$schema", SARIF_SCHEMA, "version", "2.1.0", "runs", "tool", "driver",
                             driver_json(), "invocations", "executionSuccessful", 1,
                             "toolExecutionNotifications", notifications, "results", results,
                             "columnKind", "unicodeCodePoints", "properties", "old",
                             visible(difference->old.label), "new", visible(difference->new.label));
    struct canon canon;
    canon_init(&canon, output);
    canon_json(&canon, NULL, json);
    canon_finish(&canon);
    json_decref(json);
}
