/* kernel_rewind.c - real pages of a running Windows 10 17763, wrapped into a bitmap dump. */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mapping.h"
#include "base/memory.h"
#include "kernel/list.h"
#include "kernel/process.h"
#include "kernel/processor.h"
#include "kernel/proof.h"
#include "kernel/values.h"
#include "kernel/version.h"
#include "small_dump.h"
#include "symbols/profile.h"

#define ARCHIVE  NTDRIFT_SHARED "/real/rewind-17763-pages.tar.xz"
#define FOLDER   "rewind-pages"
#define DUMP     "rewind-17763.dmp"
#define KERNEL   0xfffff8051a09f000
#define PDB_GUID "20C711BBD4C21AA5C45BC774BC7E0472"

/* ---- the dump around the pages ---- */

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_page(const struct dirent *entry) {
    return strstr(entry->d_name, ".bin") != NULL;
}

static void fill_header(struct small_dump *dump) {
    put(dump, 0x8, 15, 4);
    put(dump, 0xc, 17763, 4);
    put(dump, 0x10, 0x235500002, 8);
    put(dump, 0x20, KERNEL + 0x41b5d0, 8); /* PsLoadedModuleList */
    put(dump, 0x28, KERNEL + 0x40f4e0, 8); /* PsActiveProcessHead */
    put(dump, 0x30, 0x8664, 4);
    put(dump, 0x34, 1, 4);
    put(dump, 0x80, KERNEL + 0x3ff5e0, 8); /* page 0x269e000 holds the tag at 0x5f0 */
    put(dump, 0x1040, 1, 4);
    put(dump, 0x1044, 0x110, 4);
}

static void add_file(struct small_dump *dump, size_t at, const char *name) {
    struct mapping mapping;
    struct error err;
    AUTO_FREE char *path = xasprintf(FOLDER "/mem/%s", name);
    assert_int_equal(mapping_open(&err, path, &mapping), STATUS_OK);
    assert_int_equal(mapping.size, PAGE);
    memcpy(dump->bytes + at, mapping.data, PAGE);
    mapping_close(&mapping);
}

/* Frames ascend with the file names, which are addresses of fixed width. */
static void wrap(void) {
    struct dirent **entries;
    int count = scandir(FOLDER "/mem", &entries, is_page, by_name);
    assert_int_equal(count, 933);
    uint64_t frames[933];
    for (int i = 0; i < count; i++)
        frames[i] = strtoull(entries[i]->d_name, NULL, 16) / PAGE;
    struct small_dump dump = small_bitmap(BITMAP_FULL, "SDMP", frames[count - 1] + 1, frames, 933);
    fill_header(&dump);
    for (int i = 0; i < count; i++) {
        add_file(&dump, dump.first_page + (size_t)i * PAGE, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    struct error err;
    assert_int_equal(file_write(&err, DUMP, dump.bytes, dump.size), STATUS_OK);
    small_free(&dump);
}

static struct target *open_dump(void) {
    struct error err;
    struct target *target = NULL;
    assert_int_equal(target_open(&err, DUMP, &target), STATUS_OK);
    return target;
}

/* ---- what the pages hold ---- */

static void kernel_and_its_pdb(void **state) {
    (void)state;
    struct target *target = open_dump();
    assert_int_equal(target->kdbg.state, READ_PRESENT);
    assert_int_equal(target->kdbg.size, 0x380);
    assert_string_equal(target->kernel_found_by, "KdDebuggerDataBlock.KernBase");
    assert_int_equal(target->kernel.base, KERNEL);
    assert_int_equal(target->kernel.timestamp, 0x6105701f);
    assert_int_equal(target->kernel.size, 0xa71000);
    assert_true(target->kernel.has_pdb);
    assert_string_equal(target->kernel.pdb.guid, PDB_GUID);
    assert_int_equal(target->kernel.pdb.age, 1);
    assert_string_equal(target->kernel.pdb.name, "ntkrnlmp.pdb");
    uint64_t list = 0;
    assert_true(kdbg_value(&target->kdbg, "PsLoadedModuleList", &list));
    assert_int_equal(pe_find_below(target->vm, list, 0x2000000), KERNEL);
    target_close(target);
}

static void modules_are_a_whole_ring(void **state) {
    (void)state;
    struct target *target = open_dump();
    uint64_t list = 0;
    assert_true(kdbg_value(&target->kdbg, "PsLoadedModuleList", &list));
    struct list_walk walk;
    list_walk(target->vm, list, 1000, &walk);
    assert_int_equal(walk.end, LIST_CLOSED);
    assert_int_equal(walk.count, 198);
    static const char *const names[] = {"ntoskrnl.exe", "hal.dll", "kdcom.dll"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct text name;
        text_init(&name);
        assert_int_equal(value_unicode_string(target->vm, walk.entries[i] + 0x58, &name),
                         READ_PRESENT);
        assert_string_equal(name.data, names[i]);
        text_deinit(&name);
    }
    list_walk_deinit(&walk);
    target_close(target);
}

static void version_is_found_without_symbols(void **state) {
    (void)state;
    struct target *target = open_dump();
    struct version version;
    version_read(target, &version);
    assert_int_equal(version.build, 17763);
    assert_int_equal(version.builds[VERSION_BUILD_SHARED_DATA].value, 17763);
    assert_false(version.disagree);
    assert_int_equal(version.revision, 1);
    assert_string_equal(version.build_lab_ex, "17763.1.amd64fre.rs5_release.180914-1434");
    assert_string_equal(target_build_lab(&version), version.build_lab_ex);
    assert_int_equal(version.shared_product_type.value, 1);
    target_close(target);
}

static void expect_refused(const struct target *target, const char *profile, const char *why) {
    const struct builtin_profile *builtin = profile_find(profile);
    assert_non_null(builtin);
    struct symbols *symbols;
    struct error err;
    struct proof proof;
    assert_int_equal(symbols_parse(&err, profile, builtin->json, builtin->length, &symbols),
                     STATUS_OK);
    proof_run(target, symbols, &proof);
    assert_false(proof.holds);
    assert_string_equal(proof.failure, why);
    symbols_free(symbols);
}

static void layouts_are_proved_or_refused(void **state) {
    (void)state;
    struct target *target = open_dump();
    expect_refused(target, "nt-10240-x64", "SizeEProcess: the dump says 0x850, the profile 0x7a8");
    expect_refused(target, "nt-18362-x64", "SizeEProcess: the dump says 0x850, the profile 0x880");
    struct error err;
    struct symbols_search search = {0};
    assert_int_equal(target_attach(&err, target, &search), STATUS_OK);
    assert_int_equal(target->match, MATCH_PROVED);
    assert_string_equal(target->symbols_source, "nt-17763-x64");
    target_close(target);
}

static void processes_as_far_as_they_go(void **state) {
    (void)state;
    struct target *target = open_dump();
    struct error err;
    struct symbols_search search = {0};
    assert_int_equal(target_attach(&err, target, &search), STATUS_OK);
    struct processor_block block;
    processor_block_read(target, &block);
    assert_int_equal(block.count, 1);
    struct field_read thread =
        target_read_field(target, 0xfffff80518eba180, "_KPRCB", "CurrentThread");
    assert_int_equal(thread.value, 0xffffe38f3d5c4080);
    struct field_read process = thread_process(target, thread.value);
    assert_int_equal(process.value, 0xffffe38f3f3cf540);
    assert_int_equal(process_kind(target, process.value), PROCESS_PROCESS);
    struct text name;
    text_init(&name);
    assert_int_equal(process_name(target, process.value, &name), READ_PRESENT);
    assert_string_equal(name.data, "cng.exe");
    text_deinit(&name);
    struct process_ring ring;
    process_ring_active(target, &ring);
    assert_int_equal(ring.walk.end, LIST_BROKEN);
    assert_int_equal(ring.walk.broken_at, 0xffffe38f36461328);
    assert_int_equal(ring.walk.state, READ_NOT_IN_DUMP);
    assert_int_equal(ring.walk.gap, 0);
    assert_true(ring.walk.count >= 1);
    assert_int_equal(ring.views[ring.walk.count - 1].address, process.value);
    process_ring_deinit(&ring);
    processor_block_deinit(&block);
    target_close(target);
}

static int set_up(void **state) {
    (void)state;
    if (system("rm -rf " FOLDER " && mkdir " FOLDER " && tar -C " FOLDER " -xJf '" ARCHIVE "'"))
        return -1;
    wrap();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(DUMP);
    return system("rm -rf " FOLDER);
}

int main(void) {
    if (access(ARCHIVE, R_OK)) {
        printf("skipped: %s is not on this machine\n", ARCHIVE);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_and_its_pdb),
        cmocka_unit_test(modules_are_a_whole_ring),
        cmocka_unit_test(version_is_found_without_symbols),
        cmocka_unit_test(layouts_are_proved_or_refused),
        cmocka_unit_test(processes_as_far_as_they_go),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
