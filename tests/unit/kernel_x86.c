/* kernel_x86.c - pointers of 4 bytes: rings, names, the debugger block, processors, loader entries.
 */
#include "test.h"

#include "base/memory.h"
#include "isf_text.h"
#include "kernel/handles.h"
#include "kernel/list.h"
#include "kernel/processor.h"
#include "kernel/target.h"
#include "kernel/values.h"
#include "small_dump32.h"

/* Virtual 0x80000000 + n is physical n, by one large page; the page directory is frame 1. */
enum { DIRECTORY = 1, FRAMES = 32 };

#define KERNEL 0x80000000u
#define BLOCK  0x80010000u /* KDDEBUGGER_DATA64 */
#define BLOCKS 0x80011000u /* KiProcessorBlock */
#define IMAGE  0x80014000u
#define LIST   0x80014800u /* PsLoadedModuleList, inside the image */
#define ENTRY  0x80016000u

static struct small_dump machine(void) {
    const struct small_run run = {0, FRAMES};
    struct small_dump dump = small_full32(&run, 1, 1);
    memset(dump.bytes + dump.first_page, 0, FRAMES * PAGE);
    put(&dump, dump.first_page + DIRECTORY * PAGE + 0x200 * 4, 0xe3, 4);
    put(&dump, 0x10, DIRECTORY * PAGE, 4);
    put(&dump, 0x18, 0, 4);
    put(&dump, 0x24, 2, 4); /* NumberProcessors */
    put(&dump, 0x60, 0, 4);
    return dump;
}

static void put_at(struct small_dump *dump, uint32_t address, uint64_t value, size_t width) {
    put(dump, dump->first_page + (address - KERNEL), value, width);
}

static struct target *open_target(const struct small_dump *dump) {
    struct error err = {.message = ""};
    struct target *target = NULL;
    if (target_open_bytes(&err, "machine", dump->bytes, dump->size, &target))
        fail_msg("%s", err.message);
    return target;
}

/* Entries are aligned to 4, not to 8. */
static void rings_have_links_of_4_bytes(void **state) {
    (void)state;
    const uint32_t links[] = {0x80010004, 0x8001200c, 0x80013014};
    struct small_dump dump = machine();
    for (size_t i = 0; i < 3; i++) {
        put_at(&dump, links[i], links[(i + 1) % 3], 4);
        put_at(&dump, links[i] + 4, links[(i + 2) % 3], 4);
    }
    struct target *target = open_target(&dump);
    struct list_walk walk;
    list_walk(target->vm, links[0], 10, &walk);
    assert_int_equal(walk.end, LIST_CLOSED);
    assert_int_equal(walk.count, 2);
    assert_int_equal(walk.entries[0], links[1]);
    assert_int_equal(walk.entries[1], links[2]);
    list_walk_deinit(&walk);
    target_close(target);
    put_at(&dump, links[1], 0x7fff0000, 4); /* the user's half */
    target = open_target(&dump);
    list_walk(target->vm, links[0], 10, &walk);
    assert_int_equal(walk.end, LIST_BROKEN);
    assert_int_equal(walk.broken_at, 0x7fff0000);
    assert_int_equal(walk.state, READ_BAD_VALUE);
    list_walk_deinit(&walk);
    target_close(target);
    small_free(&dump);
}

static void strings_have_their_buffer_at_4(void **state) {
    (void)state;
    struct small_dump dump = machine();
    put_at(&dump, 0x80010000, 6, 2);
    put_at(&dump, 0x80010002, 8, 2);
    put_at(&dump, 0x80010004, 0x80012000, 4);
    put_at(&dump, 0x80010008, 0xcccccccc, 4);
    put_at(&dump, 0x80012000, 0x006c00610068, 6); /* "hal" */
    struct target *target = open_target(&dump);
    AUTO(text_deinit) struct text text;
    text_init(&text);
    assert_int_equal(value_unicode_string(target->vm, 0x80010000, &text), READ_PRESENT);
    assert_string_equal(text.data, "hal");
    target_close(target);
    small_free(&dump);
}

static void put_block(struct small_dump *dump) {
    put(dump, 0x60, BLOCK, 4);
    put_at(dump, BLOCK + 0x10, 0x4742444b, 4);
    put_at(dump, BLOCK + 0x14, 0x290, 4);
    put_at(dump, BLOCK + 0x18, 0xffffffff00000000 | IMAGE, 8);
    put_at(dump, BLOCK + 0x48, 0xffffffff00000000 | LIST, 8);
    put_at(dump, BLOCK + 0x218, 0xffffffff00000000 | BLOCKS, 8);
    put_at(dump, BLOCK + 0x2a8, 0x260, 2); /* behind its end */
}

/* The kernel extends the sign of its addresses to 64 bits; an address has 32. */
static void block_has_addresses_of_32_bits(void **state) {
    (void)state;
    struct small_dump dump = machine();
    put_block(&dump);
    struct target *target = open_target(&dump);
    uint64_t value = 0;
    assert_int_equal(target->kdbg.state, READ_PRESENT);
    assert_true(kdbg_value(&target->kdbg, "PsLoadedModuleList", &value));
    assert_int_equal(value, LIST);
    assert_true(target_global(target, "KiProcessorBlock", &value));
    assert_int_equal(value, BLOCKS);
    assert_false(kdbg_value(&target->kdbg, "SizeEProcess", &value));
    target_close(target);
    small_free(&dump);
}

static void processors_are_pointers_of_4_bytes(void **state) {
    (void)state;
    struct small_dump dump = machine();
    put_block(&dump);
    put_at(&dump, BLOCKS, 0xffdff120, 4);
    put_at(&dump, BLOCKS + 4, 0x7fff0000, 4); /* no kernel address */
    struct target *target = open_target(&dump);
    struct processor_block block;
    processor_block_read(target, &block);
    assert_int_equal(block.count, 2);
    assert_int_equal(block.items[0].state, READ_PRESENT);
    assert_int_equal(block.items[0].prcb, 0xffdff120);
    assert_int_equal(block.items[1].state, READ_BAD_VALUE);
    processor_block_deinit(&block);
    target_close(target);
    small_free(&dump);
}

/* PE32: NumberOfRvaAndSizes at 92 of the optional header, the directories at 96. */
static void put_image(struct small_dump *dump) {
    put_at(dump, IMAGE, 0x5a4d, 2);
    put_at(dump, IMAGE + 0x3c, 0x80, 4);
    put_at(dump, IMAGE + 0x80, 0x4550, 4);
    put_at(dump, IMAGE + 0x84, 0x14c, 2);
    put_at(dump, IMAGE + 0x98, 0x10b, 2);
    put_at(dump, IMAGE + 0x98 + 56, 0x2000, 4);
    put_at(dump, IMAGE + 0x98 + 92, 16, 4);
    put_at(dump, IMAGE + 0x98 + 96 + 6 * 8, 0x400, 4);
    put_at(dump, IMAGE + 0x98 + 96 + 6 * 8 + 4, 28, 4);
    put_at(dump, IMAGE + 0x400 + 12, 2, 4); /* CodeView */
    put_at(dump, IMAGE + 0x400 + 16, 24 + 7, 4);
    put_at(dump, IMAGE + 0x400 + 20, 0x500, 4);
    put_at(dump, IMAGE + 0x500, 0x53445352, 4);
    put_at(dump, IMAGE + 0x500 + 20, 2, 4);
    put_at(dump, IMAGE + 0x500 + 24, 0x6264702e746e, 6); /* "nt.pdb" */
}

/* Without a debugger block: by the first module's DllBase (0x18) and SizeOfImage (0x20). */
static void kernel_is_found_by_the_first_module(void **state) {
    (void)state;
    struct small_dump dump = machine();
    put(&dump, 0x18, LIST, 4);
    put_image(&dump);
    put_at(&dump, LIST, ENTRY, 4);
    put_at(&dump, ENTRY + 0x18, IMAGE, 4);
    put_at(&dump, ENTRY + 0x20, 0x2000, 4);
    struct target *target = open_target(&dump);
    assert_string_equal(target->kernel_found_by, "PsLoadedModuleList");
    assert_int_equal(target->kernel.base, IMAGE);
    assert_int_equal(target->kernel.size, 0x2000);
    assert_int_equal(target->kernel.machine, 0x14c);
    assert_true(target->kernel.has_pdb);
    assert_string_equal(target->kernel.pdb.name, "nt.pdb");
    assert_int_equal(target->kernel.pdb.age, 2);
    target_close(target);
    small_free(&dump);
}

/* Entries of Windows 8 and later on x86: two attributes beside the lock, the third one beside the
 * access. */
static void packed_handles_have_29_bits_of_pointer(void **state) {
    (void)state;
    static const char layouts[] =
        ISF(TYPE("_OBJECT_HEADER", "struct", 32, FIELD("Body", 24, LONG)) "," TYPE(
            "_HANDLE_TABLE", "struct", 8,
            FIELD("TableCode", 0, LONG) "," FIELD(
                "NextHandleNeedingPool", 4,
                LONG)) "," TYPE("_HANDLE_TABLE_ENTRY", "struct", 8,
                                FIELD("Attributes", 0, BITS(1, 2)) "," FIELD(
                                    "ObjectPointerBits", 0,
                                    BITS(3, 29)) "," FIELD("GrantedAccessBits", 4,
                                                           BITS(0,
                                                                25)) "," FIELD("ProtectFromClose",
                                                                               4, BITS(25, 1))));
    const struct {
        uint32_t low, high;
        unsigned attributes;
    } entries[] = {{0x80016001, 0x00100020, 0},
                   {0x80016001 | 1 << 1, 0x00100020, HANDLE_INHERIT},
                   {0x80016001 | 2 << 1, 0x00100020, HANDLE_AUDIT},
                   {0x80016001, 0x02100020, HANDLE_PROTECT_CLOSE}};
    struct small_dump dump = machine();
    put_at(&dump, 0x80010000, 0x80012000, 4);
    put_at(&dump, 0x80010004, 0x800, 4);
    for (uint32_t i = 0; i < ARRAY_LENGTH(entries); i++) {
        put_at(&dump, 0x80012008 + 8 * i, entries[i].low, 4);
        put_at(&dump, 0x8001200c + 8 * i, entries[i].high, 4);
    }
    struct target *target = open_target(&dump);
    struct error err;
    struct symbols *symbols;
    assert_int_equal(parse_as(&err, "x86", layouts, &symbols), STATUS_OK);
    target->symbols = symbols;
    struct handle_table table;
    handle_table_open(target, 0x80010000, &table);
    assert_false(table.absent);
    for (uint32_t i = 0; i < ARRAY_LENGTH(entries); i++) {
        struct handle_entry entry;
        assert_true(handle_table_lookup(&table, 4 * (i + 1), &entry));
        assert_int_equal(entry.object, 0x80016018);
        assert_int_equal(entry.granted_access, 0x00100020);
        assert_int_equal(entry.attributes, entries[i].attributes);
    }
    target_close(target);
    small_free(&dump);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_have_links_of_4_bytes),
        cmocka_unit_test(strings_have_their_buffer_at_4),
        cmocka_unit_test(block_has_addresses_of_32_bits),
        cmocka_unit_test(processors_are_pointers_of_4_bytes),
        cmocka_unit_test(kernel_is_found_by_the_first_module),
        cmocka_unit_test(packed_handles_have_29_bits_of_pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
