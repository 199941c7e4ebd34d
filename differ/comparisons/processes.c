/* processes.c - the section `processes`: the processes of each system image, never matched by id.
 * What varies between the instances of one image varies with the machine, so that a change is what
 * holds for all of them. */
#include "differ/comparisons/comparison.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/process.h"
#include "differ/comparisons/value.h"

/* The processes of one image on one side. */
struct crowd {
    json_t *all;
    json_t *live; /* those that have not exited: the others are half torn down */
};

struct comparing {
    struct difference *difference;
    const char *image;
    const char *where; /* for messages: " in session 0"; "" for all processes of the image */
    struct crowd old;
    struct crowd new;
    const struct comparing *whole; /* of a role: all processes of the image; else NULL */
};

/* What a process is to Windows: services and the system live in session 0 since Vista, each user
 * in a session of its own ("Application Compatibility: Session 0 Isolation", Microsoft), and what
 * is older than all sessions in none. Which number a user's session has is chance. */
enum role { ROLE_NONE, ROLE_SYSTEM, ROLE_USER, ROLE_COUNT };

static const char *const role_words[] = {
    [ROLE_NONE] = " outside all sessions",
    [ROLE_SYSTEM] = " in session 0",
    [ROLE_USER] = " in sessions of users",
};

/* ---- crowds ---- */

/* A process that was created and has ended can stay as an object for long. */
static bool has_exited(const json_t *process) {
    const json_t *threads = json_object_get(process, "active_threads");
    return json_is_string(json_object_get(process, "exit_time")) ||
           (json_is_integer(threads) && json_integer_value(threads) == 0);
}

static struct crowd crowd_of(const json_t *processes, const struct system_image *image) {
    struct crowd crowd = {json_array(), json_array()};
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process) {
        const char *name = json_string_value(json_object_get(process, "name"));
        if (!name || !system_image_is(image, name))
            continue;
        json_array_append(crowd.all, process);
        if (!has_exited(process))
            json_array_append(crowd.live, process);
    }
    return crowd;
}

static bool has_role(const json_t *process, enum role role) {
    const json_t *session = json_object_get(process, "session");
    if (!session)
        return role == ROLE_NONE;
    return json_is_integer(session) &&
           role == (json_integer_value(session) == 0 ? ROLE_SYSTEM : ROLE_USER);
}

/* Those of a crowd that have a role. */
static struct crowd crowd_in_role(const struct crowd *whole, enum role role) {
    struct crowd crowd = {json_array(), json_array()};
    size_t index;
    json_t *process;
    json_array_foreach(whole->all, index, process) {
        if (has_role(process, role))
            json_array_append(crowd.all, process);
    }
    json_array_foreach(whole->live, index, process) {
        if (has_role(process, role))
            json_array_append(crowd.live, process);
    }
    return crowd;
}

static void crowd_deinit(struct crowd *crowd) {
    json_decref(crowd->all);
    json_decref(crowd->live);
}

/* The value at object.key that all processes of an array have; NULL where they have none, not all
 * the same, or one is not known. */
static const json_t *common_value(const json_t *processes, const char *object, const char *key) {
    const json_t *common = NULL;
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process) {
        const json_t *value = json_object_get(json_object_get(process, object), key);
        if (!json_value_is_known(value) || (common && !json_equal(common, value)))
            return NULL;
        common = value;
    }
    return common;
}

/* Whether all processes of the image tell what those of a role would: it is told of them all. */
static bool is_told_of_all(const struct comparing *comparing, const char *object, const char *key) {
    return comparing->whole && common_value(comparing->whole->old.live, object, key) &&
           common_value(comparing->whole->new.live, object, key);
}

/* ---- parents ---- */

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

static void compare_parents(const struct comparing *comparing) {
    size_t unknown = 0;
    json_t *old = parents_of(comparing->old.all, &unknown);
    json_t *new = parents_of(comparing->new.all, &unknown);
    if (unknown) {
        AUTO_FREE char *reason =
            xasprintf("%s: the parent of %zu %s is not known", comparing->image, unknown,
                      unknown == 1 ? "process" : "processes");
        difference_not_comparable(comparing->difference, "processes", reason);
    } else if (!same_names(old, new)) {
        AUTO_FREE char *message = parents_text(comparing->image, old, new);
        difference_add(comparing->difference, "process.parent.shifted", comparing->image,
                       json_incref(old), json_incref(new), NULL, "%s", message);
    }
    json_decref(old);
    json_decref(new);
}

char *process_parent_images(const json_t *processes, const struct system_image *image) {
    struct crowd crowd = crowd_of(processes, image);
    size_t unknown = 0;
    json_t *parents = parents_of(crowd.all, &unknown);
    char *text = unknown ? NULL : names_text(parents);
    json_decref(parents);
    crowd_deinit(&crowd);
    return text;
}

/* ---- bits, views, protection, integrity ---- */

static void compare_bits(const struct comparing *comparing) {
    const json_t *bits = json_object_get(json_array_get(comparing->old.live, 0), "bits");
    const char *bit;
    const json_t *value;
    json_object_foreach((json_t *)bits, bit, value) {
        const json_t *old = common_value(comparing->old.live, "bits", bit);
        const json_t *new = common_value(comparing->new.live, "bits", bit);
        if (!json_is_integer(old) || !json_is_integer(new) || json_equal(old, new) ||
            is_told_of_all(comparing, "bits", bit))
            continue;
        AUTO_FREE char *subject = xasprintf("%s:%s", comparing->image, bit);
        difference_add(comparing->difference, "process.bit.changed", subject, json_value_copy(old),
                       json_value_copy(new), NULL,
                       "%s of %s%s was %" JSON_INTEGER_FORMAT " and is %" JSON_INTEGER_FORMAT, bit,
                       comparing->image, comparing->where, json_integer_value(old),
                       json_integer_value(new));
    }
}

/* Lists that hold a process as long as it lives; a view that depends on what runs at the moment is
 * none of them. */
static const struct {
    const char *key;
    const char *list;
} views[] = {
    {"active_process_links", "ActiveProcessLinks"},
    {"cid_table", "the client id table"},
    {"mm_process_links", "MmProcessLinks"},
    {"session_links", "SessionProcessLinks"},
};

static void compare_views(const struct comparing *comparing) {
    for (size_t i = 0; i < ARRAY_LENGTH(views); i++) {
        const json_t *old = common_value(comparing->old.live, "views", views[i].key);
        const json_t *new = common_value(comparing->new.live, "views", views[i].key);
        if (!json_is_boolean(old) || !json_is_boolean(new) || json_equal(old, new) ||
            is_told_of_all(comparing, "views", views[i].key))
            continue;
        AUTO_FREE char *subject = xasprintf("%s:%s", comparing->image, views[i].key);
        difference_add(comparing->difference, "process.view.changed", subject, json_value_copy(old),
                       json_value_copy(new), NULL, "%s%s was %s %s and is %s it", comparing->image,
                       comparing->where, json_is_true(old) ? "on" : "off", views[i].list,
                       json_is_true(new) ? "on" : "off");
    }
}

/* The parts of a protection that all processes share. */
static json_t *protection_of(const json_t *processes) {
    static const char *const parts[] = {"level", "type", "signer", "audit"};
    json_t *protection = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        const json_t *value = common_value(processes, "protection", parts[i]);
        if (value)
            json_object_set_new(protection, parts[i], json_value_copy(value));
    }
    return protection;
}

/* "0x62 (WinTcb, Protected)" */
static char *protection_text(const json_t *protection) {
    const char *level = json_string_value(json_object_get(protection, "level"));
    const char *signer = json_string_value(json_object_get(protection, "signer"));
    const char *type = json_string_value(json_object_get(protection, "type"));
    return signer && type ? xasprintf("%s (%s, %s)", level, signer, type) : xstrdup(level);
}

/* `level` holds type, audit and signer in one byte (_PS_PROTECTION). */
static void compare_protection(const struct comparing *comparing) {
    const json_t *old = common_value(comparing->old.live, "protection", "level");
    const json_t *new = common_value(comparing->new.live, "protection", "level");
    if (!json_is_string(old) || !json_is_string(new) || json_equal(old, new) ||
        is_told_of_all(comparing, "protection", "level"))
        return;
    json_t *before = protection_of(comparing->old.live);
    json_t *after = protection_of(comparing->new.live);
    AUTO_FREE char *from = protection_text(before);
    AUTO_FREE char *to = protection_text(after);
    difference_add(comparing->difference, "process.protection.changed", comparing->image, before,
                   after, NULL, "the protection of %s%s was %s and is %s", comparing->image,
                   comparing->where, from, to);
}

static void compare_integrity(const struct comparing *comparing) {
    const json_t *old = common_value(comparing->old.live, "integrity", "level");
    const json_t *new = common_value(comparing->new.live, "integrity", "level");
    if (!json_is_string(old) || !json_is_string(new) || json_equal(old, new) ||
        is_told_of_all(comparing, "integrity", "level"))
        return;
    difference_add(comparing->difference, "process.integrity.changed", comparing->image,
                   json_value_copy(old), json_value_copy(new), NULL,
                   "the integrity level of %s%s was %s and is %s", comparing->image,
                   comparing->where, json_string_value(old), json_string_value(new));
}

/* ---- images ---- */

const char *processes_why_incomplete(const json_t *snapshot, const json_t *processes) {
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(snapshot, "findings"), index, item) {
        const char *kind = json_string_value(json_object_get(item, "kind"));
        const char *subject = json_string_value(json_object_get(item, "subject"));
        if (kind && subject && strncmp(kind, "list.", strlen("list.")) == 0 &&
            strcmp(subject, "PsActiveProcessHead") == 0)
            return "its process list does not close";
    }
    json_array_foreach(processes, index, item) {
        if (!json_is_string(json_object_get(item, "name")))
            return "it has processes without a name";
    }
    return NULL;
}

static void compare_presence(const struct comparing *comparing, const struct system_image *image,
                             bool old_whole, bool new_whole) {
    size_t old = json_array_size(comparing->old.live), new = json_array_size(comparing->new.live);
    if (!image->steady || (old && new) || (!old && !new))
        return;
    /* One that has exited was there: its object is. */
    bool added = !old && old_whole && !json_array_size(comparing->old.all);
    bool removed = !new &&new_whole && !json_array_size(comparing->new.all);
    if (!added && !removed)
        return;
    difference_add(comparing->difference, added ? "process.image.added" : "process.image.removed",
                   comparing->image, added ? NULL : json_integer((json_int_t)old),
                   added ? json_integer((json_int_t) new) : NULL, NULL, "%s %s (%zu %s)",
                   comparing->image, added ? "runs now" : "no longer runs", added ? new : old,
                   (added ? new : old) == 1 ? "process" : "processes");
}

/* Says so where a side's list is not whole; gives whether it is. */
static bool is_whole(struct difference *difference, const struct side *side, const char *name,
                     const json_t *processes) {
    const char *why = processes_why_incomplete(side->snapshot, processes);
    if (!why)
        return true;
    AUTO_FREE char *reason = xasprintf("images that the %s snapshot lacks: %s", name, why);
    difference_not_comparable(difference, "processes", reason);
    return false;
}

static void compare_values(const struct comparing *comparing) {
    compare_bits(comparing);
    compare_views(comparing);
    compare_protection(comparing);
    compare_integrity(comparing);
}

/* Where the processes of an image are not all alike, those in one role can be. */
static void compare_roles(const struct comparing *whole) {
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        struct comparing comparing = {.difference = whole->difference,
                                      .image = whole->image,
                                      .where = role_words[role],
                                      .old = crowd_in_role(&whole->old, role),
                                      .new = crowd_in_role(&whole->new, role),
                                      .whole = whole};
        compare_values(&comparing);
        crowd_deinit(&comparing.old);
        crowd_deinit(&comparing.new);
    }
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    if (!json_is_array(old) || !json_is_array(new)) {
        difference_not_comparable(difference, "processes", "a snapshot has no list of processes");
        return;
    }
    bool old_whole = is_whole(difference, &difference->old, "old", old);
    bool new_whole = is_whole(difference, &difference->new, "new", new);
    for (const struct system_image *image = system_images; image->name; image++) {
        struct comparing comparing = {.difference = difference,
                                      .image = image->name,
                                      .where = "",
                                      .old = crowd_of(old, image),
                                      .new = crowd_of(new, image)};
        compare_presence(&comparing, image, old_whole, new_whole);
        if (json_array_size(comparing.old.all) && json_array_size(comparing.new.all))
            compare_parents(&comparing);
        compare_values(&comparing);
        compare_roles(&comparing);
        crowd_deinit(&comparing.old);
        crowd_deinit(&comparing.new);
    }
}

const struct comparison comparison_processes = {"processes", run};
