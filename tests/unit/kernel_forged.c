/*
 * kernel_forged.c - the forge's dumps through the kernel layer: the values that were published of
 * the machines they imitate. The tests run in build/tests, the dumps lie in build/dumps.
 */
#include "info.c"
#include "info_stack.c"
#include "info_triage.c"

#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "kernel/process.h"
#include "kernel/proof.h"

#define DUMPS "../dumps/"

struct machine_facts {
    const char *dump;
    const char *profile;
    size_t memory_entries; /* on the Memory Manager's ring, System aside */
    size_t head, idle;     /* their positions */
    uint64_t head_link, idle_process;
    const char *lines[5];
};

static const struct machine_facts machines[] = {
    {"win7-7601.dmp",
     "nt-7601-x64",
     134,
     132,
     133,
     0xfffff80003c80ee0,
     0xfffff80003c54180,
     {"Windows 7 Kernel Version 7601 (Service Pack 1) MP (8 procs) Free x64",
      "Product: WinNt, suite: TerminalServer SingleUserTS",
      "Built by: 7601.22616.amd64fre.win7sp1_ldr.140303-2307",
      "Kernel base = 0xfffff800`03a54000 PsLoadedModuleList = 0xfffff800`03c98890",
      "System Uptime: 0 days 2:46:44.174"}},
    {"win81-9600.dmp",
     "nt-9600-u1-x64",
     136,
     134,
     135,
     0xfffff80168956540 + 0x5c0,
     0xfffff801689d9300,
     {"Windows 8.1 Kernel Version 9600 MP (4 procs) Free x64",
      "Product: WinNt, suite: TerminalServer SingleUserTS Personal",
      "Built by: 9600.17238.amd64fre.winblue_gdr.140723-2018",
      "Kernel base = 0xfffff801`6868c000 PsLoadedModuleList = 0xfffff801`68956350",
      "System Uptime: 0 days 13:38:52.140"}},
    {"win10-15063.dmp",
     "nt-15063-x64",
     139,
     137,
     138,
     0xfffff800d55efb08 + 0x610,
     0xfffff800d567e9c0,
     {"Windows 10 Kernel Version 15063 MP (2 procs) Free x64",
      "Product: WinNt, suite: TerminalServer SingleUserTS",
      "Built by: 15063.0.amd64fre.rs2_release.170317-1834",
      "Kernel base = 0xfffff800`d5287000 PsLoadedModuleList = 0xfffff800`d55d35c0",
      "System Uptime: 4 days 0:30:14.078"}},
};

static struct target *open_machine(const char *dump) {
    struct error err;
    struct target *target = NULL;
    struct symbols_search search = {0};
    AUTO_FREE char *path = xasprintf(DUMPS "%s", dump);
    assert_int_equal(target_open(&err, path, &target), STATUS_OK);
    assert_int_equal(target_attach(&err, target, &search), STATUS_OK);
    return target;
}

static void expect_memory_ring(const struct target *target, const struct machine_facts *facts) {
    struct process_ring ring;
    process_ring_memory_manager(target, process_system(target), &ring);
    assert_int_equal(ring.walk.end, LIST_CLOSED);
    assert_int_equal(ring.walk.count, facts->memory_entries);
    assert_int_equal(ring.head, facts->head_link);
    assert_int_equal(ring.views[facts->head].kind, PROCESS_LIST_HEAD);
    assert_int_equal(ring.views[facts->head].link, facts->head_link);
    assert_int_equal(ring.views[facts->idle].kind, PROCESS_IDLE);
    assert_int_equal(ring.views[facts->idle].address, facts->idle_process);
    for (size_t i = 0; i < ring.walk.count; i++)
        if (i != facts->head && i != facts->idle)
            assert_int_equal(ring.views[i].kind, PROCESS_PROCESS);
    process_ring_deinit(&ring);
}

static void published_values(void **state) {
    const struct machine_facts *facts = *state;
    struct target *target = open_machine(facts->dump);
    assert_string_equal(target->symbols_source, facts->profile);
    struct text text;
    text_init(&text);
    info_write(target, &text);
    for (size_t i = 0; i < ARRAY_LENGTH(facts->lines); i++)
        if (!strstr(text.data, facts->lines[i]))
            fail_msg("no line \"%s\" in:\n%s", facts->lines[i], text.data);
    text_deinit(&text);
    expect_memory_ring(target, facts);
    target_close(target);
}

/* Rings that lie, each its own way: walked to an end, and said so. */
static void hostile_rings_end(void **state) {
    (void)state;
    static const struct {
        const char *dump;
        enum list_end end;
    } rings[] = {
        {"hostile-cycle.dmp", LIST_CYCLE},
        {"hostile-mislink.dmp", LIST_MISLINKED},
        {"hostile-hole.dmp", LIST_BROKEN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rings); i++) {
        struct target *target = open_machine(rings[i].dump);
        struct process_ring ring;
        process_ring_active(target, &ring);
        assert_int_equal(ring.walk.end, rings[i].end);
        assert_int_not_equal(ring.walk.broken_at, 0);
        assert_in_range(ring.walk.count, 1, 100);
        process_ring_deinit(&ring);
        target_close(target);
    }
}

int main(void) {
    for (size_t i = 0; i < ARRAY_LENGTH(machines); i++) {
        AUTO_FREE char *path = xasprintf(DUMPS "%s", machines[i].dump);
        if (access(path, R_OK)) {
            printf("skipped: %s is not built\n", path);
            return 77;
        }
    }
    const struct CMUnitTest tests[] = {
        {"Windows 7", published_values, NULL, NULL, (void *)&machines[0]},
        {"Windows 8.1", published_values, NULL, NULL, (void *)&machines[1]},
        {"Windows 10 Creators Update", published_values, NULL, NULL, (void *)&machines[2]},
        cmocka_unit_test(hostile_rings_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
