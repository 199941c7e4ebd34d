/* symbols.c - tests of reading symbols, on small files made here: types, flattening, names by
 * content, paths, identity. */
#include "isf_text.h"

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
        {"/x/ntkrnlmp-14393.4583-AAAA128F7B7C4EA79491DE6B9B9CE1901.json.xz", PDB,
         "ntkrnlmp-14393.4583-x64", "x64", 14393, 4583},
        {"ntkrnlmp-14393.4583-00000000000000000000000000000000A.json", PDB,
         "ntkrnlmp-AAAA128F7B7C4EA79491DE6B9B9CE1901", "x64", -1, -1},
        {"ntkrnlmp.json", PDB, "ntkrnlmp-AAAA128F7B7C4EA79491DE6B9B9CE1901", "x64", -1, -1},
        /* A PDB that a built-in profile was made of is known whatever the file is called. */
        {"any.json",
         "'pdb':{'GUID':'517E128F7B7C4EA79491DE6B9B9CE190','age':1,'database':'ntkrnlmp.pdb',"
         "'machine_type':34404}",
         "ntkrnlmp-14393.4583-x64", "x64", 14393, 4583},
        {"a/nt-7601-x64.json.xz", "'pe':{'major':6,'minor':1,'revision':7601}", "nt-7601-x64",
         "x64", 7601, -1},
        {"nt\".json", "'pe':{'build':17770,'revision':10240}", "nt_", "x64", 10240, 17770},
        {"f",
         "'pdb':{'GUID':'AAAA128F7B7C4EA79491DE6B9B9CE190','age':2,'database':'k.pdb',"
         "'machine_type':43620}",
         "k-AAAA128F7B7C4EA79491DE6B9B9CE1902", "arm64", -1, -1},
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
