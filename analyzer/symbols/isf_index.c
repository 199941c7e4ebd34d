/* isf_index.c - from the number of a name to the type, enumeration or base type of that name. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/unfold.h"

static int32_t *make_table(size_t count) {
    int32_t *table = xreallocarray(NULL, count + 1, sizeof *table);
    for (size_t i = 0; i < count; i++)
        table[i] = -1;
    return table;
}

static enum status enter(struct error *err, const struct isf *isf, int32_t *table, uint32_t name,
                         size_t number) {
    if (table[name] >= 0)
        return fail(err, STATUS_FORMAT, "type %s is there twice",
                    interned_text(&isf->strings, name));
    table[name] = (int32_t)number;
    return STATUS_OK;
}

enum status isf_index_init(struct error *err, const struct isf *isf, struct isf_index *index) {
    index->count = isf->strings.count;
    index->types = make_table(index->count);
    index->enums = make_table(index->count);
    index->bases = make_table(index->count);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < isf->types.count && !status; i++)
        status = enter(err, isf, index->types, isf->types.items[i].name, i);
    for (size_t i = 0; i < isf->enums.count && !status; i++)
        status = enter(err, isf, index->enums, isf->enums.items[i].name, i);
    for (size_t i = 0; i < isf->bases.count && !status; i++)
        status = enter(err, isf, index->bases, isf->bases.items[i].name, i);
    return status;
}

void isf_index_deinit(struct isf_index *index) {
    free(index->types);
    free(index->enums);
    free(index->bases);
    *index = (struct isf_index){0};
}

uint32_t isf_pointer_size(const struct isf *isf) {
    for (size_t i = 0; i < isf->bases.count; i++)
        if (strcmp(interned_text(&isf->strings, isf->bases.items[i].name), "pointer") == 0)
            return isf->bases.items[i].size;
    return 8;
}
