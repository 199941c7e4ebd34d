/* json.c - a difference as JSON, "ntdrift-diff/1": the contract for other programs. Canonical, as
 * snapshots are: the same difference gives the same bytes. */
#include "reports/renderers.h"

#include "snapshot/canon.h"

#define DIFFERENCE_SCHEMA "ntdrift-diff/1"

/* NULL for what a side does not tell; json_pack's "s?" and "o?" make it null. */
static const char *text_or_null(const char *text) {
    return *text ? text : NULL;
}

static json_t *pdb_json(const json_t *pdb) {
    if (!pdb)
        return json_null();
    const json_t *age = json_object_get(pdb, "age");
    return json_pack("{s:o, s:s?, s:s?}", "age",
                     json_is_integer(age) ? json_integer(json_integer_value(age)) : json_null(),
                     "guid", json_string_value(json_object_get(pdb, "guid")), "name",
                     json_string_value(json_object_get(pdb, "name")));
}

static json_t *side_json(const struct side *side) {
    return json_pack("{s:s?, s:o, s:s?, s:s?, s:o}", "arch", text_or_null(side->arch), "build",
                     side->build < 0 ? json_null() : json_integer(side->build), "build_lab",
                     text_or_null(side->build_lab), "dump_type", text_or_null(side->dump_type),
                     "pdb", pdb_json(side->pdb));
}

static json_t *change_json(const struct change *change) {
    json_t *json =
        json_pack("{s:s, s:s, s:O?, s:O?, s:s, s:s}", "kind", change->rule->id, "message",
                  change->message, "new", change->new, "old", change->old, "severity",
                  severity_name(change->severity), "subject", change->subject);
    if (change->details)
        json_object_set(json, "details", change->details);
    if (change->waived)
        json_object_set_new(json, "waived", json_pack("{s:s}", "reason", change->waived));
    return json;
}

static json_t *summary_json(const struct difference *difference) {
    json_t *summary = json_object();
    for (size_t i = 0; i < difference->count; i++) {
        const char *kind = difference->changes[i].rule->id;
        json_int_t count = json_integer_value(json_object_get(summary, kind));
        json_object_set_new(summary, kind, json_integer(count + 1));
    }
    return summary;
}

void report_json(const struct difference *difference, const struct report_options *options,
                 struct text *output) {
    (void)options;
    json_t *changes = json_array();
    for (size_t i = 0; i < difference->count; i++)
        json_array_append_new(changes, change_json(&difference->changes[i]));
    json_t *unknown = json_array();
    for (size_t i = 0; i < difference->unknown_count; i++)
        json_array_append_new(unknown,
                              json_pack("{s:s, s:s}", "reason", difference->unknown[i].reason,
                                        "section", difference->unknown[i].section));
    json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "changes", changes, "new",
                             side_json(&difference->new), "not_comparable", unknown, "old",
                             side_json(&difference->old), "schema", DIFFERENCE_SCHEMA, "summary",
                             summary_json(difference));
    struct canon canon;
    canon_init(&canon, output);
    canon_json(&canon, NULL, json);
    canon_finish(&canon);
    json_decref(json);
}
