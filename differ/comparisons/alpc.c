/* alpc.c - the section `alpc`: ports that both sides have under one name, their roles and the
 * images of the processes that own them. Ports without a name and connections come and go with the
 * clients: they are never changes across dumps. */
#include "differ/comparisons/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/value.h"

struct port {
    const char *name, *role, *owner;
};

struct ports {
    struct port *items;
    size_t count;
    size_t vague; /* named ports whose role or owner is not known */
};

/* ---- reading ---- */

static int by_name(const void *left, const void *right) {
    const struct port *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    order = order ? order : strcmp(a->role, b->role);
    return order ? order : strcmp(a->owner, b->owner);
}

static struct ports ports_of(const json_t *section) {
    const json_t *list = json_object_get(section, "ports");
    struct ports ports = {.items = xcalloc(json_array_size(list) + 1, sizeof *ports.items)};
    size_t i;
    json_t *json;
    json_array_foreach(list, i, json) {
        struct port port = {json_value_string(json, "name"), json_value_string(json, "role"),
                            json_value_string(json_object_get(json, "owner"), "name")};
        if (port.name && port.role && port.owner)
            ports.items[ports.count++] = port;
        else if (port.name)
            ports.vague++;
    }
    qsort(ports.items, ports.count, sizeof *ports.items, by_name);
    return ports;
}

/* ---- comparing ---- */

static json_t *port_json(const struct port *port) {
    return json_pack("{s:s, s:s}", "owner", port->owner, "role", port->role);
}

static void compare_port(struct difference *difference, const struct port *old,
                         const struct port *new) {
    if (strcmp(old->role, new->role) == 0 && strcmp(old->owner, new->owner) == 0)
        return;
    difference_add(difference, "alpc.role.changed", new->name, port_json(old), port_json(new), NULL,
                   "%s was a %s port of %s and is a %s port of %s", new->name, old->role,
                   old->owner, new->role, new->owner);
}

/* How many ports, from the first on, have its name: one, but in a snapshot that lies. */
static size_t namesakes(const struct ports *ports, size_t first) {
    size_t next = first;
    while (next < ports->count && strcmp(ports->items[next].name, ports->items[first].name) == 0)
        next++;
    return next - first;
}

static void compare(struct difference *difference, const struct ports *old,
                    const struct ports *new) {
    for (size_t i = 0, j = 0; i < old->count && j < new->count;) {
        int order = strcmp(old->items[i].name, new->items[j].name);
        size_t olds = namesakes(old, i), news = namesakes(new, j);
        if (order == 0 && olds == 1 && news == 1)
            compare_port(difference, &old->items[i], &new->items[j]);
        i += order <= 0 ? olds : 0;
        j += order >= 0 ? news : 0;
    }
}

static void say_vague(struct difference *difference, const char *side, size_t vague) {
    AUTO_FREE char *reason =
        xasprintf("%zu named port%s of the %s snapshot without a role or an owner", vague,
                  vague == 1 ? "" : "s", side);
    if (vague)
        difference_not_comparable(difference, "alpc", reason);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    struct ports before = ports_of(old), after = ports_of(new);
    say_vague(difference, "old", before.vague);
    say_vague(difference, "new", after.vague);
    compare(difference, &before, &after);
    free(before.items);
    free(after.items);
}

const struct comparison comparison_alpc = {.section = "alpc", .run = run};
