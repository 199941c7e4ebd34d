/* type_size.c - the sizes of types by their names. */
#include "differ/type_size.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const json_t *side_type(const struct side *side, const char *name) {
    const json_t *types = json_object_get(json_object_get(side->snapshot, "layouts"), "types");
    const json_t *type = json_object_get(types, name);
    return json_is_object(type) ? type : NULL;
}

/* The base types of Microsoft's C compilers ("Data Type Ranges", Visual C++ documentation). */
static uint64_t base_size(const char *type, size_t length) {
    static const struct {
        const char *name;
        uint64_t size;
    } bases[] = {
        {"unsigned long", 4}, {"long", 4},           {"unsigned int", 4},
        {"int", 4},           {"unsigned short", 2}, {"short", 2},
        {"unsigned char", 1}, {"char", 1},           {"unsigned long long", 8},
        {"long long", 8},     {"wchar", 2},          {"wchar_t", 2},
        {"double", 8},        {"float", 4},          {"bool", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++)
        if (strlen(bases[i].name) == length && !memcmp(bases[i].name, type, length))
            return bases[i].size;
    return 0;
}

static uint64_t pointer_size(const struct side *side) {
    return !strcmp(side->arch, "x64") ? 8 : !strncmp(side->arch, "x86", 3) ? 4 : 0;
}

static uint64_t named_size(const struct side *side, const char *type, size_t length) {
    if (length && type[length - 1] == '*')
        return pointer_size(side);
    uint64_t size = base_size(type, length);
    if (size)
        return size;
    AUTO_FREE char *name = xstrndup(type, length);
    json_int_t known = json_integer_value(json_object_get(side_type(side, name), "size"));
    return known > 0 ? (uint64_t)known : 0;
}

uint64_t side_type_size(const struct side *side, const char *type) {
    size_t length = strlen(type);
    uint64_t elements = 1;
    while (length && type[length - 1] == ']') {
        size_t open = length - 1;
        while (open && type[open] != '[')
            open--;
        uint64_t count = strtoull(type + open + 1, NULL, 10);
        if (__builtin_mul_overflow(elements, count, &elements))
            return 0;
        length = open;
    }
    uint64_t size = 0;
    return __builtin_mul_overflow(elements, named_size(side, type, length), &size) ? 0 : size;
}
