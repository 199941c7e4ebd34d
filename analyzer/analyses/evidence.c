/* evidence.c - what is said of a list that does not close and of sources that disagree, and values
 * that several sections share. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyses/sections.h"
#include "base/memory.h"

/* False where the finding was made before: several sections read one list. */
static bool is_new(struct analysis_context *context, const char *kind, const char *name,
                   uint64_t head) {
    AUTO_FREE char *key = xasprintf("%s %s %" PRIx64, kind, name, head);
    if (!context->reported)
        context->reported = json_object();
    if (json_object_get(context->reported, key))
        return false;
    json_object_set_new_nocheck(context->reported, key, json_true());
    return true;
}

static json_t *list_evidence(const struct target *target, uint64_t head,
                             const struct list_walk *walk) {
    json_t *evidence = json_object();
    json_object_set_new(evidence, "head", json_address(target, head));
    json_object_set_new(evidence, "broken_at", json_address(target, walk->broken_at));
    json_object_set_new(evidence, "broken_from", json_address(target, walk->broken_from));
    json_object_set_new(evidence, "entries_forwards", json_integer((json_int_t)walk->gap));
    json_object_set_new(evidence, "entries_backwards",
                        json_integer((json_int_t)(walk->count - walk->gap)));
    if (walk->end == LIST_BROKEN)
        json_object_set_new(evidence, "reason", json_string(read_state_name(walk->state)));
    if (walk->back_end != LIST_CLOSED)
        json_object_set_new(evidence, "back_broken_at", json_address(target, walk->back_broken_at));
    return evidence;
}

/* A head that is not in the dump: nothing is known of the list, and nothing is wrong with it. */
static bool is_out_of_reach(const struct list_walk *walk, uint64_t head) {
    return walk->end == LIST_BROKEN && walk->state != READ_BAD_VALUE && walk->count == 0 &&
           walk->broken_at == head && walk->broken_from == head;
}

void report_list(struct analysis_context *context, const char *name, uint64_t head,
                 const struct list_walk *walk) {
    if (walk->end == LIST_CLOSED)
        return;
    enum read_state state = walk->end == LIST_BROKEN ? walk->state : READ_BAD_VALUE;
    context->coverage->unreadable[state]++;
    if (is_out_of_reach(walk, head)) {
        coverage_partial(context, "the head of a list cannot be read");
        return;
    }
    coverage_partial(context, "a list does not close: see findings");
    char kind[32];
    snprintf(kind, sizeof kind, "list.%s", list_end_name(walk->end));
    if (is_new(context, kind, name, head))
        add_finding(context, kind, name, list_evidence(context->target, head, walk));
}

void report_processes(struct analysis_context *context) {
    if (!process_set_whole(context->processes))
        coverage_partial(context, "not all processes are known: no list of them closes");
}

json_t *json_pdb(const struct pdb_identity *pdb) {
    json_t *json = json_object();
    json_object_set_new(json, "name", json_string(pdb->name));
    json_object_set_new(json, "guid", json_string(pdb->guid));
    json_object_set_new(json, "age", json_integer(pdb->age));
    return json;
}

/* ---- names of objects ---- */

#define NAME_BYTES_LEAST (16u << 20)

uint64_t name_bytes_most(const struct target *target) {
    uint64_t size = image_info(target->image)->file_size;
    return size > NAME_BYTES_LEAST ? size : NAME_BYTES_LEAST;
}

/* ---- enumerations ---- */

static const char *symbol_enumerator(const struct target *target, uint64_t value,
                                     const struct enumeration *enumeration) {
    const struct type *type =
        target->symbols ? symbols_type(target->symbols, enumeration->type) : NULL;
    size_t prefix = strlen(enumeration->prefix);
    for (size_t i = 0; type && type->kind == TYPE_ENUM && i < type->count; i++) {
        const struct constant *constant = &type->constants[i];
        if ((uint64_t)constant->value == value &&
            strncmp(constant->name, enumeration->prefix, prefix) == 0)
            return constant->name + prefix;
    }
    return NULL;
}

void put_enumerator(struct analysis_context *context, json_t *section, const char *key,
                    enum read_state state, uint64_t value, const struct enumeration *enumeration) {
    const char *name = NULL;
    if (state == READ_PRESENT)
        name = value < enumeration->count ? enumeration->names[value]
                                          : symbol_enumerator(context->target, value, enumeration);
    if (name)
        json_object_set_new(section, key, json_string(name));
    else
        put_unreadable(context, section, key, state == READ_PRESENT ? READ_BAD_VALUE : state);
}

/* ---- sources that disagree ---- */

static bool disagree(const struct claim *claims, size_t count) {
    const struct claim *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!claims[i].known)
            continue;
        if (first && claims[i].value != first->value)
            return true;
        first = &claims[i];
    }
    return false;
}

void compare_claims(struct analysis_context *context, const char *subject,
                    const struct claim *claims, size_t count) {
    if (!disagree(claims, count))
        return;
    json_t *values = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!claims[i].known)
            continue;
        json_t *value = json_object();
        json_object_set_new(value, "source", json_string(claims[i].source));
        put_value(context, value, "value", READ_PRESENT, claims[i].value, claims[i].form);
        if (claims[i].address)
            json_object_set_new(value, "address", json_address(context->target, claims[i].address));
        json_array_append_new(values, value);
    }
    json_t *evidence = json_object();
    json_object_set_new(evidence, "values", values);
    add_finding(context, "header.mismatch", subject, evidence);
}
