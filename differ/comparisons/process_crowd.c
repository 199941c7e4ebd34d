/* process_crowd.c - the processes of one system image on one side, and what is the same for all. */
#include "differ/comparisons/process_crowd.h"

#include "differ/comparisons/value.h"

bool process_has_exited(const json_t *process) {
    const json_t *threads = json_object_get(process, "active_threads");
    return json_is_string(json_object_get(process, "exit_time")) ||
           (json_is_integer(threads) && json_integer_value(threads) == 0);
}

bool process_has_role(const json_t *process, enum role role) {
    const json_t *session = json_object_get(process, "session");
    if (!session)
        return role == ROLE_NONE;
    return json_is_integer(session) &&
           role == (json_integer_value(session) == 0 ? ROLE_SYSTEM : ROLE_USER);
}

struct crowd crowd_of(const struct side *side, const json_t *processes,
                      const struct system_image *image) {
    struct crowd crowd = {side, json_array(), json_array()};
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process) {
        const char *name = json_string_value(json_object_get(process, "name"));
        if (!name || !system_image_is(image, name))
            continue;
        json_array_append(crowd.all, process);
        if (!process_has_exited(process))
            json_array_append(crowd.live, process);
    }
    return crowd;
}

struct crowd crowd_in_role(const struct crowd *whole, enum role role) {
    struct crowd crowd = {whole->side, json_array(), json_array()};
    size_t index;
    json_t *process;
    json_array_foreach(whole->all, index, process) {
        if (process_has_role(process, role))
            json_array_append(crowd.all, process);
    }
    json_array_foreach(whole->live, index, process) {
        if (process_has_role(process, role))
            json_array_append(crowd.live, process);
    }
    return crowd;
}

void crowd_deinit(struct crowd *crowd) {
    json_decref(crowd->all);
    json_decref(crowd->live);
}

const json_t *crowd_value(const struct crowd *crowd, const char *object, const char *key) {
    const json_t *common = NULL;
    size_t index;
    json_t *process;
    json_array_foreach(crowd->live, index, process) {
        const json_t *value = json_object_get(json_object_get(process, object), key);
        if (!json_value_is_known(value) || (common && !json_equal(common, value)))
            return NULL;
        common = value;
    }
    return common;
}

json_t *crowd_facet(const struct crowd *crowd, const struct facet *facet) {
    json_t *common = NULL;
    size_t index;
    json_t *process;
    json_array_foreach(crowd->live, index, process) {
        json_t *value = facet_read(facet, process, crowd->side->snapshot);
        bool is_same = value && (!common || json_equal(common, value));
        json_decref(common);
        common = value;
        if (!is_same) {
            json_decref(value);
            return NULL;
        }
    }
    return common;
}
