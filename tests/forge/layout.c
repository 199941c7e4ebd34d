/*
 * layout.c - the forge's reader of profiles.
 */
#include "layout.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct layout {
    json_t *root;
    json_t *types;
    unsigned pointer_size;
    char *name;
};

struct layout *layout_open(const char *folder, const char *name) {
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s.json", folder, name) >= sizeof path)
        die("%s: the path is too long", folder);
    json_error_t error;
    struct layout *layout = xcalloc(1, sizeof *layout);
    layout->root = json_load_file(path, 0, &error);
    if (!layout->root)
        die("%s: %s (line %d)", path, error.text, error.line);
    layout->types = json_object_get(layout->root, "types");
    if (!json_is_object(layout->types))
        die("%s: no types", path);
    layout->pointer_size = strncmp(string(layout->root, "arch"), "x86", 3) == 0 ? 4 : 8;
    layout->name = strdup(name);
    return layout;
}

void layout_close(struct layout *layout) {
    json_decref(layout->root);
    free(layout->name);
    free(layout);
}

unsigned layout_pointer_size(const struct layout *layout) {
    return layout->pointer_size;
}

json_t *layout_types(const struct layout *layout) {
    return layout->types;
}

bool layout_has(const struct layout *layout, const char *type) {
    return json_object_get(layout->types, type) != NULL;
}

uint64_t layout_size(const struct layout *layout, const char *type) {
    const json_t *found = json_object_get(layout->types, type);
    if (!found)
        die("%s has no %s", layout->name, type);
    return number(found, "size");
}

/* Sizes of what a profile names without describing it; those that hold pointers are of the x64
 * ABI, and described where it is another one. Of an array its first element counts. */
static unsigned size_of(const struct layout *layout, const char *type) {
    static const struct {
        const char *name;
        unsigned size;
    } sizes[] = {
        {"char", 1},
        {"unsigned char", 1},
        {"wchar", 2},
        {"short", 2},
        {"unsigned short", 2},
        {"long", 4},
        {"unsigned long", 4},
        {"int", 4},
        {"unsigned int", 4},
        {"long long", 8},
        {"unsigned long long", 8},
        {"_LARGE_INTEGER", 8},
        {"_ULARGE_INTEGER", 8},
        {"_EX_FAST_REF", 8},
        {"_EX_PUSH_LOCK", 8},
        {"_PS_PROTECTION", 1},
        {"_SE_AUDIT_PROCESS_CREATION_INFO", 8},
        {"_LIST_ENTRY", 16},
        {"_UNICODE_STRING", 16},
        {"_CLIENT_ID", 16},
    };
    size_t length = strlen(type);
    if (length && type[length - 1] == '*')
        return layout->pointer_size;
    char element[128];
    snprintf(element, sizeof element, "%.*s", (int)strcspn(type, "["), type);
    if (strchr(type, '['))
        return size_of(layout, element);
    if (!strncmp(type, "<unnamed-enum", 13))
        return 4;
    const json_t *described = json_object_get(layout->types, type);
    if (described)
        return (unsigned)number(described, "size");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (!strcmp(type, sizes[i].name))
            return sizes[i].size;
    return 0;
}

/* "0x498 unsigned long", "0x6cc:0:1 unsigned long". Returns the type's name. */
static const char *parse(const char *text, struct member *member) {
    char *end;
    member->offset = strtoull(text, &end, 16);
    member->position = 0;
    member->length = 0;
    if (*end == ':') {
        member->position = (unsigned)strtoul(end + 1, &end, 10);
        if (*end != ':')
            die("\"%s\" is no member", text);
        member->length = (unsigned)strtoul(end + 1, &end, 10);
    }
    if (*end != ' ')
        die("\"%s\" is no member", text);
    return end + 1;
}

/* Members of types that profiles leave out; the same in all x64 builds up to 22000. */
static bool known_member(const char *type, const char *path, struct member *member) {
    if (strcmp(type, "_KAPC_STATE") != 0 || strcmp(path, "Process") != 0)
        return false;
    *member = (struct member){.offset = 0x20, .size = 8};
    return true;
}

bool layout_member(const struct layout *layout, const char *type, const char *path,
                   struct member *member) {
    if (!layout_has(layout, type))
        return known_member(type, path, member);
    const json_t *fields = json_object_get(json_object_get(layout->types, type), "fields");
    const char *text = json_string_value(json_object_get(fields, path));
    if (text) {
        member->size = size_of(layout, parse(text, member));
        return true;
    }
    const char *dot = strchr(path, '.');
    if (!dot)
        return false;
    char *head = strndup(path, (size_t)(dot - path));
    text = json_string_value(json_object_get(fields, head));
    free(head);
    struct member outer;
    if (!text || !layout_member(layout, parse(text, &outer), dot + 1, member))
        return false;
    member->offset += outer.offset;
    return true;
}

uint64_t layout_offset(const struct layout *layout, const char *type, const char *path) {
    struct member member;
    if (!layout_member(layout, type, path, &member))
        die("%s has no %s.%s", layout->name, type, path);
    return member.offset;
}
