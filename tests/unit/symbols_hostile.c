/* symbols_hostile.c - tests of what is refused as symbols: damaged, hostile and other files. */
#include "isf_text.h"

#include <lzma.h>

#include "symbols/unxz.h"

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

/* Zeros, as a bomb would be made of: a thousand times their packed size. */
static void test_decompression_has_a_limit(void **state) {
    (void)state;
    static const uint8_t zeros[1 << 20];
    static uint8_t packed[1 << 16];
    size_t length = 0;
    assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, zeros, sizeof zeros, packed,
                                             &length, sizeof packed),
                     LZMA_OK);
    struct text content;
    struct error err;
    const char *bytes = (const char *)packed;
    assert_true(unxz_wanted(bytes, length));
    assert_int_equal(unxz(&err, bytes, length, sizeof zeros, &content), STATUS_OK);
    assert_int_equal(content.length, sizeof zeros);
    text_deinit(&content);
    assert_int_equal(unxz(&err, bytes, length, sizeof zeros - 1, &content), STATUS_FORMAT);
    assert_string_equal(err.message, "decompresses to more than 1048575 bytes");
    assert_int_equal(unxz(&err, bytes, length - 1, sizeof zeros, &content), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "ends too early"));
    packed[length / 2] ^= 0xff;
    assert_int_equal(unxz(&err, bytes, length, sizeof zeros, &content), STATUS_FORMAT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_types_are_refused),
        cmocka_unit_test(test_types_that_explode_are_refused),
        cmocka_unit_test(test_deep_nesting_is_refused),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_other_files_are_named),
        cmocka_unit_test(test_decompression_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
