/*
 * symbols.h - layouts and names of one kernel build, wherever they come from (an ISF, a profile;
 * a PDB later): structures with their members, enumerations, public symbols, and whose they are.
 *
 * Types are as DESIGN ("The snapshot", layouts) has them: members of unnamed structures and unions
 * are flattened into their parent under their own names (a name that would clash keeps the path
 * through its member, "u1.Long"); an unnamed type that cannot be flattened, because it is pointed
 * to or in an array, is known by its content ("<unnamed-struct-0123456789abcdef>").
 *
 * This layer reads no memory and does not know whether symbols fit a dump: that is for
 * kernel/proof.h.
 */
#ifndef NTDRIFT_SYMBOLS_SYMBOLS_H
#define NTDRIFT_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

enum type_kind { TYPE_STRUCT, TYPE_UNION, TYPE_ENUM };

/* A member. `type` is written as in C: "unsigned long", "_LIST_ENTRY", "_EPROCESS*",
 * "unsigned char[15]", "void*", "function*"; a direct member of an unnamed type that was flattened
 * is "<unnamed-struct>" or "<unnamed-union>". A bit-field has the type of its word. */
struct field {
    const char *name;
    const char *type;
    uint32_t offset; /* bytes from the start of the structure */
    uint32_t size;   /* bytes; 0 where the source does not tell */
    uint8_t bit_position;
    uint8_t bit_length; /* 0: not a bit-field */
};

struct constant {
    const char *name;
    int64_t value;
};

/* Fields are in ascending order of offset, then bit position, then name; constants in ascending
 * order of value, then name. */
struct type {
    const char *name;
    enum type_kind kind;
    uint32_t size; /* bytes */
    struct field *fields;
    struct constant *constants;
    size_t count; /* of fields, or of constants for an enumeration */
};

struct public_symbol {
    const char *name;
    uint64_t rva; /* from the kernel's base */
};

/* What the source cannot tell, and the differ must not compare. All true for a file made from a
 * PDB. */
struct symbols_precision {
    bool kinds;    /* struct and union told apart */
    bool enums;    /* enumerations under their own names, and complete */
    bool pointees; /* function pointers and `char` told apart from void* and unsigned char */
};

struct symbols_identity {
    char name[64];     /* "ntkrnlmp-19041.508-x64", "nt-7601-x64": what lists and messages say */
    char pdb_name[64]; /* "ntkrnlmp.pdb"; "" where the source has none */
    char pdb_guid[33]; /* 32 upper-case hexadecimal digits; "" where there is none */
    uint32_t pdb_age;
    char arch[8];     /* "x64", "x86", "x86pae" */
    int32_t build;    /* NT build; -1 unknown */
    int32_t revision; /* update build revision; -1 unknown */
    char origin[160]; /* one line: what file it was made from, and by whom */
};

struct symbols;

/* Opens an ISF (.json, .json.xz) or a profile, told apart by content. The caller frees. */
enum status symbols_open(struct error *err, const char *path, struct symbols **symbols);

/* The same of bytes already in memory; `name` stands for the file in messages. */
enum status symbols_parse(struct error *err, const char *name, const char *bytes, size_t length,
                          struct symbols **symbols);
void symbols_free(struct symbols *symbols);

const struct symbols_identity *symbols_identity(const struct symbols *symbols);
struct symbols_precision symbols_precision(const struct symbols *symbols);

/* Whether the source holds all types of the kernel ("all") or those that ntdrift uses only. */
bool symbols_complete(const struct symbols *symbols);

/* 4 or 8, by the machine. */
uint32_t symbols_pointer_size(const struct symbols *symbols);

/* All types, in ascending order of name (byte order); all symbols likewise. */
const struct type *symbols_types(const struct symbols *symbols, size_t *count);
const struct public_symbol *symbols_publics(const struct symbols *symbols, size_t *count);

/* NULL where this build has no such type. */
const struct type *symbols_type(const struct symbols *symbols, const char *name);

/* A member by its path: "_EPROCESS", "Vm.Instance.Flags" goes through the named types, the offset
 * is from the start of the outermost one. False where this build has no such member. */
bool symbols_field(const struct symbols *symbols, const char *type, const char *path,
                   struct field *field);

/* The RVA of a public symbol. False where the source has none of that name. */
bool symbols_rva(const struct symbols *symbols, const char *name, uint64_t *rva);

#endif
