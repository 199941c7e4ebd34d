/* layout_enums.c - the constants of one enumeration: one change for each kind of change. */
#include "differ/comparisons/layout.h"

#include "base/memory.h"
#include "base/text.h"

#define NAMES_IN_MESSAGE 3

/* The constants that one change stands for: {name: value} on either side, and the two values. */
struct constants {
    const char *kind;
    const char *verb;
    json_t *old;
    json_t *new;
    json_t *both; /* name: value, or [old, new] */
};

static struct constants constants_make(const char *kind, const char *verb) {
    return (struct constants){kind, verb, json_object(), json_object(), json_object()};
}

static void constants_put(struct constants *constants, const char *name, const json_t *old,
                          const json_t *new) {
    json_t *before = old ? json_integer(json_integer_value(old)) : NULL;
    json_t *after = new ? json_integer(json_integer_value(new)) : NULL;
    if (before)
        json_object_set(constants->old, name, before);
    if (after)
        json_object_set(constants->new, name, after);
    json_t *value =
        before && after ? json_pack("[O, O]", before, after) : json_incref(before ? before : after);
    json_object_set_new(constants->both, name, value);
    json_decref(before);
    json_decref(after);
}

/* "Foo = 3, Bar = 4 to 5, and 7 more" */
static void describe(const struct constants *constants, struct text *text) {
    const char *name;
    json_t *value;
    size_t index = 0, count = json_object_size(constants->both);
    json_object_foreach(constants->both, name, value) {
        if (index == NAMES_IN_MESSAGE)
            break;
        text_printf(text, "%s%s = ", index++ ? ", " : "", name);
        if (json_is_array(value))
            text_printf(text, "%" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT,
                        json_integer_value(json_array_get(value, 0)),
                        json_integer_value(json_array_get(value, 1)));
        else
            text_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    }
    if (count > NAMES_IN_MESSAGE)
        text_printf(text, ", and %zu more", count - NAMES_IN_MESSAGE);
}

/* Takes the constants over. */
static void report(struct difference *difference, const char *type, struct constants *constants) {
    size_t count = json_object_size(constants->both);
    if (!count) {
        json_decref(constants->old);
        json_decref(constants->new);
        json_decref(constants->both);
        return;
    }
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    describe(constants, &text);
    json_t *sides[2] = {constants->old, constants->new};
    for (size_t i = 0; i < ARRAY_LENGTH(sides); i++)
        if (!json_object_size(sides[i])) {
            json_decref(sides[i]);
            sides[i] = NULL;
        }
    json_t *details =
        json_pack("{s:o, s:I}", "constants", constants->both, "count", (json_int_t)count);
    difference_add(difference, constants->kind, type, sides[0], sides[1], details,
                   "%s: %zu %s %s: %s", type, count, count == 1 ? "constant" : "constants",
                   constants->verb, text.data);
}

void layout_compare_constants(struct layouts *layouts, const char *type, const json_t *old,
                              const json_t *new) {
    struct constants added = constants_make("layout.enum.added", "added");
    struct constants removed = constants_make("layout.enum.removed", "removed");
    struct constants renumbered = constants_make("layout.enum.renumbered", "renumbered");
    const char *name;
    const json_t *value;
    json_object_foreach((json_t *)old, name, value) {
        const json_t *other = json_object_get(new, name);
        if (!json_is_integer(value) || (other && !json_is_integer(other)))
            layouts->malformed++;
        else if (!other)
            constants_put(&removed, name, value, NULL);
        else if (json_integer_value(value) != json_integer_value(other))
            constants_put(&renumbered, name, value, other);
    }
    json_object_foreach((json_t *)new, name, value) {
        if (json_object_get(old, name))
            continue;
        if (json_is_integer(value))
            constants_put(&added, name, NULL, value);
        else
            layouts->malformed++;
    }
    report(layouts->difference, type, &removed);
    report(layouts->difference, type, &added);
    report(layouts->difference, type, &renumbered);
}
