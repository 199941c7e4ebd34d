/* stub.c - the code that a change of system call stubs shows. */
#include "reports/stub.h"

#include <string.h>

#include "base/memory.h"
#include "reports/assembly.h"

/* 32-bit code: that of a 32-bit kernel, and the stubs of 32-bit programs under a 64-bit one. */
static bool is_64_bit(const struct side *side, const char *mechanism) {
    bool is_narrow = mechanism && (!strcmp(mechanism, "wow64") || !strcmp(mechanism, "sysenter"));
    return !is_narrow && strncmp(side->arch, "x86", strlen("x86")) != 0;
}

bool stub_list(const struct side *side, const json_t *value, struct text *caption,
               struct text *lines) {
    const json_t *example = json_object_get(value, "example");
    const json_t *holder = example ? example : value;
    const char *bytes = json_string_value(json_object_get(holder, "bytes"));
    const char *name = json_string_value(json_object_get(holder, "name"));
    const char *mechanism = json_string_value(json_object_get(value, "mechanism"));
    json_int_t count = json_integer_value(json_object_get(value, "count"));
    if (!bytes || !assembly_list(lines, bytes, is_64_bit(side, mechanism)))
        return false;
    if (name)
        text_printf(caption, "%s: ", name);
    text_puts(caption, mechanism ? mechanism : "mechanism not known");
    if (count > 1)
        text_printf(caption, ", as in %" JSON_INTEGER_FORMAT " stubs", count);
    return true;
}

bool stub_is_listed(const struct change *change) {
    static const char prefix[] = "stub.";
    const json_t *const values[] = {change->old, change->new};
    bool has_code = false;
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        has_code = has_code || json_object_get(values[i], "bytes") ||
                   json_object_get(json_object_get(values[i], "example"), "bytes");
    return has_code && !strncmp(change->rule->id, prefix, strlen(prefix));
}
