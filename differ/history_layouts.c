/* history_layouts.c - the rows of structures and enumerations. A type that is new, or gone, is one
 * row; its members are rows where they changed while the type was there. */
#include "differ/history.h"

#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/layout.h"

/* One type or member over all builds. */
struct collecting {
    struct history *history;
    const json_t **sections; /* `layouts` of each build; NULL where it cannot be compared */
    const json_t **types;
    const json_t **each;    /* the type that is looked at; NULL where a build has none */
    const json_t **fields;  /* its members, or constants */
    struct member *members; /* the member that is looked at */
    bool *is_present;
    const char *name; /* of the type */
};

static bool is_enum(const json_t *type) {
    const char *kind = json_string_value(json_object_get(type, "kind"));
    return kind && strcmp(kind, "enum") == 0;
}

/* ---- members ---- */

static bool same_place(const struct member *a, const struct member *b) {
    return a->offset == b->offset && a->bit_position == b->bit_position &&
           a->bit_length == b->bit_length;
}

static bool same_type(const struct collecting *collecting, size_t old, size_t new) {
    const char *was = collecting->members[old].type, *is = collecting->members[new].type;
    struct layouts layouts;
    return strcmp(was, is) == 0 ||
           (layouts_init(&layouts, collecting->sections[old], collecting->sections[new]) &&
            layout_type_equal(&layouts, was, is));
}

/* Of the builds that have the type: whether the member was ever missing or elsewhere, and whether
 * it ever had another type. */
static void find_changes(const struct collecting *collecting, bool *moved, bool *retyped) {
    size_t known = SIZE_MAX, present = SIZE_MAX;
    *moved = *retyped = false;
    for (size_t i = 0; i < collecting->history->count; i++) {
        if (!collecting->each[i])
            continue;
        bool is_here = collecting->is_present[i];
        if (known != SIZE_MAX && is_here != collecting->is_present[known])
            *moved = true;
        known = i;
        if (!is_here)
            continue;
        if (present != SIZE_MAX) {
            const struct member *before = &collecting->members[present];
            *moved = *moved || !same_place(before, &collecting->members[i]);
            *retyped = *retyped || !same_type(collecting, present, i);
        }
        present = i;
    }
}

/* "0x6cc:0/1", "0x2e0", "0x2e0 unsigned long" */
static char *member_value(const struct member *member, bool with_type) {
    AUTO_FREE char *place = layout_member_place(member);
    AUTO_FREE char *bits = member->bit_length ? xasprintf("/%u", member->bit_length) : xstrdup("");
    return xasprintf("%s%s%s%s", place, bits, with_type ? " " : "", with_type ? member->type : "");
}

/* Where it is in the last build that has it. */
static uint64_t order_of(const struct collecting *collecting, bool *is_bit) {
    uint64_t order = 0;
    for (size_t i = 0; i < collecting->history->count; i++)
        if (collecting->is_present[i]) {
            const struct member *member = &collecting->members[i];
            order = member->offset * 512 + (member->bit_length ? member->bit_position + 1 : 0);
            *is_bit = *is_bit || member->bit_length;
        }
    return order;
}

static enum cell_state state_without(const struct collecting *collecting, size_t build);

static void add_member(struct collecting *collecting, const char *name) {
    struct history *history = collecting->history;
    bool moved, retyped, is_bit = false;
    find_changes(collecting, &moved, &retyped);
    if (!moved && !retyped)
        return;
    AUTO_FREE char *subject = xasprintf("%s.%s", collecting->name, name);
    if (!history_wants(history, subject))
        return;
    uint64_t order = order_of(collecting, &is_bit);
    struct cell *cells = history_cells(history);
    for (size_t i = 0; i < history->count; i++) {
        cells[i].state = collecting->is_present[i] ? CELL_PRESENT
                         : collecting->each[i]     ? CELL_ABSENT
                                                   : state_without(collecting, i);
        if (collecting->is_present[i])
            cells[i].value = member_value(&collecting->members[i], retyped);
    }
    history_add(history, is_bit ? "bit" : "field", collecting->name, subject, cells, order);
}

/* What two builds have as one value was compared when the first was looked at. */
static bool seen_before(const json_t *const *objects, size_t build, const char *name) {
    for (size_t i = 0; i < build; i++)
        if (json_object_get(objects[i], name))
            return true;
    return false;
}

static void collect_members(struct collecting *collecting) {
    size_t count = collecting->history->count;
    for (size_t build = 0; build < count; build++) {
        const char *name;
        const json_t *unused;
        json_object_foreach((json_t *)collecting->fields[build], name, unused) {
            if (seen_before(collecting->fields, build, name))
                continue;
            for (size_t i = 0; i < count; i++)
                collecting->is_present[i] = layout_member_read(
                    json_object_get(collecting->fields[i], name), &collecting->members[i]);
            add_member(collecting, name);
        }
    }
}

/* ---- constants ---- */

static void add_constant(struct collecting *collecting, const char *name) {
    struct history *history = collecting->history;
    AUTO_FREE char *subject = xasprintf("%s.%s", collecting->name, name);
    struct cell *cells = history_cells(history);
    bool changed = false;
    const json_t *last = NULL;
    json_int_t order = 0;
    for (size_t i = 0, seen = 0; i < history->count; i++) {
        if (!collecting->each[i]) {
            cells[i].state = state_without(collecting, i);
            continue;
        }
        const json_t *value = json_object_get(collecting->fields[i], name);
        if (!json_is_integer(value))
            value = NULL;
        changed =
            changed || (seen++ && !(value && last && json_equal(value, last)) && (value || last));
        last = value;
        cells[i].state = value ? CELL_PRESENT : CELL_ABSENT;
        if (!value)
            continue;
        order = json_integer_value(value);
        cells[i].value = xasprintf("%" JSON_INTEGER_FORMAT, order);
    }
    /* Where the type alone came and went, so did its constants. */
    for (size_t i = 0; !changed && i < history->count; i++)
        cells[i].state = CELL_UNKNOWN;
    history_add(history, "constant", collecting->name, subject, cells,
                (uint64_t)order ^ (uint64_t)1 << 63);
}

static void collect_constants(struct collecting *collecting) {
    for (size_t build = 0; build < collecting->history->count; build++) {
        const char *name;
        const json_t *unused;
        json_object_foreach((json_t *)collecting->fields[build], name, unused) {
            if (!seen_before(collecting->fields, build, name))
                add_constant(collecting, name);
        }
    }
}

/* ---- types ---- */

/* What a build's lack of a type means: a selection leaves types out, and a source that has no names
 * of enumerations may have this one under none. */
static enum cell_state state_without(const struct collecting *collecting, size_t build) {
    const json_t *section = collecting->sections[build];
    if (!section || layouts_are_selected(section))
        return CELL_UNKNOWN;
    bool may_be_enum = false;
    for (size_t i = 0; i < collecting->history->count; i++)
        may_be_enum = may_be_enum || is_enum(collecting->each[i]);
    return may_be_enum && !layouts_tell(section, "enums") ? CELL_UNKNOWN : CELL_ABSENT;
}

/* Whether a structure ever was a union, as far as the sources tell. */
static bool changed_kind(const struct collecting *collecting) {
    const char *kind = NULL;
    for (size_t i = 0; i < collecting->history->count; i++) {
        const char *own = json_string_value(json_object_get(collecting->each[i], "kind"));
        if (kind && own && strcmp(kind, own) != 0)
            return true;
        kind = own ? own : kind;
    }
    return false;
}

static void add_type(struct collecting *collecting) {
    struct history *history = collecting->history;
    if (!history_wants(history, collecting->name))
        return;
    bool with_kind = changed_kind(collecting);
    struct cell *cells = history_cells(history);
    for (size_t i = 0; i < history->count; i++) {
        const json_t *size = json_object_get(collecting->each[i], "size");
        cells[i].state = collecting->each[i] ? CELL_UNKNOWN : state_without(collecting, i);
        if (!json_is_integer(size))
            continue;
        cells[i].state = CELL_PRESENT;
        const char *kind = json_string_value(json_object_get(collecting->each[i], "kind"));
        cells[i].value = xasprintf("%" JSON_INTEGER_FORMAT " bytes%s%s", json_integer_value(size),
                                   with_kind && kind ? ", " : "", with_kind && kind ? kind : "");
    }
    history_add(history, "type", collecting->name, collecting->name, cells, 0);
}

static void collect_type(struct collecting *collecting, const char *name) {
    bool is_constants = false;
    collecting->name = name;
    for (size_t i = 0; i < collecting->history->count; i++) {
        const json_t *type = json_object_get(collecting->types[i], name);
        collecting->each[i] = json_is_object(type) ? type : NULL;
        collecting->fields[i] = json_object_get(type, is_enum(type) ? "constants" : "fields");
        is_constants = is_constants || is_enum(type);
    }
    add_type(collecting);
    if (is_constants)
        collect_constants(collecting);
    else
        collect_members(collecting);
}

static void collect_types(struct collecting *collecting) {
    for (size_t build = 0; build < collecting->history->count; build++) {
        const char *name;
        const json_t *unused;
        json_object_foreach((json_t *)collecting->types[build], name, unused) {
            if (!layout_is_unnamed(name) && !seen_before(collecting->types, build, name))
                collect_type(collecting, name);
        }
    }
}

void history_of_layouts(struct history *history) {
    size_t count = history->count;
    struct collecting collecting = {
        .history = history,
        .sections = xcalloc(count, sizeof(json_t *)),
        .types = xcalloc(count, sizeof(json_t *)),
        .each = xcalloc(count, sizeof(json_t *)),
        .fields = xcalloc(count, sizeof(json_t *)),
        .members = xcalloc(count, sizeof(struct member)),
        .is_present = xcalloc(count, sizeof(bool)),
    };
    for (size_t i = 0; i < count; i++) {
        const json_t *section = json_object_get(history->sides[i].snapshot, "layouts");
        if (!json_is_object(json_object_get(section, "types")) ||
            !history_same_architecture(history, i))
            continue;
        collecting.sections[i] = section;
        collecting.types[i] = json_object_get(section, "types");
    }
    collect_types(&collecting);
    free(collecting.sections);
    free(collecting.types);
    free(collecting.each);
    free(collecting.fields);
    free(collecting.members);
    free(collecting.is_present);
}
