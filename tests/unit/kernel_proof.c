/* kernel_proof.c - which symbols are taken for a dump, which are refused, and why. */
#include "test.h"

#include <sys/stat.h>

#include "kernel/kdbg.h"
#include "kernel/process.h"
#include "kernel/proof.h"
#include "kernel/symbol_path.h"
#include "small_kernel.h"

/* ---- proofs ---- */

static struct proof prove(struct machine *machine, const char *profile) {
    struct target *target = machine_open(machine);
    struct symbols *symbols = builtin_symbols(profile);
    struct proof proof;
    proof_run(target, symbols, &proof);
    symbols_free(symbols);
    target_close(target);
    machine_destroy(machine);
    return proof;
}

static void expect_refused(struct machine *machine, const char *profile, const char *failure) {
    struct proof proof = prove(machine, profile);
    assert_false(proof.holds);
    if (!strstr(proof.failure, failure))
        fail_msg("%s", proof.failure);
}

static void own_layout_holds(void **state) {
    (void)state;
    struct proof proof = prove(small_kernel(), "nt-10240-x64");
    assert_true(proof.holds);
    assert_int_equal(proof.checks, 12); /* 7 of the block, 5 of System */
}

static void other_layouts_are_refused(void **state) {
    (void)state;
    expect_refused(small_kernel(), "nt-10240-early-x64",
                   "SizeEProcess: the dump says 0x7a8, the profile 0x798");
    expect_refused(small_kernel(), "nt-7601-x64",
                   "SizeEProcess: the dump says 0x7a8, the profile 0x4d0");
}

static struct machine *kernel_with(const char *path, uint64_t value, size_t width) {
    struct machine *machine = small_kernel();
    struct symbols *symbols = builtin_symbols("nt-10240-x64");
    machine_put(machine, small_process(0) + offset_of(symbols, "_EPROCESS", path), value, width);
    symbols_free(symbols);
    return machine;
}

static void memory_refuses_as_well(void **state) {
    (void)state;
    expect_refused(kernel_with("Pcb.Header.Type", 6, 1), "nt-10240-x64", "expected 3, found 6");
    expect_refused(kernel_with("UniqueProcessId", 5, 8), "nt-10240-x64", "found 0x5");
    expect_refused(kernel_with("UniqueProcessId", 8, 8), "nt-10240-x64",
                   "expected System with id 4, found \"System\" with id 8");
    expect_refused(kernel_with("ImageFileName", 0x1b, 1), "nt-10240-x64", "found byte 0x1b");
    expect_refused(kernel_with("ActiveProcessLinks", 0x1000, 8), "nt-10240-x64",
                   "ActiveProcessLinks");
}

/* A first process that is not in the dump is no contradiction: another one is looked at. */
static void unreadable_process_is_passed(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    machine_put(machine, NT_ACTIVE, 0xffffe00000f00000, 8);
    struct proof proof = prove(machine, "nt-10240-x64");
    assert_true(proof.holds);
    assert_int_equal(proof.checks, 11);
    machine = small_kernel();
    machine_put(machine, NT_ACTIVE, 0xffffe00000f00000, 8);
    machine_put(machine, NT_ACTIVE + 8, 0xffffe00000f00000, 8);
    proof = prove(machine, "nt-10240-x64"); /* Idle, by the processor: it is on no list */
    assert_true(proof.holds);
    assert_int_equal(proof.checks, 10);
}

static void too_little_proves_nothing(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0x80, 0, 8);
    put(&machine->header, 0x28, 0, 8);
    expect_refused(machine, "nt-10240-x64", "only 0 checks could be made, and 4 are needed");
}

/* ---- the search ---- */

struct refusals {
    char text[8192];
};

static void note(const char *source, const char *why, void *data) {
    struct refusals *refusals = data;
    size_t length = strlen(refusals->text);
    snprintf(refusals->text + length, sizeof refusals->text - length, "%s: %s\n", source, why);
}

struct hunted {
    enum status status;
    struct error err;
    struct refusals refusals;
    enum symbols_match match;
    char source[64];
};

static struct hunted hunt(struct machine *machine, const char *path, bool no_builtin) {
    struct hunted hunted = {0};
    struct target *target = machine_open(machine);
    struct symbols_search search = {.paths = &path,
                                    .path_count = path != NULL,
                                    .no_builtin = no_builtin,
                                    .refused = note,
                                    .data = &hunted.refusals};
    hunted.status = target_attach(&hunted.err, target, &search);
    hunted.match = target->match;
    if (target->symbols_source)
        snprintf(hunted.source, sizeof hunted.source, "%s", target->symbols_source);
    target_close(target);
    machine_destroy(machine);
    return hunted;
}

static void expect_taken(const char *path, enum symbols_match match, const char *source) {
    struct hunted hunted = hunt(small_kernel(), path, false);
    assert_int_equal(hunted.status, STATUS_OK);
    assert_int_equal(hunted.match, match);
    assert_string_equal(hunted.source, source);
}

static void builtin_profile_is_proved(void **state) {
    (void)state;
    struct hunted hunted = hunt(small_kernel(), NULL, false);
    assert_int_equal(hunted.status, STATUS_OK);
    assert_int_equal(hunted.match, MATCH_PROVED);
    assert_string_equal(hunted.source, "nt-10240-x64");
    assert_string_equal(hunted.refusals.text, "nt-10240-early-x64: SizeEProcess: the dump says "
                                              "0x7a8, the profile 0x798\n");
}

/* The build number only says where to begin. */
static void wrong_build_number_does_not_matter(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0xc, 9600, 4);
    struct hunted hunted = hunt(machine, NULL, false);
    assert_int_equal(hunted.status, STATUS_OK);
    assert_string_equal(hunted.source, "nt-10240-x64");
}

/* A block that states too little to tell the two layouts of 10240 apart. */
static void expect_of_two(const char *lab, const char *source) {
    struct machine *machine = small_kernel();
    machine_put(machine, NT_KDBG + 0x2a8, 0, 2);
    machine_write(machine, NT_LAB_EX, lab, strlen(lab));
    struct hunted hunted = hunt(machine, NULL, false);
    assert_int_equal(hunted.status, STATUS_OK);
    assert_string_equal(hunted.source, source);
}

/* The nearest revision that is not above the dump's; the early layout's is not known. */
static void revision_breaks_a_tie(void **state) {
    (void)state;
    expect_of_two("10240.16393.amd64fre.th1_st1.150717-1719", "nt-10240-early-x64");
    expect_of_two("10240.17800.amd64fre.th1_st1.150717-1719", "nt-10240-x64");
}

static void file_of_the_user(void **state) {
    (void)state;
    write_own_profile("own.json", NT_GUID);
    expect_taken("own.json", MATCH_EXACT, "nt-10240-x64");
    write_own_profile("own.json", "FFFFFFFFABCDEF0123456789ABCDEF00");
    expect_taken("own.json", MATCH_PROVED, "nt-10240-x64");
    unlink("own.json");
    struct hunted hunted =
        hunt(small_kernel(), NTDRIFT_SOURCE "/analyzer/profiles/nt-7601-x64.json", false);
    assert_string_equal(hunted.source, "nt-10240-x64");
    assert_non_null(strstr(hunted.refusals.text, "nt-7601-x64.json: SizeEProcess"));
    hunted = hunt(small_kernel(), "no-such-file.json", false);
    assert_int_not_equal(hunted.status, STATUS_OK);
    assert_non_null(strstr(hunted.err.message, "no-such-file.json"));
}

static void symbol_path_has_local_folders_only(void **state) {
    (void)state;
    struct symbol_files folders = {0};
    symbol_path_folders("cache*one;SRV*two*https://example.org/symbols;/three;;"
                        "\\\\server\\share;symsrv*symsrv.dll*four",
                        &folders);
    static const char *const expected[] = {"one", "two", "/three", "four"};
    assert_int_equal(folders.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(folders.paths[i], expected[i]);
    symbol_files_deinit(&folders);
}

static void folders(void **state) {
    (void)state;
    mkdir("store", 0777);
    mkdir("store/ntkrnlmp.pdb", 0777);
    mkdir("store/ntkrnlmp.pdb/" NT_KEY, 0777);
    write_own_profile("store/ntkrnlmp.pdb/" NT_KEY "/ntkrnlmp.json", NT_GUID);
    expect_taken("store", MATCH_EXACT, "nt-10240-x64");
    setenv("_NT_SYMBOL_PATH", "srv*nowhere*https://example.org/symbols;srv*store", 1);
    expect_taken(NULL, MATCH_EXACT, "nt-10240-x64");
    unsetenv("_NT_SYMBOL_PATH");
    unlink("store/ntkrnlmp.pdb/" NT_KEY "/ntkrnlmp.json");

    write_own_profile("store/ntkrnlmp.pdb/" NT_GUID "-42.json", NT_GUID);
    expect_taken("store", MATCH_EXACT, "nt-10240-x64");
    unlink("store/ntkrnlmp.pdb/" NT_GUID "-42.json");

    write_own_profile("store/any name.json", NT_GUID);
    expect_taken("store", MATCH_EXACT, "nt-10240-x64");
    unlink("store/any name.json");

    /* A name that lies is told; a folder proves nothing. */
    write_own_profile("store/" NT_KEY ".json", "FFFFFFFFABCDEF0123456789ABCDEF00");
    struct hunted hunted = hunt(small_kernel(), "store", true);
    assert_int_equal(hunted.status, STATUS_NO_SYMBOLS);
    assert_non_null(strstr(hunted.refusals.text, NT_KEY ".json: its GUID and age are not"));
    unlink("store/" NT_KEY ".json");
    rmdir("store/ntkrnlmp.pdb/" NT_KEY);
    rmdir("store/ntkrnlmp.pdb");
    rmdir("store");
}

static void nothing_left_names_the_file(void **state) {
    (void)state;
    struct hunted hunted =
        hunt(small_kernel(), NTDRIFT_SOURCE "/analyzer/profiles/nt-9600-x64.json", true);
    assert_int_equal(hunted.status, STATUS_NO_SYMBOLS);
    assert_int_equal(hunted.match, MATCH_NONE);
    assert_non_null(strstr(hunted.err.message, "ntkrnlmp.pdb/" NT_KEY));
    assert_non_null(strstr(hunted.err.message, "pdbconv"));
    assert_non_null(strstr(hunted.err.message, "nt-9600-x64, refused by SizeEProcess"));
}

/* ---- what exact symbols add ---- */

static struct target *open_exact(struct machine *machine) {
    struct target *target = machine_open(machine);
    struct error err;
    const char *path = "own.json";
    struct symbols_search search = {.paths = &path, .path_count = 1, .no_builtin = true};
    write_own_profile(path, NT_GUID);
    assert_int_equal(target_attach(&err, target, &search), STATUS_OK);
    assert_int_equal(target->match, MATCH_EXACT);
    unlink(path);
    return target;
}

static void exact_symbols_have_addresses(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    struct target *target = open_exact(machine);
    uint64_t address = 0;
    assert_true(target_symbol(target, "MmProcessList", &address));
    assert_int_equal(address, NT_LIST);
    assert_false(target_symbol(target, "Outside", &address)); /* behind the image's end */
    struct process_ring ring;
    process_ring_memory_manager(target, 0, &ring);
    assert_string_equal(ring.head_by, "MmProcessList");
    assert_int_equal(ring.walk.count, 4);
    assert_int_equal(ring.views[0].kind, PROCESS_IDLE);
    process_ring_deinit(&ring);
    target->match = MATCH_PROVED;
    assert_false(target_symbol(target, "MmProcessList", &address));
    target_close(target);
    machine_destroy(machine);
}

/* The other way round of what Volatility's win8_kdbg describes. */
static uint64_t encode(uint64_t value) {
    uint64_t never = 0x1122334455667719, always = 0x8877665544332211;
    unsigned shift = never & 63;
    value = __builtin_bswap64(value ^ always) ^ (NT_ENCODED | 0xffff000000000000);
    return (value >> shift | value << (64 - shift)) ^ never;
}

static void encoded_block_is_read(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    for (uint64_t at = NT_KDBG; at < NT_KDBG + 0x360; at += 8) {
        uint64_t value;
        memcpy(&value, machine_at(machine, at), 8);
        machine_put(machine, at, encode(value), 8);
    }
    machine_put(machine, NT_NEVER, 0x1122334455667719, 8);
    machine_put(machine, NT_ALWAYS, 0x8877665544332211, 8);
    struct target *target = machine_open(machine);
    assert_int_equal(target->kdbg.state, READ_BAD_VALUE);
    assert_string_equal(target->kernel_found_by, "PsLoadedModuleList");
    target_close(target);
    target = open_exact(machine);
    uint64_t value = 0;
    assert_int_equal(target->kdbg.state, READ_PRESENT);
    assert_int_equal(target->kdbg.size, 0x360);
    assert_true(kdbg_value(&target->kdbg, "SizeEProcess", &value));
    assert_int_equal(value, 0x7a8);
    target_close(target);
    machine_destroy(machine);
}

int main(void) {
    unsetenv("_NT_SYMBOL_PATH");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_layout_holds),
        cmocka_unit_test(other_layouts_are_refused),
        cmocka_unit_test(memory_refuses_as_well),
        cmocka_unit_test(unreadable_process_is_passed),
        cmocka_unit_test(too_little_proves_nothing),
        cmocka_unit_test(builtin_profile_is_proved),
        cmocka_unit_test(wrong_build_number_does_not_matter),
        cmocka_unit_test(revision_breaks_a_tie),
        cmocka_unit_test(file_of_the_user),
        cmocka_unit_test(symbol_path_has_local_folders_only),
        cmocka_unit_test(folders),
        cmocka_unit_test(nothing_left_names_the_file),
        cmocka_unit_test(exact_symbols_have_addresses),
        cmocka_unit_test(encoded_block_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
