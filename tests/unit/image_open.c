/* image_open.c - what opens and what does not: types of dumps, other files by name, sparse files.
 */
#include "test.h"

#include <unistd.h>

#include "base/memory.h"
#include "image/image.h"
#include "small_dump.h"

/* Expects a refusal whose message begins with the file's name and contains `text`. */
static void refused(const void *bytes, size_t size, enum status status, const char *text) {
    struct error err = {.message = ""};
    struct image *image = NULL;
    assert_int_equal(image_open_bytes(&err, "dump", bytes, size, &image), status);
    assert_null(image);
    assert_ptr_equal(strstr(err.message, "dump: "), err.message);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in '%s'", text, err.message);
}

static void test_types_not_read(void **state) {
    (void)state;
    const struct {
        uint32_t type;
        enum status status;
        const char *text;
    } cases[] = {
        {0, STATUS_FORMAT, "DumpType at offset 0xf98: expected 1 (full)"},
        {3, STATUS_UNSUPPORTED, "a dump of the header alone (type 3)"},
        {7, STATUS_UNSUPPORTED, "an automatic dump (type 7)"},
        {8, STATUS_FORMAT, "range header at offset 0x2000 is cut off"},
        {11, STATUS_FORMAT, "found 0xb"},
        {0x45474150, STATUS_FORMAT, "found 0x45474150"},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        struct small_dump dump = small_header(cases[index].type);
        refused(dump.bytes, dump.size, cases[index].status, cases[index].text);
        small_free(&dump);
    }
}

/* What has memory, or may have it: by name, and what to do. */
static void test_foreign_memory(void **state) {
    (void)state;
#define FILE_OF(bytes) bytes, sizeof(bytes) - 1
    const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } cases[] = {
        {FILE_OF("MDMP\x93\xa7"),
         "a user-mode minidump (MDMP) is not supported: it holds one process"},
        {FILE_OF("USERDUMP"), "a user-mode dump (USERDUMP) is not supported: it holds one process"},
        {FILE_OF("USERDU64"), "a user-mode dump (USERDU64) is not supported: it holds one process"},
        {FILE_OF("hibr\0\0"), "a hibernation file is not supported: Hibr2Bin or Hibernation Recon"},
        {FILE_OF("HIBR\0\0"), "a hibernation file is not supported: Hibr2Bin or Hibernation Recon"},
        {FILE_OF("wake\0\0"), "that was resumed from is not supported: Windows wiped most of it"},
        {FILE_OF("WAKE\0\0"), "that was resumed from is not supported: Windows wiped most of it"},
        {FILE_OF("RSTR\0\0"), "that is being resumed from is not supported: Hibr2Bin"},
        {FILE_OF("rstr\0\0"), "that is being resumed from is not supported: Hibr2Bin"},
        {FILE_OF("DISKDUMP\x06"), "makedumpfile 1.2 or later"},
        {FILE_OF("\xd0\xbe\xd2\xbe\x08"), "a VMware state file is not supported: give the .vmem"},
        {FILE_OF("\xd1\xba\xd1\xba\x08"), "a VMware state file is not supported: give the .vmem"},
        {FILE_OF("\xd2\xbe\xd2\xbe\x08"), "a VMware state file is not supported: give the .vmem"},
        {FILE_OF("\xd3\xbe\xd3\xbe\x08"), "a VMware state file is not supported: give the .vmem"},
        {FILE_OF("KDMV\1"), "a VMware disk is not supported: it is no memory"},
        {FILE_OF("\x7f"
                 "VirtualBox SavedState V2.0\n"),
         "a VirtualBox saved state is not supported: start the guest from it"},
        {FILE_OF("<<< Oracle VM VirtualBox Disk Image >>>\n"),
         "a VirtualBox disk is not supported"},
        {FILE_OF("QEVM\0\0\0\3"), "a QEMU saved state is not supported: start the guest"},
        {FILE_OF("LibvirtQemudSave\2"), "a libvirt saved state is not supported: start the guest"},
        {FILE_OF("EMiL\1"), "a LiME memory image is not supported: Volatility 3"},
        {FILE_OF("EVF\x09\x0d\x0a\xff\0"), "an EnCase image (EWF) is not supported: ewfexport"},
        {FILE_OF("QFI\xfb\0"), "a qcow2 disk is not supported: it is no memory"},
        {FILE_OF("vhdxfile"), "a VHDX disk is not supported: it is no memory"},
        {FILE_OF("PK\x03\x04\x14"), "a zip archive is not supported: unpack it first"},
        {FILE_OF("\xfd"
                 "7zXZ\0\0\x04"),
         "an xz file is not supported: unpack it first"},
        {FILE_OF("\x1f\x8b\x08"), "a gzip file is not supported: unpack it first"},
        {FILE_OF("BZh9"), "a bzip2 file is not supported: unpack it first"},
        {FILE_OF("\x28\xb5\x2f\xfd"), "a zstd file is not supported: unpack it first"},
        {FILE_OF("7z\xbc\xaf\x27\x1c"), "a 7z archive is not supported: unpack it first"},
        {FILE_OF("Rar!\x1a\x07\1"), "a RAR archive is not supported: unpack it first"},
        {FILE_OF("MSCF\0"), "a cabinet archive is not supported: unpack it first"},
        {FILE_OF("version https://git-lfs.github.com/spec/v1\n"),
         "a Git LFS pointer is not supported: it stands for a file that git lfs pull fetches"},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++)
        refused(cases[index].bytes, cases[index].size, STATUS_UNSUPPORTED, cases[index].text);
}

static void test_foreign_files(void **state) {
    (void)state;
    const struct {
        const char *bytes;
        size_t size;
        enum status status;
        const char *text;
    } cases[] = {
        {FILE_OF(""), STATUS_FORMAT, "an empty file"},
        {FILE_OF("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), STATUS_FORMAT, "a PNG image"},
        {FILE_OF("\xff\xd8\xff\xe0JFIF"), STATUS_FORMAT, "a JPEG image"},
        {FILE_OF("GIF89a"), STATUS_FORMAT, "a GIF image"},
        {FILE_OF("%PDF-1.7"), STATUS_FORMAT, "a PDF document"},
        {FILE_OF("\x7f"
                 "ELF\x02\x01"),
         STATUS_FORMAT, "ELF header is cut off: expected 0x40 bytes, found 0x6"},
        {FILE_OF("KDUMP   \x06"), STATUS_FORMAT, "kdump header is cut off"},
        {FILE_OF("makedumpfile\0"), STATUS_FORMAT, "flattened header: expected 4096 bytes"},
        {FILE_OF("MZ\x90\0"), STATUS_FORMAT, "a PE executable"},
        {FILE_OF("{\n  \"schema\": 1\n}\n"), STATUS_FORMAT, "JSON text"},
        {FILE_OF("hello\n"), STATUS_FORMAT, "found text"},
        {FILE_OF("\0\0\0\0\0\0\0\0\0\0\0\0"), STATUS_FORMAT, "found zeros"},
        {FILE_OF("\0\0\0\0\0\0\0\x01\0"), STATUS_FORMAT, "found 0000000000000001"},
        {FILE_OF("\x80\x01"), STATUS_FORMAT, "found 8001"},
        {FILE_OF("PAGEDU6"), STATUS_FORMAT, "expected 'PAGEDU64' at offset 0x0"},
        {FILE_OF("PAGEDU64"), STATUS_FORMAT, "header is cut off: expected 0x2000 bytes, found 0x8"},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++)
        refused(cases[index].bytes, cases[index].size, cases[index].status, cases[index].text);
}

/* A temporary file with `dump` at its beginning and holes up to `size`. */
static void write_sparse(char *path, const struct small_dump *dump, off_t size) {
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, dump->bytes, dump->size), dump->size);
    assert_int_equal(ftruncate(descriptor, size), 0);
    close(descriptor);
}

static void test_sparse_32_gib(void **state) {
    (void)state;
    const uint64_t pages = 1u << 23;
    struct small_dump dump = small_bitmap_header(BITMAP_FULL, "FDMP", pages);
    memset(dump.bytes + 0x2038, 0xff, pages / 8);
    const size_t first_page = dump.size;
    add_page(&dump, 0);
    char path[] = "sparse.XXXXXX";
    write_sparse(path, &dump, (off_t)(first_page + pages * PAGE));
    struct error err = {.message = ""};
    struct image *image = NULL;
    enum status status = image_open(&err, path, &image);
    unlink(path);
    if (status)
        fail_msg("%s", err.message);
    assert_int_equal(image_info(image)->pages_present, pages);
    uint64_t value = 1;
    assert_int_equal(image_read(image, PAGE - 8, &value, 8), READ_PRESENT);
    assert_int_equal(value, content(0, PAGE - 8));
    assert_int_equal(image_read(image, pages * PAGE - 8, &value, 8), READ_PRESENT);
    assert_int_equal(value, 0);
    assert_int_equal(image_read(image, pages * PAGE, &value, 8), READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
}

static void test_paths(void **state) {
    (void)state;
    struct error err;
    struct image *image;
    assert_int_equal(image_open(&err, "no/such.dmp", &image), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.message, "no/such.dmp: "));
    assert_int_equal(image_open(&err, ".", &image), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "a directory"));
    assert_int_equal(image_open(NULL, "no/such.dmp", &image), STATUS_NOT_FOUND);
    assert_int_equal(image_open_bytes(NULL, "x", "hello", 5, &image), STATUS_FORMAT);
    image_close(NULL);
}

static void test_real_triage(void **state) {
    (void)state;
    const char *path = NTDRIFT_SHARED "/real/triage_x64.dmp";
    if (access(path, R_OK) != 0) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    struct error err;
    struct image *image;
    assert_int_equal(image_open(&err, path, &image), STATUS_OK);
    assert_string_equal(image_info(image)->type, "triage");
    assert_int_equal(image_info(image)->pages_promised, 0);
    assert_int_equal(image_info(image)->expected_size, image_info(image)->file_size);
    image_close(image);
}

static void test_read_state_names(void **state) {
    (void)state;
    const char *const names[READ_STATE_COUNT] = {
        "present",   "not-in-dump", "cut-off",       "not-mapped", "paged-out",
        "prototype", "demand-zero", "non-canonical", "bad-value",  "reader-died",
    };
    for (int index = 0; index < READ_STATE_COUNT; index++)
        assert_string_equal(read_state_name((enum read_state)index), names[index]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_not_read),
        cmocka_unit_test(test_foreign_memory),
        cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_sparse_32_gib),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_real_triage),
        cmocka_unit_test(test_read_state_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
