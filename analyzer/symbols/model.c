/* model.c - putting a model in order. */
#include "symbols/model.h"

#include <stdlib.h>
#include <string.h>

#include "symbols/type_name.h"

void model_copy(char *target, size_t size, const char *bytes, size_t length) {
    if (length >= size)
        length = size - 1;
    for (size_t i = 0; i < length; i++) {
        char byte = bytes[i];
        bool plain = byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
        target[i] = plain ? byte : '_';
    }
    target[length] = '\0';
}

static int compare_fields(const void *left, const void *right) {
    const struct field *a = left, *b = right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->bit_position != b->bit_position)
        return a->bit_position < b->bit_position ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_constants(const void *left, const void *right) {
    const struct constant *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_types(const void *left, const void *right) {
    const struct type *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static int compare_publics(const void *left, const void *right) {
    const struct public_symbol *a = left, *b = right;
    return strcmp(a->name, b->name);
}

/* qsort takes no null pointer, and what comes sorted (files made by Volatility 3) stays as it is.
 */
static void sort(void *array, size_t count, size_t size,
                 int (*compare)(const void *, const void *)) {
    const char *elements = array;
    size_t sorted = 1;
    while (sorted < count && compare(elements + (sorted - 1) * size, elements + sorted * size) <= 0)
        sorted++;
    if (sorted < count)
        qsort(array, count, size, compare);
}

void model_sort_fields(struct field *fields, size_t count) {
    sort(fields, count, sizeof *fields, compare_fields);
}

void model_sort_constants(struct constant *constants, size_t count) {
    sort(constants, count, sizeof *constants, compare_constants);
}

static enum status finish_types(struct error *err, struct symbols *symbols) {
    sort(symbols->types, symbols->type_count, sizeof *symbols->types, compare_types);
    size_t kept = 0;
    for (size_t i = 0; i < symbols->type_count; i++) {
        const struct type *type = &symbols->types[i];
        if (kept && strcmp(symbols->types[kept - 1].name, type->name) == 0) {
            if (!type_name_is_content(type->name))
                return fail(err, STATUS_FORMAT, "type %s is there twice", type->name);
            continue;
        }
        symbols->types[kept++] = *type;
    }
    symbols->type_count = kept;
    return STATUS_OK;
}

enum status model_finish(struct error *err, struct symbols *symbols) {
    enum status status = finish_types(err, symbols);
    if (status)
        return status;
    const struct public_symbol *publics = symbols->publics;
    sort(symbols->publics, symbols->public_count, sizeof *publics, compare_publics);
    for (size_t i = 1; i < symbols->public_count; i++)
        if (strcmp(publics[i - 1].name, publics[i].name) == 0)
            return fail(err, STATUS_FORMAT, "symbol %s is there twice", publics[i].name);
    return STATUS_OK;
}
