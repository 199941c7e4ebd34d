/* profile.c - reads and writes ntdrift's own form of layouts, and finds the built-in ones. */
#include "symbols/profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "snapshot/canon.h"
#include "symbols/model.h"

static bool listed(const char *const *names, const char *name) {
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static const char *const kind_words[] = {
    [TYPE_STRUCT] = "struct",
    [TYPE_UNION] = "union",
    [TYPE_ENUM] = "enum",
};

static int compare_field_names(const void *left, const void *right) {
    const struct field *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static int compare_constant_names(const void *left, const void *right) {
    const struct constant *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void write_field(struct canon *canon, const struct field *field) {
    struct text value AUTO(text_deinit) = TEXT_EMPTY;
    text_printf(&value, "0x%" PRIx32, field->offset);
    if (field->bit_length)
        text_printf(&value, ":%u:%u", field->bit_position, field->bit_length);
    text_putc(&value, ' ');
    text_puts(&value, field->type);
    canon_string(canon, field->name, value.data);
}

static void write_fields(struct canon *canon, const struct type *type) {
    AUTO_FREE const struct field **order = xreallocarray(NULL, type->count + 1, sizeof *order);
    for (size_t i = 0; i < type->count; i++)
        order[i] = &type->fields[i];
    qsort(order, type->count, sizeof *order, compare_field_names);
    canon_object_begin(canon, "fields");
    for (size_t i = 0; i < type->count; i++)
        write_field(canon, order[i]);
    canon_object_end(canon);
}

static void write_constants(struct canon *canon, const struct type *type) {
    AUTO_FREE const struct constant **order = xreallocarray(NULL, type->count + 1, sizeof *order);
    for (size_t i = 0; i < type->count; i++)
        order[i] = &type->constants[i];
    qsort(order, type->count, sizeof *order, compare_constant_names);
    canon_object_begin(canon, "constants");
    for (size_t i = 0; i < type->count; i++)
        canon_integer(canon, order[i]->name, order[i]->value);
    canon_object_end(canon);
}

static void write_type(struct canon *canon, const struct type *type) {
    canon_object_begin(canon, type->name);
    if (type->kind == TYPE_ENUM)
        write_constants(canon, type);
    else
        write_fields(canon, type);
    canon_string(canon, "kind", kind_words[type->kind]);
    canon_integer(canon, "size", type->size);
    canon_object_end(canon);
}

static void write_known(struct canon *canon, const char *key, int32_t value) {
    if (value < 0)
        canon_null(canon, key);
    else
        canon_integer(canon, key, value);
}

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

static void write_publics(struct canon *canon, const struct symbols *symbols,
                          const char *const *names) {
    canon_object_begin(canon, "symbols");
    for (size_t i = 0; i < symbols->public_count; i++)
        if (listed(names, symbols->publics[i].name))
            canon_hex(canon, symbols->publics[i].name, symbols->publics[i].rva);
    canon_object_end(canon);
}

static void write_types(struct canon *canon, const struct symbols *symbols,
                        const char *const *names) {
    canon_object_begin(canon, "types");
    for (size_t i = 0; i < symbols->type_count; i++)
        if (listed(names, symbols->types[i].name))
            write_type(canon, &symbols->types[i]);
    canon_object_end(canon);
}

void profile_write(const struct symbols *symbols, const struct profile_scope *scope,
                   struct text *profile) {
    const struct symbols_identity *identity = &symbols->identity;
    struct canon canon;
    canon_init(&canon, profile);
    canon_object_begin(&canon, NULL);
    canon_string(&canon, "arch", identity->arch);
    write_known(&canon, "build", identity->build);
    canon_string(&canon, "name", identity->name);
    canon_string(&canon, "origin", identity->origin);
    write_pdb(&canon, identity);
    write_precision(&canon, symbols->precision);
    write_known(&canon, "revision", identity->revision);
    canon_string(&canon, "schema", PROFILE_SCHEMA);
    write_publics(&canon, symbols, scope->publics);
    write_types(&canon, symbols, scope->types);
    canon_object_end(&canon);
    canon_finish(&canon);
}

const struct builtin_profile *profile_find(const char *name) {
    for (size_t i = 0; i < builtin_profile_count; i++)
        if (strcmp(builtin_profiles[i].name, name) == 0)
            return &builtin_profiles[i];
    return NULL;
}
