/*
 * isf.h - a Volatility 3 ISF file as it stands: types refer to each other by name, unnamed types
 * are types of their own. unfold.h makes the model of it. For the files of this folder only.
 *
 * The format: https://github.com/volatilityfoundation/volatility3, volatility3/schemas.
 */
#ifndef NTDRIFT_SYMBOLS_ISF_H
#define NTDRIFT_SYMBOLS_ISF_H

#include "symbols/arena.h"
#include "symbols/json_pull.h"
#include "symbols/symbols.h"

enum isf_kind {
    ISF_NO_KIND,
    ISF_BASE,
    ISF_POINTER,
    ISF_ARRAY,
    ISF_STRUCT, /* or union: the type it names says which */
    ISF_ENUM,
    ISF_FUNCTION,
    ISF_BITFIELD,
};

/* One step of a type: "pointer to ...", "array of 4 ...". Names are numbers of the interner. */
struct isf_node {
    uint8_t kind;
    uint8_t bit_position;
    uint8_t bit_length;
    uint32_t name;  /* of base, struct and enum */
    uint32_t inner; /* of pointer, array and bitfield: a node */
    uint32_t count; /* of array */
};

struct isf_field {
    uint32_t name;
    uint32_t offset;
    uint32_t node;
    bool anonymous;
};

struct isf_constant {
    uint32_t name;
    int64_t value;
};

/* A structure, union or enumeration; `first` and `count` are of its fields or constants. */
struct isf_type {
    uint32_t name;
    uint32_t size;
    size_t first;
    size_t count;
    enum type_kind kind;
};

struct isf_base {
    uint32_t name;
    uint32_t size;
};

struct isf_metadata {
    char producer[80];
    char producer_version[16];
    char pdb_name[64];
    char pdb_guid[33];
    uint64_t pdb_age;
    uint64_t machine; /* IMAGE_FILE_MACHINE_*, 0 unknown */
    int32_t build;    /* of NT; -1 unknown */
    int32_t revision;
};

#define ISF_LIST(type)                                                                             \
    struct {                                                                                       \
        struct type *items;                                                                        \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

struct isf {
    struct interner strings;
    ISF_LIST(isf_node) nodes;
    ISF_LIST(isf_field) fields;
    ISF_LIST(isf_constant) constants;
    ISF_LIST(isf_type) types;
    ISF_LIST(isf_type) enums;
    ISF_LIST(isf_base) bases;
    ISF_LIST(public_symbol) publics;
    struct isf_metadata metadata;
};

/* Strings go to `arena`. */
void isf_init(struct isf *isf, struct arena *arena);
void isf_deinit(struct isf *isf);

#define ISF_APPEND(list, ...)                                                                      \
    do {                                                                                           \
        ARRAY_RESERVE((list).items, (list).count, (list).capacity);                                \
        (list).items[(list).count++] = __VA_ARGS__;                                                \
    } while (0)

/* Whether the latest string of `pull` can be a name; if not, that is an error. */
bool isf_check_name(struct json_pull *pull);

/* Reads the type of a field; gives the number of its outermost node. */
bool isf_read_node(struct json_pull *pull, struct isf *isf, uint32_t *node);

enum status isf_parse(struct error *err, const char *bytes, size_t length, struct isf *isf);

#endif
