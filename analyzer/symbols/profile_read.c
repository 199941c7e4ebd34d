/* profile_read.c - reads ntdrift's own form of layouts (profile.h), as strictly as it is written.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/json_pull.h"
#include "symbols/model.h"
#include "symbols/profile.h"
#include "symbols/type_name.h"

struct profile_reader {
    struct json_pull pull;
    struct symbols *symbols;
    struct interner strings;
    size_t type_capacity;
    size_t public_capacity;
    struct type *type; /* the one that is being read */
};

struct profile_member {
    const char *key;
    bool (*read)(struct profile_reader *reader);
};

/* An object with exactly these members, in any order. */
static bool read_members(struct profile_reader *reader, const struct profile_member *members) {
    struct json_pull *pull = &reader->pull;
    uint32_t seen = 0;
    if (!pull_object(pull))
        return false;
    while (pull_key(pull)) {
        size_t i = 0;
        while (members[i].key && !pull_is(pull, members[i].key))
            i++;
        if (!members[i].key)
            return pull_fail(pull, "unknown key");
        if (seen & UINT32_C(1) << i)
            return pull_fail(pull, "\"%s\" is there twice", members[i].key);
        seen |= UINT32_C(1) << i;
        if (!members[i].read(reader))
            return false;
    }
    for (size_t i = 0; members[i].key && !pull->status; i++)
        if (!(seen & UINT32_C(1) << i))
            return pull_fail(pull, "expected a key \"%s\", found none", members[i].key);
    return !pull->status;
}

/* Goes to the next of an object's names, which ascend; that keeps duplicates out. */
static bool next_name(struct profile_reader *reader, const char **last, const char **name) {
    struct json_pull *pull = &reader->pull;
    if (!pull_key(pull))
        return false;
    uint32_t number = intern(&reader->strings, pull->text, pull->length);
    *name = interned_text(&reader->strings, number);
    if (*last && strcmp(*last, *name) >= 0)
        return pull_fail(pull, "expected keys in ascending order, found \"%.80s\" after \"%.80s\"",
                         *name, *last);
    *last = *name;
    return true;
}

static bool read_text(struct profile_reader *reader, char *target, size_t size) {
    struct json_pull *pull = &reader->pull;
    if (!pull_string(pull))
        return false;
    model_copy(target, size, pull->text, pull->length);
    return (strlen(target) == pull->length && memcmp(target, pull->text, pull->length) == 0) ||
           pull_fail(pull, "expected at most %zu printable characters", size - 1);
}

static bool read_arch(struct profile_reader *reader) {
    struct symbols_identity *identity = &reader->symbols->identity;
    return read_text(reader, identity->arch, sizeof identity->arch);
}

static bool read_identity_name(struct profile_reader *reader) {
    struct symbols_identity *identity = &reader->symbols->identity;
    return read_text(reader, identity->name, sizeof identity->name);
}

static bool read_origin(struct profile_reader *reader) {
    struct symbols_identity *identity = &reader->symbols->identity;
    return read_text(reader, identity->origin, sizeof identity->origin);
}

static bool read_known(struct profile_reader *reader, int32_t *value) {
    uint64_t wide;
    *value = -1;
    if (pull_null(&reader->pull))
        return true;
    if (!pull_unsigned(&reader->pull, INT32_MAX, &wide))
        return false;
    *value = (int32_t)wide;
    return true;
}

static bool read_build(struct profile_reader *reader) {
    return read_known(reader, &reader->symbols->identity.build);
}

static bool read_revision(struct profile_reader *reader) {
    return read_known(reader, &reader->symbols->identity.revision);
}

static bool read_schema(struct profile_reader *reader) {
    return pull_string(&reader->pull) &&
           (pull_is(&reader->pull, PROFILE_SCHEMA) ||
            pull_fail(&reader->pull, "expected schema \"" PROFILE_SCHEMA "\""));
}

static bool read_pdb_age(struct profile_reader *reader) {
    uint64_t age;
    if (!pull_unsigned(&reader->pull, UINT32_MAX, &age))
        return false;
    reader->symbols->identity.pdb_age = (uint32_t)age;
    return true;
}

static bool read_pdb_guid(struct profile_reader *reader) {
    char *guid = reader->symbols->identity.pdb_guid;
    if (!read_text(reader, guid, sizeof reader->symbols->identity.pdb_guid))
        return false;
    return strspn(guid, "0123456789ABCDEF") == 32 ||
           pull_fail(&reader->pull, "expected a GUID of 32 upper-case hexadecimal digits");
}

static bool read_pdb_name(struct profile_reader *reader) {
    struct symbols_identity *identity = &reader->symbols->identity;
    return read_text(reader, identity->pdb_name, sizeof identity->pdb_name);
}

static bool read_pdb(struct profile_reader *reader) {
    static const struct profile_member members[] = {
        {"age", read_pdb_age}, {"guid", read_pdb_guid}, {"name", read_pdb_name}, {0}};
    return pull_null(&reader->pull) || read_members(reader, members);
}

static bool read_enums_precision(struct profile_reader *reader) {
    return pull_boolean(&reader->pull, &reader->symbols->precision.enums);
}

static bool read_kinds_precision(struct profile_reader *reader) {
    return pull_boolean(&reader->pull, &reader->symbols->precision.kinds);
}

static bool read_pointees_precision(struct profile_reader *reader) {
    return pull_boolean(&reader->pull, &reader->symbols->precision.pointees);
}

static bool read_precision(struct profile_reader *reader) {
    static const struct profile_member members[] = {{"enums", read_enums_precision},
                                                    {"kinds", read_kinds_precision},
                                                    {"pointees", read_pointees_precision},
                                                    {0}};
    return read_members(reader, members);
}

/* A number in [*at, end): digits of `base`, as they are written: no sign, no leading zeros. */
static bool scan_number(const char **at, const char *end, unsigned base, uint64_t most,
                        uint64_t *value) {
    const char *start = *at;
    *value = 0;
    for (; *at < end; (*at)++) {
        const char *digits = "0123456789abcdef";
        const char *digit = memchr(digits, **at, base);
        if (!digit)
            break;
        if (__builtin_mul_overflow(*value, base, value) ||
            __builtin_add_overflow(*value, (uint64_t)(digit - digits), value) || *value > most)
            return false;
    }
    return *at > start && (*start != '0' || *at - start == 1);
}

static bool scan_character(const char **at, const char *end, char character) {
    if (*at == end || **at != character)
        return false;
    ++*at;
    return true;
}

static bool scan_hex(const char **at, const char *end, uint64_t most, uint64_t *value) {
    return scan_character(at, end, '0') && scan_character(at, end, 'x') &&
           scan_number(at, end, 16, most, value);
}

static bool scan_bits(const char **at, const char *end, struct field *field) {
    uint64_t position, length;
    if (!scan_character(at, end, ':'))
        return true;
    if (!scan_number(at, end, 10, 63, &position) || !scan_character(at, end, ':') ||
        !scan_number(at, end, 10, 64, &length) || length == 0 || position + length > 64)
        return false;
    field->bit_position = (uint8_t)position;
    field->bit_length = (uint8_t)length;
    return true;
}

/* "0x6cc:0:1 unsigned long" */
static bool read_field(struct profile_reader *reader, struct field *field) {
    struct json_pull *pull = &reader->pull;
    uint64_t offset;
    if (!pull_string(pull))
        return false;
    const char *at = pull->text, *end = at + pull->length;
    if (!scan_hex(&at, end, UINT32_MAX, &offset) || !scan_bits(&at, end, field) ||
        !scan_character(&at, end, ' ') || at == end)
        return pull_fail(pull, "expected \"OFFSET TYPE\" or \"OFFSET:POSITION:LENGTH TYPE\"");
    field->offset = (uint32_t)offset;
    field->type = interned_text(&reader->strings, intern(&reader->strings, at, (size_t)(end - at)));
    return true;
}

static bool read_fields(struct profile_reader *reader) {
    struct field *fields = NULL;
    size_t count = 0, capacity = 0;
    const char *last = NULL, *name;
    if (!pull_object(&reader->pull))
        return false;
    while (next_name(reader, &last, &name)) {
        ARRAY_RESERVE(fields, count, capacity);
        fields[count] = (struct field){.name = name};
        if (!read_field(reader, &fields[count++]))
            break;
    }
    struct type *type = reader->type;
    type->count = count;
    type->fields = arena_alloc(&reader->symbols->arena, count * sizeof *fields);
    if (count)
        memcpy(type->fields, fields, count * sizeof *fields);
    free(fields);
    return !reader->pull.status;
}

static bool read_constants(struct profile_reader *reader) {
    struct constant *constants = NULL;
    size_t count = 0, capacity = 0;
    const char *last = NULL, *name;
    if (!pull_object(&reader->pull))
        return false;
    while (next_name(reader, &last, &name)) {
        ARRAY_RESERVE(constants, count, capacity);
        constants[count] = (struct constant){.name = name};
        if (!pull_integer(&reader->pull, &constants[count++].value))
            break;
    }
    struct type *type = reader->type;
    type->count = count;
    type->constants = arena_alloc(&reader->symbols->arena, count * sizeof *constants);
    if (count)
        memcpy(type->constants, constants, count * sizeof *constants);
    free(constants);
    model_sort_constants(type->constants, count);
    return !reader->pull.status;
}

static bool read_kind(struct profile_reader *reader) {
    static const char *const words[] = {"struct", "union", "enum"};
    static const enum type_kind kinds[] = {TYPE_STRUCT, TYPE_UNION, TYPE_ENUM};
    if (!pull_string(&reader->pull))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (!pull_is(&reader->pull, words[i]))
            continue;
        reader->type->kind = kinds[i];
        return true;
    }
    return pull_fail(&reader->pull, "expected struct, union or enum");
}

static bool read_size(struct profile_reader *reader) {
    uint64_t size;
    if (!pull_unsigned(&reader->pull, UINT32_MAX, &size))
        return false;
    reader->type->size = (uint32_t)size;
    return true;
}

/* An enumeration has constants, anything else has fields: the first key tells. */
static bool read_type(struct profile_reader *reader) {
    static const struct profile_member structure[] = {
        {"fields", read_fields}, {"kind", read_kind}, {"size", read_size}, {0}};
    static const struct profile_member enumeration[] = {
        {"constants", read_constants}, {"kind", read_kind}, {"size", read_size}, {0}};
    struct json_pull ahead = reader->pull;
    ahead.decoded = (struct text)TEXT_EMPTY;
    bool is_enum = pull_object(&ahead) && pull_key(&ahead) && pull_is(&ahead, "constants");
    pull_deinit(&ahead);
    if (!read_members(reader, is_enum ? enumeration : structure))
        return false;
    return (reader->type->kind == TYPE_ENUM) == is_enum ||
           pull_fail(&reader->pull, "an enumeration has constants, a structure has fields");
}

static bool read_types(struct profile_reader *reader) {
    struct symbols *symbols = reader->symbols;
    const char *last = NULL, *name;
    if (!pull_object(&reader->pull))
        return false;
    while (next_name(reader, &last, &name)) {
        struct type type = {.name = name};
        reader->type = &type;
        if (!read_type(reader))
            return false;
        ARRAY_RESERVE(symbols->types, symbols->type_count, reader->type_capacity);
        symbols->types[symbols->type_count++] = type;
    }
    return !reader->pull.status;
}

static bool read_publics(struct profile_reader *reader) {
    struct symbols *symbols = reader->symbols;
    struct json_pull *pull = &reader->pull;
    const char *last = NULL, *name;
    if (!pull_object(pull))
        return false;
    while (next_name(reader, &last, &name)) {
        struct public_symbol symbol = {.name = name};
        if (!pull_string(pull))
            return false;
        const char *at = pull->text, *end = at + pull->length;
        if (!scan_hex(&at, end, UINT64_MAX, &symbol.rva) || at != end)
            return pull_fail(pull, "expected an RVA like \"0x40f650\"");
        ARRAY_RESERVE(symbols->publics, symbols->public_count, reader->public_capacity);
        symbols->publics[symbols->public_count++] = symbol;
    }
    return !pull->status;
}

/* Sizes of members are not in a profile: they follow from their types, where those are. */
static void size_fields(struct symbols *symbols) {
    uint32_t pointer_size = symbols_pointer_size(symbols);
    for (size_t i = 0; i < symbols->type_count; i++) {
        struct type *type = &symbols->types[i];
        if (type->kind == TYPE_ENUM)
            continue;
        for (size_t j = 0; j < type->count; j++)
            type->fields[j].size = type_name_size(symbols, type->fields[j].type, pointer_size);
        model_sort_fields(type->fields, type->count);
    }
}

enum status profile_read(struct error *err, const char *bytes, size_t length,
                         struct symbols *symbols) {
    static const struct profile_member members[] = {
        {"arch", read_arch},
        {"build", read_build},
        {"name", read_identity_name},
        {"origin", read_origin},
        {"pdb", read_pdb},
        {"precision", read_precision},
        {"revision", read_revision},
        {"schema", read_schema},
        {"symbols", read_publics},
        {"types", read_types},
        {0},
    };
    struct profile_reader reader = {.symbols = symbols};
    interner_init(&reader.strings, &symbols->arena);
    pull_init(&reader.pull, err, bytes, length);
    if (read_members(&reader, members) && pull_end(&reader.pull))
        size_fields(symbols);
    pull_deinit(&reader.pull);
    interner_deinit(&reader.strings);
    return reader.pull.status;
}
