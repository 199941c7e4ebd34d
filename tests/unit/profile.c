/* profile.c - tests of profiles: written, read back, refused; and the built-in ones. */
#include "isf_text.h"

#include "symbols/profile.h"

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
    "  'name': 'ntkrnlmp-AAAA128F7B7C4EA79491DE6B9B9CE1901',\n  'origin': 'ISF test by p 1',\n"
    "  'pdb': {\n    'age': 1,\n    'guid': 'AAAA128F7B7C4EA79491DE6B9B9CE190',\n"
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
    assert_string_equal(symbols_identity(symbols)->pdb_guid, "AAAA128F7B7C4EA79491DE6B9B9CE190");
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
        {"'AAAA", "'aaaa", "GUID"},
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
        cmocka_unit_test(test_a_profile_is_written),
        cmocka_unit_test(test_a_profile_is_read_as_it_was),
        cmocka_unit_test(test_damaged_profiles_are_refused),
        cmocka_unit_test(test_builtin_profiles_are_sorted_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
