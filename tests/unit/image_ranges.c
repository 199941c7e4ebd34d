/* image_ranges.c - range dumps (types 8 to 10): the table of ranges, damaged and hostile ones. */
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

static void refused(struct small_dump dump, const char *text) {
    struct error err = {.message = ""};
    struct image *image = NULL;
    assert_int_equal(image_open_bytes(&err, "dump", dump.bytes, dump.size, &image), STATUS_FORMAT);
    assert_null(image);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in '%s'", text, err.message);
    small_free(&dump);
}

static void assert_page(const struct image *image, uint64_t frame) {
    uint64_t last = 0;
    assert_int_equal(image_read(image, frame * PAGE + PAGE - 8, &last, 8), READ_PRESENT);
    assert_int_equal(last, content(frame, PAGE - 8));
}

static void assert_no_page(const struct image *image, uint64_t frame, enum read_state state) {
    const uint8_t *page;
    assert_int_equal(image_page(image, frame, &page), state);
}

/* The second run lies below the first, and an empty one is between them. */
static const struct small_run runs[] = {{0x100, 3}, {0x50, 0}, {1, 2}, {0x103, 1}};

static void test_types(void **state) {
    (void)state;
    const struct {
        uint32_t type;
        const char *name;
        size_t fields, first_page;
    } cases[] = {
        {RANGE_KERNEL, "range-kernel", 2, 0x2080},
        {RANGE_KERNEL_USER, "range-kernel-user", 2, 0x2080},
        {RANGE_COMPLETE, "range-complete", 4, 0x2070},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        struct small_dump dump = small_ranges(cases[index].type, runs, ARRAY_LENGTH(runs), 1);
        struct image *image = open_dump(&dump);
        const struct image_info *info = image_info(image);
        assert_string_equal(info->type, cases[index].name);
        assert_int_equal(info->range_field_count, cases[index].fields);
        assert_int_equal(image_field_value(image, &info->range_fields[1], 0),
                         cases[index].first_page);
        assert_int_equal(info->pages_promised, 6);
        assert_int_equal(info->pages_present, 6);
        assert_int_equal(info->expected_size, info->file_size);
        const uint64_t present[] = {1, 2, 0x100, 0x101, 0x102, 0x103};
        for (size_t i = 0; i < ARRAY_LENGTH(present); i++)
            assert_page(image, present[i]);
        const uint64_t absent[] = {0, 3, 0x50, 0xff, 0x104, 1ull << 36, UINT64_MAX};
        for (size_t i = 0; i < ARRAY_LENGTH(absent); i++)
            assert_no_page(image, absent[i], READ_NOT_IN_DUMP);
        image_close(image);
        small_free(&dump);
    }
}

/* Behind a range of frame 0, and behind the last page of a complete dump, nothing counts. */
static void test_end_of_table(void **state) {
    (void)state;
    const struct small_run ended[] = {{5, 2}, {0, 7}, {9, 1}};
    struct small_dump dump = small_ranges(RANGE_KERNEL, ended, 3, 0);
    struct image *image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_promised, 2);
    image_close(image);
    small_free(&dump);
    const struct small_run more[] = {{5, 2}, {9, 1}, {UINT64_MAX, UINT64_MAX}};
    dump = small_ranges(RANGE_COMPLETE, more, 3, 0);
    put(&dump, 0x2028, 3, 8);
    image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_promised, 3);
    image_close(image);
    small_free(&dump);
}

static void test_many(void **state) {
    (void)state;
    enum { COUNT = 10000 };
    struct small_run *many = xreallocarray(NULL, COUNT, sizeof *many);
    for (size_t index = 0; index < COUNT; index++)
        many[index] = (struct small_run){2 * (COUNT - index), 1};
    struct small_dump dump = small_ranges(RANGE_KERNEL_USER, many, COUNT, 0);
    add_page(&dump, 2 * COUNT);
    add_page(&dump, 2 * COUNT - 2);
    struct image *image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_promised, COUNT);
    assert_int_equal(image_info(image)->pages_present, 2);
    assert_page(image, 2 * COUNT);
    assert_page(image, 2 * COUNT - 2);
    assert_no_page(image, 2, READ_CUT_OFF);
    assert_no_page(image, 3, READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
    free(many);
}

static void test_hostile_ranges(void **state) {
    (void)state;
    const struct {
        struct small_run runs[2];
        const char *text;
    } cases[] = {
        {{{5, 2}, {6, 2}}, "run at offset 0x2040: expected frames of its own"},
        {{{5, 2}, {1, 100}}, "expected frames of its own"},
        {{{5, 2}, {5, 2}}, "found 0x2 pages at frame 0x5 over 0x2 pages at frame 0x5"},
        {{{5, UINT64_MAX}, {1, 1}}, "run at offset 0x2030: expected frames below 0x1000000000"},
        {{{UINT64_MAX, 2}, {1, 1}}, "expected frames below 0x1000000000"},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++)
        refused(small_ranges(RANGE_KERNEL, cases[index].runs, 2, 0), cases[index].text);
}

static void test_hostile_header(void **state) {
    (void)state;
    const struct {
        size_t offset;
        uint64_t value;
        const char *text;
    } cases[] = {
        {0x2004, 0x504d5544504d4453, "expected 'RDMPDUMP', found 0x504d5544504d4453"},
        {0x2010, 0, "MetadataSize at offset 0x2010: expected from 0x10 up to the 0x2060 bytes"},
        {0x2010, 0xf, "found 0xf"},
        {0x2010, 0x2061, "found 0x2061"},
        {0x2010, UINT64_MAX, "found 0xffffffffffffffff"},
        {0x2018, 0x207f, "FirstPageOffset at offset 0x2018: expected at least 0x2080"},
        {0x2018, 0, "where the ranges end, found 0x0"},
        {0x2018, UINT64_MAX, "offset of the first page: expected one inside a file"},
    };
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        struct small_dump dump = small_ranges(RANGE_KERNEL, runs, ARRAY_LENGTH(runs), 0);
        grow(&dump, dump.size + 2 * PAGE);
        put(&dump, cases[index].offset, cases[index].value, 8);
        refused(dump, cases[index].text);
    }
}

static void test_cut_short(void **state) {
    (void)state;
    struct small_dump dump = small_ranges(RANGE_COMPLETE, runs, ARRAY_LENGTH(runs), 1);
    const size_t size = dump.size;
    dump.size = size - 1;
    struct image *image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_promised, 6);
    assert_int_equal(image_info(image)->pages_present, 5);
    assert_int_equal(image_info(image)->expected_size, size);
    assert_no_page(image, 0x103, READ_CUT_OFF);
    image_close(image);
    dump.size = 0x2070;
    image = open_dump(&dump);
    assert_int_equal(image_info(image)->pages_present, 0);
    image_close(image);
    struct error err;
    for (size_t length = 0x2000; length < 0x2070; length++) {
        assert_int_equal(image_open_bytes(&err, "dump", dump.bytes, length, &image), STATUS_FORMAT);
        assert_non_null(strstr(err.message, length < 0x2030
                                                ? "range header at offset 0x2000 is cut off"
                                                : "MetadataSize at offset 0x2010"));
    }
    small_free(&dump);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),          cmocka_unit_test(test_end_of_table),
        cmocka_unit_test(test_many),           cmocka_unit_test(test_hostile_ranges),
        cmocka_unit_test(test_hostile_header), cmocka_unit_test(test_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
