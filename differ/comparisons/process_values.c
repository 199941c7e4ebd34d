/* process_values.c - what is set in a process and what holds it: bits, views, facets, mitigations.
 */
#include "differ/comparisons/process_crowd.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/value.h"
#include "differ/type_size.h"

/* ---- bits, views ---- */

/* Whether all processes of the image tell what those of a role would: it is told of them all. */
static bool is_told_of_all(const struct comparing *comparing, const char *object, const char *key) {
    return comparing->whole && crowd_value(&comparing->whole->old, object, key) &&
           crowd_value(&comparing->whole->new, object, key);
}

static void compare_bits(const struct comparing *comparing) {
    const char *image = comparing->image->name;
    const json_t *bits = json_object_get(json_array_get(comparing->old.live, 0), "bits");
    const char *bit;
    const json_t *value;
    json_object_foreach((json_t *)bits, bit, value) {
        const json_t *old = crowd_value(&comparing->old, "bits", bit);
        const json_t *new = crowd_value(&comparing->new, "bits", bit);
        if (!json_is_integer(old) || !json_is_integer(new) || json_equal(old, new) ||
            is_told_of_all(comparing, "bits", bit))
            continue;
        AUTO_FREE char *subject = xasprintf("%s:%s", image, bit);
        difference_add(comparing->difference, "process.bit.changed", subject, json_value_copy(old),
                       json_value_copy(new), NULL,
                       "%s of %s%s was %" JSON_INTEGER_FORMAT " and is %" JSON_INTEGER_FORMAT, bit,
                       image, comparing->where, json_integer_value(old), json_integer_value(new));
    }
}

static void drop_lone_parts(json_t *value, const json_t *other) {
    const char *part;
    json_t *of_value;
    void *next;
    json_object_foreach_safe(value, next, part, of_value) {
        if (!json_object_get(other, part))
            json_object_del(value, part);
    }
}

/* The values of a facet on both sides: false where one does not know it. Parts that one side alone
 * has are left out: its build has them, or its symbols tell them. */
static bool read_pair(const struct comparing *comparing, const struct facet *facet, json_t **old,
                      json_t **new) {
    *old = crowd_facet(&comparing->old, facet);
    *new = *old ? crowd_facet(&comparing->new, facet) : NULL;
    if (*old && *new) {
        drop_lone_parts(*old, *new);
        drop_lone_parts(*new, *old);
        return true;
    }
    json_decref(*old);
    json_decref(*new);
    return false;
}

static bool has_changed(const struct comparing *comparing, const char *kind) {
    json_t *old, *new;
    if (!read_pair(comparing, facet_find(kind), &old, &new))
        return false;
    bool has = !json_equal(old, new);
    json_decref(old);
    json_decref(new);
    return has;
}

/* Views that are no property of the image: what a processor happens to run, and the rings of jobs,
 * which say again what process.job.changed says. */
static bool is_view_of_image(const struct comparing *comparing, const char *view) {
    return strcmp(view, "processor") != 0 &&
           (strcmp(view, "job_links") != 0 || !has_changed(comparing, "process.job.changed"));
}

/* Whichever views there are: one that a side lacks is no value that all its processes have. */
static void compare_views(const struct comparing *comparing) {
    const char *image = comparing->image->name;
    const json_t *views = json_object_get(json_array_get(comparing->old.live, 0), "views");
    const char *view;
    const json_t *value;
    json_object_foreach((json_t *)views, view, value) {
        const json_t *old = crowd_value(&comparing->old, "views", view);
        const json_t *new = crowd_value(&comparing->new, "views", view);
        if (!json_is_boolean(old) || !json_is_boolean(new) || json_equal(old, new) ||
            is_told_of_all(comparing, "views", view) || !is_view_of_image(comparing, view))
            continue;
        AUTO_FREE char *subject = xasprintf("%s:%s", image, view);
        difference_add(comparing->difference, "process.view.changed", subject, json_value_copy(old),
                       json_value_copy(new), NULL, "%s%s was %s %s and is %s it", image,
                       comparing->where, json_is_true(old) ? "in" : "not in", view,
                       json_is_true(new) ? "in" : "not in");
    }
}

/* ---- facets ---- */

static bool is_facet_of_all(const struct comparing *whole, const struct facet *facet) {
    json_t *old, *new;
    if (!whole || !read_pair(whole, facet, &old, &new))
        return false;
    json_decref(old);
    json_decref(new);
    return true;
}

static void compare_facet(const struct comparing *comparing, const struct facet *facet) {
    json_t *old, *new;
    if (!read_pair(comparing, facet, &old, &new))
        return;
    if (!json_equal(old, new) && !is_facet_of_all(comparing->whole, facet) &&
        !(facet->cause && has_changed(comparing, facet->cause))) {
        AUTO_FREE char *from = facet_words(facet, old);
        AUTO_FREE char *to = facet_words(facet, new);
        difference_add(comparing->difference, facet->kind, comparing->image->name, json_incref(old),
                       json_incref(new), NULL, "the %s of %s%s was %s and is %s", facet->noun,
                       comparing->image->name, comparing->where, from, to);
    }
    json_decref(old);
    json_decref(new);
}

/* ---- mitigations ---- */

#define WORD_BITS 32

/* What a word of mitigations holds in all processes of a crowd. */
enum holding { HOLDING_NONE, HOLDING_ALL, HOLDING_VARIES };

static bool has_bit(const json_t *names, const char *bit) {
    for (size_t i = 0; i < json_array_size(names) && i < WORD_BITS; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (name && strcmp(name, bit) == 0)
            return true;
    }
    return false;
}

static enum holding holding_of(const struct crowd *crowd, const char *word, const char *bit) {
    size_t holders = 0, index;
    json_t *process;
    json_array_foreach(crowd->live, index, process) {
        const json_t *names = json_object_get(json_object_get(process, "mitigations"), word);
        if (!json_is_array(names))
            return HOLDING_VARIES;
        holders += has_bit(names, bit);
    }
    return !index             ? HOLDING_VARIES
           : !holders         ? HOLDING_NONE
           : holders == index ? HOLDING_ALL
                              : HOLDING_VARIES;
}

/* That a bit is not set says something of a build that has it. */
static bool has_member(const struct side *side, const char *bit) {
    return json_object_get(json_object_get(side_type(side, "_EPROCESS"), "fields"), bit);
}

/* The bits of a word that all processes have in `with` and none has in `without`. */
static void gather_bits(json_t *bits, const struct crowd *with, const struct crowd *without,
                        const struct comparing *whole, const char *word) {
    const json_t *names =
        json_object_get(json_object_get(json_array_get(with->live, 0), "mitigations"), word);
    for (size_t i = 0; i < json_array_size(names) && i < WORD_BITS; i++) {
        const char *bit = json_string_value(json_array_get(names, i));
        if (bit && holding_of(with, word, bit) == HOLDING_ALL &&
            holding_of(without, word, bit) == HOLDING_NONE && has_member(without->side, bit) &&
            !(whole && holding_of(&whole->old, word, bit) != HOLDING_VARIES &&
              holding_of(&whole->new, word, bit) != HOLDING_VARIES))
            json_array_append_new(bits, json_string(bit));
    }
}

static void put_bits(struct text *out, const json_t *bits, const char *what) {
    for (size_t i = 0; i < json_array_size(bits); i++)
        text_printf(out, "%s%s", !i ? (out->length ? "; " : "") : ", ",
                    json_string_value(json_array_get(bits, i)));
    if (json_array_size(bits))
        text_puts(out, what);
}

/* One change for all bits of all words: they are switched by one policy. */
static void compare_mitigations(const struct comparing *comparing) {
    const json_t *words = json_object_get(json_array_get(comparing->new.live, 0), "mitigations");
    const char *word;
    const json_t *value;
    json_t *cleared = json_array(), *set = json_array();
    json_object_foreach((json_t *)words, word, value) {
        gather_bits(cleared, &comparing->old, &comparing->new, comparing->whole, word);
        gather_bits(set, &comparing->new, &comparing->old, comparing->whole, word);
    }
    if (json_array_size(cleared) || json_array_size(set)) {
        AUTO(text_deinit) struct text text = TEXT_EMPTY;
        put_bits(&text, set, " set");
        put_bits(&text, cleared, " no longer set");
        difference_add(comparing->difference, "process.mitigation.changed", comparing->image->name,
                       json_incref(cleared), json_incref(set), NULL, "mitigations of %s%s: %s",
                       comparing->image->name, comparing->where, text.data);
    }
    json_decref(cleared);
    json_decref(set);
}

static bool is_protected(const struct crowd *crowd) {
    const char *level = json_string_value(crowd_value(crowd, "protection", "level"));
    return (level && strcmp(level, "0x0") != 0) ||
           json_integer_value(crowd_value(crowd, "bits", "ProtectedProcess"));
}

void process_compare_protection(const struct comparing *comparing) {
    if (!is_protected(&comparing->old) && !is_protected(&comparing->new))
        return;
    compare_facet(comparing, facet_find("process.protection.changed"));
    compare_facet(comparing, facet_find("process.signature.changed"));
}

void process_compare_values(const struct comparing *comparing) {
    compare_bits(comparing);
    compare_views(comparing);
    for (const struct facet *facet = process_facets; facet->kind; facet++)
        compare_facet(comparing, facet);
    compare_mitigations(comparing);
}
