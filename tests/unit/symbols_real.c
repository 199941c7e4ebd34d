/* symbols_real.c - tests of reading the real symbol files of kernels: facts that are known of them,
 * and every member again as Jansson reads it. Skips where the files are not. */
#include "test.h"

#include <glob.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "symbols/profile.h"
#include "symbols/type_name.h"
#include "symbols/unxz.h"

#define FILES NTDRIFT_SHARED "/facts/isf/"

static struct symbols *opened(const char *path) {
    struct error err;
    struct symbols *symbols;
    if (symbols_open(&err, path, &symbols))
        fail_msg("%s", err.message);
    return symbols;
}

static void glob_free(glob_t *found) {
    globfree(found);
}

/* The only file of a kernel: "nt-7601-x64", "ntkrnlmp-19041.508-". */
static char *path_of(const char *start) {
    AUTO_FREE char *pattern = xasprintf("%s%s*", FILES, start);
    glob_t found AUTO(glob_free);
    int result = glob(pattern, 0, NULL, &found);
    if (result || found.gl_pathc != 1)
        fail_msg("expected one file %s", pattern);
    return xstrdup(found.gl_pathv[0]);
}

static struct symbols *opened_kernel(const char *start) {
    AUTO_FREE char *path = path_of(start);
    return opened(path);
}

/* Facts of public sources (Volatility's type tables, JPCERT's symbol files), not of this reader:
 * "OFFSET:POSITION" of two bits of _EPROCESS, "" where the build has none, and the size. */
static const struct {
    const char *kernel;
    const char *minimal, *subsystem_process, *system_process;
    uint32_t eprocess_size;
    int build, revision;
    bool exact;
} facts[] = {
    {"nt-7601-x64.", "", "", "", 0x4d0, 7601, -1, false},
    {"nt-9600-first-x64.", "67c:0", "", "", 0, 9600, -1, false},
    {"nt-9600-x64.", "67c:0", "", "", 0, 9600, 18340, false},
    {"ntkrnlmp-9600.19913-", "67c:0", "", "", 0, 9600, 19913, true},
    {"nt-10240-early-x64.", "6ac:0", "6ac:8", "", 0, 10240, -1, false},
    {"nt-10240-x64.", "6b4:0", "6b4:8", "", 0, 10240, 17770, false},
    {"nt-10586-x64.", "6b4:0", "6b4:8", "", 0, 10586, 306, false},
    {"nt-14393-x64.", "6c4:0", "6c4:8", "", 0, 14393, 0, false},
    {"ntkrnlmp-14393.4583-", "6cc:0", "6cc:8", "", 0, 14393, 4583, true},
    {"nt-16299-x64.", "6cc:0", "6cc:6", "6cc:12", 0, 16299, 0, false},
    {"ntkrnlmp-17763.379-", "6cc:0", "6cc:6", "6cc:12", 0, 17763, 379, true},
    {"nt-18362-x64.", "6fc:0", "6fc:6", "6fc:12", 0x880, 18362, 0, false},
    {"ntkrnlmp-18362.836-", "6fc:0", "6fc:6", "6fc:12", 0x880, 18362, 836, true},
    {"ntkrnlmp-19041.508-", "87c:0", "87c:6", "87c:12", 0xa40, 19041, 508, true},
    {"ntkrnlmp-22000.2538-", "87c:0", "87c:6", "87c:12", 0xb80, 22000, 2538, true},
};

static void assert_bit(const struct symbols *symbols, const char *kernel, const char *name,
                       const char *expected) {
    struct field field;
    char found[24] = "";
    if (symbols_field(symbols, "_EPROCESS", name, &field)) {
        assert_int_equal(field.bit_length, 1);
        assert_string_equal(field.type, "unsigned long");
        assert_int_equal(field.size, 4);
        snprintf(found, sizeof found, "%" PRIx32 ":%u", field.offset, field.bit_position);
    }
    if (strcmp(found, expected) != 0)
        fail_msg("%s: %s: expected \"%s\", found \"%s\"", kernel, name, expected, found);
}

static void test_known_facts(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(facts); i++) {
        struct symbols *symbols = opened_kernel(facts[i].kernel);
        const struct symbols_identity *identity = symbols_identity(symbols);
        assert_bit(symbols, facts[i].kernel, "Minimal", facts[i].minimal);
        assert_bit(symbols, facts[i].kernel, "SubsystemProcess", facts[i].subsystem_process);
        assert_bit(symbols, facts[i].kernel, "SystemProcess", facts[i].system_process);
        assert_int_equal(identity->build, facts[i].build);
        assert_int_equal(identity->revision, facts[i].revision);
        assert_string_equal(identity->arch, "x64");
        struct symbols_precision precision = symbols_precision(symbols);
        assert_int_equal(precision.kinds, facts[i].exact);
        assert_int_equal(precision.enums, facts[i].exact);
        assert_int_equal(precision.pointees, facts[i].exact);
        if (facts[i].eprocess_size)
            assert_int_equal(symbols_type(symbols, "_EPROCESS")->size, facts[i].eprocess_size);
        symbols_free(symbols);
    }
}

static void test_symbols_and_identity_of_one_kernel(void **state) {
    (void)state;
    struct symbols *symbols = opened_kernel("ntkrnlmp-14393.4583-");
    const struct symbols_identity *identity = symbols_identity(symbols);
    uint64_t rva = 0;
    assert_string_equal(identity->name, "ntkrnlmp-14393.4583-x64");
    assert_string_equal(identity->pdb_name, "ntkrnlmp.pdb");
    assert_string_equal(identity->pdb_guid, "517E128F7B7C4EA79491DE6B9B9CE190");
    assert_int_equal(identity->pdb_age, 1);
    assert_true(symbols_rva(symbols, "PsActiveProcessHead", &rva));
    assert_int_equal(rva, 0x2fe410);
    const struct type *reason = symbols_type(symbols, "_KWAIT_REASON");
    assert_int_equal(reason->kind, TYPE_ENUM);
    assert_string_equal(reason->constants[0].name, "Executive");
    assert_int_equal(symbols_type(symbols, "_LARGE_INTEGER")->kind, TYPE_UNION);
    symbols_free(symbols);
}

static void assert_in_order(const struct type *type) {
    if (type->kind == TYPE_ENUM)
        return;
    for (size_t i = 1; i < type->count; i++) {
        const struct field *a = &type->fields[i - 1], *b = &type->fields[i];
        assert_true(a->offset < b->offset ||
                    (a->offset == b->offset &&
                     (a->bit_position < b->bit_position ||
                      (a->bit_position == b->bit_position && strcmp(a->name, b->name) < 0))));
    }
}

static void test_every_file_opens(void **state) {
    (void)state;
    glob_t found AUTO(glob_free);
    assert_int_equal(glob(FILES "*.json.xz", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct symbols *symbols = opened(found.gl_pathv[i]);
        size_t count;
        const struct type *types = symbols_types(symbols, &count);
        assert_true(count > 400);
        for (size_t j = 0; j < count; j++) {
            assert_in_order(&types[j]);
            assert_true(j == 0 || strcmp(types[j - 1].name, types[j].name) < 0);
            assert_false(strncmp(types[j].name, "__", 2) == 0 &&
                         type_name_is_unnamed_enum(types[j].name));
            assert_ptr_equal(symbols_type(symbols, types[j].name), &types[j]);
        }
        symbols_free(symbols);
    }
}

/* --- every member again, as the tree of another parser has it --- */

static json_t *tree_of(const char *path) {
    struct text packed, plain;
    struct error err;
    json_error_t error;
    assert_int_equal(file_read(&err, path, (size_t)1 << 28, &packed), STATUS_OK);
    assert_int_equal(unxz(&err, packed.data, packed.length, (size_t)1 << 28, &plain), STATUS_OK);
    json_t *tree = json_loadb(plain.data, plain.length, JSON_REJECT_DUPLICATES, &error);
    text_deinit(&packed);
    text_deinit(&plain);
    assert_non_null(tree);
    return tree;
}

static bool is_made_up(const char *name) {
    return strncmp(name, "__unnamed", 9) == 0 || strncmp(name, "__anonymous", 11) == 0 ||
           strncmp(name, "<unnamed", 8) == 0;
}

/* The name of a member in the model: its own or the end of a path, whichever is there. */
static const struct field *member_at(const struct type *type, const char *path, json_int_t offset) {
    for (const char *name = path + strlen(path); name > path;) {
        name--;
        if (name > path && name[-1] != '.')
            continue;
        for (size_t i = 0; i < type->count; i++)
            if (strcmp(type->fields[i].name, name) == 0 && type->fields[i].offset == offset)
                return &type->fields[i];
    }
    return NULL;
}

static void check_members(json_t *types, const struct type *type, const char *raw_name,
                          const char *path, json_int_t base, size_t *checked) {
    const char *name;
    json_t *field;
    json_object_foreach(json_object_get(json_object_get(types, raw_name), "fields"), name, field) {
        json_t *field_type = json_object_get(field, "type");
        json_int_t offset = base + json_integer_value(json_object_get(field, "offset"));
        AUTO_FREE char *full = xasprintf("%s%s%s", path, *path ? "." : "", name);
        const struct field *found = member_at(type, full, offset);
        if (!found)
            fail_msg("%s: no member for %s at %#llx", type->name, full, (long long)offset);
        assert_int_equal(found->bit_length,
                         json_integer_value(json_object_get(field_type, "bit_length")));
        assert_int_equal(found->bit_position,
                         json_integer_value(json_object_get(field_type, "bit_position")));
        ++*checked;
        const char *inner = json_string_value(json_object_get(field_type, "name"));
        if (inner && is_made_up(inner))
            check_members(types, type, inner, full, offset, checked);
    }
}

static void check_file(const char *start) {
    AUTO_FREE char *path = path_of(start);
    struct symbols *symbols = opened(path);
    json_t *tree = tree_of(path), *types = json_object_get(tree, "user_types"), *raw;
    const char *name;
    size_t checked = 0, expected = 0, count;
    json_object_foreach(types, name, raw) {
        if (is_made_up(name))
            continue;
        const struct type *type = symbols_type(symbols, name);
        assert_non_null(type);
        assert_int_equal(type->size, json_integer_value(json_object_get(raw, "size")));
        check_members(types, type, name, "", 0, &checked);
        expected += type->count;
    }
    assert_int_equal(checked, expected);
    assert_true(checked > 10000);
    const struct public_symbol *publics = symbols_publics(symbols, &count);
    json_t *addresses = json_object_get(tree, "symbols");
    assert_int_equal(count, json_object_size(addresses));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(publics[i].rva,
                         json_integer_value(json_object_get(
                             json_object_get(addresses, publics[i].name), "address")));
    json_decref(tree);
    symbols_free(symbols);
}

static void test_every_member_is_where_jansson_reads_it(void **state) {
    (void)state;
    check_file("ntkrnlmp-19041.508-");
    check_file("ntkrnlmp-22000.2538-");
    check_file("nt-10240-x64.");
}

/* Numbers of unnamed types differ between two updates; names by content do not. */
static void test_unnamed_types_of_two_updates(void **state) {
    (void)state;
    struct symbols *symbols[2] = {opened_kernel("ntkrnlmp-19041.329-"),
                                  opened_kernel("ntkrnlmp-19041.508-")};
    size_t counts[2], unnamed = 0;
    const struct type *types = symbols_types(symbols[0], &counts[0]);
    symbols_types(symbols[1], &counts[1]);
    assert_int_equal(counts[0], counts[1]);
    for (size_t i = 0; i < counts[0]; i++) {
        unnamed += types[i].name[0] == '<';
        assert_non_null(symbols_type(symbols[1], types[i].name));
    }
    assert_true(unnamed > 0);
    symbols_free(symbols[0]);
    symbols_free(symbols[1]);
}

static void write_whole(const struct symbols *symbols, struct text *profile) {
    size_t type_count, public_count;
    const struct type *types = symbols_types(symbols, &type_count);
    const struct public_symbol *publics = symbols_publics(symbols, &public_count);
    /* All types, and few symbols: the writer asks for each whether it is wanted. */
    if (public_count > 100)
        public_count = 100;
    AUTO_FREE const char **names = xcalloc(type_count + 1, sizeof *names);
    AUTO_FREE const char **symbol_names = xcalloc(public_count + 1, sizeof *symbol_names);
    for (size_t i = 0; i < type_count; i++)
        names[i] = types[i].name;
    for (size_t i = 0; i < public_count; i++)
        symbol_names[i] = publics[i].name;
    profile_write(symbols, &(struct profile_scope){names, symbol_names}, profile);
}

static void test_a_whole_kernel_survives_as_a_profile(void **state) {
    (void)state;
    struct symbols *symbols = opened_kernel("ntkrnlmp-22000.318-"), *again;
    struct text first AUTO(text_deinit) = TEXT_EMPTY, second AUTO(text_deinit) = TEXT_EMPTY;
    struct error err;
    write_whole(symbols, &first);
    if (symbols_parse(&err, "profile", first.data, first.length, &again))
        fail_msg("%s", err.message);
    write_whole(again, &second);
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    size_t count;
    const struct type *types = symbols_types(again, &count);
    for (size_t i = 0; i < count; i++) {
        const struct type *source = symbols_type(symbols, types[i].name);
        for (size_t j = 0; j < types[i].count && types[i].kind != TYPE_ENUM; j++)
            if (types[i].fields[j].type[0] != '<')
                assert_int_equal(types[i].fields[j].size, source->fields[j].size);
    }
    symbols_free(symbols);
    symbols_free(again);
}

/* The profiles that are built in are what these files give. */
static void test_builtin_profiles_are_of_these_files(void **state) {
    (void)state;
    for (size_t i = 0; i < builtin_profile_count; i++) {
        const struct builtin_profile *builtin = &builtin_profiles[i];
        struct error err;
        struct symbols *profile;
        assert_int_equal(
            symbols_parse(&err, builtin->name, builtin->json, builtin->length, &profile),
            STATUS_OK);
        AUTO_FREE char *start =
            xasprintf("%.*s-*", (int)(strrchr(builtin->name, '-') - builtin->name), builtin->name);
        if (!builtin->pdb_guid[0]) {
            free(start);
            start = xasprintf("%s.", builtin->name);
        }
        struct symbols *source = opened_kernel(start);
        size_t count;
        const struct type *types = symbols_types(profile, &count);
        for (size_t j = 0; j < count; j++) {
            const struct type *type = symbols_type(source, types[j].name);
            assert_non_null(type);
            assert_int_equal(type->count, types[j].count);
            for (size_t k = 0; k < type->count && type->kind != TYPE_ENUM; k++) {
                assert_string_equal(type->fields[k].name, types[j].fields[k].name);
                assert_int_equal(type->fields[k].offset, types[j].fields[k].offset);
            }
        }
        symbols_free(source);
        symbols_free(profile);
    }
}

int main(void) {
    glob_t found AUTO(glob_free);
    if (glob(FILES "*.json.xz", 0, NULL, &found) != 0) {
        print_message("skipped: no symbol files in %s\n", FILES);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_facts),
        cmocka_unit_test(test_symbols_and_identity_of_one_kernel),
        cmocka_unit_test(test_every_file_opens),
        cmocka_unit_test(test_every_member_is_where_jansson_reads_it),
        cmocka_unit_test(test_unnamed_types_of_two_updates),
        cmocka_unit_test(test_a_whole_kernel_survives_as_a_profile),
        cmocka_unit_test(test_builtin_profiles_are_of_these_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
