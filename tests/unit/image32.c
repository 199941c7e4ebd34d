/* image32.c - 32-bit crash dumps: the header, the page indexes, damaged and hostile files. */
#include "test.h"

#include "base/memory.h"
#include "image/image.h"
#include "small_dump32.h"

static struct image *open_dump(const struct small_dump *dump) {
    struct error err = {.message = ""};
    struct image *image = NULL;
    if (image_open_bytes(&err, "dump", dump->bytes, dump->size, &image))
        fail_msg("%s", err.message);
    return image;
}

static void refused(struct small_dump dump, enum status status, const char *text) {
    struct error err = {.message = ""};
    struct image *image = NULL;
    assert_int_equal(image_open_bytes(&err, "dump", dump.bytes, dump.size, &image), status);
    assert_null(image);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in '%s'", text, err.message);
    small_free(&dump);
}

static void assert_page(const struct image *image, uint64_t frame) {
    const uint8_t *page = NULL;
    uint64_t first;
    assert_int_equal(image_page(image, frame, &page), READ_PRESENT);
    memcpy(&first, page, 8);
    assert_int_equal(first, content(frame, 0));
}

static void assert_no_page(const struct image *image, uint64_t frame, enum read_state state) {
    const uint8_t *page;
    assert_int_equal(image_page(image, frame, &page), state);
}

/* The published header of an XP machine; its times are made up. */
static const struct {
    const char *name;
    size_t offset;
    size_t width;
    uint64_t value;
    enum image_field_kind kind;
} header_2600[] = {
    {"MajorVersion", 0x8, 4, 0xf, IMAGE_FIELD_COUNT},
    {"MinorVersion", 0xc, 4, 0xa28, IMAGE_FIELD_COUNT},
    {"KdSecondaryVersion", 0x5d, 1, 0, IMAGE_FIELD_COUNT},
    {"DirectoryTableBase", 0x10, 4, 0x08f20000, IMAGE_FIELD_ADDRESS},
    {"PfnDataBase", 0x14, 4, 0x81000000, IMAGE_FIELD_ADDRESS},
    {"PsLoadedModuleList", 0x18, 4, 0x8055c620, IMAGE_FIELD_ADDRESS},
    {"PsActiveProcessHead", 0x1c, 4, 0x805626d8, IMAGE_FIELD_ADDRESS},
    {"MachineImageType", 0x20, 4, 0x14c, IMAGE_FIELD_HEX},
    {"NumberProcessors", 0x24, 4, 1, IMAGE_FIELD_COUNT},
    {"BugCheckCode", 0x28, 4, 0x8e, IMAGE_FIELD_HEX},
    {"BugCheckParameters", 0x2c, 4, 0xc0000005, IMAGE_FIELD_ADDRESS},
    {"PaeEnabled", 0x5c, 1, 0, IMAGE_FIELD_HEX},
    {"KdDebuggerDataBlock", 0x60, 4, 0x8054e260, IMAGE_FIELD_ADDRESS},
    {"SecondaryDataState", 0xf90, 4, 0, IMAGE_FIELD_HEX},
    {"ProductType", 0xf94, 4, 1, IMAGE_FIELD_COUNT},
    {"SuiteMask", 0xf98, 4, 0x110, IMAGE_FIELD_HEX},
    {"Attributes", 0x8a0, 4, 0, IMAGE_FIELD_HEX},
    {"SystemTime", 0xfc0, 8, 0x1c93367b4a6f0c0, IMAGE_FIELD_TIME},
    {"SystemUpTime_100ns", 0xfb8, 8, 0x12bd1e5a40, IMAGE_FIELD_DURATION},
};

static void test_header_fields(void **state) {
    (void)state;
    struct small_dump dump = small_full32(NULL, 0, 0);
    for (size_t index = 0; index < ARRAY_LENGTH(header_2600); index++)
        put(&dump, header_2600[index].offset, header_2600[index].value, header_2600[index].width);
    put(&dump, 0x34, 0xf38f61a0, 4);
    struct image *image = open_dump(&dump);
    const struct image_info *info = image_info(image);
    assert_string_equal(info->format, "crash-dump-32");
    assert_string_equal(info->type, "full");
    assert_int_equal(info->address_bits, 32);
    assert_int_equal(info->header_size, 0x1000);
    assert_int_equal(info->field_count, ARRAY_LENGTH(header_2600));
    for (size_t index = 0; index < ARRAY_LENGTH(header_2600); index++) {
        uint64_t value = ~header_2600[index].value;
        assert_string_equal(info->fields[index].name, header_2600[index].name);
        assert_int_equal(info->fields[index].kind, header_2600[index].kind);
        assert_true(image_header_value(image, header_2600[index].name, &value));
        assert_int_equal(value, header_2600[index].value);
    }
    assert_int_equal(image_field_value(image, &info->fields[10], 2), 0xf38f61a0);
    image_close(image);
    small_free(&dump);
}

static void test_runs(void **state) {
    (void)state;
    const struct small_run runs[] = {{0x100, 3}, {1, 2}, {0xfffff, 1}};
    struct small_dump dump = small_full32(runs, 3, 1);
    struct image *image = open_dump(&dump);
    const uint64_t present[] = {1, 2, 0x100, 0x102, 0xfffff};
    for (size_t index = 0; index < ARRAY_LENGTH(present); index++)
        assert_page(image, present[index]);
    const uint64_t absent[] = {0, 3, 0xff, 0x103, 0x100000, UINT64_MAX};
    for (size_t index = 0; index < ARRAY_LENGTH(absent); index++)
        assert_no_page(image, absent[index], READ_NOT_IN_DUMP);
    assert_int_equal(image_info(image)->pages_present, 6);
    assert_int_equal(image_info(image)->expected_size, 0x1000 + 6 * PAGE);
    image_close(image);
    small_free(&dump);
}

/* The descriptor has room for 86 runs, and the last of them counts. */
static void test_run_limits(void **state) {
    (void)state;
    struct small_run runs[87] = {{0, 0}};
    for (uint64_t index = 0; index < 86; index++)
        runs[index] = (struct small_run){2 * index, 1};
    struct small_dump dump = small_full32(runs, 86, 1);
    struct image *image = open_dump(&dump);
    assert_page(image, 170);
    assert_no_page(image, 171, READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
    dump = small_full32(runs, 0, 0);
    put(&dump, 0x64, 87, 4);
    refused(dump, STATUS_FORMAT, "NumberOfRuns at offset 0x64: expected at most 86, found 0x57");
    const struct small_run over[] = {{4, 4}, {7, 2}};
    refused(small_full32(over, 2, 0), STATUS_FORMAT, "run at offset 0x74: expected frames");
}

static void test_summary(void **state) {
    (void)state;
    const uint64_t frames[] = {1, 8, 69, 1000};
    struct small_dump dump = small_summary32(1001, frames, 4);
    struct image *image = open_dump(&dump);
    const struct image_info *info = image_info(image);
    assert_string_equal(info->type, "kernel-summary");
    assert_true(info->has_bitmap);
    assert_string_equal(info->bitmap.signature, "SDMP");
    assert_int_equal(info->bitmap.header_size, 0x2000);
    assert_int_equal(info->bitmap.bitmap_size, 1001);
    assert_int_equal(info->bitmap.pages, 4);
    for (size_t index = 0; index < 4; index++)
        assert_page(image, frames[index]);
    assert_no_page(image, 0, READ_NOT_IN_DUMP);
    assert_no_page(image, 1001, READ_NOT_IN_DUMP);
    image_close(image);
    dump.size -= 1; /* cut off inside the last page */
    image = open_dump(&dump);
    assert_page(image, 69);
    assert_no_page(image, 1000, READ_CUT_OFF);
    assert_int_equal(image_info(image)->pages_present, 3);
    image_close(image);
    small_free(&dump);
}

static struct small_dump damaged(size_t offset, uint64_t value) {
    const uint64_t frames[] = {1, 8};
    struct small_dump dump = small_summary32(64, frames, 2);
    put(&dump, offset, value, 4);
    return dump;
}

static void test_damaged_summaries(void **state) {
    (void)state;
    refused(damaged(0x1000, 0x41414141), STATUS_FORMAT, "expected 'SDMPDUMP'");
    refused(damaged(0x1010, 0xffffffff), STATUS_FORMAT, "BitmapSize at offset 0x1010");
    refused(damaged(0x100c, 0x1027), STATUS_FORMAT,
            "HeaderSize at offset 0x100c: expected at least 0x1028");
    struct small_dump dump = damaged(0x1018, 64);
    dump.size = 0x101f;
    refused(dump, STATUS_FORMAT, "bitmap header at offset 0x1000 is cut off");
    dump = damaged(0x1018, 64);
    dump.size = 0xfff;
    refused(dump, STATUS_FORMAT,
            "crash dump header is cut off: expected 0x1000 bytes, found 0xfff");
}

static void test_types(void **state) {
    (void)state;
    const struct {
        uint32_t type;
        const char *text;
    } cases[] = {
        {3, "a dump of the header alone (type 3) is not supported"},
        {4,
         "a triage dump (type 4) is not supported: expected 1 (full) or 2 (kernel summary), which "
         "Windows writes where CrashDumpEnabled is 1 or 2"},
        {5, "a full bitmap dump (type 5) is not supported: expected 1 (full)"},
        {6, "a kernel bitmap dump (type 6) is not supported: expected 1 (full)"},
        {7, "an automatic dump (type 7) is not supported: expected 1 (full)"},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++)
        refused(small_header32(cases[index].type), STATUS_UNSUPPORTED, cases[index].text);
    refused(small_header32(8), STATUS_FORMAT, "DumpType at offset 0xf88: expected 1 (full)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_fields),     cmocka_unit_test(test_runs),
        cmocka_unit_test(test_run_limits),        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_damaged_summaries), cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
