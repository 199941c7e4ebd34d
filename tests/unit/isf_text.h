/*
 * isf_text.h - small ISF files as text, for the tests of symbols: put together by macros, with
 * apostrophes for quotes.
 */
#ifndef NTDRIFT_TESTS_ISF_TEXT_H
#define NTDRIFT_TESTS_ISF_TEXT_H

#include "test.h"

#include <string.h>

#include "base/memory.h"
#include "symbols/symbols.h"

#define PDB                                                                                        \
    "'pdb':{'GUID':'aaaa128f7b7c4ea79491de6b9b9ce190','age':1,'database':'ntkrnlmp.pdb',"          \
    "'machine_type':34404}"

/* An ISF of these types and enumerations. Apostrophes stand for quotes. */
#define ISF_OF(windows, types, enums)                                                              \
    "{'metadata':{'format':'6.1.0','producer':{'name':'p','version':'1'},'windows':{" windows      \
    "}},'base_types':{'pointer':{'size':8},'long':{'size':4},'unsigned long':{'size':4},"          \
    "'unsigned char':{'size':1},'void':{'size':0}},'user_types':{" types "},'enums':{" enums       \
    "},'symbols':{'B':{'address':18446744073709551615},'A':{'address':16}}}"
#define ISF(types) ISF_OF(PDB, types, "")

#define TYPE(name, kind, size, fields)                                                             \
    "'" name "':{'fields':{" fields "},'kind':'" kind "','size':" #size "}"
#define FIELD(name, offset, type) "'" name "':{'offset':" #offset ",'type':" type "}"
#define HIDDEN(name, offset, type)                                                                 \
    "'" name "':{'anonymous':true,'offset':" #offset ",'type':" type "}"
#define BASE(name)         "{'kind':'base','name':'" name "'}"
#define LONG               BASE("long")
#define STRUCT(name)       "{'kind':'struct','name':'" name "'}"
#define UNION(name)        "{'kind':'union','name':'" name "'}"
#define ENUM(name)         "{'kind':'enum','name':'" name "'}"
#define POINTER(type)      "{'kind':'pointer','subtype':" type "}"
#define ARRAY(count, type) "{'count':" #count ",'kind':'array','subtype':" type "}"
#define BITS(position, length)                                                                     \
    "{'bit_length':" #length ",'bit_position':" #position                                          \
    ",'kind':'bitfield','type':" BASE("unsigned long") "}"

static inline char *quoted(const char *json) {
    char *text = xstrdup(json);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    return text;
}

static inline enum status parse_as(struct error *err, const char *name, const char *json,
                                   struct symbols **symbols) {
    AUTO_FREE char *text = quoted(json);
    /* Of exactly its size, so that a sanitizer sees a read behind it. */
    size_t length = strlen(text);
    AUTO_FREE char *bytes = xmalloc(length + !length);
    memcpy(bytes, text, length);
    return symbols_parse(err, name, bytes, length, symbols);
}

static inline struct symbols *parsed(const char *json) {
    struct error err;
    struct symbols *symbols;
    if (parse_as(&err, "test.json", json, &symbols))
        fail_msg("%s", err.message);
    return symbols;
}

static inline void assert_refused(const char *json, const char *message) {
    struct error err;
    struct symbols *symbols;
    if (!parse_as(&err, "f", json, &symbols))
        fail_msg("accepted, expected: %s", message);
    if (!strstr(err.message, message))
        fail_msg("expected: %s; found: %s", message, err.message);
}

/* All members of a type in their order, one "NAME OFFSET[:POSITION:LENGTH] SIZE TYPE" each. */
static inline void assert_members(const struct symbols *symbols, const char *name,
                                  const char *expected) {
    const struct type *type = symbols_type(symbols, name);
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    assert_non_null(type);
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        text_printf(&text, "%s %u", field->name, field->offset);
        if (field->bit_length)
            text_printf(&text, ":%u:%u", field->bit_position, field->bit_length);
        text_printf(&text, " %u %s\n", field->size, field->type);
    }
    assert_string_equal(text.data, expected);
}

#endif
