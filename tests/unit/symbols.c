/* symbols.c - tests of reading symbols, on small files made here: flattening, names by content,
 * identity, damaged and hostile files, profiles. */
#include "test.h"

#include <string.h>

#include "base/memory.h"
#include "symbols/profile.h"

#define PDB                                                                                        \
    "'pdb':{'GUID':'517e128f7b7c4ea79491de6b9b9ce190','age':1,'database':'ntkrnlmp.pdb',"          \
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

static char *quoted(const char *json) {
    char *text = xstrdup(json);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    return text;
}

static enum status parse_as(struct error *err, const char *name, const char *json,
                            struct symbols **symbols) {
    AUTO_FREE char *text = quoted(json);
    /* Of exactly its size, so that a sanitizer sees a read behind it. */
    size_t length = strlen(text);
    AUTO_FREE char *bytes = xmalloc(length + !length);
    memcpy(bytes, text, length);
    return symbols_parse(err, name, bytes, length, symbols);
}

static struct symbols *parsed(const char *json) {
    struct error err;
    struct symbols *symbols;
    if (parse_as(&err, "test.json", json, &symbols))
        fail_msg("%s", err.message);
    return symbols;
}

static void assert_refused(const char *json, const char *message) {
    struct error err;
    struct symbols *symbols;
    if (!parse_as(&err, "f", json, &symbols))
        fail_msg("accepted, expected: %s", message);
    if (!strstr(err.message, message))
        fail_msg("expected: %s; found: %s", message, err.message);
}

/* All members of a type in their order, one "NAME OFFSET[:POSITION:LENGTH] SIZE TYPE" each. */
static void assert_members(const struct symbols *symbols, const char *name, const char *expected) {
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

static const struct type *only_unnamed(const struct symbols *symbols) {
    size_t count;
    const struct type *types = symbols_types(symbols, &count), *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (types[i].name[0] != '<')
            continue;
        assert_null(found);
        found = &types[i];
    }
    assert_non_null(found);
    return found;
}

static void test_type_strings_and_sizes(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF_OF(
        PDB,
        TYPE("_T", "struct", 200,
             FIELD("a", 0, LONG) "," FIELD(
                 "b", 8,
                 POINTER(STRUCT("_T"))) "," FIELD("c", 16, ARRAY(3, POINTER(POINTER(BASE("void"))))) "," FIELD("d", 40, ARRAY(2, ARRAY(5, BASE("unsigned char")))) "," FIELD("e", 56, POINTER(ARRAY(7, LONG))) "," FIELD("f", 64, POINTER("{'kind':'function'}")) "," FIELD("g", 72, ENUM("_E")) "," FIELD("h", 76, BITS(3, 4)) "," FIELD("i",
                                                                                                                                                                                                                                                                                                                                          76, BITS(0, 3)) "," FIELD("j",
                                                                                                                                                                                                                                                                                                                                                                    80,
                                                                                                                                                                                                                                                                                                                                                                    STRUCT(
                                                                                                                                                                                                                                                                                                                                                                        "_ABSENT")) "," FIELD("k",
                                                                                                                                                                                                                                                                                                                                                                                              84,
                                                                                                                                                                                                                                                                                                                                                                                              STRUCT("_P")) "," FIELD("l",
                                                                                                                                                                                                                                                                                                                                                                                                                      92, ARRAY(0, LONG))) "," TYPE("_P",
                                                                                                                                                                                                                                                                                                                                                                                                                                                    "struct",
                                                                                                                                                                                                                                                                                                                                                                                                                                                    8,
                                                                                                                                                                                                                                                                                                                                                                                                                                                    ""),
        "'_E':{'base':'long','constants':{'Two':2,'One':1,'Minus':-1},'size':4}"));
    assert_members(symbols, "_T",
                   "a 0 4 long\n"
                   "b 8 8 _T*\n"
                   "c 16 24 void**[3]\n"
                   "d 40 10 unsigned char[2][5]\n"
                   "e 56 8 long[7]*\n"
                   "f 64 8 function*\n"
                   "g 72 4 _E\n"
                   "i 76:0:3 4 unsigned long\n"
                   "h 76:3:4 4 unsigned long\n"
                   "j 80 0 _ABSENT\n"
                   "k 84 8 _P\n"
                   "l 92 0 long[0]\n");
    const struct type *type = symbols_type(symbols, "_E");
    assert_int_equal(type->kind, TYPE_ENUM);
    assert_int_equal(type->count, 3);
    assert_string_equal(type->constants[0].name, "Minus");
    assert_int_equal(type->constants[0].value, -1);
    assert_string_equal(type->constants[2].name, "Two");
    symbols_free(symbols);
}

static void test_symbols_are_sorted_and_found(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF(""));
    size_t count;
    uint64_t rva = 0;
    const struct public_symbol *publics = symbols_publics(symbols, &count);
    assert_int_equal(count, 2);
    assert_string_equal(publics[0].name, "A");
    assert_true(symbols_rva(symbols, "A", &rva) && rva == 16);
    assert_true(symbols_rva(symbols, "B", &rva) && rva == UINT64_MAX);
    assert_false(symbols_rva(symbols, "C", &rva));
    assert_null(symbols_type(symbols, "_T"));
    symbols_free(symbols);
}

/* A bit is one name, in a union of flags or in a structure in it. */
static void test_unnamed_members_are_flattened(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF(
        TYPE("_T", "struct", 24, FIELD("first", 0, LONG) "," FIELD("u", 8, UNION("__unnamed_1"))) "," TYPE(
            "__unnamed_1", "union", 8,
            FIELD("Flags", 0, LONG) "," FIELD(
                "Values", 4,
                STRUCT("<unnamed-tag>"))) "," TYPE("<unnamed-tag>", "struct", 4,
                                                   FIELD("Enabled", 0, BITS(0, 1)) "," FIELD(
                                                       "Strict", 0, BITS(1, 1)))));
    assert_members(symbols, "_T",
                   "first 0 4 long\n"
                   "Flags 8 4 long\n"
                   "u 8 8 <unnamed-union>\n"
                   "Enabled 12:0:1 4 unsigned long\n"
                   "Values 12 4 <unnamed-struct>\n"
                   "Strict 12:1:1 4 unsigned long\n");
    size_t count;
    symbols_types(symbols, &count);
    assert_int_equal(count, 1);
    symbols_free(symbols);
}

static void test_every_spelling_of_unnamed(void **state) {
    (void)state;
    static const char *const names[] = {
        "__unnamed_1df",   "__anonymous_2b09",          "_unnamed_7",       "<unnamed-tag>",
        "<anonymous-tag>", "_MMPTE::<unnamed-type-u1>", "<unnamed-type-u>", "__unnamed",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        AUTO_FREE char *json =
            xasprintf(ISF(TYPE("_T", "struct", 4, FIELD("u", 0, UNION("%s"))) "," TYPE(
                          "%s", "union", 4, FIELD("Long", 0, LONG))),
                      names[i], names[i]);
        struct symbols *symbols = parsed(json);
        assert_members(symbols, "_T", "Long 0 4 long\nu 0 4 <unnamed-union>\n");
        symbols_free(symbols);
    }
}

static void test_clashing_names_take_their_path(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF(TYPE(
        "_T", "struct", 24,
        FIELD("Flags", 0, LONG) "," FIELD("u1", 8, UNION("__unnamed_1")) "," FIELD(
            "u2", 16,
            UNION(
                "__unnamed_2"))) "," TYPE("__unnamed_1", "union", 8,
                                          FIELD("Flags", 0, LONG) "," FIELD(
                                              "s", 4,
                                              STRUCT(
                                                  "__unnamed_3"))) "," TYPE("__unnamed_2", "union",
                                                                            8,
                                                                            FIELD("Own", 0, LONG) "," FIELD(
                                                                                "s", 4,
                                                                                STRUCT(
                                                                                    "__unnamed_"
                                                                                    "3"))) "," TYPE("__unnamed_3",
                                                                                                    "struct",
                                                                                                    4,
                                                                                                    FIELD(
                                                                                                        "Long",
                                                                                                        0,
                                                                                                        LONG))));
    assert_members(symbols, "_T",
                   "Flags 0 4 long\n"
                   "u1 8 8 <unnamed-union>\n"
                   "u1.Flags 8 4 long\n"
                   "u1.s 12 4 <unnamed-struct>\n"
                   "u1.s.Long 12 4 long\n"
                   "Own 16 4 long\n"
                   "u2 16 8 <unnamed-union>\n"
                   "u2.s 20 4 <unnamed-struct>\n"
                   "u2.s.Long 20 4 long\n");
    symbols_free(symbols);
}

static void test_anonymous_members_vanish(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF(
        TYPE("_T", "struct", 24,
             HIDDEN("m0", 4, UNION("__unnamed_1")) "," HIDDEN("m1", 16, STRUCT("_N")) "," HIDDEN(
                 "plain", 20, LONG)) "," TYPE("__unnamed_1", "union", 8,
                                              FIELD("a", 0, LONG) "," FIELD(
                                                  "b", 4, LONG)) "," TYPE("_N", "struct", 4,
                                                                          FIELD("c", 0, LONG))));
    assert_members(symbols, "_T", "a 4 4 long\nb 8 4 long\nc 16 4 long\nplain 20 4 long\n");
    assert_non_null(symbols_type(symbols, "_N"));
    symbols_free(symbols);
}

/* The same source compiled twice: other numbers, another order. */
static void test_names_by_content_ignore_numbering(void **state) {
    (void)state;
    struct symbols *left =
        parsed(ISF(TYPE("_T", "struct", 24, FIELD("p", 0, POINTER(STRUCT("__unnamed_1")))) "," TYPE(
            "__unnamed_1", "struct", 16,
            FIELD("a", 0, LONG) "," FIELD("u", 8,
                                          UNION("__unnamed_2"))) "," TYPE("__unnamed_2", "union", 4,
                                                                          FIELD("b", 0, LONG))));
    struct symbols *right =
        parsed(ISF(TYPE("__anonymous_77", "union", 4, FIELD("b", 0, LONG)) "," TYPE(
            "__anonymous_9", "struct", 16,
            FIELD("u", 8, UNION("__anonymous_77")) "," FIELD(
                "a", 0, LONG)) "," TYPE("_T", "struct", 24,
                                        FIELD("p", 0, POINTER(STRUCT("__anonymous_9"))))));
    const struct type *unnamed = only_unnamed(left);
    assert_string_equal(unnamed->name, only_unnamed(right)->name);
    assert_int_equal(strlen(unnamed->name), strlen("<unnamed-struct-0123456789abcdef>"));
    assert_members(left, unnamed->name, "a 0 4 long\nb 8 4 long\nu 8 4 <unnamed-union>\n");
    AUTO_FREE char *pointer = xasprintf("p 0 8 %s*\n", unnamed->name);
    assert_members(left, "_T", pointer);
    symbols_free(left);
    symbols_free(right);
}

static char *content_name(const char *json) {
    struct symbols *symbols = parsed(json);
    char *name = xstrdup(only_unnamed(symbols)->name);
    symbols_free(symbols);
    return name;
}

#define POINTED(kind, size, fields)                                                                \
    ISF(TYPE("_T", "struct", 24, FIELD("p", 0, ARRAY(2, STRUCT("__unnamed_1")))) "," TYPE(         \
        "__unnamed_1", kind, size, fields))

static void test_names_by_content_tell_contents_apart(void **state) {
    (void)state;
    static const char *const different[] = {
        POINTED("struct", 8, FIELD("a", 0, LONG)),
        POINTED("struct", 8, FIELD("b", 0, LONG)),
        POINTED("struct", 8, FIELD("a", 4, LONG)),
        POINTED("struct", 8, FIELD("a", 0, BASE("unsigned long"))),
        POINTED("struct", 8, FIELD("a", 0, BITS(0, 1))),
        POINTED("struct", 8, FIELD("a", 0, BITS(1, 1))),
        POINTED("struct", 16, FIELD("a", 0, LONG)),
        POINTED("union", 8, FIELD("a", 0, LONG)),
        POINTED("struct", 8, ""),
    };
    char *names[ARRAY_LENGTH(different)];
    for (size_t i = 0; i < ARRAY_LENGTH(different); i++) {
        names[i] = content_name(different[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(different); i++)
        free(names[i]);
}

static void test_one_content_is_one_type(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF(TYPE(
        "_T", "struct", 24,
        FIELD("p", 0, POINTER(STRUCT("__unnamed_1"))) "," FIELD(
            "q", 8,
            POINTER(STRUCT(
                "__unnamed_2")))) "," TYPE("__unnamed_1", "struct", 4,
                                           FIELD(
                                               "a", 0,
                                               LONG)) "," TYPE("__unnamed_2", "struct", 4,
                                                               FIELD("a", 0,
                                                                     LONG)) "," TYPE("__unnamed_3",
                                                                                     "struct", 4,
                                                                                     FIELD(
                                                                                         "nobody "
                                                                                         "refers "
                                                                                         "to this",
                                                                                         0,
                                                                                         LONG))));
    only_unnamed(symbols);
    symbols_free(symbols);
}

static void test_unnamed_enumerations_are_named_by_content(void **state) {
    (void)state;
    static const char *const names[] = {"<unnamed-enum-One>", "__enum_0782b75c", "__unnamed_4"};
    char *first = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        AUTO_FREE char *json =
            xasprintf(ISF_OF(PDB, TYPE("_T", "struct", 4, FIELD("e", 0, ENUM("%s"))),
                             "'%s':{'base':'long','constants':{'One':1,'Two':2},'size':4}"),
                      names[i], names[i]);
        struct symbols *symbols = parsed(json);
        const char *name = only_unnamed(symbols)->name;
        assert_string_equal(symbols_type(symbols, "_T")->fields[0].type, name);
        if (first)
            assert_string_equal(name, first);
        else
            first = xstrdup(name);
        symbols_free(symbols);
    }
    free(first);
}

static void test_paths_go_through_named_types(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF(
        TYPE("_A", "struct", 100, FIELD("Vm", 10, STRUCT("_B")) "," FIELD("p", 0, POINTER(STRUCT("_B")))) "," TYPE(
            "_B", "struct", 50,
            FIELD("Instance", 20,
                  STRUCT("_C"))) "," TYPE("_C", "struct", 8,
                                          FIELD("u", 0, UNION("__unnamed_1")) "," FIELD(
                                              "Long", 3,
                                              LONG)) "," TYPE("__unnamed_1", "union", 4,
                                                              FIELD("Flags", 0,
                                                                    BITS(2, 3)) "," FIELD("Long", 0,
                                                                                          LONG))));
    struct field field;
    assert_true(symbols_field(symbols, "_A", "Vm", &field));
    assert_int_equal(field.offset, 10);
    assert_true(symbols_field(symbols, "_A", "Vm.Instance.Flags", &field));
    assert_int_equal(field.offset, 30);
    assert_int_equal(field.bit_position, 2);
    assert_true(symbols_field(symbols, "_A", "Vm.Instance.u.Long", &field));
    assert_int_equal(field.offset, 30);
    assert_true(symbols_field(symbols, "_A", "Vm.Instance.Long", &field));
    assert_int_equal(field.offset, 33);
    static const char *const absent[] = {"",
                                         ".",
                                         "Vm.",
                                         ".Vm",
                                         "V",
                                         "Vmx",
                                         "Vm..Instance",
                                         "vm",
                                         "p.Instance",
                                         "Vm.Instance.Flags.x"};
    for (size_t i = 0; i < ARRAY_LENGTH(absent); i++)
        if (symbols_field(symbols, "_A", absent[i], &field))
            fail_msg("found a member \"%s\"", absent[i]);
    assert_false(symbols_field(symbols, "_ABSENT", "Vm", &field));
    symbols_free(symbols);
}

static void test_identity(void **state) {
    (void)state;
    static const struct {
        const char *file, *windows, *name, *arch;
        int build, revision;
    } cases[] = {
        {"/x/ntkrnlmp-14393.4583-517E128F7B7C4EA79491DE6B9B9CE1901.json.xz", PDB,
         "ntkrnlmp-14393.4583-x64", "x64", 14393, 4583},
        {"ntkrnlmp-14393.4583-00000000000000000000000000000000A.json", PDB,
         "ntkrnlmp-517E128F7B7C4EA79491DE6B9B9CE1901", "x64", -1, -1},
        {"ntkrnlmp.json", PDB, "ntkrnlmp-517E128F7B7C4EA79491DE6B9B9CE1901", "x64", -1, -1},
        {"a/nt-7601-x64.json.xz", "'pe':{'major':6,'minor':1,'revision':7601}", "nt-7601-x64",
         "x64", 7601, -1},
        {"nt\".json", "'pe':{'build':17770,'revision':10240}", "nt_", "x64", 10240, 17770},
        {"f",
         "'pdb':{'GUID':'517E128F7B7C4EA79491DE6B9B9CE190','age':2,'database':'k.pdb',"
         "'machine_type':43620}",
         "k-517E128F7B7C4EA79491DE6B9B9CE1902", "arm64", -1, -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        AUTO_FREE char *json = xasprintf(ISF_OF("%s", "", ""), cases[i].windows);
        struct error err;
        struct symbols *symbols;
        if (parse_as(&err, cases[i].file, json, &symbols))
            fail_msg("%s", err.message);
        const struct symbols_identity *identity = symbols_identity(symbols);
        assert_string_equal(identity->name, cases[i].name);
        assert_string_equal(identity->arch, cases[i].arch);
        assert_int_equal(identity->build, cases[i].build);
        assert_int_equal(identity->revision, cases[i].revision);
        assert_true(symbols_complete(symbols));
        symbols_free(symbols);
    }
}

static void test_page_table_entries_tell_pae(void **state) {
    (void)state;
    for (int size = 4; size <= 8; size += 4) {
        AUTO_FREE char *json = xasprintf("{'metadata':{},'base_types':{'pointer':{'size':4}},'user_"
                                         "types':{'_MMPTE':{'fields':{},"
                                         "'kind':'struct','size':%d}},'enums':{},'symbols':{}}",
                                         size);
        struct symbols *symbols = parsed(json);
        assert_string_equal(symbols_identity(symbols)->arch, size == 4 ? "x86" : "x86pae");
        symbols_free(symbols);
    }
}

#define SELF "__unnamed_1"

static void test_hostile_types_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *json, *message;
    } cases[] = {
        {ISF(TYPE(SELF, "struct", 8, FIELD("p", 0, POINTER(STRUCT(SELF))))), "refers to itself"},
        {ISF(TYPE(SELF, "struct", 8, FIELD("p", 0, STRUCT(SELF)))), "refers to itself"},
        {ISF(TYPE("__unnamed_2", "struct", 8, FIELD("p", 0, ARRAY(4, STRUCT(SELF)))) "," TYPE(
             SELF, "struct", 8, FIELD("p", 0, STRUCT("__unnamed_2")))),
         "refers to itself"},
        {ISF(TYPE("_A", "struct", 8, HIDDEN("a", 0, STRUCT("_B"))) "," TYPE(
             "_B", "struct", 8, HIDDEN("b", 0, STRUCT("_A")))),
         "itself"},
        {ISF(TYPE("_A", "struct", 8, HIDDEN("a", 0, STRUCT("_A")))), "itself"},
        {ISF(TYPE("_A", "struct", 8, FIELD("u", 4294967295, STRUCT(SELF))) "," TYPE(
             SELF, "struct", 8, FIELD("a", 1, LONG))),
         "beyond 4 GiB"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 4294967296, LONG))), "out of range"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", -1, LONG))), "out of range"},
        {ISF(TYPE("_A", "struct", 1e3, "")), "expected an integer"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, ARRAY(4000000000, LONG)))), "over 4 GiB"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, BITS(60, 5)))), "bit-field of 5 bits at bit 60"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, BITS(0, 0)))), "bit-field of 0 bits"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, POINTER(BITS(0, 1))))), "inside another type"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, "{'kind':'array','count':1}"))),
         "lacks a member"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, "{'name':'long'}"))), "lacks a member"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, "{'kind':'thing'}"))), "unknown kind"},
        {ISF(TYPE("_A", "thing", 8, "")), "expected struct, union or class"},
        {ISF(TYPE("_A", "struct", 8, "'a':{'offset':1}")), "expected a member \"type\""},
        {ISF("'_A':{'fields':{},'kind':'struct'}"), "expected a member \"size\""},
        {ISF(TYPE("_A", "struct", 8, "") "," TYPE("_A", "struct", 8, "")), "_A is there twice"},
        {ISF_OF(PDB, TYPE("_A", "struct", 8, ""), "'_A':{'constants':{},'size':4}"),
         "_A is there twice"},
        {ISF(TYPE("_A", "struct", 8, FIELD("a", 0, LONG) "," FIELD("a", 4, LONG))),
         "_A has two members a"},
        {ISF("'_A':{'size':8,'size':8,'fields':{},'kind':'struct'}"), "\"size\" is there twice"},
        {ISF_OF(PDB, "", "'_E':{'constants':{'a':1,'a':2},'size':4}"), "_E has two constants a"},
        {ISF_OF(PDB, "", "'_E':{'constants':{'a':9223372036854775808},'size':4}"), "out of range"},
        {ISF_OF("'pdb':{'GUID':'xyz','age':1,'database':'k'}", "", ""), "GUID of 32"},
        {ISF(TYPE("", "struct", 8, "")), "expected a name"},
        {ISF(TYPE("_\xff", "struct", 8, "")), "invalid UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_refused(cases[i].json, cases[i].message);
}

/* 40 types of which each holds the next one twice have 2^40 members. */
static void test_types_that_explode_are_refused(void **state) {
    (void)state;
    struct text types AUTO(text_deinit) = TEXT_EMPTY;
    text_puts(&types, "{'metadata':{},'base_types':{},'enums':{},'symbols':{},'user_types':{");
    for (int i = 0; i < 40; i++)
        text_printf(&types,
                    TYPE("__unnamed_%d", "struct", 8,
                         FIELD("a", 0, STRUCT("__unnamed_%d")) "," FIELD(
                             "b", 0, STRUCT("__unnamed_%d"))) ",",
                    i, i + 1, i + 1);
    text_puts(&types, TYPE("__unnamed_40", "struct", 8, "") "}}");
    assert_refused(types.data, "more than their text can account for");
}

static void test_deep_nesting_is_refused(void **state) {
    (void)state;
    struct text types AUTO(text_deinit) = TEXT_EMPTY;
    text_puts(&types, "{'metadata':{},'base_types':{},'enums':{},'symbols':{},'user_types':{");
    for (int i = 0; i < 70; i++)
        text_printf(&types,
                    TYPE("__unnamed_%d", "struct", 8, FIELD("a%d", 0, STRUCT("__unnamed_%d"))) ",",
                    i, i, i + 1);
    text_puts(&types, TYPE("__unnamed_70", "struct", 8, "") "}}");
    assert_refused(types.data, "nested deeper than 64 levels");

    struct text pointers AUTO(text_deinit) = TEXT_EMPTY;
    text_puts(&pointers, "{'user_types':{'_A':{'fields':{'a':{'type':");
    for (int i = 0; i < 100; i++)
        text_puts(&pointers, "{'kind':'pointer','subtype':");
    assert_refused(pointers.data, "nested deeper than 64 levels");
}

static void test_every_prefix_is_refused(void **state) {
    (void)state;
    AUTO_FREE char *json =
        quoted(ISF(TYPE("_T", "struct", 24, FIELD("p", 0, POINTER(STRUCT(SELF)))) "," TYPE(
            SELF, "struct", 8, FIELD("a", 0, BITS(0, 1)))));
    struct error err;
    struct symbols *symbols;
    for (size_t length = 0; length < strlen(json); length++) {
        AUTO_FREE char *bytes = xmalloc(length + 1);
        memcpy(bytes, json, length);
        if (symbols_parse(&err, "f", bytes, length, &symbols) != STATUS_FORMAT)
            fail_msg("accepted the first %zu bytes", length);
    }
    assert_int_equal(symbols_parse(NULL, "f", json, 10, &symbols), STATUS_FORMAT);
}

static void test_other_files_are_named(void **state) {
    (void)state;
    struct error err;
    struct symbols *symbols;
    assert_refused("", "f: expected symbols (an ISF or a profile), found no bytes");
    assert_refused("Microsoft C/C++ MSF 7.00\r\n", "found a PDB");
    assert_refused("MZ\x90", "found a PE image");
    assert_refused("PAGEDU64", "found a crash dump");
    assert_refused("\x89PNG", "expected an object, found byte 0x89 (line 1, offset 0)");
    assert_refused("[]", "expected an object, found '['");
    assert_refused("{}", "found other JSON");
    assert_refused("{'symbols':{}}", "found other JSON");
    assert_refused("{'a':[1,{}],'schema':'ntdrift-snapshot/1'}",
                   "found schema \"ntdrift-snapshot/1\"");
    assert_refused("{'user_types':{}}", "expected a member \"metadata\"");
    static const char xz[] = "\xfd"
                             "7zXZ\0\0\1";
    assert_int_equal(symbols_parse(&err, "f", xz, sizeof xz - 1, &symbols), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "f: compressed data"));
    assert_int_equal(symbols_open(&err, "/nowhere/f", &symbols), STATUS_NOT_FOUND);
}

/* --- profiles --- */

static void write_profile(const struct symbols *symbols, struct text *profile) {
    size_t count;
    const struct type *types = symbols_types(symbols, &count);
    AUTO_FREE const char **names = xcalloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = types[i].name;
    static const char *const publics[] = {"A", NULL};
    profile_write(symbols, &(struct profile_scope){names, publics}, profile);
}

static const char small_profile[] =
    "{\n  'arch': 'x64',\n  'build': null,\n"
    "  'name': 'ntkrnlmp-517E128F7B7C4EA79491DE6B9B9CE1901',\n  'origin': 'ISF test by p 1',\n"
    "  'pdb': {\n    'age': 1,\n    'guid': '517E128F7B7C4EA79491DE6B9B9CE190',\n"
    "    'name': 'ntkrnlmp.pdb'\n  },\n"
    "  'precision': {\n    'enums': true,\n    'kinds': true,\n    'pointees': true\n  },\n"
    "  'revision': null,\n  'schema': 'ntdrift-profile/1',\n  'symbols': {\n    'A': '0x10'\n  },\n"
    "  'types': {\n"
    "    '_E': {\n      'constants': {\n        'Minus': -1,\n        'One': 1\n      },\n"
    "      'kind': 'enum',\n      'size': 4\n    },\n"
    "    '_T': {\n      'fields': {\n        'a': '0x0 long[2][3]',\n"
    "        'b': '0x20:31:1 unsigned long',\n        'e': '0x24 _E[2]',\n"
    "        'p': '0x18 _T*'\n      },\n      'kind': 'union',\n      'size': 44\n    }\n  }\n}\n";

static void test_a_profile_is_written(void **state) {
    (void)state;
    struct symbols *symbols = parsed(ISF_OF(
        PDB,
        TYPE("_T", "union", 44,
             FIELD("a", 0, ARRAY(2, ARRAY(3, LONG))) "," FIELD("b", 32, BITS(31, 1)) "," FIELD(
                 "p", 24, POINTER(STRUCT("_T"))) "," FIELD("e", 36, ARRAY(2, ENUM("_E")))),
        "'_E':{'constants':{'One':1,'Minus':-1},'size':4}"));
    struct text profile AUTO(text_deinit) = TEXT_EMPTY;
    write_profile(symbols, &profile);
    symbols_free(symbols);
    AUTO_FREE char *expected = quoted(small_profile);
    assert_string_equal(profile.data, expected);
}

static void test_a_profile_is_read_as_it_was(void **state) {
    (void)state;
    struct symbols *symbols = parsed(small_profile);
    assert_members(symbols, "_T",
                   "a 0 24 long[2][3]\n"
                   "p 24 8 _T*\n"
                   "b 32:31:1 4 unsigned long\n"
                   "e 36 8 _E[2]\n");
    assert_false(symbols_complete(symbols));
    assert_int_equal(symbols_identity(symbols)->build, -1);
    assert_string_equal(symbols_identity(symbols)->pdb_guid, "517E128F7B7C4EA79491DE6B9B9CE190");
    struct text profile AUTO(text_deinit) = TEXT_EMPTY;
    write_profile(symbols, &profile);
    symbols_free(symbols);
    AUTO_FREE char *expected = quoted(small_profile);
    assert_string_equal(profile.data, expected);
}

static char *replaced(const char *text, const char *old, const char *new) {
    const char *found = strstr(text, old);
    assert_non_null(found);
    return xasprintf("%.*s%s%s", (int)(found - text), text, new, found + strlen(old));
}

static void test_damaged_profiles_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *old, *new, *message;
    } cases[] = {
        {"0x20:31:1 unsigned", "0x20:31 unsigned", "OFFSET TYPE"},
        {"0x20:31:1 unsigned", "0x20:63:2 unsigned", "OFFSET TYPE"},
        {"0x20:31:1 unsigned", "0x20:64:1 unsigned", "OFFSET TYPE"},
        {"0x20:31:1 unsigned", "0x20:31:0 unsigned", "OFFSET TYPE"},
        {"0x20:31:1 unsigned", "020:31:1 unsigned", "OFFSET TYPE"},
        {"0x20:31:1 unsigned", "0xG:31:1 unsigned", "OFFSET TYPE"},
        {"0x20:31:1 unsigned long", "0x020:1:1 unsigned long", "OFFSET TYPE"},
        {"0x18 _T*", "0x18", "OFFSET TYPE"},
        {"0x18 _T*", "0x18 ", "OFFSET TYPE"},
        {"0x18 _T*", "0x100000000 _T*", "OFFSET TYPE"},
        {"'0x10'", "'16'", "expected an RVA"},
        {"'0x10'", "'0x10 '", "expected an RVA"},
        {"'b':", "'a':", "ascending"},
        {"'_T':", "'_D':", "ascending"},
        {"'union'", "'enum'", "an enumeration has constants"},
        {"'kind': 'enum'", "'kind': 'struct'", "an enumeration has constants"},
        {"'union'", "'class'", "expected struct, union or enum"},
        {"'517E", "'517e", "GUID"},
        {"'age': 1", "'age': 4294967296", "out of range"},
        {"'arch': 'x64'", "'arch': 'x64-and-more'", "at most 7 printable"},
        {"'build': null", "'build': null, 'build': null", "there twice"},
        {"'build': null", "'build': -1", "out of range"},
        {"'build': null,", "", "expected a key \"build\""},
        {"'build': null,", "'build': null, 'other': 1,", "unknown key"},
        {"'enums': true", "'enums': 1", "expected true or false"},
        {"profile/1", "profile/2", "found schema \"ntdrift-profile/2\""},
        {"'One': 1", "'One': '1'", "expected a number"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        AUTO_FREE char *json = replaced(small_profile, cases[i].old, cases[i].new);
        assert_refused(json, cases[i].message);
    }
}

static void test_builtin_profiles_are_sorted_and_whole(void **state) {
    (void)state;
    assert_true(builtin_profile_count > 0);
    for (size_t i = 0; i < builtin_profile_count; i++) {
        const struct builtin_profile *profile = &builtin_profiles[i];
        struct error err;
        struct symbols *symbols;
        if (symbols_parse(&err, profile->name, profile->json, profile->length, &symbols))
            fail_msg("%s", err.message);
        const struct symbols_identity *identity = symbols_identity(symbols);
        assert_string_equal(identity->name, profile->name);
        assert_string_equal(identity->arch, profile->arch);
        assert_string_equal(identity->pdb_guid, profile->pdb_guid);
        assert_int_equal(identity->pdb_age, profile->pdb_age);
        assert_int_equal(identity->build, profile->build);
        assert_int_equal(identity->revision, profile->revision);
        assert_non_null(symbols_type(symbols, "_EPROCESS"));
        symbols_free(symbols);
        assert_ptr_equal(profile_find(profile->name), profile);
        if (i == 0)
            continue;
        const struct builtin_profile *last = profile - 1;
        assert_true(last->build < profile->build ||
                    (last->build == profile->build && (last->revision < profile->revision ||
                                                       (last->revision == profile->revision &&
                                                        strcmp(last->name, profile->name) < 0))));
    }
    assert_null(profile_find("nt-0-x64"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type_strings_and_sizes),
        cmocka_unit_test(test_symbols_are_sorted_and_found),
        cmocka_unit_test(test_unnamed_members_are_flattened),
        cmocka_unit_test(test_every_spelling_of_unnamed),
        cmocka_unit_test(test_clashing_names_take_their_path),
        cmocka_unit_test(test_anonymous_members_vanish),
        cmocka_unit_test(test_names_by_content_ignore_numbering),
        cmocka_unit_test(test_names_by_content_tell_contents_apart),
        cmocka_unit_test(test_one_content_is_one_type),
        cmocka_unit_test(test_unnamed_enumerations_are_named_by_content),
        cmocka_unit_test(test_paths_go_through_named_types),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_page_table_entries_tell_pae),
        cmocka_unit_test(test_hostile_types_are_refused),
        cmocka_unit_test(test_types_that_explode_are_refused),
        cmocka_unit_test(test_deep_nesting_is_refused),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_other_files_are_named),
        cmocka_unit_test(test_a_profile_is_written),
        cmocka_unit_test(test_a_profile_is_read_as_it_was),
        cmocka_unit_test(test_damaged_profiles_are_refused),
        cmocka_unit_test(test_builtin_profiles_are_sorted_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
