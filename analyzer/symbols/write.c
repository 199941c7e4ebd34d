/* write.c - what profiles and layouts write alike. */
#include "symbols/write.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void write_pdb(struct canon *canon, const struct symbols_identity *identity) {
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

void write_precision(struct canon *canon, struct symbols_precision precision) {
    canon_object_begin(canon, "precision");
    canon_boolean(canon, "enums", precision.enums);
    canon_boolean(canon, "kinds", precision.kinds);
    canon_boolean(canon, "pointees", precision.pointees);
    canon_object_end(canon);
}

static int compare_fields(const void *left, const void *right) {
    const struct field *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void write_fields(struct canon *canon, const struct type *type,
                         void (*write_field)(struct canon *canon, const struct field *field)) {
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

void write_type(struct canon *canon, const struct type *type, bool kinds,
                void (*write_field)(struct canon *canon, const struct field *field)) {
    canon_object_begin(canon, type->name);
    if (type->kind == TYPE_ENUM)
        write_constants(canon, type);
    else
        write_fields(canon, type, write_field);
    write_kind(canon, type->kind, kinds);
    canon_integer(canon, "size", type->size);
    canon_object_end(canon);
}
