/* process_objects.c - the named objects that the processes of an image hold outside the namespace
 * of their own session. Files and keys are left out: their paths are those of a machine. */
#include "differ/comparisons/process_crowd.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/comparison.h"
#include "differ/comparisons/name.h"
#include "differ/comparisons/value.h"

#define TOLD_MOST 4 /* in the sentence; the values have all */

static bool is_of_kernel(const char *type) {
    static const char *const types[] = {"Event", "Mutant", "Section", "Semaphore", "Timer"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

/* "Event \BaseNamedObjects\Name", or NULL for what is not compared. */
static char *object_text(const json_t *entry) {
    const char *type = json_value_string(entry, "type");
    const char *name = json_value_string(entry, "name");
    if (!type || !name || !is_of_kernel(type) || name_is_made_up(name))
        return NULL;
    AUTO_FREE char *common = name_without_session(name);
    return xasprintf("%s %s", type, common);
}

/* Counts each object that a process holds once. */
static void count_objects(json_t *counts, const json_t *entries) {
    json_t *seen = json_object();
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry) {
        AUTO_FREE char *text = object_text(entry);
        if (!text || json_object_get(seen, text))
            continue;
        json_object_set_new(seen, text, json_true());
        json_int_t count = json_integer_value(json_object_get(counts, text));
        json_object_set_new(counts, text, json_integer(count + 1));
    }
    json_decref(seen);
}

/* {object: processes that hold it}; NULL where a process does not tell. */
static json_t *objects_of(const struct crowd *crowd) {
    json_t *counts = json_object();
    size_t i;
    json_t *process;
    json_array_foreach(crowd->live, i, process) {
        const json_t *entries = json_object_get(process, "cross_session");
        if (!json_is_array(entries)) {
            json_decref(counts);
            return NULL;
        }
        count_objects(counts, entries);
    }
    return counts;
}

/* What all processes of `with` hold and none of `without`. */
static json_t *only_in(const struct crowd *with, const json_t *held, const json_t *without) {
    json_t *only = json_array();
    const char *object;
    json_t *count;
    json_object_foreach((json_t *)held, object, count) {
        if ((size_t)json_integer_value(count) == json_array_size(with->live) &&
            !json_object_get(without, object))
            json_array_append_new(only, json_string(object));
    }
    return only;
}

static void put_objects(struct text *out, const json_t *objects, const char *what) {
    size_t count = json_array_size(objects);
    if (!count)
        return;
    text_printf(out, "%s%s ", out->length ? "; " : "", what);
    for (size_t i = 0; i < count && i < TOLD_MOST; i++)
        text_printf(out, "%s%s", i ? ", " : "", json_string_value(json_array_get(objects, i)));
    if (count > TOLD_MOST)
        text_printf(out, " and %zu more", count - TOLD_MOST);
}

static void report(const struct comparing *comparing, json_t *gone, json_t *come) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    put_objects(&text, come, "now");
    put_objects(&text, gone, "no longer");
    difference_add(comparing->difference, "process.cross-session.changed", comparing->image->name,
                   gone, come, NULL, "%s holds objects outside its session: %s",
                   comparing->image->name, text.data);
}

void process_compare_objects(const struct comparing *comparing) {
    if (!json_array_size(comparing->old.live) || !json_array_size(comparing->new.live) ||
        !section_is_complete(comparing->old.side, "cross_session") ||
        !section_is_complete(comparing->new.side, "cross_session"))
        return;
    json_t *old = objects_of(&comparing->old), *new = objects_of(&comparing->new);
    json_t *gone = old && new ? only_in(&comparing->old, old, new) : json_array();
    json_t *come = old && new ? only_in(&comparing->new, new, old) : json_array();
    if (json_array_size(gone) || json_array_size(come))
        report(comparing, json_incref(gone), json_incref(come));
    json_decref(old);
    json_decref(new);
    json_decref(gone);
    json_decref(come);
}
