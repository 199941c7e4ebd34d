/* layout.c - writes layouts and public symbols as sections of a snapshot. */
#include <fnmatch.h>

#include "snapshot/snapshot.h"
#include "symbols/write.h"

static void write_field(struct canon *canon, const struct field *field) {
    canon_object_begin(canon, field->name);
    if (field->bit_length) {
        canon_object_begin(canon, "bit");
        canon_integer(canon, "length", field->bit_length);
        canon_integer(canon, "position", field->bit_position);
        canon_object_end(canon);
    }
    canon_hex(canon, "offset", field->offset);
    canon_string(canon, "type", field->type);
    canon_object_end(canon);
}

static bool is_selected(const struct layout_selection *selection, const char *name) {
    for (size_t i = 0; i < selection->count; i++)
        if (fnmatch(selection->patterns[i], name, 0) == 0)
            return true;
    return selection->count == 0;
}

void layout_write(struct canon *canon, const char *key, const struct symbols *symbols,
                  const struct layout_selection *selection) {
    struct symbols_precision precision = symbols_precision(symbols);
    size_t count;
    const struct type *types = symbols_types(symbols, &count);
    canon_object_begin(canon, key);
    write_pdb(canon, symbols_identity(symbols));
    write_precision(canon, precision);
    canon_string(canon, "scope", selection->scope == LAYOUT_ALL ? "all" : "tracked");
    canon_object_begin(canon, "types");
    for (size_t i = 0; i < count; i++)
        if (is_selected(selection, types[i].name))
            write_type(canon, &types[i], precision.kinds, write_field);
    canon_object_end(canon);
    canon_object_end(canon);
}

void publics_write(struct canon *canon, const char *key, const struct symbols *symbols) {
    size_t count;
    const struct public_symbol *publics = symbols_publics(symbols, &count);
    canon_object_begin(canon, key);
    for (size_t i = 0; i < count; i++)
        canon_hex(canon, publics[i].name, publics[i].rva);
    canon_object_end(canon);
}
