/* triage.c - triage dumps: memory by virtual address, lists, and what such a file may lie about. */
#include "image/triage.h"

#include <string.h>

#include "base/memory.h"
#include "small_triage.h"
#include "vm/vm.h"

#include "test.h"

static struct image *open_dump(const struct small_dump *dump) {
    struct error err = {0};
    struct image *image;
    if (image_open_bytes(&err, "small.dmp", dump->bytes, dump->size, &image))
        fail_msg("%s", err.message);
    return image;
}

static enum read_state look(const struct image *image, uint64_t address, uint8_t *byte,
                            size_t *length) {
    const uint8_t *bytes;
    enum read_state state = image_virtual(image, address, &bytes, length);
    if (state == READ_PRESENT)
        *byte = *bytes;
    return state;
}

static void assert_name(struct triage_name name, const char *text) {
    assert_int_equal(name.length, 2 * strlen(text));
    for (size_t i = 0; i < name.length; i++)
        assert_int_equal(name.bytes[i], i % 2 ? 0 : text[i / 2]);
}

static void test_lists(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct image *image = open_dump(&dump);
    const struct triage *triage = image_triage(image);
    assert_string_equal(image_info(image)->type, "triage");
    assert_int_equal(image_info(image)->expected_size, dump.size);
    assert_true(triage->complete);
    assert_int_equal(triage->blocks_promised, BLOCKS);
    assert_int_equal(triage->blocks_present, BLOCKS);
    assert_int_equal(triage->driver_count, 2);
    assert_name(triage->drivers[0].path, "\\SystemRoot\\system32\\ntoskrnl.exe");
    assert_name(triage_base_name(triage->drivers[0].path), "ntoskrnl.exe");
    assert_name(triage_base_name(triage->drivers[1].path), "b.sys");
    assert_int_equal(triage->drivers[1].base, DRIVER_BASE);
    assert_int_equal(triage->drivers[1].size, 0x3000);
    assert_int_equal(triage->drivers[1].timestamp, 0x5678);
    assert_ptr_equal(triage_driver_at(triage, DRIVER_BASE + 0x2fff), &triage->drivers[1]);
    assert_null(triage_driver_at(triage, DRIVER_BASE + 0x3000));
    assert_int_equal(triage->unloaded_count, 2);
    assert_name(triage->unloaded[0].name, "old.sys");
    assert_name(triage->unloaded[1].name, "dump_storpor");
    assert_int_equal(triage->unloaded[1].end, 0xfffff80003001000);
    assert_int_equal(triage->blob_count, 2);
    assert_int_equal(triage->blobs[0].size, 0x40);
    assert_int_equal(triage->blobs[1].tag[15], 0x8f);
    image_close(image);
    small_free(&dump);
}

static void test_memory(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct image *image = open_dump(&dump);
    const uint8_t *page;
    uint8_t byte = 0;
    size_t length = 0;
    assert_true(image_is_virtual(image));
    assert_int_equal(look(image, DATA_ADDRESS + 7, &byte, &length), READ_PRESENT);
    assert_int_equal(byte, 7);
    assert_int_equal(length, DATA_SIZE - 7);
    assert_int_equal(look(image, DATA_ADDRESS - 1, &byte, &length), READ_NOT_IN_DUMP);
    assert_int_equal(look(image, DATA_ADDRESS + 2 * DATA_SIZE, &byte, &length), READ_NOT_IN_DUMP);
    assert_int_equal(look(image, KDBG_ADDRESS + 0x10, &byte, &length), READ_PRESENT);
    assert_int_equal(byte, 'K');
    assert_int_equal(look(image, STACK + 0x1ff, &byte, &length), READ_PRESENT);
    assert_int_equal(image_page(image, 0x1ad, &page), READ_NOT_IN_DUMP);
    assert_int_equal(image_page(image, 0, &page), READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
}

static void test_virtual_reads(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct image *image = open_dump(&dump);
    struct vm *vm = vm_create(image, 0x1ad002);
    uint8_t bytes[2 * DATA_SIZE];
    uint64_t value = 0, failed_at = 0;
    assert_int_equal(vm_read(vm, DATA_ADDRESS, bytes, sizeof bytes, NULL), READ_PRESENT);
    assert_int_equal(bytes[DATA_SIZE - 1], DATA_SIZE - 1);
    assert_int_equal(bytes[DATA_SIZE], 0);
    assert_int_equal(vm_read_u64(vm, BLOCK_ADDRESS + 8, &value), READ_PRESENT);
    assert_int_equal(value, PRCB_ADDRESS);
    assert_int_equal(vm_read(vm, DATA_ADDRESS + DATA_SIZE, bytes, DATA_SIZE + 1, &failed_at),
                     READ_NOT_IN_DUMP);
    assert_int_equal(failed_at, DATA_ADDRESS + 2 * DATA_SIZE);
    assert_int_equal(vm_read_u64(vm, 0xfffffffffffffff8, &value), READ_PRESENT);
    assert_int_equal(vm_read(vm, 0xfffffffffffffff8, bytes, 9, &failed_at), READ_NON_CANONICAL);
    assert_int_equal(vm_translate(vm, DATA_ADDRESS).state, READ_NOT_IN_DUMP);
    vm_destroy(vm);
    image_close(image);
    small_free(&dump);
}

/* One that starts before has the bytes; of two that start together the longer one. */
static void test_overlaps(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    put_block(&dump, 0, DATA_ADDRESS + 0x80, AT_DATA + 0x100, DATA_SIZE);
    put_block(&dump, 1, DATA_ADDRESS + 0x10, AT_DATA + 0x100, 0x20);
    put_block(&dump, 3, DATA_ADDRESS, AT_DATA, 0x10);
    struct image *image = open_dump(&dump);
    uint8_t byte = 0;
    size_t length;
    for (unsigned at = 0; at < DATA_SIZE; at++) {
        assert_int_equal(look(image, DATA_ADDRESS + at, &byte, &length), READ_PRESENT);
        assert_int_equal(byte, at);
    }
    assert_int_equal(look(image, DATA_ADDRESS + DATA_SIZE, &byte, &length), READ_PRESENT);
    assert_int_equal(byte, 0x80);
    assert_int_equal(length, 0x80);
    assert_int_equal(look(image, DATA_ADDRESS + 0x180, &byte, &length), READ_NOT_IN_DUMP);
    image_close(image);
    small_free(&dump);
}

static void test_mapping_more(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    struct image *image = open_dump(&dump);
    uint8_t byte = 0;
    size_t length;
    assert_int_equal(look(image, PROCESS, &byte, &length), READ_NOT_IN_DUMP);
    assert_true(image_map(image, PROCESS, AT_PROCESS, 0x100));
    assert_int_equal(look(image, PROCESS, &byte, &length), READ_PRESENT);
    assert_int_equal(byte, 3);
    assert_false(image_map(image, THREAD, dump.size - 1, 2));
    assert_false(image_map(image, THREAD, UINT64_MAX, 2));
    assert_false(image_map(image, UINT64_MAX, 0, 2));
    assert_false(image_map(image, THREAD, AT_THREAD, 0));
    image_close(image);
    small_free(&dump);
    const struct small_run run = {0, 1};
    dump = small_full(&run, 1, 1);
    image = open_dump(&dump);
    assert_false(image_map(image, PROCESS, 0, 1));
    assert_int_equal(look(image, PROCESS, &byte, &length), READ_NOT_IN_DUMP);
    assert_null(image_triage(image));
    image_close(image);
    small_free(&dump);
}

static void test_blocks_outside(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    put_block(&dump, 0, DATA_ADDRESS + 0x1000, (uint32_t)dump.size - 0x10, 0x20);
    put_block(&dump, 2, 0xffffffffffffff00, AT_DATA, 0x101);
    put_block(&dump, 3, DATA_ADDRESS, 0xfffffff0, 0xfffffff0);
    struct image *image = open_dump(&dump);
    uint8_t byte = 0;
    size_t length = 0;
    assert_int_equal(image_triage(image)->blocks_present, 2);
    assert_int_equal(image_info(image)->expected_size, 0x1ffffffe0);
    assert_int_equal(look(image, DATA_ADDRESS, &byte, &length), READ_CUT_OFF);
    assert_int_equal(look(image, 0xffffffffffffff00, &byte, &length), READ_NOT_IN_DUMP);
    image_close(image);
    put_block(&dump, 3, DATA_ADDRESS, AT_DATA, 0x10);
    image = open_dump(&dump);
    assert_int_equal(look(image, DATA_ADDRESS + 0x1008, &byte, &length), READ_PRESENT);
    assert_int_equal(length, 8);
    assert_int_equal(look(image, DATA_ADDRESS + 0x1010, &byte, &length), READ_CUT_OFF);
    image_close(image);
    small_free(&dump);
}

/* Counts that no file could hold cost nothing. */
static void test_lying_counts(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    put(&dump, AT_TRIAGE + 0x34, 0xffffffff, 4);
    put(&dump, AT_TRIAGE + 0x7c, 0xffffffff, 4);
    put(&dump, AT_UNLOADED, 0x8000000000000000, 8);
    put(&dump, AT_NAMES, 0xffffffff, 4);
    put(&dump, AT_BLOBS + 0x10 + 0x14, 0xffffffff, 4);
    struct image *image = open_dump(&dump);
    const struct triage *triage = image_triage(image);
    assert_int_equal(triage->drivers_promised, 0xffffffff);
    assert_in_range(triage->driver_count, 2, (dump.size - AT_DRIVERS) / 0x90);
    assert_int_equal(triage->blocks_promised, 0xffffffff);
    assert_in_range(triage->blocks_present, BLOCKS, (dump.size - AT_BLOCKS) / 16);
    assert_int_equal(triage->unloaded_count, 0);
    assert_null(triage->drivers[0].path.bytes);
    assert_null(triage_base_name(triage->drivers[0].path).bytes);
    assert_int_equal(triage->blob_count, 1);
    assert_true(image_info(image)->expected_size > 0x900000000);
    image_close(image);
    put(&dump, AT_BLOBS + 0x10, 0, 4); /* a header of no size leads nowhere */
    image = open_dump(&dump);
    assert_int_equal(image_triage(image)->blob_count, 0);
    image_close(image);
    small_free(&dump);
}

/* Tables as long as a large file: no more of them is believed than a machine has, and names that
 * share their bytes are no longer than the file. */
static void test_long_tables(void **state) {
    (void)state;
    enum { COUNT = 20000, NAME = 20000, AT_TABLE = 0x10000, AT_MORE = 0x400000 };
    struct small_dump dump = small_triage();
    grow(&dump, AT_MORE + 0x20 * COUNT);
    put(&dump, AT_TRIAGE + 0x30, AT_TABLE, 4);
    put(&dump, AT_TRIAGE + 0x34, COUNT, 4);
    put(&dump, AT_NAMES, NAME, 4);
    for (size_t index = 0; index < COUNT; index++) {
        put(&dump, AT_TABLE + 0x90 * index, AT_NAMES, 4);
        put_blob(&dump, AT_MORE + 0x20 * index, 1, 0, 0);
    }
    put(&dump, AT_BLOBS + 0x8, AT_MORE - AT_BLOBS, 4);
    struct image *image = open_dump(&dump);
    const struct triage *triage = image_triage(image);
    assert_int_equal(triage->drivers_promised, COUNT);
    assert_int_equal(triage->driver_count, 16384);
    assert_int_equal(triage->blob_count, 4096);
    size_t named = 0;
    for (size_t index = 0; index < triage->driver_count; index++)
        named += triage->drivers[index].path.bytes != NULL;
    assert_int_equal(named, dump.size / (2 * NAME));
    image_close(image);
    small_free(&dump);
}

/* Wherever the file ends, it opens from the end of its headers on, and says what is missing. */
static void test_cut_off(void **state) {
    (void)state;
    struct small_dump dump = small_triage();
    size_t whole = dump.size;
    for (size_t size = 0x2000; size < whole; size++) {
        uint8_t *bytes = xmalloc(size); /* of its own, so that a sanitizer sees its end */
        memcpy(bytes, dump.bytes, size);
        struct error err;
        struct image *image;
        enum status status = image_open_bytes(&err, "cut.dmp", bytes, size, &image);
        assert_int_equal(status, size < 0x2080 ? STATUS_FORMAT : STATUS_OK);
        if (status) {
            assert_non_null(strstr(err.message, "triage header at offset 0x2000 is cut off"));
        } else {
            assert_int_equal(image_info(image)->file_size, size);
            /* Behind a blob that is whole nothing says that another one follows. */
            size_t first_blob_ends = whole - 0x20;
            assert_true(image_info(image)->expected_size > size || size == AT_BLOBS ||
                        size == AT_BLOBS + 0x10 || size == first_blob_ends);
            image_close(image);
        }
        free(bytes);
    }
    small_free(&dump);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_memory),
        cmocka_unit_test(test_virtual_reads), cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_mapping_more),  cmocka_unit_test(test_blocks_outside),
        cmocka_unit_test(test_lying_counts),  cmocka_unit_test(test_long_tables),
        cmocka_unit_test(test_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
