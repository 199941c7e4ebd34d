/* image.c - crash dumps: the header, the page indexes, damaged and hostile files. */
#include "test.h"

#include "base/memory.h"
#include "image/image.h"
#include "small_dump.h"

static struct image *open_dump(const struct small_dump *dump) {
    struct error err = {.message = ""};
    struct image *image = NULL;
    if (image_open_bytes(&err, "dump", dump->bytes, dump->size, &image))
        fail_msg("%s", err.message);
    return image;
}

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

static void refused_dump(struct small_dump dump, const char *text) {
    refused(dump.bytes, dump.size, STATUS_FORMAT, text);
    small_free(&dump);
}

static void assert_page(const struct image *image, uint64_t frame) {
    const uint8_t *page = NULL;
    uint64_t first;
    uint64_t last;
    assert_int_equal(image_page(image, frame, &page), READ_PRESENT);
    memcpy(&first, page, 8);
    memcpy(&last, page + PAGE - 8, 8);
    assert_int_equal(first, content(frame, 0));
    assert_int_equal(last, content(frame, PAGE - 8));
}

static void assert_no_page(const struct image *image, uint64_t frame, enum read_state state) {
    const uint8_t *page;
    assert_int_equal(image_page(image, frame, &page), state);
}

/* The dump of a Windows 7 machine. */
static const struct {
    const char *name;
    size_t offset;
    size_t width;
    uint64_t value;
    enum image_field_kind kind;
} header_7601[] = {
    {"MajorVersion", 0x8, 4, 0xf, IMAGE_FIELD_COUNT},
    {"MinorVersion", 0xc, 4, 0x1db1, IMAGE_FIELD_COUNT},
    {"KdSecondaryVersion", 0x104d, 1, 0, IMAGE_FIELD_COUNT},
    {"DirectoryTableBase", 0x10, 8, 0x187000, IMAGE_FIELD_ADDRESS},
    {"PfnDataBase", 0x18, 8, 0xfffffa8000000000, IMAGE_FIELD_ADDRESS},
    {"PsLoadedModuleList", 0x20, 8, 0xfffff80003c98890, IMAGE_FIELD_ADDRESS},
    {"PsActiveProcessHead", 0x28, 8, 0xfffff80003c7a590, IMAGE_FIELD_ADDRESS},
    {"MachineImageType", 0x30, 4, 0x8664, IMAGE_FIELD_HEX},
    {"NumberProcessors", 0x34, 4, 8, IMAGE_FIELD_COUNT},
    {"BugCheckCode", 0x38, 4, 0x19, IMAGE_FIELD_HEX},
    {"BugCheckParameters", 0x40, 8, 0x21, IMAGE_FIELD_ADDRESS},
    {"KdDebuggerDataBlock", 0x80, 8, 0xfffff80003c440d0, IMAGE_FIELD_ADDRESS},
    {"SecondaryDataState", 0x103c, 4, 0, IMAGE_FIELD_HEX},
    {"ProductType", 0x1040, 4, 1, IMAGE_FIELD_COUNT},
    {"SuiteMask", 0x1044, 4, 0x110, IMAGE_FIELD_HEX},
    {"Attributes", 0x1050, 4, 0, IMAGE_FIELD_HEX},
    {"SystemTime", 0xfa8, 8, 0x1d0ce5d3fa2b1c0, IMAGE_FIELD_TIME},
    {"SystemUpTime_100ns", 0x1030, 8, 0x23bc1e9, IMAGE_FIELD_DURATION},
};

static void test_header_fields(void **state) {
    (void)state;
    struct small_dump dump = small_full(NULL, 0, 0);
    for (size_t index = 0; index < ARRAY_LENGTH(header_7601); index++)
        put(&dump, header_7601[index].offset, header_7601[index].value, header_7601[index].width);
    put(&dump, 0x58, 0x922858cc6c8a01b9, 8);
    struct image *image = open_dump(&dump);
    const struct image_info *info = image_info(image);
    assert_string_equal(info->format, "crash-dump-64");
    assert_int_equal(info->address_bits, 64);
    assert_int_equal(info->header_size, 0x2000);
    assert_int_equal(info->field_count, ARRAY_LENGTH(header_7601));
    for (size_t index = 0; index < ARRAY_LENGTH(header_7601); index++) {
        uint64_t value = ~header_7601[index].value;
        assert_string_equal(info->fields[index].name, header_7601[index].name);
        assert_int_equal(info->fields[index].kind, header_7601[index].kind);
        assert_true(image_header_value(image, header_7601[index].name, &value));
        assert_int_equal(value, header_7601[index].value);
    }
    assert_int_equal(info->fields[10].count, 4);
    assert_int_equal(image_field_value(image, &info->fields[10], 3), 0x922858cc6c8a01b9);
    uint64_t value;
    assert_false(image_header_value(image, "PaeEnabled", &value));
    image_close(image);
    small_free(&dump);
}

static void test_header_field_never_set(void **state) {
    (void)state;
    struct small_dump dump = small_full(NULL, 0, 0);
    put(&dump, 0x1040, 1, 4);
    struct image *image = open_dump(&dump);
    uint64_t value = 7;
    assert_false(image_header_value(image, "Attributes", &value));
    assert_false(image_header_value(image, "KdSecondaryVersion", &value));
    assert_false(image_header_value(image, "BugCheckParameters", &value));
    assert_int_equal(value, 7);
    assert_true(image_header_value(image, "ProductType", &value));
    image_close(image);
    put(&dump, 0x58, 0, 8);
    image = open_dump(&dump);
    assert_true(image_header_value(image, "BugCheckParameters", &value));
    image_close(image);
    small_free(&dump);
}

static void test_runs(void **state) {
    (void)state;
    /* The second run lies below the first, and an empty one is between them. */
    const struct small_run runs[] = {{0x100, 3}, {0x50, 0}, {1, 2}, {0x103, 1}};
    struct small_dump dump = small_full(runs, 4, 1);
    struct image *image = open_dump(&dump);
    const struct image_info *info = image_info(image);
    assert_string_equal(info->type, "full");
    assert_false(info->has_bitmap);
    assert_int_equal(info->pages_promised, 6);
    assert_int_equal(info->pages_present, 6);
    assert_int_equal(info->expected_size, 0x2000 + 6 * PAGE);
    assert_int_equal(info->file_size, info->expected_size);
    const uint64_t present[] = {1, 2, 0x100, 0x101, 0x102, 0x103};
    for (size_t index = 0; index < ARRAY_LENGTH(present); index++)
        assert_page(image, present[index]);
    const uint64_t absent[] = {0, 3, 0x50, 0xff, 0x104, 1ull << 36, UINT64_MAX};
    for (size_t index = 0; index < ARRAY_LENGTH(absent); index++)
        assert_no_page(image, absent[index], READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
}

static void test_runs_most(void **state) {
    (void)state;
    struct small_run runs[43];
    for (size_t index = 0; index < ARRAY_LENGTH(runs); index++)
        runs[index] = (struct small_run){2 * index, 1};
    struct small_dump dump = small_full(runs, 42, 1);
    struct image *image = open_dump(&dump);
    for (uint64_t frame = 0; frame < 84; frame += 2) {
        assert_page(image, frame);
        assert_no_page(image, frame + 1, READ_NOT_IN_DUMP);
    }
    image_close(image);
    small_free(&dump);
    refused_dump(small_full(runs, 43, 1), "NumberOfRuns at offset 0x88: expected at most 42");
    dump = small_header(FULL);
    refused_dump(dump, "found 0x45474150");
}

static void test_runs_hostile(void **state) {
    (void)state;
    const struct {
        struct small_run runs[2];
        const char *text;
    } cases[] = {
        {{{5, 2}, {5, 2}}, "found 0x2 pages at frame 0x5 over 0x2 pages at frame 0x5"},
        {{{5, 2}, {6, 2}}, "at offset 0xa8: expected frames of its own"},
        {{{5, 2}, {4, 2}}, "expected frames of its own"},
        {{{5, 2}, {1, 100}}, "expected frames of its own"},
        {{{1, 100}, {5, 2}}, "expected frames of its own"},
        {{{5, UINT64_MAX}, {1, 1}}, "at offset 0x98: expected frames below 0x1000000000"},
        {{{UINT64_MAX, 2}, {1, 1}}, "expected frames below 0x1000000000"},
        {{{1ull << 36, 1}, {1, 1}}, "expected frames below 0x1000000000"},
        {{{(1ull << 36) - 1, 2}, {1, 1}}, "expected frames below 0x1000000000"},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++)
        refused_dump(small_full(cases[index].runs, 2, 0), cases[index].text);
}

static void test_runs_huge(void **state) {
    (void)state;
    /* All of the frames there can be, in a file that has two of them. */
    const struct small_run runs[] = {{0, 1ull << 36}};
    struct small_dump dump = small_full(runs, 1, 0);
    add_page(&dump, 0);
    add_page(&dump, 1);
    struct image *image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_promised, 1ull << 36);
    assert_int_equal(image_info(image)->pages_present, 2);
    assert_int_equal(image_info(image)->expected_size, (1ull << 48) + 0x2000);
    assert_page(image, 1);
    assert_no_page(image, 2, READ_CUT_OFF);
    assert_no_page(image, (1ull << 36) - 1, READ_CUT_OFF);
    assert_no_page(image, 1ull << 36, READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
}

/* The sizes are those of real dumps of Windows 7, 8.1 and 10. */
static const struct {
    uint32_t type;
    const char *signature;
    const char *name;
    uint64_t header_size;
    uint64_t bitmap_size;
} bitmaps[] = {
    {SUMMARY, "SDMP", "kernel-summary", 0x4b000, 0x240000},
    {BITMAP_KERNEL, "SDMP", "bitmap-kernel", 0x48000, 0x22f200},
    {BITMAP_FULL, "FDMP", "bitmap-full", 0x2b000, 0x140000},
    {BITMAP_FULL, "SDMP", "bitmap-full", 0x2b000, 0x140000},
};

static void test_bitmaps(void **state) {
    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(bitmaps); index++) {
        const uint64_t last = bitmaps[index].bitmap_size - 1;
        const uint64_t frames[] = {0, 1, 63, 64, 0x1ab, 511, 512, 0x1234, last};
        struct small_dump dump =
            small_bitmap(bitmaps[index].type, bitmaps[index].signature, bitmaps[index].bitmap_size,
                         frames, ARRAY_LENGTH(frames));
        struct image *image = open_dump(&dump);
        const struct image_info *info = image_info(image);
        assert_string_equal(info->type, bitmaps[index].name);
        assert_true(info->has_bitmap);
        assert_string_equal(info->bitmap.signature, bitmaps[index].signature);
        assert_int_equal(info->bitmap.header_size, bitmaps[index].header_size);
        assert_int_equal(info->bitmap.bitmap_size, bitmaps[index].bitmap_size);
        assert_int_equal(info->bitmap.pages, 9);
        assert_int_equal(info->pages_promised, 9);
        assert_int_equal(info->pages_present, 9);
        for (size_t frame = 0; frame < ARRAY_LENGTH(frames); frame++)
            assert_page(image, frames[frame]);
        assert_no_page(image, 2, READ_NOT_IN_DUMP);
        assert_no_page(image, last - 1, READ_NOT_IN_DUMP);
        assert_no_page(image, last + 1, READ_NOT_IN_DUMP);
        assert_no_page(image, UINT64_MAX, READ_NOT_IN_DUMP);
        image_close(image);
        small_free(&dump);
    }
}

/* Every frame of a bitmap of odd sizes, against counting. */
static void test_bitmap_rank(void **state) {
    (void)state;
    const uint64_t sizes[] = {0, 1, 13, 63, 64, 65, 511, 512, 513, 1500};
    uint32_t random = 12345;
    for (size_t index = 0; index < ARRAY_LENGTH(sizes); index++) {
        uint64_t frames[1500];
        size_t count = 0;
        for (uint64_t frame = 0; frame < sizes[index]; frame++) {
            random = random * 1664525 + 1013904223;
            if (random >> 24 < 80)
                frames[count++] = frame;
        }
        struct small_dump dump = small_bitmap(BITMAP_FULL, "FDMP", sizes[index], frames, count);
        struct image *image = open_dump(&dump);
        assert_int_equal(image_info(image)->pages_promised, count);
        size_t next = 0;
        for (uint64_t frame = 0; frame < sizes[index] + 70; frame++) {
            if (next < count && frames[next] == frame) {
                assert_page(image, frame);
                next++;
            } else {
                assert_no_page(image, frame, READ_NOT_IN_DUMP);
            }
        }
        image_close(image);
        small_free(&dump);
    }
}

static void test_bitmap_bits_behind_its_end(void **state) {
    (void)state;
    const uint64_t frames[] = {0, 12};
    struct small_dump dump = small_bitmap(BITMAP_FULL, "FDMP", 13, frames, 2);
    dump.bytes[0x2039] |= 0xe0;
    dump.bytes[0x203a] = 0xff;
    struct image *image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_promised, 2);
    assert_page(image, 12);
    assert_no_page(image, 13, READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
}

static void test_bitmap_hostile(void **state) {
    (void)state;
    const uint64_t too_many = (0x3000 - 0x2038) * 8 + 1;
    const struct {
        size_t offset;
        uint64_t value;
        const char *text;
    } cases[] = {
        {0x2000, 0x504d554458585858, "expected 'SDMPDUMP', found 0x504d554458585858"},
        {0x2000, 0x5858585850445346, "bitmap header at offset 0x2000"},
        {0x2030, too_many, "BitmapSize at offset 0x2030: expected at most the 0x7e40 bits"},
        {0x2030, UINT64_MAX, "found 0xffffffffffffffff"},
        {0x2030, 1ull << 63, "BitmapSize at offset 0x2030"},
        {0x2030, (1ull << 36) + 1, "found 0x1000000001"},
        {0x2020, 0, "HeaderSize at offset 0x2020: expected at least 0x203a"},
        {0x2020, 0x2039, "where the bitmap ends, found 0x2039"},
        {0x2020, UINT64_MAX, "offset of the first page"},
        {0x2020, UINT64_MAX - 2 * PAGE + 1, "offset of the first page"},
    };
    const uint64_t frames[] = {0, 12};
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        struct small_dump dump = small_bitmap(BITMAP_FULL, "FDMP", 13, frames, 2);
        dump.size = 0x3000;
        put(&dump, cases[index].offset, cases[index].value, 8);
        refused_dump(dump, cases[index].text);
    }
}

static void test_summary_hostile(void **state) {
    (void)state;
    const uint64_t frames[] = {0, 12};
    struct small_dump dump = small_bitmap(SUMMARY, "FDMP", 13, frames, 2);
    refused_dump(dump, "expected 'SDMPDUMP'");
    dump = small_bitmap(SUMMARY, "SDMP", 13, frames, 2);
    put(&dump, 0x2010, 0xffffffff, 4);
    refused_dump(dump, "BitmapSize at offset 0x2010");
    dump = small_bitmap(SUMMARY, "SDMP", 13, frames, 2);
    put(&dump, 0x200c, 0x2029, 4);
    refused_dump(dump, "HeaderSize at offset 0x200c: expected at least 0x202a");
}

/* A first page behind the end of the file is what a file cut short looks like. */
static void test_no_page_inside(void **state) {
    (void)state;
    const uint64_t frames[] = {0, 12};
    struct small_dump dump = small_bitmap(BITMAP_FULL, "FDMP", 13, frames, 2);
    put(&dump, 0x2020, 1ull << 40, 8);
    struct image *image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_present, 0);
    assert_int_equal(image_info(image)->expected_size, (1ull << 40) + 2 * PAGE);
    assert_no_page(image, 0, READ_CUT_OFF);
    assert_no_page(image, 1, READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
}

/* Which sizes open, and how many pages each has then. The bytes are copied to a block of exactly
 * that size, so that a sanitizer sees a read behind the end. */
static void cut_at(const struct small_dump *dump, size_t size, size_t least) {
    struct error err;
    struct image *image;
    AUTO_FREE uint8_t *bytes = xmalloc(size ? size : 1);
    memcpy(bytes, dump->bytes, size);
    enum status status = image_open_bytes(&err, "dump", bytes, size, &image);
    if (size < least) {
        assert_int_equal(status, STATUS_FORMAT);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    uint64_t present = size < dump->first_page ? 0 : (size - dump->first_page) / PAGE;
    assert_int_equal(image_info(image)->pages_promised, 3);
    assert_int_equal(image_info(image)->pages_present, present);
    assert_int_equal(image_info(image)->file_size, size);
    assert_int_equal(image_info(image)->expected_size, dump->size);
    for (uint64_t frame = 0; frame < 3; frame++) {
        if (frame < present)
            assert_page(image, frame);
        else
            assert_no_page(image, frame, READ_CUT_OFF);
    }
    image_close(image);
}

static void test_cut_short(void **state) {
    (void)state;
    const uint64_t frames[] = {0, 1, 2};
    const struct small_run run = {0, 3};
    struct {
        struct small_dump dump;
        size_t least;
    } cases[] = {
        {small_full(&run, 1, 1), 0x2000},
        {small_bitmap(SUMMARY, "SDMP", 20, frames, 3), 0x2028 + 3},
        {small_bitmap(BITMAP_FULL, "FDMP", 20, frames, 3), 0x2038 + 3},
        {small_bitmap(BITMAP_KERNEL, "SDMP", 20, frames, 3), 0x2038 + 3},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        struct small_dump *dump = &cases[index].dump;
        for (size_t size = 0x1ff0; size < 0x2050; size++)
            cut_at(dump, size, cases[index].least);
        for (size_t size = 0; size <= dump->size; size += 511)
            cut_at(dump, size, cases[index].least);
        for (size_t size = dump->first_page; size <= dump->size; size += PAGE) {
            cut_at(dump, size - 1, cases[index].least);
            cut_at(dump, size, cases[index].least);
        }
        small_free(dump);
    }
}

static void test_read(void **state) {
    (void)state;
    const uint64_t frames[] = {4, 5, 7};
    struct small_dump dump = small_bitmap(BITMAP_FULL, "FDMP", 20, frames, 3);
    struct image *image = open_dump(&dump);
    uint64_t values[3];
    assert_int_equal(image_read(image, 0x5000 - 8, values, 16), READ_PRESENT);
    assert_int_equal(values[0], content(4, PAGE - 8));
    assert_int_equal(values[1], content(5, 0));
    assert_int_equal(image_read(image, 0x6000 - 8, values, 8), READ_PRESENT);
    assert_int_equal(image_read(image, 0x6000 - 8, values, 9), READ_NOT_IN_DUMP);
    assert_int_equal(image_read(image, 0x7000 - 1, values, 2), READ_NOT_IN_DUMP);
    assert_int_equal(image_read(image, UINT64_MAX, values, 16), READ_NOT_IN_DUMP);
    assert_int_equal(image_read(image, UINT64_MAX, values, 0), READ_PRESENT);
    image_close(image);
    dump.size -= 1;
    image = open_dump(&dump);
    assert_int_equal(image_read(image, 0x7000, values, 8), READ_CUT_OFF);
    image_close(image);
    small_free(&dump);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_fields),
        cmocka_unit_test(test_header_field_never_set),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_runs_most),
        cmocka_unit_test(test_runs_hostile),
        cmocka_unit_test(test_runs_huge),
        cmocka_unit_test(test_bitmaps),
        cmocka_unit_test(test_bitmap_rank),
        cmocka_unit_test(test_bitmap_bits_behind_its_end),
        cmocka_unit_test(test_bitmap_hostile),
        cmocka_unit_test(test_summary_hostile),
        cmocka_unit_test(test_no_page_inside),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
