/* coverage.c - the section `coverage`: what is known on one side and not, or less, on the other. */
#include "differ/comparisons/comparison.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

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

/* What coverage says of one thing on one side. */
struct told {
    const json_t *status;
    const char *reason; /* or NULL */
};

static void put_told(struct text *text, const struct told *told) {
    text_puts(text, json_string_value(told->status));
    if (told->reason)
        text_printf(text, " (%s)", told->reason);
}

/* What a user of one dump knows that a user of the other does not; nothing where the name of the
 * section says it. */
static const char *what_depends(const char *subject) {
    static const char *const user_memory =
        "; the modules of processes, their stubs, and names of what threads run depend on it";
    return strcmp(subject, "user_memory") ? "" : user_memory;
}

/* What no comparison reads, no comparison calls unknown. */
static bool is_compared(const char *section) {
    for (const struct comparison *const *each = comparisons; *each; each++)
        if (strcmp((*each)->section, section) == 0)
            return true;
    return false;
}

static void compare(struct difference *difference, const char *subject, const struct told *old,
                    const struct told *new) {
    enum extent before = extent_of(old->status), after = extent_of(new->status);
    if (before == after || before == EXTENT_UNTOLD || after == EXTENT_UNTOLD)
        return;
    struct text message AUTO(text_deinit) = TEXT_EMPTY;
    text_printf(&message, "%s was ", subject);
    put_told(&message, old);
    text_puts(&message, " and is ");
    put_told(&message, new);
    text_puts(&message, what_depends(subject));
    difference_add(difference, after > before ? "coverage.gained" : "coverage.lost", subject,
                   word_json(old->status), word_json(new->status), NULL, "%s", message.data);
    if ((before == EXTENT_NONE || after == EXTENT_NONE) && !is_compared(subject))
        difference_not_comparable(difference, subject,
                                  before == EXTENT_NONE ? "only the new snapshot has it"
                                                        : "only the old snapshot has it");
}

/* A section that a side's coverage does not name was not extracted. */
static struct told told_of(const json_t *section, const json_t *not_extracted) {
    return (struct told){section ? json_object_get(section, "status") : not_extracted,
                         json_string_value(json_object_get(section, "reason"))};
}

static void compare_sections(struct difference *difference, const json_t *old, const json_t *new) {
    json_t *not_extracted = json_string("absent");
    json_t *names = json_object();
    json_object_update(names, (json_t *)old);
    json_object_update(names, (json_t *)new);
    const char *name;
    const json_t *unused;
    json_object_foreach(names, name, unused) {
        struct told before = told_of(json_object_get(old, name), not_extracted);
        struct told after = told_of(json_object_get(new, name), not_extracted);
        compare(difference, name, &before, &after);
    }
    json_decref(names);
    json_decref(not_extracted);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    struct told before = {json_object_get(old, "user_memory"), NULL};
    struct told after = {json_object_get(new, "user_memory"), NULL};
    compare(difference, "user_memory", &before, &after);
    compare_sections(difference, json_object_get(old, "sections"),
                     json_object_get(new, "sections"));
}

const struct comparison comparison_coverage = {"coverage", run};
