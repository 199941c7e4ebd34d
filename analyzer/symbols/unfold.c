/* unfold.c - flattening unnamed types into their parents, and naming by content the ones that
 * cannot be: three passes, none of them recursive. First the order in which every type comes
 * behind the unnamed ones that it needs; then, in that order, the members of each; then the list.
 */
#include "symbols/unfold.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/flatten.h"
#include "symbols/json_pull.h"
#include "symbols/model.h"
#include "symbols/type_name.h"

/* What `field` needs to be unfolded before it: an unnamed type, or one whose members it takes
 * over; -1 for none. */
static int32_t dependency(const struct unfolder *unfolder, const struct isf_field *field) {
    bool direct = true;
    const struct isf_node *node = &unfolder->isf->nodes.items[field->node];
    while (node->kind == ISF_POINTER || node->kind == ISF_ARRAY || node->kind == ISF_BITFIELD) {
        node = &unfolder->isf->nodes.items[node->inner];
        direct = false;
    }
    if (node->kind != ISF_STRUCT)
        return -1;
    int32_t type = unfolder->index.types[node->name];
    if (type < 0 || !(unfolder->forms[type].unnamed || (direct && field->anonymous)))
        return -1;
    return type;
}

/* A type on the way down, and which of its fields comes next. */
struct step {
    int32_t type;
    size_t field;
};

struct order {
    int32_t *types;
    size_t count;
    struct step *way;
    size_t depth;
    size_t capacity;
};

static void order_deinit(struct order *order) {
    free(order->types);
    free(order->way);
}

static enum status enter_type(struct unfolder *unfolder, struct order *order, int32_t type) {
    struct form *form = &unfolder->forms[type];
    if (form->state == FORM_DONE)
        return STATUS_OK;
    const struct isf_type *raw = &unfolder->isf->types.items[type];
    if (form->state == FORM_UNDERWAY)
        return fail(unfolder->err, STATUS_FORMAT,
                    "type %s refers to itself through unnamed types only",
                    interned_text(&unfolder->isf->strings, raw->name));
    form->state = FORM_UNDERWAY;
    ARRAY_RESERVE(order->way, order->depth, order->capacity);
    order->way[order->depth++] = (struct step){type, raw->first};
    return STATUS_OK;
}

static enum status order_from(struct unfolder *unfolder, struct order *order, int32_t root) {
    enum status status = enter_type(unfolder, order, root);
    while (order->depth && !status) {
        struct step *step = &order->way[order->depth - 1];
        const struct isf_type *raw = &unfolder->isf->types.items[step->type];
        if (step->field == raw->first + raw->count) {
            unfolder->forms[step->type].state = FORM_DONE;
            order->types[order->count++] = step->type;
            order->depth--;
            continue;
        }
        int32_t next = dependency(unfolder, &unfolder->isf->fields.items[step->field++]);
        if (next >= 0)
            status = enter_type(unfolder, order, next);
    }
    return status;
}

static enum status order_types(struct unfolder *unfolder, struct order *order) {
    size_t count = unfolder->isf->types.count;
    order->types = xreallocarray(NULL, count + 1, sizeof *order->types);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && !status; i++)
        if (unfolder->forms[i].state == FORM_UNSEEN)
            status = order_from(unfolder, order, (int32_t)i);
    return status;
}

static int compare_names(const void *left, const void *right) {
    const struct constant *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static enum status refuse_duplicates(struct error *err, const char *name,
                                     struct constant *constants, size_t count) {
    qsort(constants, count, sizeof *constants, compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(constants[i - 1].name, constants[i].name) == 0)
            return fail(err, STATUS_FORMAT, "%s has two constants %s", name, constants[i].name);
    return STATUS_OK;
}

static enum status unfold_enum(struct unfolder *unfolder, const struct isf_type *raw,
                               struct type *type) {
    struct interner *strings = &unfolder->isf->strings;
    *type = (struct type){
        .name = interned_text(strings, raw->name),
        .kind = TYPE_ENUM,
        .size = raw->size,
        .count = raw->count,
        .constants = arena_alloc(strings->arena, raw->count * sizeof *type->constants),
    };
    for (size_t i = 0; i < raw->count; i++) {
        const struct isf_constant *constant = &unfolder->isf->constants.items[raw->first + i];
        type->constants[i] =
            (struct constant){interned_text(strings, constant->name), constant->value};
    }
    if (raw->count && refuse_duplicates(unfolder->err, type->name, type->constants, type->count))
        return STATUS_FORMAT;
    model_sort_constants(type->constants, type->count);
    if (type_name_is_unnamed_enum(type->name))
        type->name = type_name_of_content(strings, type);
    return STATUS_OK;
}

static enum status unfold_enums(struct unfolder *unfolder) {
    const struct isf *isf = unfolder->isf;
    unfolder->enums = xcalloc(isf->enums.count + 1, sizeof *unfolder->enums);
    for (size_t i = 0; i < isf->enums.count; i++) {
        enum status status = unfold_enum(unfolder, &isf->enums.items[i], &unfolder->enums[i]);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static void list_types(const struct unfolder *unfolder, struct symbols *symbols) {
    size_t types = unfolder->isf->types.count, enums = unfolder->isf->enums.count;
    symbols->types = xreallocarray(NULL, types + enums + 1, sizeof *symbols->types);
    for (size_t i = 0; i < types; i++)
        if (!unfolder->forms[i].unnamed || unfolder->forms[i].listed)
            symbols->types[symbols->type_count++] = unfolder->forms[i].type;
    for (size_t i = 0; i < enums; i++)
        symbols->types[symbols->type_count++] = unfolder->enums[i];
}

static void unfolder_init(struct unfolder *unfolder, struct error *err, struct isf *isf,
                          size_t length) {
    *unfolder = (struct unfolder){
        .err = err,
        .isf = isf,
        .pointer_size = isf_pointer_size(isf),
        .budget = ((size_t)1 << 20) + 4 * length,
    };
    unfolder->forms = xcalloc(isf->types.count + 1, sizeof *unfolder->forms);
    for (size_t i = 0; i < isf->types.count; i++)
        unfolder->forms[i].unnamed =
            type_name_is_unnamed(interned_text(&isf->strings, isf->types.items[i].name));
}

static void unfolder_deinit(struct unfolder *unfolder) {
    isf_index_deinit(&unfolder->index);
    free(unfolder->forms);
    free(unfolder->enums);
    free(unfolder->entries);
    free(unfolder->kept);
}

enum status unfold(struct error *err, struct isf *isf, size_t length, struct symbols *symbols) {
    struct unfolder unfolder AUTO(unfolder_deinit);
    unfolder_init(&unfolder, err, isf, length);
    struct order order AUTO(order_deinit) = {0};
    enum status status = isf_index_init(err, isf, &unfolder.index);
    if (!status)
        status = unfold_enums(&unfolder);
    if (!status)
        status = order_types(&unfolder, &order);
    for (size_t i = 0; i < order.count && !status; i++)
        status = flatten(&unfolder, order.types[i]);
    if (!status)
        list_types(&unfolder, symbols);
    return status;
}
