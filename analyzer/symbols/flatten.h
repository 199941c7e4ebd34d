/*
 * flatten.h - one type of an ISF as the model has it: its members and those of the unnamed types
 * in it, with their names and type strings. A part of unfold.c.
 */
#ifndef NTDRIFT_SYMBOLS_FLATTEN_H
#define NTDRIFT_SYMBOLS_FLATTEN_H

#include "symbols/unfold.h"

enum form_state { FORM_UNSEEN, FORM_UNDERWAY, FORM_DONE };

/* What became of one of isf->types. */
struct form {
    struct type type; /* its name is that by content where it is unnamed; NULL before */
    enum form_state state;
    bool unnamed;
    bool listed; /* something refers to it by its name by content */
};

/* A member on its way into the model. */
struct entry {
    const struct isf_field *field;
    const char *name;
    uint32_t offset; /* from the start of the type that is flattened */
    int32_t parent;  /* the entry that it was flattened out of, -1 for none */
    int32_t next;    /* the entry whose name comes next before `name`, -1 for none */
    int32_t inner;   /* the type whose members it gives, -1 for none */
    bool vanishes;   /* it has no name in C, only its members have */
};

struct unfolder {
    struct error *err;
    struct isf *isf;
    struct isf_index index;
    struct form *forms;
    struct type *enums;
    uint32_t pointer_size;
    size_t budget; /* bytes that may still be spent */
    struct entry *entries;
    size_t entry_count;
    size_t entry_capacity;
    struct entry **kept; /* the entries that do not vanish */
    size_t kept_count;
    size_t kept_capacity;
};

/* Takes from the budget. */
enum status unfolder_spend(struct unfolder *unfolder, size_t bytes);

/* The type string and size of a field's node. */
enum status field_type(struct unfolder *unfolder, const struct isf_node *node, const char **type,
                       uint32_t *size);

/* Fills the form of type number `type`, behind all that it depends on. */
enum status flatten(struct unfolder *unfolder, int32_t type);

#endif
