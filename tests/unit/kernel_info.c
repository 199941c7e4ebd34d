/* kernel_info.c - what `nt-analyzer info` prints. The file under test is part of the program and of
 * no library, so it is included. */
#include "info.c"
#include "info_stack.c"
#include "info_triage.c"

#include "test.h"

#include "small_kernel.h"

static void expect_line(const struct text *text, const char *line) {
    AUTO_FREE char *whole = xasprintf("\n%s\n", line);
    if (!strstr(text->data, whole))
        fail_msg("no line \"%s\" in:\n%s", line, text->data);
}

static void write_info(struct machine *machine, struct text *text) {
    struct target *target = machine_open(machine);
    text_init(text);
    text_putc(text, '\n');
    info_write(target, text);
    target_close(target);
    machine_destroy(machine);
}

static void header_and_system(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0x10, 0x1002, 8);
    put(&machine->header, 0x38, 0xd1, 4);
    put(&machine->header, 0x40, 0xffffc001cd97b010, 8);
    put(&machine->header, 0x34, 2, 4);
    machine_put(machine, NT_BLOCK + 8, 0xffffd0015cc55180, 8);
    struct text text;
    write_info(machine, &text);
    static const char *const lines[] = {
        "DUMP_HEADER64:",
        "MajorVersion        0000000f",
        "MinorVersion        00002800",
        "DirectoryTableBase  00000000`00001002",
        "PsActiveProcessHead fffff802`29404000",
        "BugCheckCode        000000d1",
        "BugCheckParameter1  ffffc001`cd97b010",
        "SuiteMask           00000110",
        "KiProcessorBlock at fffff802`29404200",
        "  2 KiProcessorBlock entries:",
        "  ffffd000`20000180 ffffd001`5cc55180",
        "Windows 10 Kernel Version 10240 MP (2 procs) Free x64",
        "Product: WinNt, suite: TerminalServer SingleUserTS",
        "Built by: 10240.16393.amd64fre.th1_st1.150717-1719",
        "Kernel base = 0xfffff802`29400000 PsLoadedModuleList = 0xfffff802`29404100",
        "Debug session time: Tue Aug  4 02:21:22.658 2015 (UTC + 0:00)",
        "System Uptime: 0 days 18:04:16.257",
        "Kernel PDB: ntkrnlmp.pdb/" NT_KEY,
        "Symbols: none",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        expect_line(&text, lines[i]);
    assert_null(strstr(text.data, "Attributes")); /* never set in this header */
    assert_null(strstr(text.data, "disagree"));
    text_deinit(&text);
}

static void service_pack_and_doubts(void **state) {
    (void)state;
    struct machine *machine = small_kernel();
    put(&machine->header, 0xc, 7601, 4);
    put(&machine->header, 0x1044, 0x40000310, 4);
    put(&machine->header, 0xfa8, UINT64_MAX, 8);
    machine_put(machine, NT_CSD, 0x100, 4);
    struct text text;
    write_info(machine, &text);
    expect_line(&text, "Windows 7 Kernel Version 7601 (Service Pack 1) UP Free x64");
    expect_line(&text, "Product: WinNt, suite: TerminalServer SingleUserTS Personal 0x40000000");
    expect_line(&text, "Debug session time: (not known)");
    expect_line(&text, "Builds disagree: DUMP_HEADER.MinorVersion 7601 "
                       "KUSER_SHARED_DATA.NtBuildNumber 10240 NtBuildLabEx 10240");
    text_deinit(&text);
}

static void nothing_is_known(void **state) {
    (void)state;
    struct text text;
    write_info(machine_create(), &text);
    expect_line(&text, "KiProcessorBlock is not known");
    expect_line(&text, "Kernel base = (not found) PsLoadedModuleList = 0x00000000`00000000");
    expect_line(&text, "System Uptime: (not known)");
    expect_line(&text, "Kernel PDB: (bad-value)");
    text_deinit(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_system),
        cmocka_unit_test(service_pack_and_doubts),
        cmocka_unit_test(nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
