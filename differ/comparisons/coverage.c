/* coverage.c - the section `coverage`: what is known on one side and not, or less, on the other. */
#include "differ/comparisons/comparison.h"

#include <string.h>

#include "base/memory.h"

/* How much is known: more is greater. */
enum extent { EXTENT_UNTOLD, EXTENT_NONE, EXTENT_PART, EXTENT_WHOLE };

/* The words of `status` and of `user_memory`. */
static const struct {
    const char *word;
    enum extent extent;
} words[] = {
    {"absent", EXTENT_NONE},   {"unavailable", EXTENT_NONE}, {"partial", EXTENT_PART},
    {"present", EXTENT_WHOLE}, {"complete", EXTENT_WHOLE},
};

static enum extent extent_of(const json_t *value) {
    const char *word = json_string_value(value);
    for (size_t i = 0; word && i < ARRAY_LENGTH(words); i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].extent;
    return EXTENT_UNTOLD;
}

static json_t *word_json(const json_t *word) {
    return word ? json_string(json_string_value(word)) : NULL;
}

/* `why` is the reason that the lesser side gives, or NULL. */
static void compare(struct difference *difference, const char *subject, const json_t *old,
                    const json_t *new, const char *why) {
    enum extent before = extent_of(old), after = extent_of(new);
    if (before == after || before == EXTENT_UNTOLD || after == EXTENT_UNTOLD)
        return;
    difference_add(difference, after > before ? "coverage.gained" : "coverage.lost", subject,
                   word_json(old), word_json(new), NULL, "%s was %s and is %s%s%s%s", subject,
                   json_string_value(old), json_string_value(new), why ? " (" : "", why ? why : "",
                   why ? ")" : "");
}

/* A section that a side's coverage does not name was not extracted. */
static const json_t *status_of(const json_t *section, json_t *not_extracted) {
    return section ? json_object_get(section, "status") : not_extracted;
}

static void compare_sections(struct difference *difference, const json_t *old, const json_t *new) {
    json_t *not_extracted = json_string("absent");
    json_t *names = json_object();
    json_object_update(names, (json_t *)old);
    json_object_update(names, (json_t *)new);
    const char *name;
    const json_t *unused;
    json_object_foreach(names, name, unused) {
        const json_t *before = json_object_get(old, name), *after = json_object_get(new, name);
        const json_t *old_status = status_of(before, not_extracted);
        const json_t *new_status = status_of(after, not_extracted);
        bool lost = extent_of(new_status) < extent_of(old_status);
        compare(difference, name, old_status, new_status,
                json_string_value(json_object_get(lost ? after : before, "reason")));
    }
    json_decref(names);
    json_decref(not_extracted);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    compare(difference, "user_memory", json_object_get(old, "user_memory"),
            json_object_get(new, "user_memory"), NULL);
    compare_sections(difference, json_object_get(old, "sections"),
                     json_object_get(new, "sections"));
}

const struct comparison comparison_coverage = {"coverage", run};
