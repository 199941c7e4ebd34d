/* process_facets.c - what protects a process or holds it in, each as one value. */
#include "differ/comparisons/process_facets.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/name.h"
#include "differ/comparisons/value.h"

/* ---- silo, job ---- */

/* A process that has no such member is in none, where the section tells that the build has them. */
static json_t *of_none(const json_t *process, const char *key, const json_t *snapshot,
                       const char *section) {
    bool is_known =
        !json_object_get(process, key) && json_is_array(json_object_get(snapshot, section));
    return is_known ? json_string("none") : NULL;
}

static json_t *read_silo(const json_t *process, const json_t *snapshot) {
    const json_t *silo = json_object_get(process, "silo");
    const json_t *server = json_object_get(silo, "server");
    if (!json_is_object(silo))
        return of_none(process, "silo", snapshot, "silos");
    return json_is_boolean(server) ? json_string(json_is_true(server) ? "a server silo" : "a silo")
                                   : NULL;
}

static json_t *read_job(const json_t *process, const json_t *snapshot) {
    const json_t *job = json_object_get(process, "job");
    const json_t *name = json_object_get(job, "name");
    if (!json_is_object(job))
        return of_none(process, "job", snapshot, "jobs");
    if (!name)
        return json_string("a job without a name");
    if (!json_value_string(job, "name"))
        return NULL;
    AUTO_FREE char *common = name_without_session(json_string_value(name));
    return json_string(common);
}

/* ---- protected process ---- */

/* The members of `from` that are known, if it has the first one. */
static json_t *known_parts(const json_t *from, const char *const *parts, size_t count) {
    if (!json_value_is_known(json_object_get(from, parts[0])))
        return NULL;
    json_t *known = json_object();
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(from, parts[i]);
        if (json_value_is_known(value))
            json_object_set_new(known, parts[i], json_value_copy(value));
    }
    return known;
}

/* Before 8.1 there is one kind of protected process, and a bit for it; 8.1 calls that kind
 * Protected (Windows Internals, Part 1, 7th edition, chapter 3, "Protected processes"). */
static json_t *read_protected_bit(const json_t *process) {
    const json_t *bit = json_object_get(json_object_get(process, "bits"), "ProtectedProcess");
    return json_is_integer(bit)
               ? json_pack("{s:s}", "type", json_integer_value(bit) ? "Protected" : "None")
               : NULL;
}

/* `level` holds type, audit and signer in one byte (_PS_PROTECTION). */
static json_t *read_protection(const json_t *process, const json_t *snapshot) {
    static const char *const parts[] = {"level", "type", "signer", "audit"};
    (void)snapshot;
    const json_t *protection = json_object_get(process, "protection");
    if (!protection)
        return read_protected_bit(process);
    return json_value_string(protection, "level")
               ? known_parts(protection, parts, ARRAY_LENGTH(parts))
               : NULL;
}

/* "0x62 (WinTcb, Protected)", "0x39 (Antimalware, ProtectedLight, audit)"; "Protected" where one
 * side has the bit alone */
static char *protection_words(const json_t *protection) {
    const char *level = json_string_value(json_object_get(protection, "level"));
    const char *signer = json_string_value(json_object_get(protection, "signer"));
    const char *type = json_string_value(json_object_get(protection, "type"));
    const char *audit =
        json_integer_value(json_object_get(protection, "audit")) == 1 ? ", audit" : "";
    if (!level)
        return xstrdup(type ? type : "not known");
    return signer && type ? xasprintf("%s (%s, %s%s)", level, signer, type, audit) : xstrdup(level);
}

static json_t *read_signature(const json_t *process, const json_t *snapshot) {
    static const char *const parts[] = {"signature_level", "section_signature_level"};
    (void)snapshot;
    return json_value_string(process, parts[0]) && json_value_string(process, parts[1])
               ? known_parts(process, parts, ARRAY_LENGTH(parts))
               : NULL;
}

/* SE_SIGNING_LEVEL_* (winnt.h) is in the low four bits; those above say what kind of signature. */
static const char *signature_level(const char *level) {
    static const char *const levels[] = {
        "Unchecked", "Unsigned",    "Enterprise", "Developer", "Authenticode", "Custom2",
        "Store",     "Antimalware", "Microsoft",  "Custom4",   "Custom5",      "DynamicCodegen",
        "Windows",   "Custom7",     "WindowsTcb", "Custom6",
    };
    return levels[strtoul(level, NULL, 16) & 15];
}

/* "0x3e (WindowsTcb; sections 0xc, Windows)" */
static char *signature_words(const json_t *value) {
    const char *own = json_string_value(json_object_get(value, "signature_level"));
    const char *loaded = json_string_value(json_object_get(value, "section_signature_level"));
    return xasprintf("%s (%s; sections %s, %s)", own, signature_level(own), loaded,
                     signature_level(loaded));
}

/* ---- the token ---- */

static json_t *read_integrity(const json_t *process, const json_t *snapshot) {
    (void)snapshot;
    const char *level = json_value_string(json_object_get(process, "integrity"), "level");
    return level ? json_string(level) : NULL;
}

/* A SID without what is of one machine or session: accounts of a machine or domain are
 * S-1-5-21-..., the Window Manager's S-1-5-90-0-SESSION, the Font Driver Host's S-1-5-96-0-SESSION
 * ("Security identifiers", Microsoft). */
static json_t *read_user(const json_t *process, const json_t *snapshot) {
    static const char *const varying[] = {"S-1-5-21-", "S-1-5-90-0-", "S-1-5-96-0-"};
    (void)snapshot;
    const char *user = json_value_string(json_object_get(process, "integrity"), "user");
    for (size_t i = 0; user && i < ARRAY_LENGTH(varying); i++)
        if (strncmp(user, varying[i], strlen(varying[i])) == 0)
            return json_sprintf("%s*", varying[i]);
    return user ? json_string(user) : NULL;
}

static char *user_words(const json_t *value) {
    static const struct {
        const char *sid;
        const char *name;
    } known[] = {
        {"S-1-5-18", "LocalSystem"},          {"S-1-5-19", "LocalService"},
        {"S-1-5-20", "NetworkService"},       {"S-1-5-21-*", "an account"},
        {"S-1-5-90-0-*", "a Window Manager"}, {"S-1-5-96-0-*", "a Font Driver Host"},
    };
    const char *user = json_string_value(value);
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(user, known[i].sid) == 0)
            return xasprintf("%s (%s)", user, known[i].name);
    return xstrdup(user);
}

/* Elevation enables the group Administrators; a filtered token has it for denying alone. */
static json_t *read_elevation(const json_t *process, const json_t *snapshot) {
    static const char *const parts[] = {"administrators", "filtered", "elevation"};
    (void)snapshot;
    const json_t *integrity = json_object_get(process, "integrity");
    return json_value_string(integrity, parts[0]) &&
                   json_is_boolean(json_object_get(integrity, parts[1]))
               ? known_parts(integrity, parts, ARRAY_LENGTH(parts))
               : NULL;
}

/* "Limited, Administrators deny-only, filtered" */
static char *elevation_words(const json_t *value) {
    const char *type = json_value_string(value, "elevation");
    return xasprintf("%s%sAdministrators %s%s", type ? type : "", type ? ", " : "",
                     json_string_value(json_object_get(value, "administrators")),
                     json_is_true(json_object_get(value, "filtered")) ? ", filtered" : "");
}

static json_t *read_container(const json_t *process, const json_t *snapshot) {
    (void)snapshot;
    const json_t *value = json_object_get(json_object_get(process, "integrity"), "app_container");
    return json_is_boolean(value) ? json_string(json_is_true(value) ? "its own" : "none") : NULL;
}

/* ---- the table ---- */

const struct facet process_facets[] = {
    {"process.silo.changed", "silo", read_silo, NULL, NULL},
    {"process.job.changed", "job", read_job, NULL, NULL},
    {"process.protection.changed", "protection", read_protection, protection_words, NULL},
    {"process.signature.changed", "signature level", read_signature, signature_words, NULL},
    {"process.integrity.changed", "integrity level", read_integrity, NULL, NULL},
    {"process.user.changed", "user", read_user, user_words, NULL},
    {"process.elevation.changed", "elevation", read_elevation, elevation_words,
     "process.user.changed"},
    {"process.container.changed", "app container", read_container, NULL, NULL},
    {0},
};

const struct facet *facet_find(const char *kind) {
    for (const struct facet *facet = process_facets; facet->kind; facet++)
        if (strcmp(facet->kind, kind) == 0)
            return facet;
    return NULL;
}

json_t *facet_read(const struct facet *facet, const json_t *process, const json_t *snapshot) {
    return facet->read(process, snapshot);
}

char *facet_words(const struct facet *facet, const json_t *value) {
    return facet->words ? facet->words(value) : xstrdup(json_string_value(value));
}
