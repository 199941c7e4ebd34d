/* object_names.c - the section `objects`: names in the directories that the kernel and the session
 * manager fill themselves. All others hold what programs and devices of one machine put there. */
#include "differ/comparisons/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/name.h"
#include "differ/comparisons/value.h"

/* What is in each: "Object Manager Namespace", Windows Internals, Part 2, 7th edition (2021),
 * chapter 8; "KnownDLLs": "Dynamic-link library search order", Microsoft. */
static const char *const directories[] = {
    "\\", "\\Callback", "\\KernelObjects", "\\KnownDlls", "\\KnownDlls32", "\\Security",
};

/* Types of objects that other kinds of change tell of, or of which each session has one. */
static const char *const types_left_out[] = {"ALPC Port", "Job", "Session"};

struct names {
    const json_t **items; /* objects, by name */
    size_t count;
    size_t vague; /* objects without a name or type */
};

static const char *name_of(const json_t *object) {
    return json_value_string(object, "name");
}

static int by_name(const void *left, const void *right) {
    return strcmp(name_of(*(const json_t *const *)left), name_of(*(const json_t *const *)right));
}

static bool is_left_out(const char *type) {
    for (size_t i = 0; i < ARRAY_LENGTH(types_left_out); i++)
        if (strcmp(type, types_left_out[i]) == 0)
            return true;
    return false;
}

static struct names names_of(const json_t *directory) {
    struct names names = {.items = xcalloc(json_array_size(directory) + 1, sizeof *names.items)};
    size_t i;
    json_t *object;
    json_array_foreach(directory, i, object) {
        const char *type = json_value_string(object, "type");
        if (!name_of(object) || !type)
            names.vague++;
        else if (!is_left_out(type) && !name_is_made_up(name_of(object)))
            names.items[names.count++] = object;
    }
    qsort(names.items, names.count, sizeof *names.items, by_name);
    return names;
}

static void report(struct difference *difference, const char *directory, const json_t *object,
                   bool is_new) {
    const char *name = name_of(object), *type = json_value_string(object, "type");
    AUTO_FREE char *path = xasprintf("%s%s%s", directory, directory[1] ? "\\" : "", name);
    json_t *value = json_pack("{s:s}", "type", type);
    difference_add(difference, is_new ? "object.name.added" : "object.name.removed", path,
                   is_new ? NULL : value, is_new ? value : NULL, NULL, "%s (%s) %s", path, type,
                   is_new ? "is there now" : "is no longer there");
}

/* A name that one side alone has may be the one that the other could not read. */
static void report_lone(struct difference *difference, const char *directory, const json_t *object,
                        bool is_new, size_t vague) {
    const struct side *other = is_new ? &difference->old : &difference->new;
    AUTO_FREE char *reason = xasprintf(
        "names in %s that only the %s snapshot has: the section of the other is not complete",
        directory, is_new ? "new" : "old");
    if (!section_is_complete(other, "objects"))
        difference_not_comparable(difference, "objects", reason);
    else if (!vague)
        report(difference, directory, object, is_new);
}

static void compare(struct difference *difference, const char *directory, const struct names *old,
                    const struct names *new) {
    for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
        int order = i == old->count   ? 1
                    : j == new->count ? -1
                                      : by_name(&old->items[i], &new->items[j]);
        if (order < 0)
            report_lone(difference, directory, old->items[i], false, new->vague);
        if (order > 0)
            report_lone(difference, directory, new->items[j], true, old->vague);
        i += order <= 0;
        j += order >= 0;
    }
}

static void say_vague(struct difference *difference, const char *side, const char *directory,
                      size_t vague) {
    AUTO_FREE char *reason =
        xasprintf("%zu object%s in %s of the %s snapshot without a name or type", vague,
                  vague == 1 ? "" : "s", directory, side);
    if (vague)
        difference_not_comparable(difference, "objects", reason);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    const json_t *before = json_object_get(old, "directories");
    const json_t *after = json_object_get(new, "directories");
    for (size_t i = 0; i < ARRAY_LENGTH(directories); i++) {
        const json_t *of_old = json_object_get(before, directories[i]);
        const json_t *of_new = json_object_get(after, directories[i]);
        if (!json_is_array(of_old) || !json_is_array(of_new))
            continue;
        struct names olds = names_of(of_old), news = names_of(of_new);
        say_vague(difference, "old", directories[i], olds.vague);
        say_vague(difference, "new", directories[i], news.vague);
        compare(difference, directories[i], &olds, &news);
        free(olds.items);
        free(news.items);
    }
}

const struct comparison comparison_object_names = {.section = "objects", .run = run};
