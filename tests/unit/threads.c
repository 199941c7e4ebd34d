/* threads.c - section `threads`, on a small kernel of 10240 that is whole or lies. */
#include "test.h"

#include "analyses/assemble.h"
#include "analyses/threads.h"
#include "kernel/handle_service.h"
#include "small_kernel.h"
#include "snapshot_json.h"

#define CSRSS    small_process(2)
#define FRAME(n) (0xffffd00030000c00 + 0x10000 * (uint64_t)(n))
#define ABSENT   0xffffd000f0000000 /* no page is there */
#define THREADS  3

static uint64_t thread(unsigned index) {
    return 0xffffe00000100000 + 0x1000 * (uint64_t)index;
}

struct world {
    struct machine *machine;
    struct symbols *symbols;
};

static void set(struct world *world, uint64_t object, const char *type, const char *path,
                uint64_t value, size_t width) {
    machine_put(world->machine, object + offset_of(world->symbols, type, path), value, width);
}

static void link_list(struct world *world, const char *head, const char *entry, size_t count) {
    uint64_t links[THREADS + 1] = {CSRSS + offset_of(world->symbols, "_EPROCESS", head)};
    for (unsigned i = 0; i < count; i++)
        links[i + 1] = thread(i) + offset_of(world->symbols, "_ETHREAD", entry);
    machine_ring(world->machine, links, count + 1);
}

/* csrss.exe has three threads; the first waits in system call 438. The other processes have none,
 * on lists that are empty. */
static struct world make_world(void) {
    struct world world = {small_kernel(), builtin_symbols("nt-10240-x64")};
    const uint64_t others[] = {NT_IDLE, small_process(0), small_process(1)};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        uint64_t heads[] = {others[i] + offset_of(world.symbols, "_EPROCESS", "ThreadListHead"),
                            others[i] +
                                offset_of(world.symbols, "_EPROCESS", "Pcb.ThreadListHead")};
        machine_ring(world.machine, &heads[0], 1);
        machine_ring(world.machine, &heads[1], 1);
    }
    set(&world, NT_THREAD, "_ETHREAD", "Tcb.Header.Type", 6, 1);
    set(&world, CSRSS, "_EPROCESS", "Pcb.DirectoryTableBase", MACHINE_PML4 * PAGE, 8);
    for (unsigned i = 0; i < THREADS; i++) {
        set(&world, thread(i), "_ETHREAD", "Tcb.Header.Type", 6, 1);
        set(&world, thread(i), "_ETHREAD", "Tcb.State", 5, 1);
        set(&world, thread(i), "_ETHREAD", "Tcb.WaitReason", 15, 1);
        set(&world, thread(i), "_ETHREAD", "Cid.UniqueThread", 0x200 + 4 * i, 8);
        set(&world, thread(i), "_ETHREAD", "StartAddress", NT + NT_SIZE, 8); /* no image */
        set(&world, thread(i), "_ETHREAD", "Win32StartAddress", 0x7ff9a45a5310, 8);
        set(&world, thread(i), "_ETHREAD", "ThreadInserted", 2, 4); /* bit 1 */
    }
    set(&world, thread(0), "_ETHREAD", "Tcb.TrapFrame", FRAME(0), 8);
    set(&world, thread(0), "_ETHREAD", "Tcb.SystemCallNumber", 438, 4);
    set(&world, thread(0), "_ETHREAD", "Tcb.FirstArgument", 92, 8);
    set(&world, FRAME(0), "_KTRAP_FRAME", "Rip", 0x7ff9a7c43d7a, 8);
    set(&world, FRAME(0), "_KTRAP_FRAME", "SegCs", 0x33, 2);
    set(&world, FRAME(0), "_KTRAP_FRAME", "ExceptionActive", 2, 1);
    link_list(&world, "ThreadListHead", "ThreadListEntry", THREADS);
    link_list(&world, "Pcb.ThreadListHead", "Tcb.ThreadListEntry", THREADS);
    return world;
}

static void select_sections(struct assembly *assembly, const char *only) {
    *assembly = (struct assembly){0};
    for (size_t row = 0; analyses[row]; row++)
        assembly->selected[row] = !only || strcmp(analyses[row]->name, only) == 0;
}

/* Takes the world over. */
static json_t *snapshot_of(struct world world, const char *only) {
    struct target *target = machine_open(world.machine);
    struct assembly assembly;
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    target->symbols = world.symbols;
    target->match = MATCH_PROVED;
    select_sections(&assembly, only);
    assemble(target, &assembly, NULL, &text);
    target_close(target);
    machine_destroy(world.machine);
    json_t *snapshot = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(snapshot);
    return snapshot;
}

/* ---- what is said of a thread ---- */

static void thread_is_told_whole(void **state) {
    (void)state;
    json_t *snapshot = snapshot_of(make_world(), NULL);
    expect(snapshot, "processes.2.name", "\"csrss.exe\"");
    assert_int_equal(json_array_size(at(snapshot, "processes.2.threads")), THREADS);
    expect(snapshot, "processes.2.threads.0.address", "\"0xffffe00000100000\"");
    expect(snapshot, "processes.2.threads.0.tid", "512");
    expect(snapshot, "processes.2.threads.0.state", "\"Waiting\"");
    expect(snapshot, "processes.2.threads.0.wait_reason", "\"WrQueue\"");
    expect(snapshot, "processes.2.threads.0.trap_frame", "\"0xffffd00030000c00\"");
    expect(snapshot, "processes.2.threads.0.rip.address", "\"0x00007ff9a7c43d7a\"");
    expect(snapshot, "processes.2.threads.0.start.address", "\"0xfffff80229410000\"");
    expect(snapshot, "processes.2.threads.0.win32_start.address", "\"0x00007ff9a45a5310\"");
    expect(snapshot, "processes.2.threads.0.system_call.number", "438");
    expect(snapshot, "processes.2.threads.0.system_call.first_argument", "\"0x5c\"");
    /* No trap frame: it never came from user mode. */
    expect(snapshot, "processes.2.threads.1.trap_frame", "\"0x0000000000000000\"");
    expect(snapshot, "processes.2.threads.1.rip", "nothing");
    expect(snapshot, "processes.2.threads.1.system_call", "nothing");
    expect(snapshot, "processes.0.threads", "[]");
    assert_null(finding(snapshot, "thread.hidden"));
    assert_null(finding(snapshot, "list.broken"));
    json_decref(snapshot);
}

/* Its kernel stack is not there: what hangs on it is null, and counted. */
static void stack_that_is_not_there_is_null(void **state) {
    (void)state;
    struct world world = make_world();
    set(&world, thread(0), "_ETHREAD", "Tcb.TrapFrame", ABSENT, 8);
    json_t *snapshot = snapshot_of(world, NULL);
    expect(snapshot, "processes.2.threads.0.trap_frame", "\"0xffffd000f0000000\"");
    expect(snapshot, "processes.2.threads.0.rip", "null");
    expect(snapshot, "processes.2.threads.0.system_call", "null");
    expect(snapshot, "coverage.sections.threads.status", "\"partial\"");
    expect(snapshot, "coverage.sections.threads.unreadable.not-mapped", "2");
    json_decref(snapshot);
}

static void values_of_no_name_are_null(void **state) {
    (void)state;
    struct world world = make_world();
    set(&world, thread(0), "_ETHREAD", "Tcb.State", 77, 1);
    set(&world, thread(0), "_ETHREAD", "Tcb.WaitReason", 200, 1);
    json_t *snapshot = snapshot_of(world, NULL);
    expect(snapshot, "processes.2.threads.0.state", "null");
    expect(snapshot, "processes.2.threads.0.wait_reason", "null");
    expect(snapshot, "coverage.sections.threads.unreadable.bad-value", "2");
    json_decref(snapshot);
}

/* ---- lists that lie ---- */

static void thread_off_a_list_is_hidden(void **state) {
    (void)state;
    static const char *const lists[][2] = {{"ThreadListHead", "ThreadListEntry"},
                                           {"Pcb.ThreadListHead", "Tcb.ThreadListEntry"}};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        struct world world = make_world();
        link_list(&world, lists[i][0], lists[i][1], THREADS - 1);
        json_t *snapshot = snapshot_of(world, NULL);
        assert_int_equal(json_array_size(at(snapshot, "processes.2.threads")), THREADS);
        expect_finding(snapshot, "thread.hidden", "subject", "\"csrss.exe (0x1f8)\"");
        expect_finding(snapshot, "thread.hidden", "evidence.address", "\"0xffffe00000102000\"");
        expect_finding(snapshot, "thread.hidden", "evidence.tid", "520");
        expect_finding(snapshot, "thread.hidden", "evidence.on_executive_list",
                       i == 0 ? "false" : "true");
        expect_finding(snapshot, "thread.hidden", "evidence.on_scheduler_list",
                       i == 0 ? "true" : "false");
        json_decref(snapshot);
    }
}

/* A thread that has ended has left the scheduler's list; one that was not inserted yet is on none
 * but that; and a list that breaks tells nothing. */
static void thread_off_a_list_may_be_right(void **state) {
    (void)state;
    struct world world = make_world();
    link_list(&world, "Pcb.ThreadListHead", "Tcb.ThreadListEntry", THREADS - 1);
    set(&world, thread(2), "_ETHREAD", "Tcb.State", 4, 1);
    json_t *snapshot = snapshot_of(world, NULL);
    assert_null(finding(snapshot, "thread.hidden"));
    expect(snapshot, "processes.2.threads.2.benign", "\"terminated\"");
    expect(snapshot, "processes.2.threads.1.benign", "nothing");
    json_decref(snapshot);
    world = make_world();
    link_list(&world, "ThreadListHead", "ThreadListEntry", THREADS - 1);
    set(&world, thread(2), "_ETHREAD", "ThreadInserted", 0, 4);
    snapshot = snapshot_of(world, NULL);
    assert_null(finding(snapshot, "thread.hidden"));
    expect(snapshot, "processes.2.threads.2.benign", "\"being-created\"");
    json_decref(snapshot);
    world = make_world();
    set(&world, thread(1), "_ETHREAD", "ThreadListEntry.Flink", ABSENT, 8);
    set(&world, thread(2), "_ETHREAD", "ThreadListEntry.Blink", ABSENT, 8);
    snapshot = snapshot_of(world, NULL);
    assert_null(finding(snapshot, "thread.hidden"));
    expect_finding(snapshot, "list.broken", "subject", "\"ThreadListHead of csrss.exe (0x1f8)\"");
    expect(snapshot, "coverage.sections.threads.status", "\"partial\"");
    json_decref(snapshot);
}

static void entry_that_is_no_thread_is_told(void **state) {
    (void)state;
    struct world world = make_world();
    set(&world, thread(1), "_ETHREAD", "Tcb.Header.Type", 3, 1);
    json_t *snapshot = snapshot_of(world, NULL);
    assert_int_equal(json_array_size(at(snapshot, "processes.2.threads")), THREADS - 1);
    expect_finding(snapshot, "list.strange-entry", "evidence.address", "\"0xffffe00000101000\"");
    expect_finding(snapshot, "list.strange-entry", "subject",
                   "\"ThreadListHead of csrss.exe (0x1f8)\"");
    json_decref(snapshot);
    world = make_world();
    set(&world, NT_THREAD, "_ETHREAD", "Tcb.Header.Type", 0, 1);
    snapshot = snapshot_of(world, NULL);
    expect_finding(snapshot, "list.strange-entry", "subject", "\"_KPRCB.CurrentThread\"");
    json_decref(snapshot);
}

static void head_that_is_not_there_is_null(void **state) {
    (void)state;
    struct world world = make_world();
    uint64_t head = CSRSS + offset_of(world.symbols, "_EPROCESS", "ThreadListHead");
    machine_put(world.machine, head, ABSENT, 8);
    machine_put(world.machine, head + 8, ABSENT, 8);
    link_list(&world, "Pcb.ThreadListHead", "Tcb.ThreadListEntry", 0);
    json_t *snapshot = snapshot_of(world, NULL);
    expect(snapshot, "processes.2.threads", "[]");
    expect_finding(snapshot, "list.broken", "subject", "\"ThreadListHead of csrss.exe (0x1f8)\"");
    json_decref(snapshot);
}

/* ---- the section itself ---- */

static void part_needs_its_section(void **state) {
    (void)state;
    json_t *snapshot = snapshot_of(make_world(), "threads");
    expect(snapshot, "processes", "nothing");
    expect(snapshot, "coverage.sections.threads.status", "\"unavailable\"");
    json_decref(snapshot);
    snapshot = snapshot_of(make_world(), "processes");
    expect(snapshot, "processes.2.threads", "nothing");
    expect(snapshot, "coverage.sections.threads.reason", "\"not extracted\"");
    json_decref(snapshot);
}

/* ---- words ---- */

static const char *reason(const struct wait_reasons *reasons, size_t value) {
    return value < reasons->enumeration.count ? reasons->names[value] : "";
}

static void wait_reasons_are_the_builds(void **state) {
    (void)state;
    static const struct {
        const char *profile, *of_14, *of_21, *of_36, *of_38, *of_39;
    } builds[] = {
        {"nt-2600-x86", "WrEventPair", "Spare2", "", "", ""},
        {"nt-7601-x64", "WrEventPair", "WrKeyedEvent", "WrRundown", "", ""},
        {"nt-9600-x64", "WrSpare0", "WrKeyedEvent", "WrRundown", "WrDeferredPreempt", ""},
        {"nt-10240-x64", "WrSpare0", "WrKeyedEvent", "WrRundown", "WrDeferredPreempt", ""},
        {"nt-17763-x64", "WrSpare0", "WrKeyedEvent", "WrRundown", "WrDeferredPreempt",
         "WrPhysicalFault"},
        {"ntkrnlmp-19041.508-x64", "", "", "", "", ""}, /* its own enumeration */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(builds); i++) {
        struct symbols *symbols = builtin_symbols(builds[i].profile);
        struct wait_reasons reasons;
        wait_reasons_init(&reasons, &(struct target){.symbols = symbols});
        assert_string_equal(reason(&reasons, 14), builds[i].of_14);
        assert_string_equal(reason(&reasons, 21), builds[i].of_21);
        assert_string_equal(reason(&reasons, 36), builds[i].of_36);
        assert_string_equal(reason(&reasons, 38), builds[i].of_38);
        assert_string_equal(reason(&reasons, 39), builds[i].of_39);
        symbols_free(symbols);
    }
}

static void services_that_take_handles(void **state) {
    (void)state;
    static const char *const takers[] = {"NtAcquireCrossVmMutant", "NtClose",
                                         "NtDeviceIoControlFile",  "NtReadFile",
                                         "NtWaitForSingleObject",  "NtWaitForWorkViaWorkerFactory",
                                         "NtWriteVirtualMemory"};
    static const char *const others[] = {"NtQuerySystemInformation",
                                         "NtDelayExecution",
                                         "NtOpenFile",
                                         "NtWaitForMultipleObjects",
                                         "",
                                         "Zw"};
    for (size_t i = 0; i < ARRAY_LENGTH(takers); i++)
        assert_true(service_takes_handle(takers[i]));
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_false(service_takes_handle(others[i]));
}

/* The processor's wait list has thread 3, which belongs to `process`. */
static void put_waiting(struct world *world, uint64_t process) {
    uint64_t links[] = {NT_PRCB + offset_of(world->symbols, "_KPRCB", "WaitListHead"),
                        thread(3) + offset_of(world->symbols, "_KTHREAD", "WaitListEntry")};
    machine_ring(world->machine, links, ARRAY_LENGTH(links));
    set(world, thread(3), "_ETHREAD", "Tcb.Header.Type", 6, 1);
    set(world, thread(3), "_ETHREAD", "Tcb.State", 5, 1);
    set(world, thread(3), "_ETHREAD", "Tcb.Process", process, 8);
    set(world, thread(3), "_ETHREAD", "Cid.UniqueThread", 0x20c, 8);
    set(world, thread(3), "_ETHREAD", "ThreadInserted", 2, 4);
}

static json_t *snapshot_with_waiting(struct world world, uint64_t process) {
    put_waiting(&world, process);
    return snapshot_of(world, NULL);
}

static void thread_of_the_dispatcher_alone_is_hidden(void **state) {
    (void)state;
    json_t *snapshot = snapshot_with_waiting(make_world(), CSRSS);
    expect(snapshot, "processes.2.threads.3.address", "\"0xffffe00000103000\"");
    expect_finding(snapshot, "thread.hidden", "subject", "\"csrss.exe (0x1f8)\"");
    expect_finding(snapshot, "thread.hidden", "evidence.tid", "524");
    expect_finding(snapshot, "thread.hidden", "evidence.seen_on", "[\"wait_list\"]");
    expect_finding(snapshot, "thread.hidden", "evidence.missing_from",
                   "[\"thread_list_head\",\"scheduler_list\"]");
    assert_null(finding(snapshot, "thread.orphan"));
    json_decref(snapshot);
}

/* What waits runs again: that it has ended, or was not inserted yet, has been written over it. */
static void thread_of_the_dispatcher_has_no_reason(void **state) {
    (void)state;
    static const struct {
        const char *member;
        uint64_t value;
        uint32_t size;
    } written[] = {{"Tcb.State", 4, 1}, {"Tcb.State", 0, 1}, {"ThreadInserted", 0, 4}};
    for (size_t i = 0; i < ARRAY_LENGTH(written); i++) {
        struct world world = make_world();
        put_waiting(&world, CSRSS);
        set(&world, thread(3), "_ETHREAD", written[i].member, written[i].value, written[i].size);
        json_t *snapshot = snapshot_of(world, NULL);
        expect_finding(snapshot, "thread.hidden", "evidence.tid", "524");
        expect(snapshot, "processes.2.threads.3.benign", "nothing");
        json_decref(snapshot);
    }
}

/* Somebody has written over the dispatcher header of its process. */
static void thread_of_no_process_is_told(void **state) {
    (void)state;
    struct world world = make_world();
    set(&world, small_process(3), "_EPROCESS", "Pcb.Header.Type", 5, 1);
    json_t *snapshot = snapshot_with_waiting(world, small_process(3));
    expect_finding(snapshot, "thread.orphan", "subject", "\"thread 0x20c\"");
    expect_finding(snapshot, "thread.orphan", "evidence.address", "\"0xffffe00000103000\"");
    expect_finding(snapshot, "thread.orphan", "evidence.process", "\"0xffffe00000013000\"");
    expect_finding(snapshot, "thread.orphan", "evidence.seen_on", "[\"wait_list\"]");
    json_decref(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_is_told_whole),
        cmocka_unit_test(stack_that_is_not_there_is_null),
        cmocka_unit_test(values_of_no_name_are_null),
        cmocka_unit_test(thread_off_a_list_is_hidden),
        cmocka_unit_test(thread_off_a_list_may_be_right),
        cmocka_unit_test(thread_of_the_dispatcher_alone_is_hidden),
        cmocka_unit_test(thread_of_the_dispatcher_has_no_reason),
        cmocka_unit_test(thread_of_no_process_is_told),
        cmocka_unit_test(entry_that_is_no_thread_is_told),
        cmocka_unit_test(head_that_is_not_there_is_null),
        cmocka_unit_test(part_needs_its_section),
        cmocka_unit_test(wait_reasons_are_the_builds),
        cmocka_unit_test(services_that_take_handles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
