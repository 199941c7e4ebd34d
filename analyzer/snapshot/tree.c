/* tree.c - a tree out of pulled values, without recursion. */
#include "snapshot/tree.h"

#include <stdbool.h>

#include "base/memory.h"
#include "symbols/json_pull.h"

struct building {
    struct json_pull pull;
    json_t
        *open[PULL_DEPTH]; /* containers that are not yet closed; each belongs to the one before */
    size_t depth;
};

static json_t *pull_json_word(struct json_pull *pull) {
    bool value;
    if (pull_null(pull))
        return json_null();
    return pull_boolean(pull, &value) ? json_boolean(value) : NULL;
}

static json_t *pull_json_integer(struct json_pull *pull) {
    int64_t value;
    return pull_integer(pull, &value) ? json_integer(value) : NULL;
}

/* A value that holds none, or an empty container whose elements are to come; NULL on failure. */
static json_t *pull_value(struct json_pull *pull) {
    switch (pull_peek(pull)) {
    case '{':
        return pull_object(pull) ? json_object() : NULL;
    case '[':
        return pull_array(pull) ? json_array() : NULL;
    case '"':
        /* The puller has checked that it is UTF-8. */
        return pull_string(pull) ? json_stringn_nocheck(pull->text, pull->length) : NULL;
    case 't':
    case 'f':
    case 'n':
        return pull_json_word(pull);
    default:
        return pull_json_integer(pull);
    }
}

static void open_container(struct building *building, json_t *value) {
    if (json_is_object(value) || json_is_array(value))
        building->open[building->depth++] = value;
}

/* The next member of the innermost object; false behind the last, on failure, and for a key that
 * the object has already. */
static bool build_member(struct building *building, json_t *object) {
    struct json_pull *pull = &building->pull;
    if (!pull_key(pull))
        return false;
    const char *key = pull->text;
    size_t length = pull->length, size = json_object_size(object);
    /* A key with an escape lies where the next string will be. */
    AUTO_FREE char *copy = key == pull->decoded.data ? xstrndup(key, length) : NULL;
    json_t *value = pull_value(pull);
    if (!value)
        return false;
    json_object_setn_new_nocheck(object, copy ? copy : key, length, value);
    if (json_object_size(object) == size)
        return pull_fail(pull, "a key is there twice");
    open_container(building, value);
    return true;
}

static bool build_element(struct building *building, json_t *array) {
    json_t *value = pull_element(&building->pull) ? pull_value(&building->pull) : NULL;
    if (!value)
        return false;
    json_array_append_new(array, value);
    open_container(building, value);
    return true;
}

static void build(struct building *building) {
    while (building->depth && !building->pull.status) {
        json_t *container = building->open[building->depth - 1];
        if (!(json_is_object(container) ? build_member(building, container)
                                        : build_element(building, container)))
            building->depth--;
    }
}

json_t *tree_parse(const struct text *content) {
    struct building building = {.depth = 0};
    pull_init(&building.pull, NULL, content->data, content->length);
    json_t *root = pull_value(&building.pull);
    open_container(&building, root);
    bool is_container = building.depth;
    build(&building);
    if (!is_container || !pull_end(&building.pull)) {
        json_decref(root);
        root = NULL;
    }
    pull_deinit(&building.pull);
    return root;
}
