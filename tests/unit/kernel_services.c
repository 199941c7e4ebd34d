/* kernel_services.c - tests of the tables of system services: found with symbols and without, their
 * entries, names, services that lead elsewhere, the table in session space. */
#include "test.h"

#include "base/memory.h"
#include "kernel/services.h"
#include "small_kernel.h"

#define TABLE       (NT + 0x7100) /* KiServiceTable */
#define PLAIN       (NT + 0x7200) /* KeServiceDescriptorTable */
#define SHADOW      (NT + 0x7280) /* KeServiceDescriptorTableShadow */
#define ENTRY       (NT + 0x8ff8) /* the two instructions, over a page's border */
#define WIN32K      0xfffff90100000000
#define WIN32K_SIZE 0x3000
#define W32P_TABLE  (WIN32K + 0x1000)
#define DRIVER      0xfffff90104000000

static uint32_t coded(uint64_t table, uint64_t service, unsigned arguments) {
    return (uint32_t)((service - table) << 4) | arguments;
}

static void put_descriptor(struct machine *machine, uint64_t address, uint64_t base,
                           uint32_t limit) {
    machine_put(machine, address, base, 8);
    machine_put(machine, address + 16, limit, 4);
    machine_put(machine, address + 24, base + 4 * limit + 4, 8);
}

/* lea r10, [PLAIN]; lea r11, [SHADOW] */
static void put_entry(struct machine *machine, uint64_t at) {
    machine_write(machine, at, "\x4c\x8d\x15", 3);
    machine_put(machine, at + 3, PLAIN - (at + 7), 4);
    machine_write(machine, at + 7, "\x4c\x8d\x1d", 3);
    machine_put(machine, at + 10, SHADOW - (at + 14), 4);
}

static void put_module(struct machine *machine, uint64_t entry, uint64_t base, uint32_t size,
                       const char *name) {
    size_t length = strlen(name);
    machine_put(machine, entry + 0x30, base, 8);
    machine_put(machine, entry + 0x40, size, 4);
    machine_put(machine, entry + 0x58, 2 * length, 2);
    machine_put(machine, entry + 0x5a, 2 * length, 2);
    machine_put(machine, entry + 0x60, entry + 0x100, 8);
    for (size_t i = 0; i < length; i++)
        machine_put(machine, entry + 0x100 + 2 * i, (unsigned char)name[i], 2);
}

/* Three services, one of them below the table; one section of code. */
static struct machine *service_machine(void) {
    struct machine *machine = small_kernel();
    machine_put(machine, NT + 0x86, 1, 2);    /* NumberOfSections */
    machine_put(machine, NT + 0x94, 0xf0, 2); /* SizeOfOptionalHeader */
    machine_write(machine, NT + 0x188, ".text", 5);
    machine_put(machine, NT + 0x188 + 8, 0x3000, 4); /* VirtualSize */
    machine_put(machine, NT + 0x188 + 12, 0x8000, 4);
    machine_put(machine, NT + 0x188 + 36, 0x60000020, 4);
    machine_put(machine, TABLE, coded(TABLE, NT + 0x9100, 4), 4);
    machine_put(machine, TABLE + 4, coded(TABLE, NT + 0x1800, 0), 4);
    machine_put(machine, TABLE + 8, coded(TABLE, NT + 0x9200, 15), 4);
    put_descriptor(machine, PLAIN, TABLE, 3);
    put_descriptor(machine, SHADOW, TABLE, 3);
    put_descriptor(machine, SHADOW + 0x20, W32P_TABLE, 2);
    put_entry(machine, ENTRY);
    put_module(machine, NT_MODULE, NT, NT_SIZE, "ntoskrnl.exe");
    put_module(machine, NT_MODULE + 0x400, WIN32K, WIN32K_SIZE, "win32k.sys");
    put_module(machine, NT_MODULE + 0x800, DRIVER, 0x1000, "rootkit.sys");
    machine_ring(machine, (uint64_t[]){NT_MODULES, NT_MODULE, NT_MODULE + 0x400, NT_MODULE + 0x800},
                 4);
    return machine;
}

/* The profile as proved or, where there are addresses of symbols, as exact. */
static struct target *open_machine(struct machine *machine, const char *addresses) {
    struct error err;
    struct symbols *symbols;
    struct target *target = machine_open(machine);
    const char *json = profile_find("nt-10240-x64")->json, *none = "\"symbols\": {}";
    const char *at = strstr(json, none);
    assert_non_null(at);
    AUTO_FREE char *text = xasprintf("%.*s\"symbols\": {%s}%s", (int)(at - json), json,
                                     addresses ? addresses : "", at + strlen(none));
    assert_int_equal(symbols_parse(&err, "own", text, strlen(text), &symbols), STATUS_OK);
    target->symbols = symbols;
    target->match = addresses ? MATCH_EXACT : MATCH_PROVED;
    return target;
}

static struct services *read_services(const struct target *target) {
    uint64_t processes[] = {small_process(0), small_process(1), small_process(2)};
    return services_read(target, processes, 3);
}

static void finish(struct services *services, struct target *target, struct machine *machine) {
    services_free(services);
    target_close(target);
    machine_destroy(machine);
}

static void assert_service(const struct service *service, uint64_t address, unsigned arguments) {
    assert_int_equal(service->state, READ_PRESENT);
    assert_int_equal(service->address, address);
    assert_int_equal(service->arguments, arguments);
}

static void assert_nt(const struct service_table *table, const char *found_by) {
    assert_string_equal(table->found_by, found_by);
    assert_int_equal(table->address, TABLE);
    assert_int_equal(table->count, 3);
    assert_service(&table->items[0], NT + 0x9100, 4);
    assert_service(&table->items[1], NT + 0x1800, 0);
    assert_service(&table->items[2], NT + 0x9200, 15);
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(table->items[i].module, "ntoskrnl.exe");
        assert_int_equal(table->items[i].rva, table->items[i].address - NT);
        assert_false(table->items[i].is_foreign);
    }
}

static void test_by_the_system_call_entry(void **state) {
    (void)state;
    struct machine *machine = service_machine();
    struct target *target = open_machine(machine, NULL);
    struct services *services = read_services(target);
    const struct service_table *table = services_table(services, SERVICES_NT);
    assert_nt(table, "system call entry");
    assert_int_equal(table->descriptor, PLAIN);
    assert_null(table->items[0].name);
    struct text name = TEXT_EMPTY;
    assert_false(services_name(services, 0, &name));
    finish(services, target, machine);
}

/* The same instructions in what is no code, or with operands that are no tables. */
static void test_no_system_call_entry(void **state) {
    (void)state;
    struct machine *machine = service_machine();
    machine_write(machine, ENTRY, "\x90\x90\x90", 3);
    put_entry(machine, NT + 0xc000);
    machine_write(machine, NT + 0x8100, "\x4c\x8d\x15\x00\x01\x00\x00\x4c\x8d\x1d\x00\x02\x00\x00",
                  14);
    struct target *target = open_machine(machine, NULL);
    struct services *services = read_services(target);
    const struct service_table *table = services_table(services, SERVICES_NT);
    assert_null(table->found_by);
    assert_int_equal(table->count, 0);
    assert_non_null(strstr(table->problem, "system call entry: none was found in the code"));
    assert_non_null(strstr(table->problem, "ServiceTable: this build has no such member"));
    finish(services, target, machine);
}

static const char addresses[] = "\"AlsoThere\": \"0x9100\", "
                                "\"KeServiceDescriptorTable\": \"0x7200\", "
                                "\"KeServiceDescriptorTableShadow\": \"0x7280\", "
                                "\"NtAccessCheck\": \"0x9100\", \"NtClose\": \"0x9200\"";

static void test_by_symbols(void **state) {
    (void)state;
    struct machine *machine = service_machine();
    machine_write(machine, ENTRY, "\x90\x90\x90", 3);
    struct target *target = open_machine(machine, addresses);
    struct services *services = read_services(target);
    const struct service_table *table = services_table(services, SERVICES_NT);
    assert_nt(table, "symbols");
    assert_string_equal(table->items[0].name, "NtAccessCheck");
    assert_string_equal(table->items[0].name_source, "symbols");
    assert_null(table->items[1].name);
    assert_string_equal(table->items[2].name, "NtClose");
    AUTO(text_deinit) struct text name = TEXT_EMPTY;
    assert_true(services_name(services, 2, &name));
    assert_string_equal(name.data, "NtClose");
    assert_false(services_name(services, 3, &name));
    assert_false(services_name(services, UINT64_MAX, &name));
    finish(services, target, machine);
}

static void test_services_that_lead_elsewhere(void **state) {
    (void)state;
    struct machine *machine = service_machine();
    machine_put(machine, TABLE + 4, coded(TABLE, NT + NT_SIZE + 0x100, 0), 4);
    struct target *target = open_machine(machine, addresses);
    struct services *services = read_services(target);
    const struct service_table *table = services_table(services, SERVICES_NT);
    assert_false(table->items[0].is_foreign);
    assert_true(table->items[1].is_foreign);
    assert_null(table->items[1].module);
    finish(services, target, machine);
}

/* Maps win32k.sys in the address space of csrss.exe alone, by a PML4 of its own. */
static void put_session(struct machine *machine) {
    struct symbols *symbols = builtin_symbols("nt-10240-x64");
    uint64_t process = small_process(2);
    machine_put(machine, process + offset_of(symbols, "_EPROCESS", "Session"), NT_LIST, 8);
    machine_put(machine, W32P_TABLE, coded(W32P_TABLE, WIN32K + 0x2000, 3), 4);
    machine_put(machine, W32P_TABLE + 4, coded(W32P_TABLE, DRIVER, 1), 4);
    uint64_t own = ++machine->used;
    machine_put(machine, process + offset_of(symbols, "_EPROCESS", "Pcb.DirectoryTableBase"),
                own * PAGE | 2, 8);
    memcpy(machine->frames[own], machine->frames[MACHINE_PML4], PAGE);
    memset(machine->frames[MACHINE_PML4] + 8 * (WIN32K >> 39 & 511), 0, 8);
    symbols_free(symbols);
}

static void test_table_in_session_space(void **state) {
    (void)state;
    struct machine *machine = service_machine();
    put_session(machine);
    struct target *target = open_machine(machine, NULL);
    struct services *services = read_services(target);
    const struct service_table *table = services_table(services, SERVICES_WIN32K);
    assert_string_equal(table->found_by, "system call entry");
    assert_int_equal(table->descriptor, SHADOW + 0x20);
    assert_int_equal(table->first, 0x1000);
    assert_int_equal(table->process, small_process(2));
    assert_int_equal(table->count, 2);
    assert_service(&table->items[0], WIN32K + 0x2000, 3);
    assert_string_equal(table->items[0].module, "win32k.sys");
    assert_false(table->items[0].is_foreign);
    assert_service(&table->items[1], DRIVER, 1);
    assert_string_equal(table->items[1].module, "rootkit.sys");
    assert_true(table->items[1].is_foreign);
    finish(services, target, machine);
}

/* Its pages are nowhere in the dump: where it is and how long is known all the same. */
static void test_table_that_is_not_in_the_dump(void **state) {
    (void)state;
    struct machine *machine = service_machine();
    struct target *target = open_machine(machine, NULL);
    struct services *services = read_services(target);
    const struct service_table *table = services_table(services, SERVICES_WIN32K);
    assert_int_equal(table->address, W32P_TABLE);
    assert_int_equal(table->count, 2);
    assert_int_equal(table->process, 0);
    assert_int_equal(table->items[0].state, READ_NOT_MAPPED);
    assert_false(table->items[0].is_foreign);
    finish(services, target, machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_the_system_call_entry),
        cmocka_unit_test(test_no_system_call_entry),
        cmocka_unit_test(test_by_symbols),
        cmocka_unit_test(test_services_that_lead_elsewhere),
        cmocka_unit_test(test_table_in_session_space),
        cmocka_unit_test(test_table_that_is_not_in_the_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
