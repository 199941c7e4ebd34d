/* type_name.c - unnamed types and their names by content; sizes of types by their names. */
#include "symbols/type_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Newer compilers write the scope before the name: "_MMPTE::<unnamed-type-u>". */
static const char *innermost(const char *name) {
    const char *scope = strstr(name, "::<");
    return scope ? scope + 2 : name;
}

bool type_name_is_unnamed(const char *name) {
    /* pdbconv of Volatility 3 and older converters number ("__unnamed_1df", "__anonymous_2b09"),
     * the compiler writes "<unnamed-tag>", "<unnamed-type-u1>", "<anonymous-tag>", "__unnamed". */
    static const char *const prefixes[] = {
        "__unnamed_", "__anonymous_", "_unnamed_", "<unnamed-", "<anonymous-",
    };
    name = innermost(name);
    for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++)
        if (starts_with(name, prefixes[i]))
            return true;
    return strcmp(name, "__unnamed") == 0;
}

bool type_name_is_unnamed_enum(const char *name) {
    return starts_with(name, "__enum_") || type_name_is_unnamed(name);
}

static const char *const kind_words[] = {
    [TYPE_STRUCT] = "struct",
    [TYPE_UNION] = "union",
    [TYPE_ENUM] = "enum",
};

bool type_name_is_content(const char *name) {
    return starts_with(name, "<unnamed-");
}

static void describe(struct text *text, const struct type *type) {
    text_printf(text, "%s %" PRIu32 "\n", kind_words[type->kind], type->size);
    for (size_t i = 0; i < type->count; i++) {
        if (type->kind == TYPE_ENUM) {
            const struct constant *constant = &type->constants[i];
            text_printf(text, "%" PRId64 " %s\n", constant->value, constant->name);
        } else {
            const struct field *field = &type->fields[i];
            text_printf(text, "%" PRIu32 ":%u:%u %s %s\n", field->offset, field->bit_position,
                        field->bit_length, field->name, field->type);
        }
    }
}

const char *type_name_of_content(struct interner *strings, const struct type *type) {
    struct text content AUTO(text_deinit) = TEXT_EMPTY;
    describe(&content, type);
    char name[64];
    int length = snprintf(name, sizeof name, "<unnamed-%s-%016" PRIx64 ">", kind_words[type->kind],
                          (uint64_t)XXH3_64bits(content.data, content.length));
    return interned_text(strings, intern(strings, name, (size_t)length));
}

/* Windows is LLP64 and ILP32 (learn.microsoft.com, "Data Type Ranges"): long is 4 bytes. */
static uint32_t base_size(const char *name, size_t length) {
    static const struct {
        const char *name;
        uint32_t size;
    } bases[] = {
        {"char", 1},
        {"unsigned char", 1},
        {"bool", 1},
        {"short", 2},
        {"wchar", 2},
        {"unsigned short", 2},
        {"int", 4},
        {"unsigned int", 4},
        {"long", 4},
        {"unsigned long", 4},
        {"HRESULT", 4},
        {"f32", 4},
        {"float", 4},
        {"double", 8},
        {"long long", 8},
        {"f64", 8},
        {"unsigned long long", 8},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++)
        if (strlen(bases[i].name) == length && memcmp(bases[i].name, name, length) == 0)
            return bases[i].size;
    return 0;
}

static uint32_t element_size(const struct symbols *symbols, const char *name, size_t length,
                             uint32_t pointer_size) {
    if (length && name[length - 1] == '*')
        return pointer_size;
    uint32_t size = base_size(name, length);
    if (size)
        return size;
    AUTO_FREE char *plain = xstrndup(name, length);
    const struct type *type = symbols_type(symbols, plain);
    return type ? type->size : 0;
}

uint32_t type_name_size(const struct symbols *symbols, const char *name, uint32_t pointer_size) {
    uint64_t count = 1;
    size_t length = strlen(name);
    /* Dimensions stand at the end: "unsigned char[4][15]". */
    while (length && name[length - 1] == ']') {
        size_t open = length - 1;
        while (open && name[open] != '[')
            open--;
        char *end;
        uint64_t dimension = strtoull(name + open + 1, &end, 10);
        if (name[open] != '[' || end != name + length - 1 || dimension > UINT32_MAX)
            return 0;
        length = open;
        if (__builtin_mul_overflow(count, dimension, &count))
            return 0;
    }
    uint64_t size = element_size(symbols, name, length, pointer_size);
    if (__builtin_mul_overflow(size, count, &size) || size > UINT32_MAX)
        return 0;
    return (uint32_t)size;
}

uint32_t type_name_alignment(const char *name, uint32_t pointer_size) {
    size_t length = strcspn(name, "[");
    return length && name[length - 1] == '*' ? pointer_size : base_size(name, length);
}
