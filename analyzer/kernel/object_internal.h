/* object_internal.h - what the files that read objects share: layouts looked up once, and types. */
#ifndef NTDRIFT_KERNEL_OBJECT_INTERNAL_H
#define NTDRIFT_KERNEL_OBJECT_INTERNAL_H

#include "kernel/object.h"

/* Larger headers are none: 0x38 bytes on x64, 0x20 on x86. */
#define OBJECT_HEADER_MOST 0x80
/* TypeIndex is a byte. */
#define OBJECT_TYPES_MOST 256

struct object_layout {
    bool complete; /* headers and types can be read */
    struct field pointer_count, handle_count, flags, body;
    struct field type_index; /* from Windows 7 on ... */
    struct field type;       /* ... or the type's address before */
    struct field info_mask;  /* from Windows 7 on ... */
    bool has_index, has_mask;
    uint32_t info_sizes[OBJECT_INFO_COUNT]; /* of the optional headers; 0: not known */
    /* Before Windows 7, where there is no InfoMask: the distances themselves. */
    struct field info_distances[OBJECT_INFO_COUNT];
    bool has_distance[OBJECT_INFO_COUNT];
    struct field name_directory, name_string;
    struct field type_list, type_name, index, total_objects, total_handles;
    bool has_type_list;
};

struct objects {
    const struct target *target;
    struct object_layout layout;
    struct object_type *types;
    size_t count;
    const char *found_by;
    size_t unreadable[READ_STATE_COUNT]; /* why types may be missing */
    struct object_type *by_index[OBJECT_TYPES_MOST];
    struct object_cookie cookie;
    uint64_t root;
    uint64_t type_type; /* address of the type "Type" */
    uint64_t file_type; /* likewise; 0: not found */
    uint64_t key_type;
    uint64_t process_type;
    uint64_t thread_type;
};

/* Finds the types and the cookie. The layout is complete. */
void object_types_find(struct objects *objects);
void object_types_free(struct objects *objects);

/* A member out of bytes that were read at the start of its structure; false where it lies beyond
 * them. */
bool object_member(const struct objects *objects, const uint8_t *bytes, size_t size,
                   const struct field *field, uint64_t *value);

/* Puts `separator` and `name` before `path`. */
void object_prepend(struct text *path, const char *separator, const struct text *name);

/* Names of objects that keep them in their bodies. */
enum read_state object_body_name(const struct objects *objects, const struct object *object,
                                 struct text *name);

#endif
