/* process_parents.c - whose children the processes of an image are. */
#include "differ/comparisons/process_crowd.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* What the parent is called; NULL where it is not known. An id that went to a later process is
 * evidence that the parent is gone, and no more. */
static const char *parent_name(const json_t *process) {
    static const struct {
        const char *state;
        const char *name; /* NULL: the parent's own */
    } states[] = {
        {"alive", NULL},    {"exited", NULL}, {"absent", "(absent)"}, {"pid-reused", "(absent)"},
        {"none", "(none)"},
    };
    const json_t *parent = json_object_get(process, "parent");
    const char *state = json_string_value(json_object_get(parent, "state"));
    for (size_t i = 0; state && i < ARRAY_LENGTH(states); i++)
        if (strcmp(state, states[i].state) == 0)
            return states[i].name ? states[i].name
                                  : json_string_value(json_object_get(parent, "name"));
    return NULL;
}

/* {parent: number of children}; `unknown` counts the processes whose parent is not known. */
static json_t *parents_of(const json_t *processes, size_t *unknown) {
    json_t *parents = json_object();
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process) {
        const char *name = parent_name(process);
        if (!name) {
            (*unknown)++;
            continue;
        }
        json_int_t count = json_integer_value(json_object_get(parents, name));
        json_object_set_new(parents, name, json_integer(count + 1));
    }
    return parents;
}

static bool same_names(const json_t *old, const json_t *new) {
    const char *name;
    const json_t *count;
    json_object_foreach((json_t *)old, name, count) {
        if (!json_object_get(new, name))
            return false;
    }
    return json_object_size(old) == json_object_size(new);
}

static int by_string(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* "(absent) and smss.exe" */
static char *names_text(const json_t *parents) {
    AUTO_FREE const char **names = xcalloc(json_object_size(parents) + 1, sizeof *names);
    size_t count = 0;
    const char *name;
    const json_t *value;
    json_object_foreach((json_t *)parents, name, value) {
        names[count++] = name;
    }
    qsort(names, count, sizeof *names, by_string);
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    for (size_t i = 0; i < count; i++)
        text_printf(&text, "%s%s", !i ? "" : i + 1 < count ? ", " : " and ", names[i]);
    return text_take(&text);
}

/* "the parent of csrss.exe was smss.exe and is (absent)" */
static char *parents_text(const char *image, const json_t *old, const json_t *new) {
    bool was_one = json_object_size(old) == 1, is_one = json_object_size(new) == 1;
    AUTO_FREE char *from = names_text(old);
    AUTO_FREE char *to = names_text(new);
    const char *now = was_one && is_one     ? " and is"
                      : !was_one && !is_one ? ", and now are"
                      : is_one              ? ", and the only one now is"
                                            : ", and the parents now are";
    return xasprintf("the parent%s of %s %s %s%s %s", was_one ? "" : "s", image,
                     was_one ? "was" : "were", from, now, to);
}

void process_compare_parents(const struct comparing *comparing) {
    size_t unknown = 0;
    json_t *old = parents_of(comparing->old.all, &unknown);
    json_t *new = parents_of(comparing->new.all, &unknown);
    if (unknown) {
        AUTO_FREE char *reason =
            xasprintf("%s: the parent of %zu %s is not known", comparing->image->name, unknown,
                      unknown == 1 ? "process" : "processes");
        difference_not_comparable(comparing->difference, "processes", reason);
    } else if (!same_names(old, new)) {
        AUTO_FREE char *message = parents_text(comparing->image->name, old, new);
        difference_add(comparing->difference, "process.parent.shifted", comparing->image->name,
                       json_incref(old), json_incref(new), NULL, "%s", message);
    }
    json_decref(old);
    json_decref(new);
}

char *process_parent_images(const json_t *processes, const struct system_image *image) {
    struct crowd crowd = crowd_of(NULL, processes, image);
    size_t unknown = 0;
    json_t *parents = parents_of(crowd.all, &unknown);
    char *text = unknown ? NULL : names_text(parents);
    json_decref(parents);
    crowd_deinit(&crowd);
    return text;
}
