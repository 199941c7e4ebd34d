/* history_services.c - the rows of system services and stubs. A build that has no service table has
 * the numbers of its stubs, if it has those. */
#include "differ/history.h"

#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/service.h"

/* The services of each build; `is_known` where a build has any. */
struct collecting {
    struct history *history;
    struct services *services;
    bool *is_known;
};

static const json_t *stubs_of(const struct side *side, const char *name) {
    const json_t *section = json_object_get(side->snapshot, "stubs");
    return services_find_list(&services_stubs, json_object_get(section, "modules"), name);
}

static void read_build(struct collecting *collecting, size_t build, const char *table_name,
                       const char *module_name) {
    const struct side *side = &collecting->history->sides[build];
    if (!history_same_architecture(collecting->history, build))
        return;
    const json_t *table = comparison_services(side->snapshot, table_name),
                 *stubs = stubs_of(side, module_name);
    collecting->is_known[build] = table || stubs;
    if (table)
        collecting->services[build] = services_of_table(table);
    else if (stubs)
        collecting->services[build] = services_of_stubs(stubs, NULL);
    services_sort(&collecting->services[build]);
}

static bool seen_before(const struct collecting *collecting, size_t build, size_t index) {
    const struct services *services = &collecting->services[build];
    const char *name = services->items[index].name;
    if (index && strcmp(services->items[index - 1].name, name) == 0)
        return true;
    for (size_t i = 0; i < build; i++)
        if (services_find(&collecting->services[i], name))
            return true;
    return false;
}

static void add_service(const struct collecting *collecting, const char *table, const char *name) {
    struct history *history = collecting->history;
    struct cell *cells = history_cells(history);
    uint64_t order = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct services *services = &collecting->services[i];
        const struct service *service = services_find(services, name);
        if (!service) {
            cells[i].state =
                collecting->is_known[i] && !services->nameless ? CELL_ABSENT : CELL_UNKNOWN;
            continue;
        }
        order = (uint64_t)service->number;
        cells[i] = (struct cell){CELL_PRESENT, xasprintf("%" JSON_INTEGER_FORMAT, service->number)};
    }
    history_add(history, "service", table, name, cells, order);
}

static void collect_services(struct collecting *collecting, const char *table, const char *module) {
    size_t count = collecting->history->count;
    for (size_t i = 0; i < count; i++)
        read_build(collecting, i, table, module);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < collecting->services[i].count; j++)
            if (!seen_before(collecting, i, j))
                add_service(collecting, table, collecting->services[i].items[j].name);
    for (size_t i = 0; i < count; i++) {
        services_deinit(&collecting->services[i]);
        collecting->is_known[i] = false;
    }
}

static void collect_stubs(struct history *history, const char *module, const char *name) {
    struct cell *cells = history_cells(history);
    for (size_t i = 0; i < history->count; i++) {
        const json_t *stubs = stubs_of(&history->sides[i], module);
        char *way = stubs && history_same_architecture(history, i) ? stubs_way(stubs) : NULL;
        if (way)
            cells[i] = (struct cell){CELL_PRESENT, way};
    }
    history_add(history, "stub", "stubs", name, cells, 0);
}

void history_of_services(struct history *history) {
    struct collecting collecting = {
        .history = history,
        .services = xcalloc(history->count, sizeof(struct services)),
        .is_known = xcalloc(history->count, sizeof(bool)),
    };
    for (const struct service_door *door = service_doors; door->table; door++) {
        collect_services(&collecting, door->table, door->module);
        collect_stubs(history, door->module, door->name);
    }
    free(collecting.services);
    free(collecting.is_known);
}
