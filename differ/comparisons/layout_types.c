/* layout_types.c - whether two type strings say the same, as far as both sources can tell. */
#include "differ/comparisons/layout.h"

#include <string.h>

/* A type string that is looked at from its end. */
struct view {
    const char *text;
    size_t length;
};

static bool is(struct view view, const char *text) {
    return strlen(text) == view.length && memcmp(view.text, text, view.length) == 0;
}

static bool starts(struct view view, const char *prefix) {
    size_t length = strlen(prefix);
    return view.length >= length && memcmp(view.text, prefix, length) == 0;
}

/* The length of a trailing "[15]", or 0. */
static size_t array_suffix(struct view view) {
    if (!view.length || view.text[view.length - 1] != ']')
        return 0;
    for (size_t i = view.length; i > 0; i--)
        if (view.text[i - 1] == '[')
            return view.length - i + 1;
    return 0;
}

/* Takes the arrays and pointers off that both have in common; says whether a pointer was. */
static bool strip_common(struct view *old, struct view *new) {
    bool pointer = false;
    for (;;) {
        size_t suffix = array_suffix(*old);
        if (!suffix && old->length && old->text[old->length - 1] == '*')
            suffix = 1;
        if (!suffix || suffix > new->length ||
            memcmp(old->text + old->length - suffix, new->text + new->length - suffix, suffix) != 0)
            return pointer;
        pointer = pointer || suffix == 1;
        old->length -= suffix;
        new->length -= suffix;
    }
}

/* Base types that sources made from published type tables do not tell apart: they have one name
 * for each size and sign. On Windows `long` has 32 bits (the LLP64 model). */
static bool same_base(struct view old, struct view new) {
    static const char *const alike[][2] = {
        {"char", "unsigned char"}, {"int", "long"}, {"unsigned int", "unsigned long"}};
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        if ((is(old, alike[i][0]) && is(new, alike[i][1])) ||
            (is(old, alike[i][1]) && is(new, alike[i][0])))
            return true;
    return false;
}

static bool is_opaque(struct view view) {
    return is(view, "void") || is(view, "function");
}

/* "<unnamed-struct>", "<unnamed-struct-0123456789abcdef>"; no pointer to one. */
static bool is_unnamed(struct view view, const char *prefix) {
    return starts(view, prefix) && view.text[view.length - 1] == '>';
}

static bool is_aggregate(struct view view) {
    return is_unnamed(view, "<unnamed-struct") || is_unnamed(view, "<unnamed-union");
}

static bool is_unnamed_enum(struct view view) {
    return is_unnamed(view, "<unnamed-enum");
}

/* Whether `view` can be an enumeration: it is one in `types`, or a selection left it out. */
static bool may_be_enum(struct view view, const json_t *types) {
    const json_t *type = json_object_getn(types, view.text, view.length);
    const char *kind = json_string_value(json_object_get(type, "kind"));
    return is_unnamed_enum(view) || (kind && strcmp(kind, "enum") == 0);
}

static bool vaguely_same_enum(const struct layouts *layouts, struct view old, struct view new) {
    return (is_unnamed_enum(old) && may_be_enum(new, layouts->new)) ||
           (is_unnamed_enum(new) && may_be_enum(old, layouts->old));
}

bool layout_is_unnamed(const char *name) {
    return strncmp(name, "<unnamed-", strlen("<unnamed-")) == 0;
}

bool layout_type_equal(const struct layouts *layouts, const char *old_text, const char *new_text) {
    if (strcmp(old_text, new_text) == 0)
        return true;
    if (layouts->kinds && layouts->enums && layouts->pointees)
        return false;
    struct view old = {old_text, strlen(old_text)};
    struct view new = {new_text, strlen(new_text)};
    bool pointer = strip_common(&old, &new);
    /* The content that names an unnamed type holds all that one side is vague about. */
    if (is_aggregate(old) && is_aggregate(new))
        return true;
    if (!layouts->enums && vaguely_same_enum(layouts, old, new))
        return true;
    return !layouts->pointees &&
           (same_base(old, new) || (pointer && (is_opaque(old) || is_opaque(new))));
}
