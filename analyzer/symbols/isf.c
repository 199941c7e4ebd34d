/* isf.c - reads Volatility 3's ISF, in one pass and in any order of its keys. */
#include "symbols/isf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/json_pull.h"
#include "symbols/model.h"

struct reader {
    struct json_pull pull;
    struct isf *isf;
    struct isf_type *type;  /* what is being read: a structure or enumeration, */
    struct isf_field field; /* one of its fields, */
    struct isf_base base;   /* a base type, */
    uint64_t address;       /* of a symbol */
};

/* A key that an object may have, and what reads its value. Other keys are passed over. */
struct member {
    const char *key;
    bool (*read)(struct reader *reader);
    bool required;
};

static bool check_required(struct reader *reader, const struct member *members, uint32_t seen) {
    for (size_t i = 0; members[i].key; i++)
        if (members[i].required && !(seen & UINT32_C(1) << i))
            return pull_fail(&reader->pull, "expected a member \"%s\", found none", members[i].key);
    return true;
}

static bool read_object(struct reader *reader, const struct member *members) {
    struct json_pull *pull = &reader->pull;
    uint32_t seen = 0;
    if (!pull_object(pull))
        return false;
    while (pull_key(pull)) {
        size_t i = 0;
        while (members[i].key && !pull_is(pull, members[i].key))
            i++;
        if (!members[i].key) {
            pull_skip(pull);
            continue;
        }
        if (seen & UINT32_C(1) << i)
            return pull_fail(pull, "\"%s\" is there twice", members[i].key);
        seen |= UINT32_C(1) << i;
        members[i].read(reader);
    }
    return !pull->status && check_required(reader, members, seen);
}

/* An object whose keys are names; each is interned and handed to `read`. */
static bool read_named(struct reader *reader, bool (*read)(struct reader *reader, uint32_t name)) {
    struct json_pull *pull = &reader->pull;
    if (!pull_object(pull))
        return false;
    while (pull_key(pull)) {
        if (!isf_check_name(pull))
            return false;
        read(reader, intern(&reader->isf->strings, pull->text, pull->length));
    }
    return !pull->status;
}

static bool read_uint32(struct reader *reader, uint32_t *value) {
    uint64_t wide;
    if (!pull_unsigned(&reader->pull, UINT32_MAX, &wide))
        return false;
    *value = (uint32_t)wide;
    return true;
}

/* --- structures --- */

static bool read_field_offset(struct reader *reader) {
    return read_uint32(reader, &reader->field.offset);
}

static bool read_field_type(struct reader *reader) {
    return isf_read_node(&reader->pull, reader->isf, &reader->field.node);
}

static bool read_field_anonymous(struct reader *reader) {
    return pull_boolean(&reader->pull, &reader->field.anonymous);
}

static bool read_field(struct reader *reader, uint32_t name) {
    static const struct member members[] = {
        {"offset", read_field_offset, true},
        {"type", read_field_type, true},
        {"anonymous", read_field_anonymous, false},
        {0},
    };
    reader->field = (struct isf_field){.name = name};
    if (!read_object(reader, members))
        return false;
    ISF_APPEND(reader->isf->fields, reader->field);
    return true;
}

static bool read_type_fields(struct reader *reader) {
    reader->type->first = reader->isf->fields.count;
    bool good = read_named(reader, read_field);
    reader->type->count = reader->isf->fields.count - reader->type->first;
    return good;
}

static bool read_type_kind(struct reader *reader) {
    struct json_pull *pull = &reader->pull;
    if (!pull_string(pull))
        return false;
    reader->type->kind = pull_is(pull, "union") ? TYPE_UNION : TYPE_STRUCT;
    return reader->type->kind == TYPE_UNION || pull_is(pull, "struct") || pull_is(pull, "class") ||
           pull_fail(pull, "expected struct, union or class");
}

static bool read_type_size(struct reader *reader) {
    return read_uint32(reader, &reader->type->size);
}

static bool read_type(struct reader *reader, uint32_t name) {
    static const struct member members[] = {
        {"fields", read_type_fields, true},
        {"kind", read_type_kind, true},
        {"size", read_type_size, true},
        {0},
    };
    struct isf_type type = {.name = name};
    reader->type = &type;
    if (!read_object(reader, members))
        return false;
    ISF_APPEND(reader->isf->types, type);
    return true;
}

/* --- enumerations, base types, symbols --- */

static bool read_constant(struct reader *reader, uint32_t name) {
    struct isf_constant constant = {.name = name};
    if (!pull_integer(&reader->pull, &constant.value))
        return false;
    ISF_APPEND(reader->isf->constants, constant);
    return true;
}

static bool read_enum_constants(struct reader *reader) {
    reader->type->first = reader->isf->constants.count;
    bool good = read_named(reader, read_constant);
    reader->type->count = reader->isf->constants.count - reader->type->first;
    return good;
}

static bool read_enum(struct reader *reader, uint32_t name) {
    static const struct member members[] = {
        {"constants", read_enum_constants, true},
        {"size", read_type_size, true},
        {0},
    };
    struct isf_type type = {.name = name, .kind = TYPE_ENUM};
    reader->type = &type;
    if (!read_object(reader, members))
        return false;
    ISF_APPEND(reader->isf->enums, type);
    return true;
}

static bool read_base_size(struct reader *reader) {
    return read_uint32(reader, &reader->base.size);
}

static bool read_base(struct reader *reader, uint32_t name) {
    static const struct member members[] = {{"size", read_base_size, true}, {0}};
    reader->base = (struct isf_base){.name = name};
    if (!read_object(reader, members))
        return false;
    ISF_APPEND(reader->isf->bases, reader->base);
    return true;
}

static bool read_symbol_address(struct reader *reader) {
    return pull_unsigned(&reader->pull, UINT64_MAX, &reader->address);
}

/* Some 40,000 names that are each there once need no interning. */
static bool read_symbol(struct reader *reader) {
    static const struct member members[] = {{"address", read_symbol_address, true}, {0}};
    struct json_pull *pull = &reader->pull;
    if (!isf_check_name(pull))
        return false;
    const char *name = arena_text(reader->isf->strings.arena, pull->text, pull->length);
    if (!read_object(reader, members))
        return false;
    ISF_APPEND(reader->isf->publics, (struct public_symbol){.name = name, .rva = reader->address});
    return true;
}

static bool read_types(struct reader *reader) {
    return read_named(reader, read_type);
}

static bool read_enums(struct reader *reader) {
    return read_named(reader, read_enum);
}

static bool read_bases(struct reader *reader) {
    return read_named(reader, read_base);
}

static bool read_symbols(struct reader *reader) {
    if (!pull_object(&reader->pull))
        return false;
    while (pull_key(&reader->pull))
        read_symbol(reader);
    return !reader->pull.status;
}

/* --- metadata --- */

static bool read_guid(struct reader *reader) {
    struct json_pull *pull = &reader->pull;
    char *guid = reader->isf->metadata.pdb_guid;
    if (!pull_string(pull))
        return false;
    for (size_t i = 0; i < pull->length && i < 32; i++) {
        if (!isxdigit((unsigned char)pull->text[i]))
            return pull_fail(pull, "expected a GUID of 32 hexadecimal digits");
        guid[i] = (char)toupper((unsigned char)pull->text[i]);
    }
    return pull->length == 32 || pull_fail(pull, "expected a GUID of 32 hexadecimal digits");
}

static bool read_age(struct reader *reader) {
    return pull_unsigned(&reader->pull, UINT32_MAX, &reader->isf->metadata.pdb_age);
}

static bool read_word(struct reader *reader, char *word, size_t size) {
    if (!pull_string(&reader->pull))
        return false;
    model_copy(word, size, reader->pull.text, reader->pull.length);
    return true;
}

static bool read_database(struct reader *reader) {
    struct isf_metadata *metadata = &reader->isf->metadata;
    return read_word(reader, metadata->pdb_name, sizeof metadata->pdb_name);
}

static bool read_machine(struct reader *reader) {
    return pull_unsigned(&reader->pull, UINT16_MAX, &reader->isf->metadata.machine);
}

static bool read_int32(struct reader *reader, int32_t *value) {
    uint64_t wide = 0;
    bool good = pull_unsigned(&reader->pull, INT32_MAX, &wide);
    *value = (int32_t)wide;
    return good;
}

/* Volatility 3 calls the NT build "revision" and the update build revision "build". */
static bool read_nt_build(struct reader *reader) {
    return read_int32(reader, &reader->isf->metadata.build);
}

static bool read_update_revision(struct reader *reader) {
    return read_int32(reader, &reader->isf->metadata.revision);
}

static bool read_pdb(struct reader *reader) {
    static const struct member members[] = {
        {"GUID", read_guid, true},
        {"age", read_age, true},
        {"database", read_database, true},
        {"machine_type", read_machine, false},
        {0},
    };
    return read_object(reader, members);
}

static bool read_pe(struct reader *reader) {
    static const struct member members[] = {
        {"revision", read_nt_build, false},
        {"build", read_update_revision, false},
        {0},
    };
    return read_object(reader, members);
}

static bool read_windows(struct reader *reader) {
    static const struct member members[] = {{"pdb", read_pdb, false}, {"pe", read_pe, false}, {0}};
    return read_object(reader, members);
}

static bool read_producer_name(struct reader *reader) {
    struct isf_metadata *metadata = &reader->isf->metadata;
    return read_word(reader, metadata->producer, sizeof metadata->producer);
}

static bool read_producer_version(struct reader *reader) {
    struct isf_metadata *metadata = &reader->isf->metadata;
    return read_word(reader, metadata->producer_version, sizeof metadata->producer_version);
}

static bool read_producer(struct reader *reader) {
    static const struct member members[] = {
        {"name", read_producer_name, false},
        {"version", read_producer_version, false},
        {0},
    };
    return read_object(reader, members);
}

static bool read_metadata(struct reader *reader) {
    static const struct member members[] = {
        {"producer", read_producer, false},
        {"windows", read_windows, false},
        {0},
    };
    return read_object(reader, members);
}

void isf_init(struct isf *isf, struct arena *arena) {
    *isf = (struct isf){.metadata = {.build = -1, .revision = -1}};
    interner_init(&isf->strings, arena);
}

void isf_deinit(struct isf *isf) {
    interner_deinit(&isf->strings);
    free(isf->nodes.items);
    free(isf->fields.items);
    free(isf->constants.items);
    free(isf->types.items);
    free(isf->enums.items);
    free(isf->bases.items);
    free(isf->publics.items);
}

enum status isf_parse(struct error *err, const char *bytes, size_t length, struct isf *isf) {
    static const struct member members[] = {
        {"metadata", read_metadata, true}, {"base_types", read_bases, true},
        {"user_types", read_types, true},  {"enums", read_enums, true},
        {"symbols", read_symbols, true},   {0},
    };
    struct reader reader = {.isf = isf};
    pull_init(&reader.pull, err, bytes, length);
    if (read_object(&reader, members))
        pull_end(&reader.pull);
    pull_deinit(&reader.pull);
    return reader.pull.status;
}
