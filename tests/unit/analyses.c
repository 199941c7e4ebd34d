/* analyses.c - the sections of a snapshot, on a kernel of a few pages that is whole or lies. */
#include "test.h"

#include <string.h>

#include "analyses/assemble.h"
#include "analyses/processes.h"
#include "small_machine.h"
#include "snapshot_json.h"

/* ---- snapshots of machines ---- */

static void select_all(struct assembly *assembly) {
    *assembly = (struct assembly){0};
    for (size_t row = 0; row < analyses_count(); row++)
        assembly->selected[row] = true;
}

static json_t *snapshot_as(const struct machine *machine, bool without_symbols,
                           struct assembly *assembly) {
    struct target *target = machine_open(machine, without_symbols);
    assert_non_null(target);
    struct text text = TEXT_EMPTY;
    assemble(target, assembly, NULL, &text);
    target_close(target);
    json_error_t error;
    json_t *snapshot = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &error);
    text_deinit(&text);
    if (!snapshot)
        fail_msg("%s", error.text);
    return snapshot;
}

/* Takes the machine over. */
static json_t *snapshot_of(struct machine machine) {
    struct assembly assembly;
    select_all(&assembly);
    json_t *snapshot = snapshot_as(&machine, false, &assembly);
    small_free(&machine.dump);
    return snapshot;
}

/* ---- a machine that is whole ---- */

static void lists_every_process_once(void **state) {
    (void)state;
    json_t *snapshot = snapshot_of(small_machine());
    assert_int_equal(json_array_size(at(snapshot, "processes")), 4);
    expect(snapshot, "processes.0.name", "\"System\"");
    expect(snapshot, "processes.0.address", "\"0xfffff80000020000\"");
    expect(snapshot, "processes.0.pid", "4");
    expect(snapshot, "processes.0.parent", "{\"state\":\"none\"}");
    expect(snapshot, "processes.0.views",
           "{\"active_process_links\":true,\"mm_process_links\":true,\"processor\":true}");
    expect(snapshot, "processes.1.parent", "{\"name\":\"System\",\"state\":\"alive\"}");
    expect(snapshot, "processes.1.ppid", "4");
    expect(snapshot, "processes.1.active_threads", "3");
    expect(snapshot, "processes.1.create_time", "\"1601-01-01T00:00:00.0002000Z\"");
    expect(snapshot, "processes.1.session", "nothing");
    expect(snapshot, "processes.1.exit_time", "nothing");
    expect(snapshot, "processes.1.bits",
           "{\"Minimal\":0,\"ProcessExiting\":0,\"ProcessInserted\":1}");
    expect(snapshot, "processes.2.parent", "{\"state\":\"absent\"}");
    expect(snapshot, "processes.2.session", "7");
    expect(snapshot, "processes.3.name", "\"Idle\"");
    expect(snapshot, "processes.3.inserted", "false");
    expect(snapshot, "processes.3.benign", "\"idle\"");
    expect(snapshot, "processes.0.benign", "nothing");
    expect(snapshot, "processes.3.views",
           "{\"active_process_links\":false,\"mm_process_links\":true,\"processor\":false}");
    expect(snapshot, "coverage.sections.processes.status", "\"complete\"");
    assert_null(finding(snapshot, "process.hidden"));
    json_decref(snapshot);
}

static void calls_the_list_head_what_it_is(void **state) {
    (void)state;
    struct machine machine = small_machine();
    poke(&machine, MEMORY_HEAD - E_MM_LINKS + E_NAME, 0xff41, 2); /* "A\xff" */
    json_t *snapshot = snapshot_of(machine);
    expect(snapshot, "memory_manager_list.count", "4");
    expect(snapshot, "memory_manager_list.start.name", "\"System\"");
    expect(snapshot, "memory_manager_list.entries.0.name", "\"smss.exe\"");
    expect(snapshot, "memory_manager_list.entries.0.position", "0");
    expect(snapshot, "memory_manager_list.entries.0.kind", "\"process\"");
    expect(snapshot, "memory_manager_list.entries.2.kind", "\"list-head\"");
    expect(snapshot, "memory_manager_list.entries.2.position", "2");
    expect(snapshot, "memory_manager_list.entries.2.name", "\"A\\\\xff\"");
    expect(snapshot, "memory_manager_list.entries.3.kind", "\"idle\"");
    expect(snapshot, "memory_manager_list.head",
           "{\"address\":\"0xfffff80000008800\",\"found_by\":\"image\"}");
    expect_finding(snapshot, "process.list-head", "evidence.head", "\"0xfffff80000008800\"");
    expect_finding(snapshot, "process.list-head", "evidence.rva", "\"0x800\"");
    json_decref(snapshot);
}

static void reads_what_protects(void **state) {
    (void)state;
    struct machine machine = small_machine();
    poke(&machine, PROCESS(2) + E_PROTECTION, 0x61, 1);
    poke(&machine, PROCESS(2) + E_SIGNATURE, 0x1e, 1);
    poke(&machine, PROCESS(2) + E_WOW64, 1, 8);
    poke(&machine, PROCESS(1) + E_PROTECTION, 0xf8, 1);
    json_t *snapshot = snapshot_of(machine);
    expect(snapshot, "processes.2.protection",
           "{\"audit\":0,\"level\":\"0x61\",\"signer\":\"WinTcb\",\"type\":\"ProtectedLight\"}");
    expect(snapshot, "processes.2.signature_level", "\"0x1e\"");
    expect(snapshot, "processes.2.wow64", "true");
    expect(snapshot, "processes.1.wow64", "false");
    /* No such signer: null, and counted. */
    expect(snapshot, "processes.1.protection",
           "{\"audit\":1,\"level\":\"0xf8\",\"signer\":null,\"type\":\"None\"}");
    expect(snapshot, "coverage.sections.processes.unreadable", "{\"bad-value\":1}");
    expect(snapshot, "processors.0.protections.smep", "true");
    expect(snapshot, "processors.0.protections.smap", "false");
    expect(snapshot, "processors.0.protections.wp", "true");
    expect(snapshot, "processors.0.protections.nx", "nothing");
    json_decref(snapshot);
}

static void reads_processors(void **state) {
    (void)state;
    json_t *snapshot = snapshot_of(small_machine());
    expect(snapshot, "processors.0.number", "0");
    expect(snapshot, "processors.0.prcb", "\"0xfffff80000010000\"");
    expect(snapshot, "processors.0.found_by", "\"KiProcessorBlock\"");
    expect(snapshot, "processors.0.cr0", "\"0x80050033\"");
    expect(snapshot, "processors.0.cr3", "\"0x1000\"");
    expect(snapshot, "processors.0.idle_thread",
           "{\"address\":\"0xfffff80000012000\",\"priority\":16,\"process\":"
           "\"0xfffff8000000b000\",\"state\":\"Running\",\"wait_time\":641286}");
    expect(snapshot, "system.build", "7601");
    expect(snapshot, "system.suite", "[\"TerminalServer\",\"SingleUserTS\"]");
    expect(snapshot, "system.product_type", "\"WinNt\"");
    expect(snapshot, "system.system_time", "\"2014-09-20T13:20:45.1349408Z\"");
    expect(snapshot, "dump.header.SystemUpTime_100ns", "100041740000");
    assert_null(finding(snapshot, "header.mismatch"));
    json_decref(snapshot);
}

/* ---- machines that contradict themselves ---- */

static void finds_a_hidden_process(void **state) {
    (void)state;
    struct machine machine = small_machine();
    put_rings(&machine, 3, 2);
    json_t *snapshot = snapshot_of(machine);
    expect_finding(snapshot, "process.hidden", "subject", "\"csrss.exe (0x23c)\"");
    expect_finding(snapshot, "process.hidden", "evidence.address", "\"0xfffff80000020800\"");
    expect_finding(snapshot, "process.hidden", "evidence.mm_process_links",
                   "\"0xfffff80000020848\"");
    /* Behind those on ActiveProcessLinks, and not where the other ring has it. */
    expect(snapshot, "processes.2.name", "\"csrss.exe\"");
    expect(snapshot, "processes.2.views.active_process_links", "false");
    json_decref(snapshot);
}

/* Of the kernel itself: no user mode, and System is its parent. */
static void put_own_process(struct machine *machine, uint64_t process, const char *name) {
    poke(machine, process + E_FLAGS3, 1, 4);
    poke(machine, process + E_PPID, 4, 8);
    for (size_t i = 0; i < 15; i++)
        poke(machine, process + E_NAME + i, i < strlen(name) ? (uint8_t)name[i] : 0, 1);
}

/* The name alone excuses nobody. */
static void takes_no_name_for_a_reason(void **state) {
    (void)state;
    struct machine machine = small_machine();
    put_rings(&machine, 3, 2);
    put_own_process(&machine, PROCESS(2), "Registry");
    poke(&machine, PROCESS(2) + E_FLAGS3, 0, 4);
    json_t *snapshot = snapshot_of(machine);
    expect_finding(snapshot, "process.hidden", "subject", "\"Registry (0x23c)\"");
    expect_finding(snapshot, "process.hidden", "evidence.missing_from",
                   "[\"active_process_links\"]");
    expect(snapshot, "processes.2.benign", "nothing");
    json_decref(snapshot);
}

/* One that has ended, or was never inserted, or is the kernel's own, is off the list by right. */
static void takes_no_dead_process_for_hidden(void **state) {
    (void)state;
    static const char *const benign[] = {"\"exited\"", "\"being-created\"", "\"being-created\"",
                                         "\"registry\"", "\"memory-compression\""};
    for (size_t reason = 0; reason < ARRAY_LENGTH(benign); reason++) {
        struct machine machine = small_machine();
        put_rings(&machine, 3, 2);
        if (reason == 0)
            poke(&machine, PROCESS(2) + E_EXIT_TIME, 4000, 8);
        else if (reason == 1)
            poke(&machine, PROCESS(2) + E_THREADS, 0, 4);
        else if (reason == 2)
            poke(&machine, PROCESS(2) + E_FLAGS, 0, 4);
        else
            put_own_process(&machine, PROCESS(2), reason == 3 ? "Registry" : "MemCompression");
        json_t *snapshot = snapshot_of(machine);
        assert_null(finding(snapshot, "process.hidden"));
        expect(snapshot, "processes.2.benign", benign[reason]);
        json_decref(snapshot);
    }
}

static void reports_a_broken_list(void **state) {
    (void)state;
    struct machine machine = small_machine();
    put_rings(&machine, 3, 2);
    poke(&machine, PROCESS(1) + E_ACTIVE_LINKS, 0xfffff88000001000, 8);
    json_t *snapshot = snapshot_of(machine);
    expect_finding(snapshot, "list.broken", "subject", "\"PsActiveProcessHead\"");
    expect_finding(snapshot, "list.broken", "evidence.broken_at", "\"0xfffff88000001000\"");
    expect_finding(snapshot, "list.broken", "evidence.broken_from", "\"0xfffff80000020438\"");
    expect_finding(snapshot, "list.broken", "evidence.reason", "\"not-mapped\"");
    expect(snapshot, "coverage.sections.processes.status", "\"partial\"");
    /* What a broken list does not show is not known to be absent, and nobody hides behind it. */
    assert_null(finding(snapshot, "process.hidden"));
    expect(snapshot, "processes.2.name", "\"csrss.exe\"");
    expect(snapshot, "processes.2.views.active_process_links", "null");
    expect(snapshot, "processes.2.parent.state", "null");
    expect(snapshot, "processes.1.parent.state", "\"alive\"");
    json_decref(snapshot);
}

static void reports_other_ends_of_a_list(void **state) {
    (void)state;
    struct machine machine = small_machine();
    poke(&machine, PROCESS(1) + E_MM_LINKS + 8, PROCESS(2) + E_MM_LINKS, 8);
    json_t *snapshot = snapshot_of(machine);
    expect_finding(snapshot, "list.mislinked", "subject", "\"MmProcessLinks\"");
    expect(snapshot, "memory_manager_list.count", "null");
    expect(snapshot, "coverage.sections.memory_manager_list.status", "\"partial\"");
    json_decref(snapshot);
}

static void reports_a_strange_entry(void **state) {
    (void)state;
    struct machine machine = small_machine();
    poke(&machine, PROCESS(1), 6, 1); /* a thread by its dispatcher header */
    json_t *snapshot = snapshot_of(machine);
    assert_int_equal(json_array_size(at(snapshot, "processes")), 3);
    size_t index;
    const json_t *each;
    size_t count = 0;
    json_array_foreach(at(snapshot, "findings"), index, each) {
        if (strcmp(json_string_value(at(each, "kind")), "list.strange-entry") == 0) {
            expect(each, "evidence.address", "\"0xfffff80000020400\"");
            count++;
        }
    }
    assert_int_equal(count, 2); /* it is on both lists */
    expect(snapshot, "memory_manager_list.entries.0.kind", "\"strange\"");
    json_decref(snapshot);
}

static void shows_both_values_of_a_mismatch(void **state) {
    (void)state;
    struct machine machine = small_machine();
    put(&machine.dump, 0x28, PROCESS(0), 8);
    json_t *snapshot = snapshot_of(machine);
    expect_finding(snapshot, "header.mismatch", "subject", "\"PsActiveProcessHead\"");
    expect_finding(snapshot, "header.mismatch", "evidence.values.0",
                   "{\"source\":\"DUMP_HEADER.PsActiveProcessHead\",\"value\":"
                   "\"0xfffff80000020000\"}");
    expect_finding(snapshot, "header.mismatch", "evidence.values.1.value",
                   "\"0xfffff80000008000\"");
    json_decref(snapshot);
}

static void counts_processors_twice(void **state) {
    (void)state;
    struct machine machine = small_machine();
    poke(&machine, PROCESSORS + 8, PRCB, 8);
    json_t *snapshot = snapshot_of(machine);
    expect_finding(snapshot, "header.mismatch", "subject", "\"NumberProcessors\"");
    json_decref(snapshot);
}

/* KiProcessorBlock is not in the dump; the first _KPCR is found by what it says of itself. */
static void finds_a_processor_without_its_block(void **state) {
    (void)state;
    struct machine machine = small_machine();
    poke(&machine, KDBG + 0x218, KERNEL + (MACHINE_PAGES + 1) * PAGE, 8);
    json_t *lost = snapshot_of(machine);
    expect(lost, "processors.0", "{\"prcb\":null}");
    expect(lost, "processes.0.views.processor", "null");
    json_decref(lost);

    machine = small_machine();
    poke(&machine, KDBG + 0x218, KERNEL + (MACHINE_PAGES + 1) * PAGE, 8);
    put_pcr(&machine);
    json_t *snapshot = snapshot_of(machine);
    expect(snapshot, "processors.0.prcb", "\"0xfffff80000010180\"");
    expect(snapshot, "processors.0.found_by", "\"_KPCR\"");
    expect(snapshot, "processors.0.current_thread", "\"0xfffff80000011000\"");
    expect(snapshot, "processes.0.views.processor", "true");
    expect(snapshot, "coverage.sections.processors.unreadable", "{\"not-in-dump\":1}");
    json_decref(snapshot);
}

/* ---- parents ---- */

struct parent_case {
    struct process_facts facts[4];
    size_t count;
    enum parent_state state; /* of the last */
    size_t position;
};

#define KNOWN(value_)                                                                              \
    { .known = true, .value = value_ }
#define ID(pid_, ppid_, created)                                                                   \
    {                                                                                              \
        .pid = KNOWN(pid_), .ppid = KNOWN(ppid_), .create_time = KNOWN(created),                   \
        .active_threads = KNOWN(1)                                                                 \
    }

static void finds_parents(void **state) {
    (void)state;
    const struct parent_case cases[] = {
        {{ID(4, 0, 1)}, 1, PARENT_NONE, 0},
        {{ID(4, 0, 1), ID(8, 4, 2)}, 2, PARENT_ALIVE, 0},
        {{ID(4, 0, 1), ID(8, 12, 2)}, 2, PARENT_ABSENT, 0},
        {{ID(12, 4, 3), ID(8, 12, 2)}, 2, PARENT_REUSED, 0},
        /* Of two with one id, the one that was there before the child. */
        {{ID(12, 4, 9), ID(12, 4, 1), ID(8, 12, 5)}, 3, PARENT_ALIVE, 1},
        {{ID(12, 4, 1), ID(12, 4, 4), ID(8, 12, 5)}, 3, PARENT_ALIVE, 1},
        {{ID(12, 4, 5), ID(8, 12, 5)}, 2, PARENT_ALIVE, 0},
        {{{.pid = KNOWN(12), .exit_time = KNOWN(7)}, ID(8, 12, 5)}, 2, PARENT_EXITED, 0},
        {{{.pid = KNOWN(12), .exiting = KNOWN(1)}, ID(8, 12, 5)}, 2, PARENT_EXITED, 0},
        {{{.pid = KNOWN(12), .active_threads = KNOWN(0)}, ID(8, 12, 5)}, 2, PARENT_EXITED, 0},
        {{{.pid = KNOWN(12)}, ID(8, 12, 5)}, 2, PARENT_ALIVE, 0},
        /* A process whose id is not known may be the parent. */
        {{{.pid = {0}}, ID(8, 12, 5)}, 2, PARENT_UNKNOWN, 0},
        {{ID(4, 0, 1), {.pid = KNOWN(8)}}, 2, PARENT_UNKNOWN, 0},
        /* A child without a time: whoever has the id. */
        {{ID(12, 4, 5), ID(8, 12, 0)}, 2, PARENT_ALIVE, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct process_entry items[4] = {{0}};
        struct process_set set = {.active = {.start = 1}, .items = items, .count = cases[i].count};
        AUTO_FREE struct parent *parents = process_parents(&set, cases[i].facts);
        const struct parent *last = &parents[cases[i].count - 1];
        if (last->state != cases[i].state || last->position != cases[i].position)
            fail_msg("case %zu: state %d at %zu", i, last->state, last->position);
    }
}

static void reports_a_reused_id(void **state) {
    (void)state;
    struct machine machine = small_machine();
    put_process(&machine, PROCESS(3), "late.exe", 0x1f4, 4, 9000);
    put_rings(&machine, 4, -1);
    json_t *snapshot = snapshot_of(machine);
    expect(snapshot, "processes.2.parent", "{\"state\":\"pid-reused\"}");
    expect_finding(snapshot, "process.pid-reused", "subject", "\"csrss.exe (0x23c)\"");
    expect_finding(snapshot, "process.pid-reused", "evidence.other_name", "\"late.exe\"");
    expect_finding(snapshot, "process.pid-reused", "evidence.other_address",
                   "\"0xfffff80000020c00\"");
    json_decref(snapshot);
}

/* ---- coverage ---- */

static void says_what_was_not_extracted(void **state) {
    (void)state;
    struct machine machine = small_machine();
    struct assembly assembly = {0};
    assembly.selected[0] = true;
    json_t *snapshot = snapshot_as(&machine, false, &assembly);
    assert_string_equal(analyses[0]->name, "dump");
    assert_non_null(at(snapshot, "dump"));
    assert_null(at(snapshot, "processes"));
    assert_null(at(snapshot, "layouts"));
    expect(snapshot, "coverage.sections.processes",
           "{\"reason\":\"not extracted\",\"status\":\"unavailable\",\"unreadable\":{}}");
    expect(snapshot, "coverage.sections.dump", "{\"status\":\"complete\",\"unreadable\":{}}");
    json_decref(snapshot);
    small_free(&machine.dump);
}

static void goes_on_without_symbols(void **state) {
    (void)state;
    struct machine machine = small_machine();
    struct assembly assembly;
    select_all(&assembly);
    json_t *snapshot = snapshot_as(&machine, true, &assembly);
    expect(snapshot, "dump.header.MinorVersion", "7601");
    expect(snapshot, "system.build", "7601");
    expect(snapshot, "system.symbols", "{\"match\":\"none\"}");
    assert_null(at(snapshot, "processes"));
    expect(snapshot, "coverage.sections.processes.reason", "\"no symbols for this kernel\"");
    expect(snapshot, "coverage.sections.layouts.status", "\"unavailable\"");
    expect(snapshot, "coverage.user_memory", "null");
    json_decref(snapshot);
    small_free(&machine.dump);
}

static void says_that_a_dump_is_cut(void **state) {
    (void)state;
    struct machine machine = small_machine();
    machine.dump.size -= 2 * PAGE + 1;
    json_t *snapshot = snapshot_of(machine);
    expect(snapshot, "dump.pages_promised", "48");
    expect(snapshot, "dump.pages_present", "45");
    expect_finding(snapshot, "dump.truncated", "evidence.expected_size", "204800");
    expect_finding(snapshot, "dump.truncated", "evidence.found_size", "196607");
    expect(snapshot, "coverage.sections.dump.status", "\"partial\"");
    json_decref(snapshot);
}

/* PEBs: none; one that can be read; and one that the dump lacks. */
static void looks_for_user_memory(void **state) {
    (void)state;
    static const struct {
        uint64_t peb, other;
        const char *expected;
    } cases[] = {{0, 0, "\"absent\""},
                 {SESSION, 0, "\"present\""},
                 {SESSION, KERNEL + MACHINE_PAGES * PAGE, "\"partial\""},
                 {KERNEL + MACHINE_PAGES * PAGE, 0, "\"absent\""}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct machine machine = small_machine();
        poke(&machine, PROCESS(1) + E_PEB, cases[i].peb, 8);
        poke(&machine, PROCESS(2) + E_PEB, cases[i].other, 8);
        json_t *snapshot = snapshot_of(machine);
        expect(snapshot, "coverage.user_memory", cases[i].expected);
        json_decref(snapshot);
    }
}

/* ---- the table ---- */

static void rows_are_whole(void **state) {
    (void)state;
    assert_true(analyses_count() > 0 && analyses_count() <= ANALYSES_MOST);
    for (size_t row = 0; analyses[row]; row++) {
        const struct analysis *analysis = analyses[row];
        assert_int_equal(!!analysis->extract + !!analysis->write + !!analysis->extend, 1);
        assert_true(!analysis->extend == !analysis->within);
        assert_ptr_equal(analysis_find(analyses[row]->name), analyses[row]);
    }
    assert_null(analysis_find("findings"));
}

static void expect_sorted(const char *const *names, const char *needed) {
    bool found = false;
    for (size_t i = 0; names[i]; i++) {
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        found |= strcmp(names[i], needed) == 0;
    }
    assert_true(found);
}

static void needs_are_sorted(void **state) {
    (void)state;
    expect_sorted(analyses_types(), "_EPROCESS");
    expect_sorted(analyses_types(), "_KSPECIAL_REGISTERS");
    expect_sorted(analyses_publics(), "MmProcessList");
    expect_sorted(analyses_publics(), "PsActiveProcessHead");
}

/* JSON has no number for a count of 64 bits that a hostile header may hold. */
static void calls_a_count_that_is_none_unreadable(void **state) {
    (void)state;
    struct coverage coverage = {.status = COVERAGE_COMPLETE};
    struct target target = {0};
    struct analysis_context context = {.target = &target, .coverage = &coverage};
    json_t *section = json_object();
    put_value(&context, section, "most", READ_PRESENT, INT64_MAX, VALUE_INTEGER);
    put_value(&context, section, "more", READ_PRESENT, (uint64_t)INT64_MAX + 1, VALUE_INTEGER);
    assert_int_equal(json_integer_value(json_object_get(section, "most")), INT64_MAX);
    assert_true(json_is_null(json_object_get(section, "more")));
    assert_int_equal(coverage.unreadable[READ_BAD_VALUE], 1);
    json_decref(section);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_every_process_once),
        cmocka_unit_test(calls_the_list_head_what_it_is),
        cmocka_unit_test(reads_what_protects),
        cmocka_unit_test(reads_processors),
        cmocka_unit_test(finds_a_hidden_process),
        cmocka_unit_test(takes_no_dead_process_for_hidden),
        cmocka_unit_test(takes_no_name_for_a_reason),
        cmocka_unit_test(reports_a_broken_list),
        cmocka_unit_test(reports_other_ends_of_a_list),
        cmocka_unit_test(reports_a_strange_entry),
        cmocka_unit_test(shows_both_values_of_a_mismatch),
        cmocka_unit_test(counts_processors_twice),
        cmocka_unit_test(finds_a_processor_without_its_block),
        cmocka_unit_test(finds_parents),
        cmocka_unit_test(reports_a_reused_id),
        cmocka_unit_test(says_what_was_not_extracted),
        cmocka_unit_test(goes_on_without_symbols),
        cmocka_unit_test(says_that_a_dump_is_cut),
        cmocka_unit_test(looks_for_user_memory),
        cmocka_unit_test(calls_a_count_that_is_none_unreadable),
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(needs_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
