/* value.c - a JSON value as one line of plain text. */
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "reports/value.h"

#define VALUE_DEPTH    4  /* containers inside containers that are shown */
#define VALUE_ELEMENTS 24 /* elements of one that are shown */

struct writing {
    struct text *out;
    const char *between; /* a name and its number: " × " where numbers count, else " = " */
};

static void write_value(const struct writing *writing, const json_t *value, int depth);

static void write_string(struct text *out, const json_t *value) {
    text_append(out, json_string_value(value), json_string_length(value));
}

/* Where a member is: "0x6cc bit 0, unsigned long", "0x6c4 bits 3-5"; of a renamed one, "Name at
 * 0x8, void*". */
static bool write_member(struct text *out, const json_t *value) {
    const json_t *offset = json_object_get(value, "offset");
    if (!json_is_string(offset))
        return false;
    if (json_is_string(json_object_get(value, "name"))) {
        write_string(out, json_object_get(value, "name"));
        text_puts(out, " at ");
    }
    write_string(out, offset);
    const json_t *bit = json_object_get(value, "bit");
    const json_t *position = json_object_get(bit, "position");
    if (json_is_integer(position)) {
        json_int_t first = json_integer_value(position);
        json_int_t length = json_integer_value(json_object_get(bit, "length"));
        if (length > 1 && length <= 64 && first >= 0 && first < 64)
            text_printf(out, " bits %d-%d", (int)first, (int)(first + length - 1));
        else
            text_printf(out, " bit %" JSON_INTEGER_FORMAT, first);
    }
    const json_t *type = json_object_get(value, "type");
    if (json_is_string(type)) {
        text_puts(out, ", ");
        write_string(out, type);
    }
    return true;
}

/* {"(absent)": 2, "smss.exe": 1}, {"Executive": 0}: numbers by name. */
static bool holds_numbers(const json_t *value) {
    const char *key;
    json_t *element;
    json_object_foreach((json_t *)value, key, element) {
        if (!json_is_integer(element))
            return false;
    }
    return true;
}

/* What a type is in short: "struct, 24 bytes, 3 members". */
static bool write_type(struct text *out, const json_t *value) {
    const json_t *members = json_object_get(value, "members");
    const json_t *size = json_object_get(value, "size");
    if (!json_is_integer(members) || !json_is_integer(size))
        return false;
    const char *kind = json_string_value(json_object_get(value, "kind"));
    text_printf(out, "%s, %" JSON_INTEGER_FORMAT " bytes, %" JSON_INTEGER_FORMAT " %s",
                kind ? kind : "structure", json_integer_value(size), json_integer_value(members),
                kind && !strcmp(kind, "enum") ? "constants" : "members");
    return true;
}

/* "4c8bd1b8????????0f05c3 (syscall), 463 stubs" */
static bool write_stub(struct text *out, const json_t *value) {
    const json_t *template = json_object_get(value, "template");
    const json_t *count = json_object_get(value, "count");
    const char *mechanism = json_string_value(json_object_get(value, "mechanism"));
    if (!json_is_string(template))
        return false;
    write_string(out, template);
    if (mechanism)
        text_printf(out, " (%s)", mechanism);
    if (json_is_integer(count))
        text_printf(out, ", %" JSON_INTEGER_FORMAT " stubs", json_integer_value(count));
    return true;
}

/* "3 (0x3) in KiServiceTable, 4 arguments" */
static bool write_service(struct text *out, const json_t *value) {
    const json_t *number = json_object_get(value, "number");
    const json_t *table = json_object_get(value, "table");
    const json_t *arguments = json_object_get(value, "arguments");
    if (!json_is_integer(number) || !json_is_string(table))
        return false;
    text_printf(out, "%" JSON_INTEGER_FORMAT " (0x%llx) in ", json_integer_value(number),
                (unsigned long long)json_integer_value(number));
    write_string(out, table);
    if (json_is_integer(arguments))
        text_printf(out, ", %" JSON_INTEGER_FORMAT " argument%s", json_integer_value(arguments),
                    json_integer_value(arguments) == 1 ? "" : "s");
    return true;
}

static void write_object(const struct writing *writing, const json_t *value, int depth) {
    struct text *out = writing->out;
    if (write_member(out, value) || write_type(out, value) || write_stub(out, value) ||
        write_service(out, value))
        return;
    bool are_numbers = holds_numbers(value);
    size_t shown = 0;
    const char *key;
    json_t *element;
    json_object_foreach((json_t *)value, key, element) {
        if (shown == VALUE_ELEMENTS) {
            text_printf(out, ", and %zu more", json_object_size(value) - shown);
            return;
        }
        text_printf(out, "%s%s%s", shown++ ? ", " : "", key, are_numbers ? writing->between : ": ");
        write_value(writing, element, depth + 1);
    }
}

static void write_array(const struct writing *writing, const json_t *value, int depth) {
    struct text *out = writing->out;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i == VALUE_ELEMENTS) {
            text_printf(out, ", and %zu more", json_array_size(value) - i);
            return;
        }
        if (i)
            text_puts(out, ", ");
        write_value(writing, json_array_get(value, i), depth + 1);
    }
    if (!json_array_size(value))
        text_puts(out, "(none)");
}

static void write_value(const struct writing *writing, const json_t *value, int depth) {
    struct text *out = writing->out;
    if (json_is_string(value))
        write_string(out, value);
    else if (json_is_integer(value))
        text_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        text_puts(out, json_is_true(value) ? "true" : "false");
    else if (json_is_real(value))
        text_printf(out, "%.17g", json_real_value(value));
    else if (!value || json_is_null(value))
        text_puts(out, "unreadable");
    else if (depth == VALUE_DEPTH)
        text_puts(out, "...");
    else if (json_is_array(value))
        write_array(writing, value, depth);
    else
        write_object(writing, value, depth);
}

void value_plain(struct text *out, const json_t *value) {
    const struct writing writing = {out, " = "};
    write_value(&writing, value, 0);
}

/* What a bare number of a kind counts. */
static const char *unit_of(const char *id) {
    static const struct {
        const char *id;
        const char *unit;
    } units[] = {{"layout.type.resized", " bytes"},
                 {"process.image.added", " running"},
                 {"process.image.removed", " running"}};
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (!strcmp(units[i].id, id))
            return units[i].unit;
    return "";
}

void value_of_change(struct text *out, const struct change *change, const json_t *value) {
    const struct writing writing = {out, strcmp(change->rule->family, "process") ? " = " : " × "};
    if (!value)
        return;
    write_value(&writing, value, 0);
    if (json_is_integer(value))
        text_puts(out, unit_of(change->rule->id));
}
