/* symbols.c - opening a symbol file, whatever its format, and looking things up in it. */
#include "symbols/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "symbols/json_pull.h"
#include "symbols/model.h"
#include "symbols/unxz.h"

/* The largest real ISF is 7 MB; what is longer than this is no symbol file. */
#define FILE_LIMIT ((size_t)256 << 20)

enum file_kind { FILE_ISF, FILE_PROFILE };

static enum status refuse_json(struct json_pull *pull) {
    if (pull->status)
        return pull->status;
    return fail(pull->err, STATUS_FORMAT,
                "expected symbols (an ISF with \"user_types\", or a profile with "
                "\"schema\": \"ntdrift-profile/1\"), found other JSON");
}

static enum status check_schema(struct json_pull *pull, enum file_kind *kind) {
    if (!pull_string(pull))
        return pull->status;
    *kind = FILE_PROFILE;
    if (pull_is(pull, "ntdrift-profile/1"))
        return STATUS_OK;
    char found[64];
    model_copy(found, sizeof found, pull->text, pull->length);
    return fail(pull->err, STATUS_FORMAT,
                "expected symbols (an ISF, or schema \"ntdrift-profile/1\"), found schema \"%s\"",
                found);
}

/* The first telling key decides; what comes before it is passed over. */
static enum status find_kind(struct json_pull *pull, enum file_kind *kind) {
    static const char *const isf_keys[] = {"metadata", "base_types", "user_types", "enums"};
    if (!pull_object(pull))
        return pull->status;
    while (pull_key(pull)) {
        if (pull_is(pull, "schema"))
            return check_schema(pull, kind);
        *kind = FILE_ISF;
        for (size_t i = 0; i < ARRAY_LENGTH(isf_keys); i++)
            if (pull_is(pull, isf_keys[i]))
                return STATUS_OK;
        pull_skip(pull);
    }
    return refuse_json(pull);
}

/* Files that people have at hand and that are no symbols for ntdrift. */
static enum status refuse_binary(struct error *err, const char *bytes, size_t length) {
    static const struct {
        const char *magic, *found;
    } known[] = {
        {"Microsoft C/C++ MSF", "a PDB (Volatility 3's pdbconv makes an ISF of it)"},
        {"MZ", "a PE image"},
        {"PAGEDU", "a crash dump"},
        {"MDMP", "a minidump"},
        {"\x7f"
         "ELF",
         "an ELF file"},
        {"PK\x03\x04", "a ZIP archive"},
        {"\x1f\x8b", "gzip data"},
        {"BZh", "bzip2 data"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        size_t magic_length = strlen(known[i].magic);
        if (length >= magic_length && memcmp(bytes, known[i].magic, magic_length) == 0)
            return fail(err, STATUS_UNSUPPORTED, "expected symbols (an ISF or a profile), found %s",
                        known[i].found);
    }
    return STATUS_OK;
}

static enum status tell_apart(struct error *err, const char *bytes, size_t length,
                              enum file_kind *kind) {
    if (length == 0)
        return fail(err, STATUS_FORMAT, "expected symbols (an ISF or a profile), found no bytes");
    enum status status = refuse_binary(err, bytes, length);
    if (status)
        return status;
    struct json_pull pull AUTO(pull_deinit);
    pull_init(&pull, err, bytes, length);
    return find_kind(&pull, kind);
}

static enum status read_any(struct error *err, const char *name, const char *bytes, size_t length,
                            struct symbols *symbols) {
    struct text content AUTO(text_deinit) = TEXT_EMPTY;
    if (unxz_wanted(bytes, length)) {
        enum status status = unxz(err, bytes, length, FILE_LIMIT, &content);
        if (status)
            return status;
        bytes = content.data;
        length = content.length;
    }
    enum file_kind kind = FILE_ISF;
    enum status status = tell_apart(err, bytes, length, &kind);
    if (!status)
        status = kind == FILE_ISF ? isf_read(err, name, bytes, length, symbols)
                                  : profile_read(err, bytes, length, symbols);
    return status ? status : model_finish(err, symbols);
}

enum status symbols_parse(struct error *err, const char *name, const char *bytes, size_t length,
                          struct symbols **symbols) {
    struct error unwanted;
    if (!err)
        err = &unwanted;
    struct symbols *model = xcalloc(1, sizeof *model);
    arena_init(&model->arena);
    enum status status = read_any(err, name, bytes, length, model);
    if (status) {
        symbols_free(model);
        return fail_within(err, name);
    }
    *symbols = model;
    return STATUS_OK;
}

enum status symbols_open(struct error *err, const char *path, struct symbols **symbols) {
    struct text content;
    enum status status = file_read(err, path, FILE_LIMIT, &content);
    if (status)
        return status;
    status = symbols_parse(err, path, content.data, content.length, symbols);
    text_deinit(&content);
    return status;
}

void symbols_free(struct symbols *symbols) {
    if (!symbols)
        return;
    free(symbols->types);
    free(symbols->publics);
    arena_deinit(&symbols->arena);
    free(symbols);
}

const struct symbols_identity *symbols_identity(const struct symbols *symbols) {
    return &symbols->identity;
}

struct symbols_precision symbols_precision(const struct symbols *symbols) {
    return symbols->precision;
}

bool symbols_complete(const struct symbols *symbols) {
    return symbols->complete;
}

uint32_t symbols_pointer_size(const struct symbols *symbols) {
    return strncmp(symbols->identity.arch, "x86", 3) == 0 ? 4 : 8;
}

const struct type *symbols_types(const struct symbols *symbols, size_t *count) {
    *count = symbols->type_count;
    return symbols->types;
}

const struct public_symbol *symbols_publics(const struct symbols *symbols, size_t *count) {
    *count = symbols->public_count;
    return symbols->publics;
}

static int compare_type(const void *name, const void *type) {
    return strcmp(name, ((const struct type *)type)->name);
}

static int compare_public(const void *name, const void *symbol) {
    return strcmp(name, ((const struct public_symbol *)symbol)->name);
}

static const void *find(const char *name, const void *array, size_t count, size_t size,
                        int (*compare)(const void *, const void *)) {
    return count ? bsearch(name, array, count, size, compare) : NULL;
}

const struct type *symbols_type(const struct symbols *symbols, const char *name) {
    return find(name, symbols->types, symbols->type_count, sizeof *symbols->types, compare_type);
}

static const struct field *find_member(const struct type *type, const char *name, size_t length) {
    if (type->kind == TYPE_ENUM)
        return NULL;
    for (size_t i = 0; i < type->count; i++)
        if (strncmp(type->fields[i].name, name, length) == 0 && !type->fields[i].name[length])
            return &type->fields[i];
    return NULL;
}

/* The member that `path` starts with, in whole components: the longest, because a member's own
 * name may have a point ("u1.Long"). Gives how much of `path` it is. */
static const struct field *find_start(const struct type *type, const char *path, size_t *length) {
    for (*length = strlen(path); *length; (*length)--) {
        if (path[*length] && path[*length] != '.')
            continue;
        const struct field *member = find_member(type, path, *length);
        if (member)
            return member;
    }
    return NULL;
}

bool symbols_field(const struct symbols *symbols, const char *type, const char *path,
                   struct field *field) {
    uint32_t offset = 0;
    for (;;) {
        const struct type *structure = symbols_type(symbols, type);
        size_t length;
        const struct field *member = structure ? find_start(structure, path, &length) : NULL;
        if (!member || __builtin_add_overflow(offset, member->offset, &offset))
            return false;
        if (!path[length]) {
            *field = *member;
            field->offset = offset;
            return true;
        }
        path += length + 1;
        type = member->type;
    }
}

bool symbols_rva(const struct symbols *symbols, const char *name, uint64_t *rva) {
    const struct public_symbol *symbol = find(name, symbols->publics, symbols->public_count,
                                              sizeof *symbols->publics, compare_public);
    if (symbol)
        *rva = symbol->rva;
    return symbol != NULL;
}
