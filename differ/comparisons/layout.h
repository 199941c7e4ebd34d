/*
 * layout.h - how the comparison of layouts is put together: types are matched by name
 * (layouts.c), the members of a matched structure by name (layout_members.c), what kept its place
 * is told from what was moved (order.c), and what was only pushed along is collapsed
 * (layout_shift.c). Private to these files.
 */
#ifndef NTDRIFT_DIFFER_LAYOUT_H
#define NTDRIFT_DIFFER_LAYOUT_H

#include <stdint.h>

#include "differ/difference.h"

/* Two `layouts` sections, and what both can tell. */
struct layouts {
    struct difference *difference;
    const json_t *old; /* the objects under "types" */
    const json_t *new;
    bool kinds;
    bool enums;
    bool pointees;
    bool all;         /* neither side is a selection of types */
    size_t malformed; /* types and members that are not what the schema says */
};

/* Two `layouts` sections before they are compared; false where one has no types. */
bool layouts_init(struct layouts *layouts, const json_t *old, const json_t *new);

/* What one `layouts` section does not tell: types that are not tracked, enumerations by name. */
bool layouts_are_selected(const json_t *section);
bool layouts_tell(const json_t *section, const char *what); /* "kinds", "enums", "pointees" */

/* A member as a snapshot has it. */
struct member {
    const char *type;
    uint64_t offset;
    unsigned bit_position;
    unsigned bit_length; /* 0: no bit-field */
};

/* False where `field` is not a member as the schema has it. */
bool layout_member_read(const json_t *field, struct member *member);
json_t *layout_member_json(const struct member *member);
/* "0x6c4", and "0x6c4:0" for a bit. */
char *layout_member_place(const struct member *member);

enum verdict {
    MEMBER_SAME,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    MEMBER_MOVED,
    MEMBER_SHIFTED,
    MEMBER_RENAMED, /* was called so, and has its new place */
    MEMBER_JOINED,  /* the new name of one that was renamed: told with that */
};

/* A member by name, on either side or both. */
struct entry {
    const char *name;
    struct member old;
    struct member new;
    enum verdict verdict;
    bool retyped;
    size_t followers; /* bits whose other type follows from this one's */
    json_t *carried;  /* bits that moved with this word or bit: {name: [place, place]}; or NULL */
    bool is_carried;
    struct entry *successor; /* of a removed one: what stands in its place */
    size_t claims;           /* of a new one: how many removed ones it stands in the place of */
};

/* [where it was, where it is] */
json_t *layout_places_json(const struct entry *entry);

/* Whether two type strings say the same as far as both sides can tell. */
bool layout_type_equal(const struct layouts *layouts, const char *old, const char *new);

/* Whether a type is known by its content: it is never added or removed, its users change. */
bool layout_is_unnamed(const char *name);

void layout_compare_members(struct layouts *layouts, const char *type, const json_t *old,
                            const json_t *new);
void layout_compare_constants(struct layouts *layouts, const char *type, const json_t *old,
                              const json_t *new);

/* Has the bits of a word that were pushed along by the same number of positions told by one of them. */
void layout_collapse_pushed(const char *type, struct entry *entries, size_t count);

/* Finds members that are gone and new under another name, by place, type and name. */
void layout_find_renames(struct entry *entries, size_t count);
void layout_report_renamed(struct layouts *layouts, const char *type, const struct entry *entry);

/* Adds the one layout.field.shifted of `type`, if any of its entries were shifted. */
void layout_add_shift(struct layouts *layouts, const char *type, const struct entry *entries,
                      size_t count);

#endif
