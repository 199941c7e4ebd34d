/* difference.c - the differ's result: sides, changes, order. */
#include "differ/difference.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/prominence.h"

/* ---- sides ---- */

static const char *string_or_empty(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static int number_or_unknown(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);
    return json_is_integer(value) && number >= 0 && number <= INT_MAX ? (int)number : -1;
}

/* "10240.16393" out of "10240.16393.amd64fre.th1_st1.150717-1719"; "" where it is not so. */
static int build_and_revision(const char *build_lab) {
    int length = 0;
    sscanf(build_lab, "%*9[0-9].%*9[0-9]%n", &length);
    return length;
}

#define UNKNOWN_BUILD "(unknown build)"

/* A short name that tells this side from the other wherever anything does. */
static char *make_label(const struct side *side, const json_t *system) {
    int length = build_and_revision(side->build_lab);
    if (length)
        return xstrndup(side->build_lab, (size_t)length);
    int revision = number_or_unknown(system, "revision");
    if (side->build >= 0 && revision >= 0)
        return xasprintf("%d.%d", side->build, revision);
    if (side->build >= 0)
        return xasprintf("%d", side->build);
    const char *guid = string_or_empty(side->pdb, "guid");
    if (*guid)
        return xasprintf("%s %.8s", string_or_empty(side->pdb, "name"), guid);
    return xstrdup(UNKNOWN_BUILD);
}

static const json_t *object_or_null(const json_t *value) {
    return json_is_object(value) ? value : NULL;
}

void side_init(struct side *side, const json_t *snapshot) {
    const json_t *system = json_object_get(snapshot, "system");
    const json_t *pdb = object_or_null(json_object_get(system, "kernel_pdb"));
    if (!pdb)
        pdb = object_or_null(json_object_get(json_object_get(snapshot, "layouts"), "pdb"));
    *side = (struct side){
        .path = "",
        .snapshot = snapshot,
        .build = number_or_unknown(system, "build"),
        .build_lab = string_or_empty(system, "build_lab"),
        .arch = string_or_empty(system, "arch"),
        .dump_type = string_or_empty(json_object_get(snapshot, "dump"), "type"),
        .pdb = pdb,
    };
    side->label = make_label(side, system);
}

void side_deinit(struct side *side) {
    free(side->label);
    side->label = NULL;
}

/* "ntkrnlmp-19041.508" out of "layouts/ntkrnlmp-19041.508.json". */
static char *name_of_file(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = strlen(name), suffix = strlen(".json");
    if (strcmp(name, "-") == 0)
        return xstrdup("standard input");
    if (length > suffix && strcmp(name + length - suffix, ".json") == 0)
        length -= suffix;
    return xstrndup(name, length);
}

static bool is_shared(struct side *const *sides, size_t count, size_t which) {
    for (size_t i = 0; i < count; i++)
        if (i != which && strcmp(sides[i]->label, sides[which]->label) == 0)
            return true;
    return strcmp(sides[which]->label, UNKNOWN_BUILD) == 0;
}

void sides_name(struct side *const *sides, const char *const *paths, size_t count) {
    AUTO_FREE bool *shared = xcalloc(count + 1, sizeof *shared);
    for (size_t i = 0; i < count; i++)
        shared[i] = is_shared(sides, count, i);
    for (size_t i = 0; i < count; i++) {
        sides[i]->path = paths[i];
        if (!shared[i])
            continue;
        free(sides[i]->label);
        sides[i]->label = name_of_file(paths[i]);
    }
}

void difference_name_sides(struct difference *difference, const char *old, const char *new) {
    struct side *const sides[] = {&difference->old, &difference->new};
    sides_name(sides, (const char *const[]){old, new}, 2);
}

/* ---- adding ---- */

static char *format_message(const char *format, va_list arguments) {
    char *message = NULL;
    if (vasprintf(&message, format, arguments) < 0)
        message = xstrdup(format);
    return message;
}

struct change *difference_add(struct difference *difference, const char *id, const char *subject,
                              json_t *old, json_t *new, json_t *details, const char *message, ...) {
    const struct rule *rule = rule_find(id);
    if (!rule)
        abort(); /* a comparison names a kind that rules.c does not have */
    ARRAY_RESERVE(difference->changes, difference->count, difference->capacity);
    struct change *change = &difference->changes[difference->count++];
    va_list arguments;
    va_start(arguments, message);
    *change = (struct change){
        .rule = rule,
        .severity = rule->severity,
        .prominence = prominence_of(rule, subject),
        .subject = xstrdup(subject),
        .old = old,
        .new = new,
        .details = details,
        .message = format_message(message, arguments),
    };
    va_end(arguments);
    /* Nobody reads what holds nothing. */
    if (prominence_is_last(change->prominence))
        change->severity = SEVERITY_INFO;
    return change;
}

void difference_not_comparable(struct difference *difference, const char *section,
                               const char *reason) {
    for (size_t i = 0; i < difference->unknown_count; i++)
        if (strcmp(difference->unknown[i].section, section) == 0 &&
            strcmp(difference->unknown[i].reason, reason) == 0)
            return;
    ARRAY_RESERVE(difference->unknown, difference->unknown_count, difference->unknown_capacity);
    difference->unknown[difference->unknown_count++] =
        (struct not_comparable){xstrdup(section), xstrdup(reason)};
}

/* ---- order ---- */

static int compare_changes(const void *left, const void *right) {
    const struct change *a = left, *b = right;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    if (a->prominence != b->prominence)
        return a->prominence < b->prominence ? -1 : 1;
    int order = strverscmp(a->subject, b->subject); /* numbers in names by value */
    return order ? order : strcmp(a->message, b->message);
}

static int compare_unknown(const void *left, const void *right) {
    const struct not_comparable *a = left, *b = right;
    int order = strcmp(a->section, b->section);
    return order ? order : strcmp(a->reason, b->reason);
}

void difference_sort(struct difference *difference) {
    if (difference->count)
        qsort(difference->changes, difference->count, sizeof *difference->changes, compare_changes);
    if (difference->unknown_count)
        qsort(difference->unknown, difference->unknown_count, sizeof *difference->unknown,
              compare_unknown);
}

/* ---- making ---- */

void difference_init(struct difference *difference, const json_t *old, const json_t *new) {
    *difference = (struct difference){0};
    side_init(&difference->old, old);
    side_init(&difference->new, new);
}

void difference_deinit(struct difference *difference) {
    for (size_t i = 0; i < difference->count; i++) {
        struct change *change = &difference->changes[i];
        free(change->subject);
        free(change->message);
        free(change->waived);
        json_decref(change->old);
        json_decref(change->new);
        json_decref(change->details);
    }
    for (size_t i = 0; i < difference->unknown_count; i++) {
        free(difference->unknown[i].section);
        free(difference->unknown[i].reason);
    }
    free(difference->changes);
    free(difference->unknown);
    side_deinit(&difference->old);
    side_deinit(&difference->new);
    *difference = (struct difference){0};
}
