/* alpc_ports.c - the section `alpc`: named connection ports of system processes, which are the
 * doors that all others come in by. What services and programs open besides follows what is
 * installed and runs. */
#include "differ/comparisons/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/name.h"
#include "differ/comparisons/process.h"
#include "differ/comparisons/value.h"

struct door {
    char *name;
    const char *owner;
};

struct doors {
    struct door *items; /* by name, each once */
    size_t count;
    size_t vague; /* named ports of which it is not known whether they are doors */
};

/* svchost.exe hosts services of any maker. */
static bool is_door_keeper(const char *owner) {
    for (const struct system_image *image = system_images; image->name; image++)
        if (system_image_is(image, owner))
            return image->steady && !image->where_needed && strcmp(owner, "svchost.exe") != 0;
    return false;
}

static int by_name(const void *left, const void *right) {
    const struct door *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static void drop_twins(struct doors *doors) {
    size_t kept = 0;
    for (size_t i = 0; i < doors->count; i++) {
        if (kept && strcmp(doors->items[kept - 1].name, doors->items[i].name) == 0)
            free(doors->items[i].name);
        else
            doors->items[kept++] = doors->items[i];
    }
    doors->count = kept;
}

static struct doors doors_of(const json_t *section) {
    const json_t *list = json_object_get(section, "ports");
    struct doors doors = {.items = xcalloc(json_array_size(list) + 1, sizeof *doors.items)};
    size_t i;
    json_t *port;
    json_array_foreach(list, i, port) {
        const char *name = json_value_string(port, "name");
        const char *role = json_value_string(port, "role");
        const char *owner = json_value_string(json_object_get(port, "owner"), "name");
        if (name && (!role || !owner))
            doors.vague++;
        else if (name && strcmp(role, "connection") == 0 && is_door_keeper(owner) &&
                 !name_is_made_up(name))
            doors.items[doors.count++] = (struct door){name_without_session(name), owner};
    }
    qsort(doors.items, doors.count, sizeof *doors.items, by_name);
    drop_twins(&doors);
    return doors;
}

static void doors_deinit(struct doors *doors) {
    for (size_t i = 0; i < doors->count; i++)
        free(doors->items[i].name);
    free(doors->items);
}

/* ---- comparing ---- */

/* What one side knows. */
struct keepers {
    json_t *names; /* of its processes: the keys */
    bool is_whole; /* all of its own ports */
};

static struct keepers keepers_of(const struct side *side, const struct doors *doors) {
    struct keepers keepers = {json_object(), section_is_complete(side, "alpc") && !doors->vague};
    size_t i;
    json_t *process;
    json_array_foreach(json_object_get(side->snapshot, "processes"), i, process) {
        const char *name = json_value_string(process, "name");
        if (name)
            json_object_set_new(keepers.names, name, json_true());
    }
    return keepers;
}

/* A door that `other` lacks is no news where it does not know all, or its keeper does not run. */
static void report(struct difference *difference, const struct door *door, bool is_new,
                   const struct keepers *other) {
    if (!json_object_get(other->names, door->owner))
        return;
    if (!other->is_whole) {
        AUTO_FREE char *reason =
            xasprintf("ports that only the %s snapshot has: the other does not "
                      "know all of its own",
                      is_new ? "new" : "old");
        difference_not_comparable(difference, "alpc", reason);
        return;
    }
    json_t *value = json_pack("{s:s}", "owner", door->owner);
    difference_add(difference, is_new ? "alpc.port.added" : "alpc.port.removed", door->name,
                   is_new ? NULL : value, is_new ? value : NULL, NULL, "%s of %s %s", door->name,
                   door->owner, is_new ? "is there now" : "is no longer there");
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    struct doors before = doors_of(old), after = doors_of(new);
    struct keepers olds = keepers_of(&difference->old, &before);
    struct keepers news = keepers_of(&difference->new, &after);
    for (size_t i = 0, j = 0; i < before.count || j < after.count;) {
        int order = i == before.count  ? 1
                    : j == after.count ? -1
                                       : by_name(&before.items[i], &after.items[j]);
        if (order < 0)
            report(difference, &before.items[i], false, &news);
        if (order > 0)
            report(difference, &after.items[j], true, &olds);
        i += order <= 0;
        j += order >= 0;
    }
    json_decref(olds.names);
    json_decref(news.names);
    doors_deinit(&before);
    doors_deinit(&after);
}

const struct comparison comparison_alpc_ports = {.section = "alpc", .run = run};
