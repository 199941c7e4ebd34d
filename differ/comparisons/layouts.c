/* layouts.c - the section `layouts`: types matched by name, and what the sources cannot tell. */
#include "differ/comparisons/comparison.h"
#include "differ/comparisons/layout.h"

#include <string.h>

#include "base/memory.h"

enum shape { SHAPE_BAD, SHAPE_STRUCT, SHAPE_UNION, SHAPE_AGGREGATE, SHAPE_ENUM };

/* What kind of type the schema says this is; SHAPE_AGGREGATE where it cannot tell which. */
static enum shape shape_of(const json_t *type) {
    static const struct {
        const char *kind;
        enum shape shape;
    } shapes[] = {{"struct", SHAPE_STRUCT}, {"union", SHAPE_UNION}, {"enum", SHAPE_ENUM}};
    const json_t *kind = json_object_get(type, "kind");
    const char *name = json_string_value(kind);
    enum shape shape = json_is_null(kind) ? SHAPE_AGGREGATE : SHAPE_BAD;
    for (size_t i = 0; name && i < ARRAY_LENGTH(shapes); i++)
        if (strcmp(name, shapes[i].kind) == 0)
            shape = shapes[i].shape;
    if (!json_is_integer(json_object_get(type, "size")) ||
        !json_is_object(json_object_get(type, shape == SHAPE_ENUM ? "constants" : "fields")))
        return SHAPE_BAD;
    return shape;
}

static const char *shape_name(enum shape shape) {
    static const char *const names[] = {
        [SHAPE_BAD] = "type",         [SHAPE_STRUCT] = "structure",
        [SHAPE_UNION] = "union",      [SHAPE_AGGREGATE] = "structure",
        [SHAPE_ENUM] = "enumeration",
    };
    return names[shape];
}

/* ---- types on one side ---- */

static json_int_t size_of(const json_t *type) {
    return json_integer_value(json_object_get(type, "size"));
}

static size_t member_count(const json_t *type, enum shape shape) {
    return json_object_size(json_object_get(type, shape == SHAPE_ENUM ? "constants" : "fields"));
}

static void report_one_sided(struct layouts *layouts, const char *name, const json_t *type,
                             bool added) {
    enum shape shape = shape_of(type);
    size_t count = member_count(type, shape);
    const char *kind = json_string_value(json_object_get(type, "kind"));
    const char *part = shape == SHAPE_ENUM ? "constant" : "member";
    json_t *value = json_pack("{s:s?, s:I, s:I}", "kind", kind, "members", (json_int_t)count,
                              "size", size_of(type));
    difference_add(layouts->difference, added ? "layout.type.added" : "layout.type.removed", name,
                   added ? NULL : value, added ? value : NULL, NULL,
                   "%s %s: a%s %s of %" JSON_INTEGER_FORMAT " bytes with %zu %s%s", name,
                   added ? "added" : "removed", shape == SHAPE_ENUM ? "n" : "", shape_name(shape),
                   size_of(type), count, part, count == 1 ? "" : "s");
}

static bool reported_alone(const struct layouts *layouts, const char *name, enum shape shape) {
    return layouts->all && !layout_is_unnamed(name) && (layouts->enums || shape != SHAPE_ENUM);
}

/* ---- types on both sides ---- */

/* Whether both are of one kind, as far as both sources tell kinds apart. */
static bool same_shape(const struct layouts *layouts, enum shape old, enum shape new) {
    if (old == new)
        return true;
    return !layouts->kinds && old != SHAPE_ENUM && new != SHAPE_ENUM;
}

static void compare_structures(struct layouts *layouts, const char *name, const json_t *old,
                               const json_t *new) {
    json_int_t old_size = size_of(old), new_size = size_of(new);
    if (old_size != new_size)
        difference_add(layouts->difference, "layout.type.resized", name, json_integer(old_size),
                       json_integer(new_size), NULL,
                       "%s %s from %" JSON_INTEGER_FORMAT " (0x%llx) to %" JSON_INTEGER_FORMAT
                       " bytes (0x%llx)",
                       name, new_size > old_size ? "grew" : "shrank", old_size,
                       (unsigned long long)old_size, new_size, (unsigned long long)new_size);
    layout_compare_members(layouts, name, json_object_get(old, "fields"),
                           json_object_get(new, "fields"));
}

static void compare_types(struct layouts *layouts, const char *name, const json_t *old,
                          const json_t *new) {
    enum shape old_shape = shape_of(old), new_shape = shape_of(new);
    if (old_shape == SHAPE_BAD || new_shape == SHAPE_BAD) {
        layouts->malformed++;
    } else if (!same_shape(layouts, old_shape, new_shape)) {
        /* A union that has the name of a former structure is another type. */
        report_one_sided(layouts, name, old, false);
        report_one_sided(layouts, name, new, true);
    } else if (old_shape == SHAPE_ENUM) {
        layout_compare_constants(layouts, name, json_object_get(old, "constants"),
                                 json_object_get(new, "constants"));
    } else {
        compare_structures(layouts, name, old, new);
    }
}

static void compare_all(struct layouts *layouts) {
    const char *name;
    const json_t *type;
    json_object_foreach((json_t *)layouts->old, name, type) {
        const json_t *other = json_object_get(layouts->new, name);
        enum shape shape = shape_of(type);
        if (other)
            compare_types(layouts, name, type, other);
        else if (shape == SHAPE_BAD)
            layouts->malformed++;
        else if (reported_alone(layouts, name, shape))
            report_one_sided(layouts, name, type, false);
    }
    json_object_foreach((json_t *)layouts->new, name, type) {
        enum shape shape = shape_of(type);
        if (json_object_get(layouts->old, name))
            continue;
        if (shape == SHAPE_BAD)
            layouts->malformed++;
        else if (reported_alone(layouts, name, shape))
            report_one_sided(layouts, name, type, true);
    }
}

/* ---- what cannot be compared ---- */

/* A section that does not say what its source tells apart was made from one that tells all. */
bool layouts_tell(const json_t *section, const char *what) {
    return !json_is_false(json_object_get(json_object_get(section, "precision"), what));
}

bool layouts_are_selected(const json_t *section) {
    const char *scope = json_string_value(json_object_get(section, "scope"));
    return scope && strcmp(scope, "all") != 0;
}

static void say_unknown(const struct layouts *layouts) {
    const struct {
        bool known;
        const char *reason;
    } limits[] = {
        {layouts->kinds, "a source does not tell structures from unions: kinds are not compared"},
        {layouts->enums, "a source has enumerations without their names: added and removed "
                         "enumerations, and members that changed from one to another, are not "
                         "compared"},
        {layouts->pointees, "a source does not tell function pointers from void*, char from "
                            "unsigned char and int from long: members are not compared for these"},
        {layouts->all, "a snapshot has a selection of types: types that only one side has are not "
                       "compared"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++)
        if (!limits[i].known)
            difference_not_comparable(layouts->difference, "layouts", limits[i].reason);
    if (layouts->malformed) {
        AUTO_FREE char *reason = xasprintf(
            "%zu types, members or constants are not what the schema says", layouts->malformed);
        difference_not_comparable(layouts->difference, "layouts", reason);
    }
}

bool layouts_init(struct layouts *layouts, const json_t *old, const json_t *new) {
    *layouts = (struct layouts){
        .old = json_object_get(old, "types"),
        .new = json_object_get(new, "types"),
        .kinds = layouts_tell(old, "kinds") && layouts_tell(new, "kinds"),
        .enums = layouts_tell(old, "enums") && layouts_tell(new, "enums"),
        .pointees = layouts_tell(old, "pointees") && layouts_tell(new, "pointees"),
        .all = !layouts_are_selected(old) && !layouts_are_selected(new),
    };
    return json_is_object(layouts->old) && json_is_object(layouts->new);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    struct layouts layouts;
    if (!layouts_init(&layouts, old, new)) {
        difference_not_comparable(difference, "layouts", "a snapshot has no types");
        return;
    }
    layouts.difference = difference;
    if (!comparison_same_architecture(difference, "layouts"))
        return;
    compare_all(&layouts);
    say_unknown(&layouts);
}

const struct comparison comparison_layouts = {"layouts", run};
