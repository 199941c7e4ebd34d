/* shape.c - the members of a structure on one side. */
#include "reports/shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "differ/type_size.h"

/* ---- members ---- */

static bool read_offset(const json_t *value, uint64_t *offset) {
    const char *digits = json_string_value(value);
    if (!digits || strncmp(digits, "0x", 2) || strlen(digits) > 18)
        return false;
    if (digits[2 + strspn(digits + 2, "0123456789abcdef")] || !digits[2])
        return false;
    *offset = strtoull(digits + 2, NULL, 16);
    return true;
}

static bool read_bit(const json_t *bit, struct member *member) {
    json_int_t position = json_integer_value(json_object_get(bit, "position"));
    json_int_t length = json_integer_value(json_object_get(bit, "length"));
    if (position < 0 || length <= 0 || position > 63 || length > 64 - position)
        return false;
    member->bit_position = (unsigned)position;
    member->bit_length = (unsigned)length;
    return true;
}

static bool read_member(const struct side *side, const char *name, const json_t *field,
                        struct member *member) {
    const char *type = json_string_value(json_object_get(field, "type"));
    const json_t *bit = json_object_get(field, "bit");
    *member = (struct member){.name = name, .type = type ? type : "", .peer = NO_PEER};
    if (!read_offset(json_object_get(field, "offset"), &member->offset))
        return false;
    member->size = side_type_size(side, member->type);
    return !bit || read_bit(bit, member);
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

/* Larger ones first at the same place: a union's whole before its parts. */
static int compare_members(const void *left, const void *right) {
    const struct member *a = left;
    const struct member *b = right;
    int order = compare_numbers(a->offset, b->offset);
    if (!order)
        order = (a->bit_length > 0) - (b->bit_length > 0);
    if (!order && !a->bit_length)
        order = compare_numbers(b->size, a->size);
    if (!order)
        order = compare_numbers(a->bit_position, b->bit_position);
    return order ? order : strcmp(a->name, b->name);
}

static int compare_names(const void *left, const void *right, void *context) {
    const struct member *members = context;
    return strcmp(members[*(const size_t *)left].name, members[*(const size_t *)right].name);
}

static void read_members(struct shape *shape, const struct side *side) {
    const json_t *fields = json_object_get(shape->json, "fields");
    size_t count = json_object_size(fields);
    if (!count)
        return;
    shape->members = xreallocarray(NULL, count, sizeof *shape->members);
    const char *name;
    json_t *field;
    json_object_foreach(
        (json_t *)fields, name,
        field) if (read_member(side, name, field, &shape->members[shape->member_count]))
        shape->member_count++;
    qsort(shape->members, shape->member_count, sizeof *shape->members, compare_members);
    shape->by_name = xreallocarray(NULL, count, sizeof *shape->by_name);
    for (size_t i = 0; i < shape->member_count; i++)
        shape->by_name[i] = i;
    qsort_r(shape->by_name, shape->member_count, sizeof *shape->by_name, compare_names,
            shape->members);
}

/* ---- rows ---- */

/* A word's bits stand behind all whole members of its offset; the last of those is the word's own
 * name if it is as large as the word. */
static void add_row(struct shape *shape, size_t first) {
    struct member *members = shape->members;
    struct row row = {.first = first, .count = 1, .peer = NO_PEER};
    row.offset = members[first].offset;
    row.size = members[first].size;
    row.has_name = !members[first].bit_length;
    size_t end = first + 1;
    bool takes_bits = end < shape->member_count && members[end].bit_length &&
                      members[end].offset == row.offset &&
                      (!row.has_name || members[end].size == row.size);
    if (takes_bits || !row.has_name)
        while (end < shape->member_count && members[end].bit_length &&
               members[end].offset == row.offset)
            end++;
    row.count = end - first;
    row.is_word = row.count > 1 || !row.has_name;
    for (size_t i = first; i < end; i++)
        members[i].row = shape->row_count;
    shape->rows[shape->row_count++] = row;
}

void shape_init(struct shape *shape, const struct side *side, const char *name) {
    *shape = (struct shape){.json = side_type(side, name)};
    json_int_t size = json_integer_value(json_object_get(shape->json, "size"));
    shape->size = size > 0 ? (uint64_t)size : 0;
    read_members(shape, side);
    if (!shape->member_count)
        return;
    shape->rows = xreallocarray(NULL, shape->member_count, sizeof *shape->rows);
    uint64_t end = 0;
    for (size_t i = 0; i < shape->member_count;) {
        add_row(shape, i);
        struct row *row = &shape->rows[shape->row_count - 1];
        row->is_inside = i && row->offset < end;
        uint64_t row_end = 0;
        if (!__builtin_add_overflow(row->offset, row->size, &row_end) && row_end > end)
            end = row_end;
        i += row->count;
    }
}

void shape_deinit(struct shape *shape) {
    free(shape->members);
    free(shape->rows);
    free(shape->by_name);
    *shape = (struct shape){0};
}

size_t shape_find(const struct shape *shape, const char *name) {
    size_t low = 0;
    for (size_t high = shape->member_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(shape->members[shape->by_name[middle]].name, name);
        if (!order)
            return shape->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NO_PEER;
}

const char *row_name(const struct shape *shape, const struct row *row) {
    return row->has_name ? shape->members[row->first].name : "bits";
}
