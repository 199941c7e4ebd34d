/* flatten.c - the members of one type, those of unnamed members included, under unique names. */
#include "symbols/flatten.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/model.h"
#include "symbols/type_name.h"

/* Unnamed types in unnamed types; real ones go 6 deep. */
#define DEPTH_LIMIT 64

enum status unfolder_spend(struct unfolder *unfolder, size_t bytes) {
    if (bytes > unfolder->budget)
        return fail(unfolder->err, STATUS_FORMAT,
                    "types unfold to more than their text can account for");
    unfolder->budget -= bytes;
    return STATUS_OK;
}

static const char *text_of(const struct unfolder *unfolder, uint32_t name) {
    return interned_text(&unfolder->isf->strings, name);
}

/* The type whose members a field gives to its parent: -1 where it gives none. */
static int32_t flattened_type(const struct unfolder *unfolder, const struct isf_field *field) {
    const struct isf_node *node = &unfolder->isf->nodes.items[field->node];
    int32_t type = node->kind == ISF_STRUCT ? unfolder->index.types[node->name] : -1;
    return type >= 0 && (field->anonymous || unfolder->forms[type].unnamed) ? type : -1;
}

static enum status add_entry(struct unfolder *unfolder, const struct isf_field *field,
                             int32_t parent) {
    uint32_t base = parent < 0 ? 0 : unfolder->entries[parent].offset;
    struct entry entry = {
        .field = field,
        .name = text_of(unfolder, field->name),
        .parent = parent,
        .next = parent,
        .inner = flattened_type(unfolder, field),
    };
    entry.vanishes = field->anonymous && entry.inner >= 0;
    if (__builtin_add_overflow(base, field->offset, &entry.offset))
        return fail(unfolder->err, STATUS_FORMAT, "member %s lies beyond 4 GiB", entry.name);
    ARRAY_RESERVE(unfolder->entries, unfolder->entry_count, unfolder->entry_capacity);
    unfolder->entries[unfolder->entry_count++] = entry;
    return unfolder_spend(unfolder, sizeof entry + sizeof(struct field));
}

static enum status add_members(struct unfolder *unfolder, int32_t type, int32_t parent) {
    const struct isf_type *raw = &unfolder->isf->types.items[type];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < raw->count && !status; i++)
        status = add_entry(unfolder, &unfolder->isf->fields.items[raw->first + i], parent);
    return status;
}

/* An anonymous member may be of a named type, so that there can be a cycle here, too. */
static enum status check_nesting(struct unfolder *unfolder, int32_t root, size_t entry) {
    int32_t type = unfolder->entries[entry].inner;
    int depth = 0;
    for (int32_t at = unfolder->entries[entry].parent; at >= 0; at = unfolder->entries[at].parent) {
        if (unfolder->entries[at].inner == type)
            type = root;
        depth++;
    }
    const char *name = text_of(unfolder, unfolder->isf->types.items[root].name);
    if (type == root)
        return fail(unfolder->err, STATUS_FORMAT, "type %s contains itself", name);
    if (depth > DEPTH_LIMIT)
        return fail(unfolder->err, STATUS_FORMAT, "type %s is nested deeper than %d levels", name,
                    DEPTH_LIMIT);
    return STATUS_OK;
}

static enum status collect(struct unfolder *unfolder, int32_t type) {
    unfolder->entry_count = 0;
    enum status status = add_members(unfolder, type, -1);
    for (size_t i = 0; i < unfolder->entry_count && !status; i++) {
        int32_t inner = unfolder->entries[i].inner;
        if (inner < 0)
            continue;
        status = check_nesting(unfolder, type, i);
        if (!status)
            status = add_members(unfolder, inner, (int32_t)i);
    }
    return status;
}

static int compare_entries(const void *left, const void *right) {
    const struct entry *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void keep_entries(struct unfolder *unfolder) {
    unfolder->kept_count = 0;
    for (size_t i = 0; i < unfolder->entry_count; i++) {
        if (unfolder->entries[i].vanishes)
            continue;
        ARRAY_RESERVE(unfolder->kept, unfolder->kept_count, unfolder->kept_capacity);
        unfolder->kept[unfolder->kept_count++] = &unfolder->entries[i];
    }
}

/* "Long" becomes "u1.Long", that "s.u1.Long". */
static enum status lengthen(struct unfolder *unfolder, struct entry *entry) {
    const struct entry *outer = &unfolder->entries[entry->next];
    struct text name AUTO(text_deinit) = TEXT_EMPTY;
    text_puts(&name, text_of(unfolder, outer->field->name));
    text_putc(&name, '.');
    text_puts(&name, entry->name);
    enum status status = unfolder_spend(unfolder, name.length);
    if (status)
        return status;
    struct interner *strings = &unfolder->isf->strings;
    entry->name = interned_text(strings, intern(strings, name.data, name.length));
    entry->next = outer->parent;
    return STATUS_OK;
}

/* One group of equal names: all that can be, are lengthened. */
static enum status part_group(struct unfolder *unfolder, int32_t type, size_t first, size_t end) {
    size_t parted = 0;
    const char *name = unfolder->kept[first]->name;
    for (size_t i = first; i < end; i++) {
        if (unfolder->kept[i]->next < 0)
            continue;
        enum status status = lengthen(unfolder, unfolder->kept[i]);
        if (status)
            return status;
        parted++;
    }
    if (parted == 0)
        return fail(unfolder->err, STATUS_FORMAT, "type %s has two members %s",
                    text_of(unfolder, unfolder->isf->types.items[type].name), name);
    return STATUS_OK;
}

/* Ends because each round with a clash makes a name longer, and paths are bounded. */
static enum status make_unique(struct unfolder *unfolder, int32_t type) {
    struct entry **kept = unfolder->kept;
    bool clash = unfolder->kept_count > 1;
    while (clash) {
        clash = false;
        qsort(kept, unfolder->kept_count, sizeof *kept, compare_entries);
        for (size_t i = 0, end; i < unfolder->kept_count; i = end) {
            const char *name = kept[i]->name;
            for (end = i + 1; end < unfolder->kept_count && !strcmp(kept[end]->name, name);)
                end++;
            if (end - i < 2)
                continue;
            clash = true;
            enum status status = part_group(unfolder, type, i, end);
            if (status)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status make_field(struct unfolder *unfolder, const struct entry *entry,
                              struct field *field) {
    const struct isf_node *node = &unfolder->isf->nodes.items[entry->field->node];
    *field = (struct field){
        .name = entry->name,
        .offset = entry->offset,
        .bit_position = node->bit_position,
        .bit_length = node->bit_length,
    };
    return field_type(unfolder, node, &field->type, &field->size);
}

static enum status make_fields(struct unfolder *unfolder, struct type *type) {
    struct arena *arena = unfolder->isf->strings.arena;
    type->count = unfolder->kept_count;
    type->fields = arena_alloc(arena, type->count * sizeof *type->fields);
    for (size_t i = 0; i < type->count; i++) {
        enum status status = make_field(unfolder, unfolder->kept[i], &type->fields[i]);
        if (status)
            return status;
    }
    model_sort_fields(type->fields, type->count);
    return STATUS_OK;
}

enum status flatten(struct unfolder *unfolder, int32_t type) {
    const struct isf_type *raw = &unfolder->isf->types.items[type];
    enum status status = collect(unfolder, type);
    if (status)
        return status;
    keep_entries(unfolder);
    status = make_unique(unfolder, type);
    struct type made = {.kind = raw->kind, .size = raw->size};
    if (!status)
        status = make_fields(unfolder, &made);
    if (status)
        return status;
    made.name = unfolder->forms[type].unnamed ? type_name_of_content(&unfolder->isf->strings, &made)
                                              : text_of(unfolder, raw->name);
    unfolder->forms[type].type = made;
    return STATUS_OK;
}
