/* executable.c - executable files in place of a dump: what is mapped, what is read of it, and files
 * that lie. */
#include "test.h"

#include "analyses/executable.h"
#include "kernel/exports.h"
#include "kernel/pe_version.h"
#include "small_pe.h"
#include "snapshot_json.h"

static struct image *open_image(const struct small_pe *pe) {
    struct image *image = NULL;
    struct error err;
    if (image_open_executable_bytes(&err, "small", pe->bytes, pe->size, &image))
        fail_msg("%s", err.message);
    return image;
}

static struct target *open_target(const struct small_pe *pe) {
    struct target *target = NULL;
    struct error err;
    if (target_open_executable_bytes(&err, "small", pe->bytes, pe->size, &target))
        fail_msg("%s", err.message);
    return target;
}

static void expect_refusal(const struct small_pe *pe, const char *words) {
    struct image *image;
    struct error err;
    if (!image_open_executable_bytes(&err, "small", pe->bytes, pe->size, &image))
        fail_msg("opened; expected: %s", words);
    if (!strstr(err.message, words))
        fail_msg("\"%s\" does not say: %s", err.message, words);
    assert_null(image);
}

/* ---- the image ---- */

static void sections_are_at_their_addresses(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll");
    const uint8_t *bytes;
    size_t length;
    pe->bytes[pe_at(PE_DATA)] = 0x5a;
    struct image *image = open_image(pe);
    assert_true(image_is_virtual(image));
    assert_int_equal(image_info(image)->image_base, PE_BASE);
    assert_int_equal(image_info(image)->address_bits, 64);
    assert_int_equal(image_virtual(image, PE_BASE, &bytes, &length), READ_PRESENT);
    assert_memory_equal(bytes, "MZ", 2);
    assert_int_equal(length, PE_RAW);
    assert_int_equal(image_virtual(image, PE_BASE + PE_RAW, &bytes, &length), READ_NOT_IN_DUMP);
    assert_int_equal(image_virtual(image, PE_BASE + PE_DATA, &bytes, &length), READ_PRESENT);
    assert_int_equal(*bytes, 0x5a);
    assert_int_equal(length, PE_SECTION_END - PE_DATA);
    assert_int_equal(image_virtual(image, PE_BASE + PE_SECTION_END, &bytes, &length),
                     READ_NOT_IN_DUMP);
    image_close(image);
    free(pe);
}

static void cut_file_says_so(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll");
    const uint8_t *bytes;
    size_t length;
    pe->size = pe_at(PE_DATA) + 16;
    struct image *image = open_image(pe);
    assert_int_equal(image_virtual(image, PE_BASE + PE_DATA, &bytes, &length), READ_PRESENT);
    assert_int_equal(length, 16);
    assert_int_equal(image_virtual(image, PE_BASE + PE_DATA + 16, &bytes, &length), READ_CUT_OFF);
    assert_int_equal(image_info(image)->expected_size, PE_FILE_SIZE);
    image_close(image);
    free(pe);
}

/* A section's data beyond what the section has in memory is not mapped, nor one beyond the image.
 */
static void absurd_sections_are_bounded(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll");
    size_t section = pe_optional() + 240;
    const uint8_t *bytes;
    size_t length;
    pe_put(pe, section + 8, 0x1234, 4); /* VirtualSize: two pages */
    pe_put(pe, section + 16, 0xffffffff, 4);
    struct image *image = open_image(pe);
    assert_int_equal(image_virtual(image, PE_BASE + 0x2fff, &bytes, &length), READ_PRESENT);
    assert_int_equal(image_virtual(image, PE_BASE + 0x3000, &bytes, &length), READ_NOT_IN_DUMP);
    image_close(image);
    pe_put(pe, section + 8, 0, 4);
    image = open_image(pe);
    assert_int_equal(image_virtual(image, PE_BASE + PE_IMAGE_SIZE - 1, &bytes, &length),
                     READ_CUT_OFF);
    assert_int_equal(image_virtual(image, PE_BASE + PE_IMAGE_SIZE, &bytes, &length),
                     READ_NOT_IN_DUMP);
    image_close(image);
    pe_put(pe, PE_NT + 6, 0xffff, 2); /* NumberOfSections: what follows is read as sections too */
    image_close(open_image(pe));
    free(pe);
}

static void what_is_no_executable_is_refused(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll"), *other = pe_create(true, "a.dll");
    pe_put(other, pe_optional(), 0x107, 2);
    expect_refusal(other, "expected magic 0x10b or 0x20b, found 0x107");
    *other = *pe;
    pe_put(other, pe_optional() + 24, 0, 8);
    expect_refusal(other, "ImageBase: expected");
    pe_put(other, pe_optional() + 24, 0xfffffffffffff000, 8);
    expect_refusal(other, "found 0xfffffffffffff000 and SizeOfImage 0x7000");
    pe_put(other, pe_optional() + 24, PE_BASE + 0x10, 8);
    expect_refusal(other, "ImageBase: expected");
    *other = *pe;
    pe_put(other, 0x3c, 0xffffffff, 4);
    expect_refusal(other, "not a PE file");
    other->size = 0x3f;
    expect_refusal(other, "expected 'MZ'");
    memcpy(other->bytes, "PAGEDU64", 8);
    expect_refusal(other, "a memory dump, which `nt-analyzer snapshot` reads");
    free(pe);
    free(other);
}

/* ---- exports ---- */

static void exports_by_name_ordinal_and_address(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll");
    struct exports exports;
    uint32_t first = pe_export(pe, "Second", "c3"), last = pe_export(pe, NULL, "c3");
    pe_export_rva(pe, "First", first);
    pe_export_rva(pe, "Forwarded", pe_string(pe, "NTDLL.RtlAllocateHeap"));
    struct target *target = open_target(pe);
    exports_read(target->vm, &target->kernel, &exports);
    assert_int_equal(exports.state, READ_PRESENT);
    assert_int_equal(exports.count, 4);
    assert_int_equal(exports.direct, 3);
    assert_int_equal(exports_find(&exports, "First")->rva, first);
    assert_null(exports_find(&exports, "Third"));
    assert_string_equal(exports_find(&exports, "Forwarded")->forwarder, "NTDLL.RtlAllocateHeap");
    assert_string_equal(exports_below(&exports, first)->name, "First"); /* in byte order */
    assert_string_equal(exports_below(&exports, last - 1)->name, "First");
    assert_string_equal(exports_below(&exports, last)->name, "Ordinal2");
    assert_false(exports_below(&exports, last)->named);
    assert_string_equal(exports_below(&exports, UINT32_MAX)->name, "Ordinal2");
    assert_null(exports_below(&exports, first - 1));
    exports_deinit(&exports);
    target_close(target);
    free(pe);
}

static void read_exports_of(const struct small_pe *pe, struct exports *exports) {
    struct target *target = open_target(pe);
    exports_read(target->vm, &target->kernel, exports);
    target_close(target);
}

static void exports_that_lie_are_bounded(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll");
    struct exports exports;
    size_t at = pe_at(PE_EDATA);
    pe_export(pe, "One", "c3");
    pe_put(pe, at + 20, 0xffffffff, 4); /* NumberOfFunctions */
    read_exports_of(pe, &exports);
    assert_int_equal(exports.state, READ_BAD_VALUE);
    assert_int_equal(exports.count, 0);
    exports_deinit(&exports);
    pe_put(pe, at + 20, 1, 4);
    pe_put(pe, at + 0x300, 7, 2); /* a name of an ordinal that is not there */
    read_exports_of(pe, &exports);
    assert_int_equal(exports.count, 1); /* the function is, by its ordinal */
    assert_string_equal(exports.items[0].name, "Ordinal1");
    assert_int_equal(exports.unreadable[READ_BAD_VALUE], 1);
    exports_deinit(&exports);
    pe_put(pe, at + 0x300, 0, 2);
    pe_put(pe, at + 0x200, PE_IMAGE_SIZE + 8, 4); /* a name outside of the image */
    read_exports_of(pe, &exports);
    assert_int_equal(exports.unreadable[READ_BAD_VALUE], 1);
    exports_deinit(&exports);
    pe_directory_put(pe, 0, PE_IMAGE_SIZE - 8, 0x1000);
    read_exports_of(pe, &exports);
    assert_int_equal(exports.state, READ_BAD_VALUE);
    exports_deinit(&exports);
    pe_directory_put(pe, 0, 0, 0);
    read_exports_of(pe, &exports);
    assert_true(exports.absent);
    exports_deinit(&exports);
    free(pe);
}

/* ---- versions ---- */

static void version_is_read(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll");
    struct pe_version version;
    struct target *target = open_target(pe);
    pe_version_read(target->vm, &target->kernel, &version);
    assert_int_equal(version.state, READ_PRESENT);
    assert_int_equal(version.numbers[0], 10);
    assert_int_equal(version.numbers[1], 0);
    assert_int_equal(version.numbers[2], 10240);
    assert_int_equal(version.numbers[3], 16384);
    assert_string_equal(version.original_name.data, "a.dll");
    pe_version_deinit(&version);
    target_close(target);
    free(pe);
}

static enum read_state version_state(const struct small_pe *pe, bool *absent) {
    struct pe_version version;
    struct target *target = open_target(pe);
    pe_version_read(target->vm, &target->kernel, &version);
    enum read_state found = version.state;
    *absent = version.absent;
    pe_version_deinit(&version);
    target_close(target);
    return found;
}

static void versions_that_lie(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "a.dll"), *other = pe_create(true, "a.dll");
    size_t rsrc = pe_at(PE_RSRC);
    bool absent;
    pe_put(other, rsrc + 20, 0x80000000, 4); /* a directory that is its own entry */
    assert_int_equal(version_state(other, &absent), READ_BAD_VALUE);
    assert_false(absent);
    *other = *pe;
    pe_put(other, rsrc + 16, 3, 4); /* icons alone */
    assert_int_equal(version_state(other, &absent), READ_NOT_MAPPED);
    assert_true(absent);
    *other = *pe;
    pe_put(other, rsrc + 0x28 + 4, 0x18, 4); /* no directory where one should be */
    assert_int_equal(version_state(other, &absent), READ_BAD_VALUE);
    assert_false(absent);
    *other = *pe;
    pe_put(other, rsrc + 0x4c, 0xffffffff, 4); /* the resource goes over the image's end */
    pe_put(other, rsrc + 0x48, PE_IMAGE_SIZE - 4, 4);
    assert_int_equal(version_state(other, &absent), READ_BAD_VALUE);
    *other = *pe;
    pe_put(other, rsrc + 0x80, 0xffff, 2); /* the root is longer than the resource */
    assert_int_equal(version_state(other, &absent), READ_BAD_VALUE);
    *other = *pe;
    pe_put(other, rsrc + 0x80 + 0x5c, 2, 2); /* a node that is shorter than its header */
    assert_int_equal(version_state(other, &absent), READ_PRESENT);
    free(pe);
    free(other);
}

/* ---- snapshots ---- */

static json_t *snapshot_of(struct target *target) {
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    executable_assemble(target, &text);
    target_close(target);
    json_t *snapshot = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(snapshot);
    return snapshot;
}

static void ntdll_tells_its_build_and_stubs(void **state) {
    (void)state;
    struct small_pe *pe = pe_ntdll();
    json_t *snapshot = snapshot_of(open_target(pe));
    expect(snapshot, "image.name", "\"ntdll.dll\"");
    expect(snapshot, "image.version", "\"10.0.10240.16384\"");
    expect(snapshot, "image.pdb.guid", "\"" PE_GUID "\"");
    expect(snapshot, "image.base", "\"0x0000000180000000\"");
    expect(snapshot, "system", "{\"arch\":\"x64\",\"build\":10240,\"revision\":16384}");
    expect(snapshot, "stubs.modules.0.module", "\"ntdll.dll\"");
    assert_int_equal(json_array_size(at(snapshot, "stubs.modules.0.entries")), 4);
    expect(snapshot, "stubs.modules.0.entries.3.name", "\"NtReadFile\"");
    expect(snapshot, "stubs.modules.0.entries.3.number", "6");
    expect(snapshot, "stubs.modules.0.entries.3.mechanism", "\"syscall\"");
    expect(snapshot, "stubs.modules.0.entries.3.template", "\"4c8bd1b8????????0f05c3\"");
    expect(snapshot, "stubs.modules.0.entries.1.mechanism", "\"unknown\"");
    expect(snapshot, "stubs.modules.0.entries.1.number", "nothing");
    expect(snapshot, "stubs.modules.0.entries.1.bytes", "\"e9fb0f0000\"");
    expect(snapshot, "syscalls", "nothing");
    json_decref(snapshot);
    free(pe);
}

static void jumps_lead_somewhere(void **state) {
    (void)state;
    struct small_pe *pe = pe_ntdll();
    json_t *snapshot = snapshot_of(open_target(pe));
    assert_int_equal(json_array_size(at(snapshot, "findings")), 2);
    expect(snapshot, "findings.0.subject", "\"ntdll.dll!NtClose\"");
    expect(snapshot, "findings.0.evidence.usual", "\"syscall\"");
    expect(snapshot, "findings.0.evidence.jumps_to",
           "{\"address\":\"0x0000000180002040\",\"symbol\":\"ntdll!ZwReadFile+0xec0\"}");
    expect(snapshot, "findings.1.subject", "\"ntdll.dll!NtQuerySystemTime\"");
    expect(snapshot, "findings.1.evidence.jumps_to",
           "{\"address\":\"0x0000000180001100\",\"symbol\":\"ntdll!RtlQuerySystemTime\"}");
    json_decref(snapshot);
    free(pe);
}

static void other_files_have_no_stubs(void **state) {
    (void)state;
    struct small_pe *pe = pe_create(true, "other.dll");
    pe_export(pe, "NtSomething", "33c0c3");
    json_t *snapshot = snapshot_of(open_target(pe));
    expect(snapshot, "stubs", "nothing");
    expect(snapshot, "system.build", "null"); /* its version is its own */
    expect(snapshot, "coverage.sections.stubs.status", "\"unavailable\"");
    expect(snapshot, "image.original_name", "\"other.dll\"");
    expect(snapshot, "findings", "[]");
    json_decref(snapshot);
    free(pe);
}

static struct target *open_kernel(const struct small_pe *pe) {
    static const char profile[] =
        "{\"arch\":\"x64\",\"build\":10240,\"name\":\"small\",\"origin\":\"a test\",\"pdb\":null,"
        "\"precision\":{\"enums\":true,\"kinds\":true,\"pointees\":true},\"revision\":null,"
        "\"schema\":\"ntdrift-profile/1\",\"symbols\":{\"KeServiceDescriptorTable\":\"0x4200\","
        "\"KiArgumentTable\":\"0x4110\",\"KiServiceLimit\":\"0x4100\",\"KiServiceTable\":"
        "\"0x4000\",\"NtClose\":\"0x1410\"},\"types\":{}}";
    struct target *target = open_target(pe);
    struct symbols *symbols;
    struct error err;
    if (symbols_parse(&err, "small", profile, sizeof profile - 1, &symbols))
        fail_msg("%s", err.message);
    target->symbols = symbols;
    target->match = MATCH_EXACT;
    return target;
}

static void expect_services(struct small_pe *pe) {
    json_t *snapshot = snapshot_of(open_kernel(pe));
    expect(snapshot, "coverage.sections.syscalls.status", "\"complete\"");
    expect(snapshot, "stubs.modules.0.entries.0.mechanism", "\"kernel-service\"");
    expect(snapshot, "stubs.modules.0.entries.0.number", "3");
    expect(snapshot, "syscalls.tables.0.count", "3");
    expect(snapshot, "syscalls.tables.0.found_by", "\"symbols\"");
    expect(snapshot, "syscalls.tables.0.services.1.name", "\"NtClose\"");
    expect(snapshot, "syscalls.tables.0.services.1.rva", "\"0x1410\"");
    expect(snapshot, "syscalls.tables.0.services.1.arguments", "2");
    expect(snapshot, "syscalls.tables.0.services.2.rva", "\"0x1420\"");
    expect(snapshot, "syscalls.tables.1", "nothing");
    expect(snapshot, "findings", "[]");
    json_decref(snapshot);
    free(pe);
}

static void service_tables_of_every_form(void **state) {
    (void)state;
    expect_services(pe_kernel(true, true));
    expect_services(pe_kernel(true, false));
    expect_services(pe_kernel(false, true));
}

static void service_tables_that_lie(void **state) {
    (void)state;
    struct small_pe *pe = pe_kernel(true, false);
    pe_put(pe, pe_at(PE_DATA), PE_IMAGE_SIZE, 4); /* one that leads out of the image */
    json_t *snapshot = snapshot_of(open_kernel(pe));
    expect(snapshot, "syscalls", "nothing");
    expect(snapshot, "coverage.sections.syscalls.status", "\"unavailable\"");
    json_decref(snapshot);
    pe_put(pe, pe_at(PE_DATA) + 0x100, 0xffffffff, 4);
    snapshot = snapshot_of(open_kernel(pe));
    expect(snapshot, "coverage.sections.syscalls.reason",
           "\"KiServiceTable was not found: KiServiceLimit is no number of services\"");
    json_decref(snapshot);
    free(pe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_at_their_addresses),
        cmocka_unit_test(cut_file_says_so),
        cmocka_unit_test(absurd_sections_are_bounded),
        cmocka_unit_test(what_is_no_executable_is_refused),
        cmocka_unit_test(exports_by_name_ordinal_and_address),
        cmocka_unit_test(exports_that_lie_are_bounded),
        cmocka_unit_test(version_is_read),
        cmocka_unit_test(versions_that_lie),
        cmocka_unit_test(ntdll_tells_its_build_and_stubs),
        cmocka_unit_test(jumps_lead_somewhere),
        cmocka_unit_test(other_files_have_no_stubs),
        cmocka_unit_test(service_tables_of_every_form),
        cmocka_unit_test(service_tables_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
