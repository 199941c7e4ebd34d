/* isf_node.c - the type of a field: objects in objects, read without recursion. */
#include "base/memory.h"
#include "symbols/isf.h"

/* Decorated names end at 4096 characters (C4503 of Microsoft's compiler); a longer one is none. */
#define NAME_LIMIT 4096

struct node_reader {
    struct json_pull *pull;
    struct isf *isf;
};

bool isf_check_name(struct json_pull *pull) {
    return (pull->length > 0 && pull->length <= NAME_LIMIT) ||
           pull_fail(pull, "expected a name of 1 to %d bytes, found %zu", NAME_LIMIT, pull->length);
}

/* The members of a node that must be there, by kind; a bit each. */
enum {
    HAS_NAME = 1,
    HAS_INNER = 2,
    HAS_COUNT = 4,
    HAS_POSITION = 8,
    HAS_LENGTH = 16,
    HAS_KIND = 32
};

static const struct {
    const char *word;
    uint8_t kind;
    uint8_t required;
} node_kinds[] = {
    {"base", ISF_BASE, HAS_NAME},
    {"pointer", ISF_POINTER, HAS_INNER},
    {"array", ISF_ARRAY, HAS_INNER | HAS_COUNT},
    {"struct", ISF_STRUCT, HAS_NAME},
    {"union", ISF_STRUCT, HAS_NAME},
    {"class", ISF_STRUCT, HAS_NAME},
    {"enum", ISF_ENUM, HAS_NAME},
    {"function", ISF_FUNCTION, 0},
    {"bitfield", ISF_BITFIELD, HAS_INNER | HAS_POSITION | HAS_LENGTH},
};

struct open_node {
    struct isf_node node;
    uint8_t seen;
    uint8_t required;
};

static bool read_node_kind(struct node_reader *reader, struct open_node *open) {
    struct json_pull *pull = reader->pull;
    if (!pull_string(pull))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(node_kinds); i++) {
        if (!pull_is(pull, node_kinds[i].word))
            continue;
        open->node.kind = node_kinds[i].kind;
        open->required = node_kinds[i].required;
        return true;
    }
    return pull_fail(pull, "unknown kind of type");
}

static bool read_node_name(struct node_reader *reader, struct open_node *open) {
    struct json_pull *pull = reader->pull;
    if (!pull_string(pull) || !isf_check_name(pull))
        return false;
    open->node.name = intern(&reader->isf->strings, pull->text, pull->length);
    return true;
}

static bool read_node_count(struct node_reader *reader, struct open_node *open) {
    uint64_t count = 0;
    bool good = pull_unsigned(reader->pull, UINT32_MAX, &count);
    open->node.count = (uint32_t)count;
    return good;
}

static bool read_bit(struct node_reader *reader, uint64_t most, uint8_t *value) {
    uint64_t wide = 0;
    bool good = pull_unsigned(reader->pull, most, &wide);
    *value = (uint8_t)wide;
    return good;
}

static bool read_node_position(struct node_reader *reader, struct open_node *open) {
    return read_bit(reader, 63, &open->node.bit_position);
}

static bool read_node_length(struct node_reader *reader, struct open_node *open) {
    return read_bit(reader, 64, &open->node.bit_length);
}

static const struct {
    const char *key;
    uint8_t bit;
    bool (*read)(struct node_reader *reader, struct open_node *open); /* NULL: a node */
} node_members[] = {
    {"kind", HAS_KIND, read_node_kind},
    {"name", HAS_NAME, read_node_name},
    {"subtype", HAS_INNER, NULL},
    {"type", HAS_INNER, NULL},
    {"count", HAS_COUNT, read_node_count},
    {"bit_position", HAS_POSITION, read_node_position},
    {"bit_length", HAS_LENGTH, read_node_length},
};

/* Reads one member of `open`; `*descends` where its value is a node. */
static bool read_node_member(struct node_reader *reader, struct open_node *open, bool *descends) {
    struct json_pull *pull = reader->pull;
    for (size_t i = 0; i < ARRAY_LENGTH(node_members); i++) {
        if (!pull_is(pull, node_members[i].key))
            continue;
        if (open->seen & node_members[i].bit)
            return pull_fail(pull, "\"%s\" is there twice", node_members[i].key);
        open->seen |= node_members[i].bit;
        *descends = !node_members[i].read;
        return *descends ? pull_object(pull) : node_members[i].read(reader, open);
    }
    return pull_skip(pull);
}

static bool finish_node(struct node_reader *reader, const struct open_node *open) {
    const struct isf_node *node = &open->node;
    if (!(open->seen & HAS_KIND) || (open->required & ~open->seen))
        return pull_fail(reader->pull, "a type that lacks a member it must have");
    if (node->kind == ISF_BITFIELD &&
        (node->bit_length == 0 || node->bit_position + node->bit_length > 64))
        return pull_fail(reader->pull, "bit-field of %d bits at bit %d", node->bit_length,
                         node->bit_position);
    ISF_APPEND(reader->isf->nodes, *node);
    return true;
}

/* A bit-field is a field's whole type: nothing points to one. */
static bool link_node(struct node_reader *reader, struct open_node *outer) {
    uint32_t inner = (uint32_t)reader->isf->nodes.count - 1;
    if (reader->isf->nodes.items[inner].kind == ISF_BITFIELD)
        return pull_fail(reader->pull, "a bit-field inside another type");
    outer->node.inner = inner;
    return true;
}

bool isf_read_node(struct json_pull *pull, struct isf *isf, uint32_t *node) {
    struct node_reader reader_state = {pull, isf}, *reader = &reader_state;
    struct open_node open[PULL_DEPTH + 1] = {{{0}, 0, 0}};
    int depth = 0;
    if (!pull_object(pull))
        return false;
    for (;;) {
        bool descends = false;
        if (pull_key(pull)) {
            if (!read_node_member(reader, &open[depth], &descends))
                return false;
            if (descends)
                open[++depth] = (struct open_node){{0}, 0, 0};
            continue;
        }
        if (pull->status || !finish_node(reader, &open[depth]))
            return false;
        if (depth == 0)
            break;
        if (!link_node(reader, &open[--depth]))
            return false;
    }
    *node = (uint32_t)reader->isf->nodes.count - 1;
    return true;
}
