/* layout.c - writes layouts and public symbols as sections of a snapshot. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "snapshot/snapshot.h"

static void write_pdb(struct canon *canon, const struct symbols_identity *identity) {
    if (!identity->pdb_guid[0]) {
        canon_null(canon, "pdb");
        return;
    }
    canon_object_begin(canon, "pdb");
    canon_integer(canon, "age", identity->pdb_age);
    canon_string(canon, "guid", identity->pdb_guid);
    canon_string(canon, "name", identity->pdb_name);
    canon_object_end(canon);
}

static void write_precision(struct canon *canon, struct symbols_precision precision) {
    canon_object_begin(canon, "precision");
    canon_boolean(canon, "enums", precision.enums);
    canon_boolean(canon, "kinds", precision.kinds);
    canon_boolean(canon, "pointees", precision.pointees);
    canon_object_end(canon);
}

static void write_field(struct canon *canon, const struct field *field) {
    canon_object_begin(canon, field->name);
    if (field->bit_length) {
        canon_object_begin(canon, "bit");
        canon_integer(canon, "length", field->bit_length);
        canon_integer(canon, "position", field->bit_position);
        canon_object_end(canon);
    }
    canon_hex(canon, "offset", field->offset);
    canon_string(canon, "type", field->type);
    canon_object_end(canon);
}

static int compare_fields(const void *left, const void *right) {
    const struct field *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void write_fields(struct canon *canon, const struct type *type) {
    AUTO_FREE const struct field **order = xreallocarray(NULL, type->count + 1, sizeof *order);
    for (size_t i = 0; i < type->count; i++)
        order[i] = &type->fields[i];
    qsort(order, type->count, sizeof *order, compare_fields);
    canon_object_begin(canon, "fields");
    for (size_t i = 0; i < type->count; i++)
        write_field(canon, order[i]);
    canon_object_end(canon);
}

static int compare_constants(const void *left, const void *right) {
    const struct constant *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void write_constants(struct canon *canon, const struct type *type) {
    AUTO_FREE const struct constant **order = xreallocarray(NULL, type->count + 1, sizeof *order);
    for (size_t i = 0; i < type->count; i++)
        order[i] = &type->constants[i];
    qsort(order, type->count, sizeof *order, compare_constants);
    canon_object_begin(canon, "constants");
    for (size_t i = 0; i < type->count; i++)
        canon_integer(canon, order[i]->name, order[i]->value);
    canon_object_end(canon);
}

static void write_kind(struct canon *canon, enum type_kind kind, bool told) {
    static const char *const words[] = {
        [TYPE_STRUCT] = "struct",
        [TYPE_UNION] = "union",
        [TYPE_ENUM] = "enum",
    };
    if (told || kind == TYPE_ENUM)
        canon_string(canon, "kind", words[kind]);
    else
        canon_null(canon, "kind");
}

static void write_type(struct canon *canon, const struct type *type, bool kinds) {
    canon_object_begin(canon, type->name);
    if (type->kind == TYPE_ENUM)
        write_constants(canon, type);
    else
        write_fields(canon, type);
    write_kind(canon, type->kind, kinds);
    canon_integer(canon, "size", type->size);
    canon_object_end(canon);
}

static bool is_selected(const struct layout_selection *selection, const char *name) {
    for (size_t i = 0; i < selection->count; i++)
        if (fnmatch(selection->patterns[i], name, 0) == 0)
            return true;
    return selection->count == 0;
}

void layout_write(struct canon *canon, const char *key, const struct symbols *symbols,
                  const struct layout_selection *selection) {
    struct symbols_precision precision = symbols_precision(symbols);
    size_t count;
    const struct type *types = symbols_types(symbols, &count);
    canon_object_begin(canon, key);
    write_pdb(canon, symbols_identity(symbols));
    write_precision(canon, precision);
    canon_string(canon, "scope", selection->scope == LAYOUT_ALL ? "all" : "tracked");
    canon_object_begin(canon, "types");
    for (size_t i = 0; i < count; i++)
        if (is_selected(selection, types[i].name))
            write_type(canon, &types[i], precision.kinds);
    canon_object_end(canon);
    canon_object_end(canon);
}

void publics_write(struct canon *canon, const char *key, const struct symbols *symbols) {
    size_t count;
    const struct public_symbol *publics = symbols_publics(symbols, &count);
    canon_object_begin(canon, key);
    for (size_t i = 0; i < count; i++)
        canon_hex(canon, publics[i].name, publics[i].rva);
    canon_object_end(canon);
}
