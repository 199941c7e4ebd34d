/* canon_tree.c - Jansson's trees in canonical JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "snapshot/canon.h"

struct member {
    const char *key;
    size_t length;
    const json_t *value;
};

static void write_value(struct canon *canon, const json_t *value, int depth);

/* Bytes ascending, as Jansson's JSON_SORT_KEYS has them. */
static int by_key(const void *left, const void *right) {
    const struct member *a = left, *b = right;
    int order = memcmp(a->key, b->key, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static size_t collect(const json_t *object, struct member *members) {
    size_t count = 0;
    void *iterator = json_object_iter((json_t *)object);
    for (; iterator; iterator = json_object_iter_next((json_t *)object, iterator))
        members[count++] =
            (struct member){json_object_iter_key(iterator), json_object_iter_key_len(iterator),
                            json_object_iter_value(iterator)};
    return count;
}

static void write_object(struct canon *canon, const json_t *object, int depth) {
    struct member few[32];
    size_t count = json_object_size(object);
    AUTO_FREE struct member *many = count > ARRAY_LENGTH(few) ? xcalloc(count, sizeof *many) : NULL;
    struct member *members = many ? many : few;
    collect(object, members);
    qsort(members, count, sizeof *members, by_key);
    text_putc(canon->text, '{');
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_putc(canon->text, ',');
        canon_indent(canon, depth + 1);
        canon_quote(canon, members[i].key, members[i].length);
        text_append(canon->text, ": ", 2);
        write_value(canon, members[i].value, depth + 1);
    }
    if (count)
        canon_indent(canon, depth);
    text_putc(canon->text, '}');
}

static void write_array(struct canon *canon, const json_t *array, int depth) {
    size_t count = json_array_size(array);
    text_putc(canon->text, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_putc(canon->text, ',');
        canon_indent(canon, depth + 1);
        write_value(canon, json_array_get(array, i), depth + 1);
    }
    if (count)
        canon_indent(canon, depth);
    text_putc(canon->text, ']');
}

static int compare_place(const void *key, const void *element) {
    uintptr_t a = (uintptr_t)key, b = (uintptr_t)((const struct canon_place *)element)->place;
    return (a > b) - (a < b);
}

/* Whether the array is the place of a value, which is written then. */
static bool write_place(const struct canon *canon, const json_t *array, int depth) {
    const struct canon_place *place = NULL;
    if (canon->place_count && json_array_size(array) == 0)
        place = bsearch(array, canon->places, canon->place_count, sizeof *place, compare_place);
    if (!place)
        return false;
    struct canon inner = {
        .text = canon->text, .sink = canon->sink, .around = canon->around + depth};
    place->write(&inner, place->data);
    return true;
}

static int append(const char *bytes, size_t length, void *text) {
    text_append(text, bytes, length);
    return 0;
}

static void write_value(struct canon *canon, const json_t *value, int depth) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(canon, value, depth);
        break;
    case JSON_ARRAY:
        if (!write_place(canon, value, depth))
            write_array(canon, value, depth);
        break;
    case JSON_STRING:
        canon_quote(canon, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        canon_number(canon, json_integer_value(value));
        break;
    default: /* words; a real number, of which no snapshot has any, as Jansson writes it */
        json_dump_callback(value, append, canon->text, JSON_ENCODE_ANY);
    }
}

void canon_json(struct canon *canon, const char *key, const json_t *value) {
    canon_value(canon, key);
    write_value(canon, value, canon->depth);
}

/* Newlines in strings are escaped: each one is between elements. */
void canon_written(struct canon *canon, const char *key, const char *bytes, size_t length) {
    canon_value(canon, key);
    for (const char *end = bytes + length; bytes < end;) {
        const char *line = memchr(bytes, '\n', (size_t)(end - bytes));
        text_append(canon->text, bytes, (size_t)((line ? line : end) - bytes));
        if (!line)
            break;
        canon_indent(canon, canon->depth);
        bytes = line + 1;
    }
}
