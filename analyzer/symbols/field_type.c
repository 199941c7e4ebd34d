/* field_type.c - writes the type of a field as C does, and finds its size. */
#include <inttypes.h>

#include "base/memory.h"
#include "symbols/flatten.h"
#include "symbols/json_pull.h"
#include "symbols/type_name.h"

static enum status structure_type(struct unfolder *unfolder, const struct isf_node *node,
                                  bool direct, const char **type, uint32_t *size) {
    const char *name = interned_text(&unfolder->isf->strings, node->name);
    int32_t number = unfolder->index.types[node->name];
    *type = name;
    *size = 0;
    if (number < 0) {
        /* Only ever pointed to: the file does not say what is in it. */
        if (type_name_is_unnamed(name))
            *type = UNNAMED_STRUCT;
        return STATUS_OK;
    }
    const struct isf_type *raw = &unfolder->isf->types.items[number];
    struct form *form = &unfolder->forms[number];
    *size = raw->size;
    if (!form->unnamed)
        return STATUS_OK;
    *type = raw->kind == TYPE_UNION ? UNNAMED_UNION : UNNAMED_STRUCT;
    if (direct)
        return STATUS_OK;
    if (!form->type.name)
        return fail(unfolder->err, STATUS_FORMAT, "type %s refers to itself", name);
    form->listed = true;
    *type = form->type.name;
    return STATUS_OK;
}

/* The type at the end of the pointers and arrays. */
static enum status innermost_type(struct unfolder *unfolder, const struct isf_node *node,
                                  bool direct, const char **type, uint32_t *size) {
    if (node->kind == ISF_STRUCT)
        return structure_type(unfolder, node, direct, type, size);
    *size = 0;
    if (node->kind == ISF_FUNCTION) {
        *type = "function";
        return STATUS_OK;
    }
    const struct isf_index *index = &unfolder->index;
    int32_t number = (node->kind == ISF_ENUM ? index->enums : index->bases)[node->name];
    *type = interned_text(&unfolder->isf->strings, node->name);
    if (number >= 0 && node->kind == ISF_ENUM) {
        *type = unfolder->enums[number].name;
        *size = unfolder->enums[number].size;
    } else if (number >= 0) {
        *size = unfolder->isf->bases.items[number].size;
    } else if (node->kind == ISF_ENUM && type_name_is_unnamed_enum(*type)) {
        *type = "<unnamed-enum>";
    }
    return STATUS_OK;
}

/* Writes the dimensions chain[first..last] of an array of arrays; the outer one comes first in C
 * and last in the chain, which goes from the inside out. */
static void write_dimensions(struct text *text, const struct isf_node *const *chain, size_t first,
                             size_t last) {
    for (size_t i = last + 1; i-- > first;)
        text_printf(text, "[%" PRIu32 "]", chain[i]->count);
}

static void write_chain(struct text *text, const struct isf_node *const *chain, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (chain[i]->kind == ISF_POINTER) {
            text_putc(text, '*');
            continue;
        }
        size_t first = i;
        while (i + 1 < count && chain[i + 1]->kind == ISF_ARRAY)
            i++;
        write_dimensions(text, chain, first, i);
    }
}

static enum status chain_size(struct unfolder *unfolder, const struct isf_node *const *chain,
                              size_t count, uint32_t *size) {
    for (size_t i = 0; i < count; i++) {
        if (chain[i]->kind == ISF_POINTER)
            *size = unfolder->pointer_size;
        else if (__builtin_mul_overflow(*size, chain[i]->count, size))
            return fail(unfolder->err, STATUS_FORMAT, "an array of %" PRIu32 " is over 4 GiB",
                        chain[i]->count);
    }
    return STATUS_OK;
}

enum status field_type(struct unfolder *unfolder, const struct isf_node *node, const char **type,
                       uint32_t *size) {
    const struct isf_node *way[PULL_DEPTH], *chain[PULL_DEPTH];
    size_t count = 0;
    if (node->kind == ISF_BITFIELD)
        node = &unfolder->isf->nodes.items[node->inner];
    /* The reader admits no deeper nesting than PULL_DEPTH. */
    for (; node->kind == ISF_POINTER || node->kind == ISF_ARRAY;
         node = &unfolder->isf->nodes.items[node->inner])
        way[count++] = node;
    enum status status = innermost_type(unfolder, node, count == 0, type, size);
    if (status || count == 0)
        return status;
    for (size_t i = 0; i < count; i++)
        chain[i] = way[count - 1 - i];
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    text_puts(&text, *type);
    write_chain(&text, chain, count);
    status = unfolder_spend(unfolder, text.length);
    if (status)
        return status;
    struct interner *strings = &unfolder->isf->strings;
    *type = interned_text(strings, intern(strings, text.data, text.length));
    return chain_size(unfolder, chain, count, size);
}
