/* profile.c - reads and writes ntdrift's own form of layouts, and finds the built-in ones. */
#include "symbols/profile.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "snapshot/canon.h"
#include "symbols/model.h"
#include "symbols/write.h"

static bool listed(const char *const *names, const char *name) {
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
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

static void write_known(struct canon *canon, const char *key, int32_t value) {
    if (value < 0)
        canon_null(canon, key);
    else
        canon_integer(canon, key, value);
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
            write_type(canon, &symbols->types[i], true, write_field);
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
