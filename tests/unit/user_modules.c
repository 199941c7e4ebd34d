/* user_modules.c - tests of kernel/user_modules.h and kernel/names.h: the loader's lists of a
 * process, told and forged, and the names that they give to addresses. */
#include <string.h>

#include "base/memory.h"
#include "kernel/names.h"
#include "kernel/user_modules.h"
#include "small_kernel.h"
#include "test.h"

#define PROCESS 0xffffe0007749f080
#define PEB     0x7ff7cee8d000
#define LDR     0x7ffa3db82640
#define HEAD    (LDR + 0x10)
#define PEB32   0x7ffde000
#define LDR32   0x77c80200
#define HEAD32  (LDR32 + 0xc)
#define ENTRY   0x20000000 /* of the n-th module */

static struct symbols *symbols_of_10240(void) {
    return builtin_symbols("nt-10240-x64");
}

static uint64_t member(const struct symbols *symbols, const char *path) {
    return PROCESS + offset_of(symbols, "_EPROCESS", path);
}

static uint64_t entry(unsigned n) {
    return ENTRY + 0x1000 * (uint64_t)n;
}

/* An entry of the 64-bit loader, without its links. */
static void put_entry(struct machine *machine, unsigned n, uint64_t base, uint32_t size,
                      const char *name) {
    size_t length = strlen(name);
    machine_put(machine, entry(n) + 0x30, base, 8);
    machine_put(machine, entry(n) + 0x40, size, 4);
    machine_put(machine, entry(n) + 0x58, 2 * length, 2);
    machine_put(machine, entry(n) + 0x60, entry(n) + 0x200, 8);
    for (size_t i = 0; i < length; i++)
        machine_put(machine, entry(n) + 0x200 + 2 * i, (uint8_t)name[i], 2);
}

/* NotMyfault.exe and ntdll.dll, as in the published dump of 10240. */
static struct machine *process_machine(void) {
    struct machine *machine = machine_create();
    struct symbols *symbols = symbols_of_10240();
    const uint64_t ring[] = {HEAD, entry(1), entry(2)};
    machine_put(machine, member(symbols, "Pcb.DirectoryTableBase"), MACHINE_PML4 * PAGE, 8);
    machine_put(machine, member(symbols, "Peb"), PEB, 8);
    machine_put(machine, member(symbols, "Wow64Process"), 0, 8);
    machine_put(machine, PEB + 0x18, LDR, 8);
    machine_ring(machine, ring, 3);
    put_entry(machine, 1, 0x7ff7cf1a0000, 0x10000, "NotMyfault.exe");
    put_entry(machine, 2, 0x7ffa3da20000, 0x1c1000, "ntdll.dll");
    symbols_free(symbols);
    return machine;
}

static struct target *open_target(struct machine *machine) {
    struct target *target = machine_open(machine);
    target->symbols = symbols_of_10240();
    target->match = MATCH_PROVED;
    return target;
}

static void read_modules(const struct target *target, struct module_list *list) {
    struct vm *space = process_space(target, PROCESS);
    assert_non_null(space);
    user_modules_read(target, PROCESS, space, list);
    vm_destroy(space);
}

static void modules_in_the_loaders_order(void **state) {
    (void)state;
    struct machine *machine = process_machine();
    struct target *target = open_target(machine);
    struct module_list list;
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    read_modules(target, &list);
    assert_int_equal(list.state, READ_PRESENT);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].base, 0x7ff7cf1a0000);
    assert_int_equal(list.items[1].size, 0x1c1000);
    assert_ptr_equal(module_list_at(&list, 0x7ffa3dab356a), &list.items[1]);
    assert_ptr_equal(module_list_at(&list, 0x7ff7cf1a0000), &list.items[0]);
    assert_null(module_list_at(&list, 0x7ff7cf1b0000));
    assert_null(module_list_at(&list, 0x1000));
    assert_int_equal(module_file_name(target->vm, &list.items[1], &name), READ_PRESENT);
    assert_string_equal(name.data, "ntdll.dll");
    module_list_deinit(&list);
    target_close(target);
    machine_destroy(machine);
}

/* A second loader, whose entries are narrow, with an ntdll.dll of its own. */
static struct machine *wow64_machine(void) {
    static const char file[] = "n\0t\0d\0l\0l\0.\0d\0l\0l";
    struct machine *machine = process_machine();
    struct symbols *symbols = symbols_of_10240();
    uint32_t narrow = 0x30000000;
    machine_put(machine, member(symbols, "Wow64Process"), PEB32, 8);
    machine_put(machine, PEB32 + 0xc, LDR32, 4);
    machine_put(machine, HEAD32, narrow, 4);
    machine_put(machine, HEAD32 + 4, narrow, 4);
    machine_put(machine, narrow, HEAD32, 4);
    machine_put(machine, narrow + 4, HEAD32, 4);
    machine_put(machine, narrow + 0x18, 0x77c30000, 4);
    machine_put(machine, narrow + 0x20, 0x16e000, 4);
    machine_put(machine, narrow + 0x2c, sizeof file, 2);
    machine_put(machine, narrow + 0x30, narrow + 0x100, 4);
    machine_write(machine, narrow + 0x100, file, sizeof file);
    symbols_free(symbols);
    return machine;
}

static void modules_of_wow64(void **state) {
    (void)state;
    struct machine *machine = wow64_machine();
    struct target *target = open_target(machine);
    struct module_list list;
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    read_modules(target, &list);
    assert_int_equal(list.state, READ_PRESENT);
    assert_int_equal(list.count, 3);
    assert_true(list.items[2].wow64);
    assert_int_equal(list.items[2].base, 0x77c30000);
    assert_int_equal(module_file_name(target->vm, &list.items[2], &name), READ_PRESENT);
    assert_string_equal(name.data, "ntdll.dll");
    module_list_deinit(&list);
    target_close(target);
    machine_destroy(machine);
}

/* What a process writes into its own list: where it ends and what of it is kept. */
static void lists_that_lie(void **state) {
    (void)state;
    static const struct {
        uint64_t at, value;
        size_t width, count;
        enum read_state state;
    } lies[] = {
        {ENTRY + 0x2000, ENTRY + 0x1000, 8, 2, READ_BAD_VALUE},     /* back into the middle */
        {ENTRY + 0x2000, ENTRY + 0x2000, 8, 2, READ_BAD_VALUE},     /* to itself */
        {ENTRY + 0x2000, 0xffffe00000001000, 8, 2, READ_BAD_VALUE}, /* into the kernel */
        {ENTRY + 0x2000, ENTRY + 0x1001, 8, 2, READ_BAD_VALUE},     /* not aligned */
        {ENTRY + 0x2000, 0x40000000, 8, 2, READ_NOT_MAPPED},        /* to nowhere */
        {ENTRY + 0x1008, ENTRY + 0x2000, 8, 0, READ_BAD_VALUE},     /* Blink */
        {ENTRY + 0x2040, 0, 4, 1, READ_PRESENT},                    /* an image of no size */
        {ENTRY + 0x2030, 0, 8, 1, READ_PRESENT},                    /* and of no base */
        {ENTRY + 0x2030, UINT64_MAX - 0xfff, 8, 1, READ_PRESENT},   /* over the end */
        {PEB + 0x18, 0, 8, 0, READ_PRESENT},                        /* nothing loaded yet */
        {PEB + 0x18, 0xffffe00000001000, 8, 0, READ_BAD_VALUE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
        struct machine *machine = process_machine();
        machine_put(machine, lies[i].at, lies[i].value, lies[i].width);
        struct target *target = open_target(machine);
        struct module_list list;
        read_modules(target, &list);
        if (list.count != lies[i].count || list.state != lies[i].state)
            fail_msg("lie %zu: %zu modules, %s", i, list.count, read_state_name(list.state));
        module_list_deinit(&list);
        target_close(target);
        machine_destroy(machine);
    }
}

static void expect_name(struct names *names, uint64_t process, uint64_t address,
                        enum read_state state, const char *expected) {
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    text_puts(&name, "of the call before");
    assert_int_equal(names_of(names, process, address, &name), state);
    assert_string_equal(name.data, expected);
}

/* No header page of the two images is in the dump: the offset in the module is what is left. */
static void names_without_an_image(void **state) {
    (void)state;
    struct machine *machine = process_machine();
    struct target *target = open_target(machine);
    struct names *names = names_new(target);
    expect_name(names, PROCESS, 0x7ff7cf1a2f98, READ_PRESENT, "NotMyfault+0x2f98");
    expect_name(names, PROCESS, 0x7ffa3da20000, READ_PRESENT, "ntdll+0x0");
    expect_name(names, PROCESS, 0x12345678, READ_PRESENT, "");
    names_free(names);
    target_close(target);
    machine_destroy(machine);
}

/* The two of one name are told apart, whichever is asked for first. */
static void names_of_wow64(void **state) {
    (void)state;
    struct machine *machine = wow64_machine();
    struct target *target = open_target(machine);
    struct names *names = names_new(target);
    expect_name(names, PROCESS, 0x77c31234, READ_PRESENT, "ntdll_77c30000+0x1234");
    expect_name(names, PROCESS, 0x7ffa3da20010, READ_PRESENT, "ntdll+0x10");
    names_free(names);
    target_close(target);
    machine_destroy(machine);
}

/* An address is not called unknown where the list that would name it cannot be read. */
static void names_where_the_list_is_not_there(void **state) {
    (void)state;
    struct machine *machine = process_machine();
    struct symbols *symbols = symbols_of_10240();
    machine_put(machine, member(symbols, "Peb"), 0x50000000, 8);
    struct target *target = open_target(machine);
    struct names *names = names_new(target);
    expect_name(names, PROCESS, 0x7ffa3dab356a, READ_NOT_MAPPED, "");
    names_free(names);
    target_close(target);
    machine_destroy(machine);
    symbols_free(symbols);
}

/* A process that never had user mode: nothing can name the address, and that is known. */
static void names_of_a_process_without_a_peb(void **state) {
    (void)state;
    struct machine *machine = process_machine();
    struct symbols *symbols = symbols_of_10240();
    machine_put(machine, member(symbols, "Peb"), 0, 8);
    struct target *target = open_target(machine);
    struct names *names = names_new(target);
    expect_name(names, PROCESS, 0x7ffa3dab356a, READ_PRESENT, "");
    names_free(names);
    target_close(target);
    machine_destroy(machine);
    symbols_free(symbols);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_in_the_loaders_order),
        cmocka_unit_test(modules_of_wow64),
        cmocka_unit_test(lists_that_lie),
        cmocka_unit_test(names_without_an_image),
        cmocka_unit_test(names_of_wow64),
        cmocka_unit_test(names_where_the_list_is_not_there),
        cmocka_unit_test(names_of_a_process_without_a_peb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
