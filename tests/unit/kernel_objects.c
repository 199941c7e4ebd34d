/* kernel_objects.c - tests of object headers, types, the cookie, names, and directories. */
#include "test.h"

#include "base/memory.h"
#include "kernel/directory.h"
#include "kernel/object.h"
#include "small_objects.h"

#define FILE_OBJECT small_object(4)
#define EVENT       small_object(5)

static void assert_types(const struct objects *objects, const char *by) {
    static const struct {
        uint32_t index;
        const char *name;
    } expected[] = {{2, "Type"}, {3, "Directory"}, {16, "Event"}, {30, "File"}, {31, "Device"}};
    size_t count;
    const char *found_by;
    const struct object_type *types = objects_types(objects, &count, &found_by);
    assert_string_equal(found_by, by);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(types[i].index, expected[i].index);
        assert_string_equal(types[i].name, expected[i].name);
        assert_int_equal(types[i].objects, 100 + expected[i].index);
        assert_int_equal(types[i].handles, 200 + expected[i].index);
    }
}

static void assert_name(const struct objects *objects, uint64_t address, const char *type,
                        const char *expected) {
    struct object object;
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    assert_int_equal(object_read(objects, address, &object), READ_PRESENT);
    assert_non_null(object.type);
    assert_string_equal(object.type->name, type);
    assert_int_equal(object_name(objects, &object, &name), READ_PRESENT);
    assert_string_equal(name.data, expected);
}

static void assert_everything(struct small_objects *machine, const char *found_by) {
    objects_file(machine, FILE_OBJECT, "\\pagefile.sys");
    objects_put(machine, EVENT, TYPE_EVENT, NULL, 0, 0);
    struct target *target = objects_open(machine);
    struct objects *objects = objects_new(target);
    assert_types(objects, found_by);
    struct object_cookie cookie = objects_cookie(objects);
    assert_true(cookie.known);
    assert_int_equal(cookie.used, machine->cookie);
    if (cookie.used)
        assert_int_equal(cookie.value, COOKIE);
    struct object object;
    assert_int_equal(object_read(objects, FILE_OBJECT, &object), READ_PRESENT);
    assert_int_equal(object.header, FILE_OBJECT - 0x30);
    assert_int_equal(object.pointer_count, 32770);
    assert_int_equal(object.handle_count, 1);
    assert_int_equal(object.flags, 0x44);
    assert_name(objects, FILE_OBJECT, "File", "\\Device\\Disk\\pagefile.sys");
    assert_name(objects, EVENT, "Event", "");
    assert_name(objects, small_object(3), "Device", "\\Device\\Disk");
    assert_name(objects, small_object(1), "Directory", "\\");
    assert_name(objects, small_object(14), "Type", "\\ObjectTypes\\Device");
    objects_free(objects);
    target_close(target);
    machine_destroy(machine->machine);
}

static void test_list_of_types_with_a_cookie(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    objects_list_types(&objects);
    assert_everything(&objects, "ObpTypeObjectType");
}

static void test_list_of_types_in_plain(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-7601-x64", false);
    objects_list_types(&objects);
    assert_everything(&objects, "ObpTypeObjectType");
}

/* Nothing leads to the type "Type" but its name. */
static void test_directory_of_types(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    assert_everything(&objects, "\\ObjectTypes");
}

/* A list of types that cannot be walked: the directory has them too. */
static void test_list_that_is_no_list(void **state) {
    (void)state;
    struct small_objects objects = small_objects("nt-10240-x64", true);
    objects_list_types(&objects);
    uint64_t head = small_object(10) + objects_offset(&objects, "_OBJECT_TYPE", "TypeList");
    machine_put(objects.machine, head, 0x1000, 8);
    machine_put(objects.machine, head + 8, 0x1000, 8);
    assert_everything(&objects, "\\ObjectTypes");
}

/* ---- registry keys ---- */

enum { TYPE_KEY = 35, KEY_IS_COMPRESSED = 1, KEY_HIVE_ENTRY = 4 };

#define KEY_BODY      small_object(20)
#define KEY_BLOCK(n)  (small_object(21) + 0x200 * (uint64_t)(n))
#define NAME_BLOCK(n) (small_object(30) + 0x100 * (uint64_t)(n))

/* The n-th key on the way down from the registry's root. */
static void put_key(struct small_objects *objects, unsigned n, const char *name, unsigned flags) {
    static const char control[] = "_CM_KEY_CONTROL_BLOCK", block[] = "_CM_NAME_CONTROL_BLOCK";
    struct machine *machine = objects->machine;
    uint64_t key = KEY_BLOCK(n), names = NAME_BLOCK(n);
    machine_put(machine, key + objects_offset(objects, control, "ParentKcb"),
                n ? KEY_BLOCK(n - 1) : 0, 8);
    machine_put(machine, key + objects_offset(objects, control, "NameBlock"), names, 8);
    machine_put(machine, key + objects_offset(objects, control, "Flags"), flags << 16, 4);
    machine_put(machine, names, KEY_IS_COMPRESSED, 4);
    machine_put(machine, names + objects_offset(objects, block, "NameLength"), strlen(name), 2);
    for (size_t i = 0; name[i]; i++)
        machine_put(machine, names + objects_offset(objects, block, "Name") + i,
                    (unsigned char)name[i], 1);
}

static void assert_key(struct small_objects *machine, unsigned last, const char *expected) {
    objects_put(machine, KEY_BODY, TYPE_KEY, NULL, 0, 0);
    machine_put(machine->machine,
                KEY_BODY + objects_offset(machine, "_CM_KEY_BODY", "KeyControlBlock"),
                KEY_BLOCK(last), 8);
    objects_type(machine, TYPE_KEY, "Key", small_object(15));
    objects_list_types(machine);
    struct target *target = objects_open(machine);
    struct objects *objects = objects_new(target);
    assert_name(objects, KEY_BODY, "Key", expected);
    objects_free(objects);
    target_close(target);
    machine_destroy(machine->machine);
}

static void put_hive(struct small_objects *machine, unsigned flags) {
    put_key(machine, 0, "REGISTRY", 0);
    put_key(machine, 1, "MACHINE", 0);
    put_key(machine, 2, "SYSTEM", flags);
}

static void test_key(void **state) {
    (void)state;
    struct small_objects machine = small_objects("nt-10240-x64", true);
    put_hive(&machine, KEY_HIVE_ENTRY);
    put_key(&machine, 3, "SELECT", 0);
    assert_key(&machine, 3, "\\REGISTRY\\MACHINE\\SYSTEM\\SELECT");
}

/* From 14393 on the key that a hive hangs on, and the hive's own root, are two. */
static void test_key_of_a_hive_on_a_key(void **state) {
    (void)state;
    struct small_objects machine = small_objects("nt-14393-x64", true);
    put_hive(&machine, 0);
    put_key(&machine, 3, "SYSTEM", KEY_HIVE_ENTRY);
    put_key(&machine, 4, "SELECT", 0);
    assert_key(&machine, 4, "\\REGISTRY\\MACHINE\\SYSTEM\\SELECT");
}

static void test_root_of_a_hive_on_a_key(void **state) {
    (void)state;
    struct small_objects machine = small_objects("nt-14393-x64", true);
    put_hive(&machine, 0);
    put_key(&machine, 3, "SYSTEM", KEY_HIVE_ENTRY);
    assert_key(&machine, 3, "\\REGISTRY\\MACHINE\\SYSTEM");
}

static void test_type_that_does_not_exist(void **state) {
    (void)state;
    struct small_objects machine = small_objects("nt-10240-x64", true);
    objects_list_types(&machine);
    objects_put(&machine, EVENT, 77, NULL, 0, 0);
    struct target *target = objects_open(&machine);
    struct objects *objects = objects_new(target);
    struct object object;
    assert_int_equal(object_read(objects, EVENT, &object), READ_BAD_VALUE);
    assert_null(object.type);
    assert_int_equal(object_read(objects, 0xffffe00000900000, &object), READ_NOT_MAPPED);
    assert_int_equal(object_read(objects, 8, &object), READ_BAD_VALUE);
    objects_free(objects);
    target_close(target);
    machine_destroy(machine.machine);
}

/* Two directories, each in the other. */
static void test_path_without_an_end(void **state) {
    (void)state;
    struct small_objects machine = small_objects("nt-10240-x64", true);
    objects_list_types(&machine);
    objects_put(&machine, small_object(6), TYPE_DIRECTORY, "a", small_object(7), 0);
    objects_put(&machine, small_object(7), TYPE_DIRECTORY, "b", small_object(6), 0);
    struct target *target = objects_open(&machine);
    struct objects *objects = objects_new(target);
    AUTO(text_deinit) struct text path = TEXT_EMPTY;
    assert_int_equal(object_path(objects, small_object(6), &path), READ_BAD_VALUE);
    assert_string_equal(path.data, "");
    objects_free(objects);
    target_close(target);
    machine_destroy(machine.machine);
}

static void test_directory_whose_chain_comes_back(void **state) {
    (void)state;
    struct small_objects machine = small_objects("nt-10240-x64", true);
    uint64_t root = small_object(1), last = TEXTS + 0x1000 + 5 * 0x18; /* the entry made first */
    machine_put(machine.machine, last, last + 0x18, 8);
    machine_put(machine.machine, root + 8, 0xffffe00000900000, 8); /* not mapped */
    machine_put(machine.machine, root + 16, 0x1000, 8);            /* no kernel address */
    struct target *target = objects_open(&machine);
    struct directory directory;
    directory_read(target, root, &directory);
    assert_in_range(directory.count, 2, 8);
    assert_int_equal(directory.objects[0], small_object(2));
    assert_int_equal(directory.objects[1], small_object(0));
    assert_int_equal(directory.unreadable[READ_BAD_VALUE], 2);
    assert_int_equal(directory.unreadable[READ_NOT_MAPPED], 1);
    directory_deinit(&directory);
    target_close(target);
    machine_destroy(machine.machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_of_types_with_a_cookie),
        cmocka_unit_test(test_list_of_types_in_plain),
        cmocka_unit_test(test_directory_of_types),
        cmocka_unit_test(test_list_that_is_no_list),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_key_of_a_hive_on_a_key),
        cmocka_unit_test(test_root_of_a_hive_on_a_key),
        cmocka_unit_test(test_type_that_does_not_exist),
        cmocka_unit_test(test_path_without_an_end),
        cmocka_unit_test(test_directory_whose_chain_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
