/*
 * model.h - what a reader of a symbol file fills: the inside of struct symbols. For the files of
 * this folder only.
 */
#ifndef NTDRIFT_SYMBOLS_MODEL_H
#define NTDRIFT_SYMBOLS_MODEL_H

#include "symbols/arena.h"
#include "symbols/symbols.h"

struct symbols {
    struct symbols_identity identity;
    struct symbols_precision precision;
    bool complete;
    struct arena arena; /* holds every string and member */
    struct type *types;
    size_t type_count;
    struct public_symbol *publics;
    size_t public_count;
};

/* Copies text from a file where messages, lists and C source will show it: bytes that are not
 * printable ASCII, quotes and backslashes become '_', what does not fit is left off. */
void model_copy(char *target, size_t size, const char *bytes, size_t length);

/* The orders that symbols.h promises. */
void model_sort_fields(struct field *fields, size_t count);
void model_sort_constants(struct constant *constants, size_t count);

/* Sorts types and symbols. Two of one name are an error, unless the name tells the content
 * (type_name.h): then they are the same, and one stays. */
enum status model_finish(struct error *err, struct symbols *symbols);

/* Reads the formats into an empty model; messages do not name the file. `name` is its name. */
enum status isf_read(struct error *err, const char *name, const char *bytes, size_t length,
                     struct symbols *symbols);
enum status profile_read(struct error *err, const char *bytes, size_t length,
                         struct symbols *symbols);

#endif
