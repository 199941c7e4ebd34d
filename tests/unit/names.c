/* names.c - modules of a process and names of addresses, on a small kernel of 10240 whose csrss.exe
 * has loaded an ntdll.dll, and whose lists may lie. */
#include "test.h"

#include <unistd.h>

#include "base/memory.h"
#include "kernel/names.h"
#include "kernel/user_modules.h"
#include "small_kernel.h"
#include "small_pe.h"

#define CSRSS  small_process(2)
#define SYSTEM small_process(0)
#define PEB    0x000000007ffd0000
#define PEB32  0x000000007ffde000
#define LDR    0x0000000000201000
#define LDR32  0x0000000000205000
#define ABSENT 0x0000000006660000 /* no page is there */
#define NTDLL  0x00007ffdb2450000
#define OTHER  0x00007ffdb1000000 /* a module that is not in memory */
#define NARROW 0x0000000077000000

static uint64_t entry(unsigned index) {
    return LDR + 0x100 + 0x100 * (uint64_t)index;
}

struct world {
    struct machine *machine;
    struct symbols *symbols;
    struct target *target;
};

static void set(struct world *world, const char *path, uint64_t value) {
    machine_put(world->machine, CSRSS + offset_of(world->symbols, "_EPROCESS", path), value, 8);
}

/* A UNICODE_STRING at `at`, its text behind it. */
static void put_name(struct machine *machine, uint64_t at, const char *name, unsigned pointer) {
    size_t length = strlen(name);
    machine_put(machine, at, 2 * length, 2);
    machine_put(machine, at + 2, 2 * length + 2, 2);
    machine_put(machine, at + pointer, at + 0x20, pointer);
    for (size_t i = 0; i < length; i++)
        machine_put(machine, at + 0x20 + 2 * i, (uint8_t)name[i], 2);
}

/* Offsets of _LDR_DATA_TABLE_ENTRY of 64 bits. */
static void put_module(struct machine *machine, unsigned index, uint64_t base, uint32_t size,
                       const char *name) {
    machine_put(machine, entry(index) + 0x30, base, 8);
    machine_put(machine, entry(index) + 0x40, size, 4);
    put_name(machine, entry(index) + 0x58, name, 8);
}

static void put_file(struct machine *machine, uint64_t base, struct small_pe *pe) {
    machine_write(machine, base, pe->bytes, PE_RAW);
    machine_write(machine, base + PE_CODE, pe->bytes + PE_RAW, PE_FILE_SIZE - PE_RAW);
    free(pe);
}

static void ring(struct machine *machine) {
    const uint64_t links[] = {LDR + 0x10, entry(0), entry(1)};
    machine_ring(machine, links, ARRAY_LENGTH(links));
}

static struct world make_world(void) {
    struct world world = {small_kernel(), builtin_symbols("nt-10240-x64"), NULL};
    struct machine *machine = world.machine;
    set(&world, "Pcb.DirectoryTableBase", MACHINE_PML4 * PAGE);
    set(&world, "Peb", PEB);
    machine_put(machine, PEB + 0x18, LDR, 8);
    put_module(machine, 0, NTDLL, PE_IMAGE_SIZE, "ntdll.dll");
    put_module(machine, 1, OTHER, 0x2000, "other.v2.dll");
    put_file(machine, NTDLL, pe_ntdll());
    ring(machine);
    return world;
}

static void open_world(struct world *world) {
    world->target = machine_open(world->machine);
    world->target->symbols = world->symbols;
    world->target->match = MATCH_PROVED;
}

static void close_world(struct world *world) {
    target_close(world->target);
    machine_destroy(world->machine);
}

static void expect_name(struct names *names, uint64_t process, uint64_t address,
                        enum read_state state, const char *expected) {
    struct text name AUTO(text_deinit) = TEXT_EMPTY;
    assert_int_equal(names_of(names, process, address, &name), state);
    assert_string_equal(name.data, expected);
}

/* ---- names ---- */

static void exports_name_addresses(void **state) {
    (void)state;
    struct world world = make_world();
    open_world(&world);
    struct names *names = names_new(world.target);
    expect_name(names, CSRSS, NTDLL + PE_CODE + 3 * PE_STRIDE + 0xa, READ_PRESENT,
                "ntdll!NtReadFile+0xa");
    expect_name(names, CSRSS, NTDLL + PE_CODE, READ_PRESENT, "ntdll!NtAccessCheck");
    expect_name(names, CSRSS, NTDLL + 0x10, READ_PRESENT, "ntdll+0x10");
    expect_name(names, CSRSS, NTDLL, READ_PRESENT, "ntdll+0x0");
    expect_name(names, CSRSS, OTHER + 0x1f98, READ_PRESENT, "other.v2+0x1f98");
    expect_name(names, CSRSS, OTHER + 0x2000, READ_PRESENT, "");
    expect_name(names, CSRSS, NTDLL - 1, READ_PRESENT, "");
    /* No process, none with a PEB, and back again. */
    expect_name(names, 0, NTDLL + PE_CODE, READ_PRESENT, "");
    expect_name(names, SYSTEM, NTDLL + PE_CODE, READ_BAD_VALUE, "");
    expect_name(names, CSRSS, NTDLL + PE_CODE, READ_PRESENT, "ntdll!NtAccessCheck");
    struct named_module module;
    assert_int_equal(names_module(names, CSRSS, NTDLL + 5, &module), READ_PRESENT);
    assert_string_equal(module.file, "ntdll.dll");
    assert_int_equal(module.base, NTDLL);
    assert_int_equal(names_module(names, CSRSS, NTDLL - 1, &module), READ_PRESENT);
    assert_null(module.name);
    names_free(names);
    close_world(&world);
}

static void kernel_is_called_nt(void **state) {
    (void)state;
    struct world world = make_world();
    open_world(&world);
    struct names *names = names_new(world.target);
    expect_name(names, 0, NT + 0x1400, READ_PRESENT, "nt+0x1400");
    expect_name(names, CSRSS, NT + 0x1400, READ_PRESENT, "nt+0x1400");
    names_free(names);
    close_world(&world);
}

static void write_symbols(const char *path, const char *guid) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "{\"arch\":\"x64\",\"build\":10240,\"name\":\"ntdll\",\"origin\":\"a test\","
            "\"pdb\":{\"age\":1,\"guid\":\"%s\",\"name\":\"ntdll.pdb\"},"
            "\"precision\":{\"enums\":true,\"kinds\":true,\"pointees\":true},\"revision\":null,"
            "\"schema\":\"ntdrift-profile/1\",\"symbols\":{\"AaaLast\":\"0x1200\","
            "\"FarAway\":\"0x100000\",\"TppWorkerThread\":\"0x1200\"},\"types\":{}}",
            guid);
    assert_int_equal(fclose(file), 0);
}

static void expect_with_symbols(const char *guid, const char *expected) {
    char path[64];
    struct world world = make_world();
    snprintf(path, sizeof path, "names-%d.json", (int)getpid());
    write_symbols(path, guid);
    open_world(&world);
    world.target->symbol_paths = xcalloc(1, sizeof *world.target->symbol_paths);
    world.target->symbol_paths[world.target->symbol_path_count++] = xstrdup(path);
    struct names *names = names_new(world.target);
    expect_name(names, CSRSS, NTDLL + 0x1234, READ_PRESENT, expected);
    /* An export that is nearer than any symbol of a file that has only some. */
    expect_name(names, CSRSS, NTDLL + PE_CODE + 3 * PE_STRIDE, READ_PRESENT, "ntdll!NtReadFile");
    names_free(names);
    close_world(&world);
    unlink(path);
}

/* Of two names at one address the first in byte order; a file of another PDB names nothing. */
static void symbols_of_this_very_pdb_name_more(void **state) {
    (void)state;
    expect_with_symbols(PE_GUID, "ntdll!AaaLast+0x34");
    expect_with_symbols("00000000000000000000000000000000", "ntdll!ZwReadFile+0xb4");
}

/* ---- lists ---- */

static enum read_state list_state(struct world *world, size_t count, struct module_list *seen) {
    struct module_list list;
    open_world(world);
    struct vm *space = process_space(world->target, CSRSS);
    assert_non_null(space);
    user_modules_read(world->target, CSRSS, space, &list);
    enum read_state state = list.state;
    assert_int_equal(list.count, count);
    if (seen)
        *seen = list;
    else
        module_list_deinit(&list);
    vm_destroy(space);
    close_world(world);
    return state;
}

static void loader_of_both_widths(void **state) {
    (void)state;
    struct world world = make_world();
    struct module_list list;
    uint64_t first = LDR32 + 0x100;
    set(&world, "Wow64Process", PEB32);
    machine_put(world.machine, PEB32 + 0xc, LDR32, 4);
    machine_put(world.machine, LDR32 + 0xc, first, 4);
    machine_put(world.machine, LDR32 + 0x10, first, 4);
    machine_put(world.machine, first, LDR32 + 0xc, 4);
    machine_put(world.machine, first + 4, LDR32 + 0xc, 4);
    machine_put(world.machine, first + 0x18, NARROW, 4);
    machine_put(world.machine, first + 0x20, 0x1000, 4);
    put_name(world.machine, first + 0x2c, "ntdll.dll", 4);
    assert_int_equal(list_state(&world, 3, &list), READ_PRESENT);
    assert_false(module_list_at(&list, NTDLL)->wow64);
    assert_true(module_list_at(&list, NARROW + 0xfff)->wow64);
    assert_null(module_list_at(&list, NARROW + 0x1000));
    module_list_deinit(&list);
}

static void process_without_modules(void **state) {
    (void)state;
    struct world world = make_world();
    set(&world, "Peb", 0);
    assert_int_equal(list_state(&world, 0, NULL), READ_PRESENT);
    world = make_world();
    machine_put(world.machine, PEB + 0x18, 0, 8); /* it has not run yet */
    assert_int_equal(list_state(&world, 0, NULL), READ_PRESENT);
}

static void what_is_not_there_is_said(void **state) {
    (void)state;
    struct world world = make_world();
    set(&world, "Peb", ABSENT);
    open_world(&world);
    struct names *names = names_new(world.target);
    expect_name(names, CSRSS, NTDLL + PE_CODE, READ_NOT_MAPPED, "");
    names_free(names);
    close_world(&world);
    world = make_world();
    machine_put(world.machine, entry(0), ABSENT, 8); /* what was before it stays known */
    assert_int_equal(list_state(&world, 1, NULL), READ_NOT_MAPPED);
}

/* A process can write what it likes into its lists. */
static void lists_that_lie_end(void **state) {
    (void)state;
    struct world world = make_world();
    machine_put(world.machine, entry(1), entry(0), 8); /* a cycle that leaves the head out */
    assert_int_equal(list_state(&world, 2, NULL), READ_BAD_VALUE);
    world = make_world();
    machine_put(world.machine, entry(0), entry(0), 8); /* its own successor */
    assert_int_equal(list_state(&world, 1, NULL), READ_BAD_VALUE);
    world = make_world();
    machine_put(world.machine, entry(1) + 8, ABSENT, 8); /* it does not lead back */
    assert_int_equal(list_state(&world, 1, NULL), READ_BAD_VALUE);
    world = make_world();
    machine_put(world.machine, entry(0), NT_MODULE, 8); /* into the kernel */
    assert_int_equal(list_state(&world, 1, NULL), READ_BAD_VALUE);
    world = make_world();
    set(&world, "Peb", NT); /* a PEB in the kernel */
    assert_int_equal(list_state(&world, 0, NULL), READ_BAD_VALUE);
    world = make_world();
    machine_put(world.machine, entry(1) + 0x30, UINT64_MAX, 8); /* an image that wraps around */
    assert_int_equal(list_state(&world, 1, NULL), READ_PRESENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exports_name_addresses),
        cmocka_unit_test(kernel_is_called_nt),
        cmocka_unit_test(symbols_of_this_very_pdb_name_more),
        cmocka_unit_test(loader_of_both_widths),
        cmocka_unit_test(process_without_modules),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(lists_that_lie_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
