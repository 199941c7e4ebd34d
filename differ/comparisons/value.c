/* value.c - single values out of a snapshot. */
#include "differ/comparisons/value.h"

#include "base/memory.h"

bool json_value_is_known(const json_t *value) {
    return json_is_string(value) || json_is_integer(value) || json_is_boolean(value);
}

const char *json_value_string(const json_t *object, const char *key) {
    const char *string = json_string_value(json_object_get(object, key));
    return string && *string ? string : NULL;
}

json_t *json_value_copy(const json_t *value) {
    if (json_is_array(value))
        return json_pack("{s:I}", "elements", (json_int_t)json_array_size(value));
    if (json_is_object(value))
        return json_pack("{s:I}", "members", (json_int_t)json_object_size(value));
    /* No snapshot has numbers with a fraction, and no canonical output can. */
    if (json_is_real(value))
        return json_sprintf("%.17g", json_real_value(value));
    return json_incref((json_t *)value);
}

char *json_value_text(const json_t *value) {
    if (!value)
        return xstrdup("nothing");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return xasprintf("an object of %zu", json_object_size(value));
    case JSON_ARRAY:
        return xasprintf("an array of %zu", json_array_size(value));
    case JSON_STRING:
        return xasprintf("\"%s\"", json_string_value(value));
    case JSON_INTEGER:
        return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL:
        return xasprintf("%.17g", json_real_value(value));
    case JSON_TRUE:
        return xstrdup("true");
    case JSON_FALSE:
        return xstrdup("false");
    case JSON_NULL:
        return xstrdup("null");
    }
    return xstrdup("nothing");
}
