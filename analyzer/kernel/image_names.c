/* image_names.c - the names of one image, by address. */
#include "kernel/image_names.h"

#include <string.h>

#include "base/memory.h"

struct image_names {
    struct symbols *opened; /* NULL: the kernel's own, or none */
    const struct public_symbol **by_rva;
    size_t count;
    struct exports exports; /* where there are no symbols */
};

char *image_names_key(const struct pe_image *image, const char *file) {
    if (image->has_pdb)
        return xasprintf("%s %s %x", image->pdb.name, image->pdb.guid, image->pdb.age);
    return xasprintf("%08x %x %s", image->timestamp, image->size, file);
}

static int by_rva(const void *left, const void *right) {
    const struct public_symbol *a = *(const struct public_symbol *const *)left;
    const struct public_symbol *b = *(const struct public_symbol *const *)right;
    if (a->rva != b->rva)
        return a->rva < b->rva ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Symbols that lie outside their image name none of its addresses. */
static void sort_symbols(struct image_names *names, const struct symbols *symbols, uint32_t size) {
    size_t count;
    const struct public_symbol *publics = symbols_publics(symbols, &count);
    names->by_rva = xcalloc(count + 1, sizeof(*names->by_rva));
    for (size_t i = 0; i < count; i++)
        if (publics[i].rva < size)
            names->by_rva[names->count++] = &publics[i];
    if (names->count)
        qsort(names->by_rva, names->count, sizeof(*names->by_rva), by_rva);
}

static const struct symbols *symbols_for(struct image_names *names, const struct target *target,
                                         const struct pe_image *image, struct symbol_index *index) {
    bool is_kernel = image->base == target->kernel.base;
    if (is_kernel && target->match == MATCH_EXACT)
        return target->symbols;
    if (image->has_pdb)
        names->opened = symbol_index_open(index, &image->pdb);
    return names->opened;
}

struct image_names *image_names_read(const struct target *target, struct vm *space,
                                     const struct pe_image *image, struct symbol_index *index) {
    struct image_names *names = xcalloc(1, sizeof *names);
    const struct symbols *symbols = symbols_for(names, target, image, index);
    if (symbols)
        sort_symbols(names, symbols, image->size);
    /* A profile holds the few symbols that ntdrift reads, and no name for most addresses. */
    if (!symbols || !symbols_complete(symbols))
        exports_read(space, image, &names->exports);
    return names;
}

void image_names_free(struct image_names *names) {
    if (!names)
        return;
    free(names->by_rva);
    exports_deinit(&names->exports);
    symbols_free(names->opened);
    free(names);
}

/* The first of those that share the highest address at or below `rva`. */
static const struct public_symbol *symbol_below(const struct image_names *names, uint32_t rva) {
    size_t low = 0;
    for (size_t high = names->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (names->by_rva[middle]->rva > rva)
            high = middle;
        else
            low = middle + 1;
    }
    if (!low)
        return NULL;
    size_t first = low - 1;
    while (first && names->by_rva[first - 1]->rva == names->by_rva[low - 1]->rva)
        first--;
    return names->by_rva[first];
}

const char *image_names_below(const struct image_names *names, uint32_t rva,
                              uint32_t *displacement) {
    const struct public_symbol *symbol = symbol_below(names, rva);
    const struct export *export = exports_below(&names->exports, rva);
    if (!symbol && !export)
        return NULL;
    bool is_export = !symbol || (export && export->rva > symbol->rva);
    *displacement = rva - (is_export ? export->rva : (uint32_t)symbol->rva);
    return is_export ? export->name : symbol->name;
}
