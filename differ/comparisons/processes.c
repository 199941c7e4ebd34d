/* processes.c - the section `processes`: system image by system image, whether it runs, and what
 * holds for all of its processes. How many handles a process has is never a change: it follows what
 * the process did last. */
#include "differ/comparisons/comparison.h"

#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/process_crowd.h"

static const char *const role_words[] = {
    [ROLE_NONE] = " outside all sessions",
    [ROLE_SYSTEM] = " in session 0",
    [ROLE_USER] = " in sessions of users",
};

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

static void compare_presence(const struct comparing *comparing, bool old_whole, bool new_whole) {
    size_t old = json_array_size(comparing->old.live), new = json_array_size(comparing->new.live);
    if (!comparing->image->steady || (old && new) || (!old && !new))
        return;
    /* One that has exited was there: its object is. */
    bool added = !old && old_whole && !json_array_size(comparing->old.all);
    bool removed = !new &&new_whole && !json_array_size(comparing->new.all);
    if (!added && !removed)
        return;
    difference_add(comparing->difference, added ? "process.image.added" : "process.image.removed",
                   comparing->image->name, added ? NULL : json_integer((json_int_t)old),
                   added ? json_integer((json_int_t) new) : NULL, NULL, "%s %s (%zu %s)",
                   comparing->image->name, added ? "runs now" : "no longer runs", added ? new : old,
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

/* Where the processes of an image are not all alike, those in one role can be. */
static void compare_roles(const struct comparing *image, const struct comparing *whole) {
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        struct comparing comparing = {.difference = image->difference,
                                      .image = image->image,
                                      .where = role_words[role],
                                      .old = crowd_in_role(&image->old, role),
                                      .new = crowd_in_role(&image->new, role),
                                      .whole = whole};
        process_compare_values(&comparing);
        crowd_deinit(&comparing.old);
        crowd_deinit(&comparing.new);
    }
}

/* What is started where it is needed is as what it is needed for: it is compared by role alone. */
static void compare_values(const struct comparing *image) {
    if (!image->image->where_needed)
        process_compare_values(image);
    compare_roles(image, image->image->where_needed ? NULL : image);
}

/* The processes of both sides, and what is the same for all images. */
struct lists {
    const json_t *old, *new;
    bool old_whole, new_whole;
    unsigned old_roles, new_roles;
};

static void compare_image(struct difference *difference, const struct system_image *image,
                          const struct lists *lists) {
    struct comparing comparing = {.difference = difference,
                                  .image = image,
                                  .where = "",
                                  .old = crowd_of(&difference->old, lists->old, image),
                                  .new = crowd_of(&difference->new, lists->new, image)};
    compare_presence(&comparing, lists->old_whole, lists->new_whole);
    if (json_array_size(comparing.old.all) && json_array_size(comparing.new.all))
        process_compare_parents(&comparing);
    process_compare_sessions(&comparing, lists->old_roles, lists->new_roles);
    process_compare_objects(&comparing);
    compare_values(&comparing);
    crowd_deinit(&comparing.old);
    crowd_deinit(&comparing.new);
}

/* {image: its live processes}, of those that are no system image. */
static json_t *other_images(const json_t *processes) {
    json_t *images = json_object();
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process) {
        const char *name = json_string_value(json_object_get(process, "name"));
        if (!name || system_image_find(name) || process_has_exited(process))
            continue;
        if (!json_object_get(images, name))
            json_object_set_new(images, name, json_array());
        json_array_append(json_object_get(images, name), process);
    }
    return images;
}

/* Windows alone decides what is protected: of an image that runs on both sides, a change says
 * something, whoever made the image. */
static void compare_others(struct difference *difference, const struct lists *lists) {
    json_t *old_images = other_images(lists->old), *new_images = other_images(lists->new);
    const char *name;
    json_t *old;
    json_object_foreach(old_images, name, old) {
        json_t *new = json_object_get(new_images, name);
        const struct system_image image = {.name = name};
        const struct comparing comparing = {.difference = difference,
                                            .image = &image,
                                            .where = "",
                                            .old = {&difference->old, old, old},
                                            .new = {&difference->new, new, new}};
        if (new)
            process_compare_protection(&comparing);
    }
    json_decref(old_images);
    json_decref(new_images);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    if (!json_is_array(old) || !json_is_array(new)) {
        difference_not_comparable(difference, "processes", "a snapshot has no list of processes");
        return;
    }
    struct lists lists = {.old = old,
                          .new = new,
                          .old_whole = is_whole(difference, &difference->old, "old", old),
                          .new_whole = is_whole(difference, &difference->new, "new", new),
                          .old_roles = process_roles(old),
                          .new_roles = process_roles(new)};
    for (const struct system_image *image = system_images; image->name; image++)
        compare_image(difference, image, &lists);
    compare_others(difference, &lists);
}

const struct comparison comparison_processes = {"processes", run};
