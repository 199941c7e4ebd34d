/* image_captures.c - ELF cores read by a process of its own: pages, its death, the bound on what is
 * kept; segments that overlap; notes. */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "image/image.h"
#include "image/segments.h"

#define PROGRAMS_AT 64u
#define PAGES_AT    4096u

/* A sparse core of one segment at frame 0x100, whose page n begins with n. */
struct core {
    uint8_t *bytes;
    size_t size;
};

static void put(uint8_t *bytes, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static void put_program(uint8_t *program, uint32_t type, uint64_t offset, uint64_t address,
                        uint64_t size) {
    put(program, type, 4);
    put(program + 8, offset, 8);
    put(program + 24, address, 8);
    put(program + 32, size, 8);
    put(program + 40, size, 8);
}

static struct core make_core(uint64_t pages) {
    struct core core = {.size = PAGES_AT + pages * IMAGE_PAGE_SIZE};
    core.bytes = mmap(NULL, core.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(core.bytes != MAP_FAILED);
    memcpy(core.bytes,
           "\x7f"
           "ELF\2\1\1",
           7);
    put(core.bytes + 16, 4, 2);
    put(core.bytes + 18, 62, 2);
    put(core.bytes + 20, 1, 4);
    put(core.bytes + 32, PROGRAMS_AT, 8);
    put(core.bytes + 54, 56, 2);
    put(core.bytes + 56, 1, 2);
    put_program(core.bytes + PROGRAMS_AT, 1, PAGES_AT, 0x100000, pages * IMAGE_PAGE_SIZE);
    for (uint64_t page = 0; page < pages; page++)
        put(core.bytes + PAGES_AT + page * IMAGE_PAGE_SIZE, page, 8);
    return core;
}

static struct image *open_core(const struct core *core) {
    struct error err = {.message = ""};
    struct image *image = NULL;
    enum status status = image_open_bytes(&err, "core", core->bytes, core->size, &image);
    if (status)
        fail_msg("%s", err.message);
    return image;
}

static void assert_page(const struct image *image, uint64_t pfn, uint64_t first) {
    const uint8_t *page;
    uint64_t value = 0;
    assert_int_equal(image_page(image, pfn, &page), READ_PRESENT);
    for (size_t i = 8; i-- > 0;)
        value = value << 8 | page[i];
    assert_int_equal(value, first);
}

static void test_pages(void **state) {
    (void)state;
    struct core core = make_core(8);
    struct image *image = open_core(&core);
    const uint8_t *page;
    uint64_t next;
    assert_page(image, 0x107, 7);
    assert_page(image, 0x100, 0);
    /* libkdumpfile has zeros for the frame before a segment. */
    assert_int_equal(image_page(image, 0xff, &page), READ_NOT_IN_DUMP);
    assert_int_equal(image_page(image, 0x108, &page), READ_NOT_IN_DUMP);
    assert_true(image_next_page(image, 0, &next));
    assert_int_equal(next, 0x100);
    assert_false(image_next_page(image, 0x108, &next));
    assert_null(image_fault(image));
    image_close(image);
    munmap(core.bytes, core.size);
}

/* More pages than are kept: all are right, and whoever holds one is told. */
static void test_bound(void **state) {
    (void)state;
    const uint64_t pages = 20000;
    struct core core = make_core(pages);
    struct image *image = open_core(&core);
    uint64_t epoch = image_epoch(image);
    for (uint64_t page = 0; page < pages; page++)
        assert_page(image, 0x100 + page, page);
    assert_int_not_equal(image_epoch(image), epoch);
    assert_page(image, 0x100, 0);
    image_close(image);
    munmap(core.bytes, core.size);
}

/* The reader is this process's only child. */
static pid_t find_reader(void) {
    char path[64], text[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file))
        text[0] = 0;
    if (file)
        fclose(file);
    return (pid_t)strtol(text, NULL, 10);
}

static void test_death(void **state) {
    (void)state;
    struct core core = make_core(4);
    struct image *image = open_core(&core);
    const uint8_t *page;
    pid_t reader = find_reader();
    if (reader <= 0) {
        image_close(image);
        munmap(core.bytes, core.size);
        print_message("skipped: this system does not list children\n");
        skip();
    }
    assert_page(image, 0x101, 1);
    assert_int_equal(kill(reader, SIGSEGV), 0);
    assert_int_equal(image_page(image, 0x102, &page), READ_READER_DIED);
    assert_non_null(strstr(image_fault(image), "was killed by SIGSEGV while reading"));
    assert_non_null(strstr(image_fault(image), "0x102"));
    assert_page(image, 0x101, 1); /* what was read is kept */
    assert_int_equal(image_page(image, 0x103, &page), READ_READER_DIED);
    image_close(image);
    munmap(core.bytes, core.size);
}

static void test_cut(void **state) {
    (void)state;
    struct core core = make_core(8);
    core.size -= 3 * IMAGE_PAGE_SIZE + 1;
    struct image *image = open_core(&core);
    const uint8_t *page;
    assert_int_equal(image_info(image)->pages_promised, 8);
    assert_int_equal(image_info(image)->pages_present, 4);
    assert_page(image, 0x103, 3);
    assert_int_equal(image_page(image, 0x104, &page), READ_CUT_OFF);
    image_close(image);
    munmap(core.bytes, core.size + 3 * IMAGE_PAGE_SIZE + 1);
}

static void refused(struct core *core, size_t offset, uint64_t value, size_t size,
                    const char *text) {
    struct error err = {.message = ""};
    struct image *image = NULL;
    uint8_t kept[8];
    memcpy(kept, core->bytes + offset, size);
    put(core->bytes + offset, value, size);
    assert_int_not_equal(image_open_bytes(&err, "core", core->bytes, core->size, &image),
                         STATUS_OK);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in '%s'", text, err.message);
    memcpy(core->bytes + offset, kept, size);
}

/* What kills libkdumpfile never gets to it. */
static void test_refused(void **state) {
    (void)state;
    struct core core = make_core(2);
    refused(&core, 54, 0, 2, "e_phentsize at offset 0x36: expected 56, found 0");
    refused(&core, 4, 1, 1, "EI_CLASS");
    refused(&core, 18, 0, 2,
            "e_machine at offset 0x12: expected 62 (x86-64) or 3 (80386), found 0");
    refused(&core, 60, 1, 2, "section headers");
    refused(&core, 56, 0, 2, "program headers");
    refused(&core, 56, 0xffff, 2, "program headers");
    refused(&core, PROGRAMS_AT + 32, UINT64_MAX, 8, "PT_LOAD at offset 0x40");
    refused(&core, PROGRAMS_AT, 4, 4, "no memory");
    refused(&core, 18, 183, 2, "an ELF core of an ARM64 machine (e_machine at offset 0x12) is not");
    refused(&core, 18, 40, 2, "an ELF core of a 32-bit ARM machine");
    put(core.bytes + PROGRAMS_AT, 4, 4);
    refused(&core, PROGRAMS_AT + 32, 768 << 20, 8, "PT_NOTE at offset 0x40");
    munmap(core.bytes, core.size);
}

/* Each page counts once; one that is not there does not. */
static void test_pages_read(void **state) {
    (void)state;
    struct core core = make_core(4);
    struct image *image = open_core(&core);
    const uint8_t *page;
    assert_int_equal(image_pages_read(image), 0);
    assert_page(image, 0x103, 3);
    assert_page(image, 0x101, 1);
    assert_page(image, 0x103, 3);
    assert_int_equal(image_page(image, 0x104, &page), READ_NOT_IN_DUMP);
    assert_int_equal(image_page(image, UINT64_MAX >> 12, &page), READ_NOT_IN_DUMP);
    assert_int_equal(image_pages_read(image), 2);
    image_close(image);
    munmap(core.bytes, core.size);
}

/* A 32-bit guest is in ELF64 as well; its Windows' header is half as long. */
static void test_header32(void **state) {
    (void)state;
    enum { NOTE_AT = 0x400, HEADER32 = 0x1000 };
    struct core core = make_core(2);
    uint8_t *note = core.bytes + NOTE_AT;
    const struct {
        uint64_t size; /* of the note's content, as it says */
        bool taken;
    } cases[] = {{HEADER32, true}, {HEADER32 - 1, false}};
    put(core.bytes + 18, 3, 2);
    put(core.bytes + 56, 2, 2);
    put_program(core.bytes + PROGRAMS_AT + 56, 4, NOTE_AT, 0, 24 + HEADER32);
    put(note, 11, 4);
    memcpy(note + 12, "VMCOREINFO", 11);
    memcpy(note + 24, "PAGEDUMP", 8);
    put(note + 24 + 0x10, 0x39000, 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t table = 0;
        put(note + 4, cases[i].size, 4);
        struct image *image = open_core(&core);
        assert_int_equal(image_header_value(image, "DirectoryTableBase", &table), cases[i].taken);
        assert_int_equal(table, cases[i].taken ? 0x39000 : 0);
        assert_int_equal(image_info(image)->address_bits, cases[i].taken ? 32 : 0);
        image_close(image);
    }
    munmap(core.bytes, core.size);
}

static void test_notes(void **state) {
    (void)state;
    struct core core = make_core(2);
    uint8_t *note = core.bytes + 0x400;
    put(core.bytes + 56, 2, 2);
    put_program(core.bytes + PROGRAMS_AT + 56, 4, 0x400, 0, 12 + 8 + 440);
    put(note, 5, 4);
    put(note + 4, 440, 4);
    memcpy(note + 12, "QEMU", 5);
    put(note + 20, 1, 4);
    put(note + 24, 440, 4);
    put(note + 20 + 384, 0xfffff80012345000, 8);
    put(note + 20 + 416, 0x1ad000, 8);
    put(note + 20 + 424, 0x6d8, 8);
    struct image *image = open_core(&core);
    assert_int_equal(image_info(image)->processor_count, 1);
    assert_int_equal(image_info(image)->processors[0].cr3, 0x1ad000);
    assert_int_equal(image_info(image)->processors[0].cr4, 0x6d8);
    assert_int_equal(image_info(image)->processors[0].idt, 0xfffff80012345000);
    image_close(image);
    put(note + 4, UINT32_MAX, 4); /* a note that is longer than all notes */
    image = open_core(&core);
    assert_int_equal(image_info(image)->processor_count, 0);
    image_close(image);
    munmap(core.bytes, core.size);
}

static void test_overlap(void **state) {
    (void)state;
    struct segments segments = {0};
    uint64_t next;
    segments_add(&segments, (struct segment){20, 10, 10});
    segments_add(&segments, (struct segment){10, 15, 15});
    segments_add(&segments, (struct segment){12, 2, 2});
    segments_add(&segments, (struct segment){40, 4, 0});
    segments_add(&segments, (struct segment){50, 0, 0});
    segments_sort(&segments);
    assert_int_equal(segments.promised, 24);
    assert_int_equal(segments.present, 20);
    assert_int_equal(segments_find(&segments, 9), READ_NOT_IN_DUMP);
    assert_int_equal(segments_find(&segments, 24), READ_PRESENT);
    assert_int_equal(segments_find(&segments, 29), READ_PRESENT);
    assert_int_equal(segments_find(&segments, 30), READ_NOT_IN_DUMP);
    assert_int_equal(segments_find(&segments, 41), READ_CUT_OFF);
    assert_true(segments_next(&segments, 0, &next));
    assert_int_equal(next, 10);
    assert_false(segments_next(&segments, 30, &next));
    segments_deinit(&segments);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),    cmocka_unit_test(test_bound),
        cmocka_unit_test(test_death),    cmocka_unit_test(test_cut),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_notes),
        cmocka_unit_test(test_header32), cmocka_unit_test(test_pages_read),
        cmocka_unit_test(test_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
