/* main.c - nt-analyzer: the table of its commands. */
#include <stdint.h>

#include "commands.h"

static const struct cli_command commands[] = {
    {"snapshot", "DUMP [OPTION]...", "Writes what a memory dump holds as a canonical snapshot.",
     "Symbols are looked for in --symbols, in _NT_SYMBOL_PATH, then among the built-in profiles.\n"
     "Without any, the sections that need none are written, and the message names the file to "
     "fetch.\n"
     "Handles are counted by type; --sections handles lists every one.\n"
     "Sections: dump, system, modules, processors, stack, processes, threads, handles, "
     "cross_session,\n"
     "sessions, jobs, silos, memory_manager_list, syscalls, stubs, objects, alpc, object_scan, "
     "layouts.\n"
     "Exit codes: 0 done, 2 trouble, 3 a section named by --require is not whole.",
     snapshot_options, 1, 1, snapshot_run},
    {"image", "FILE [OPTION]...",
     "Writes the system call stubs of an executable file as a snapshot, without a dump.",
     "FILE is Windows' own ntdll.dll, win32u.dll or ntoskrnl.exe, of 32 or 64 bits. Of a kernel "
     "whose symbols\n"
     "are given (its very own: PDB GUID and age), the table of system services is written too.",
     image_options, 1, 1, image_run},
    {"info", "DUMP [OPTION]...", "Prints a dump's header and which Windows it is of.", NULL,
     info_options, 1, 1, info_run},
    {"layout", "SYMBOLS [OPTION]...",
     "Writes the types and names of a symbol file as a snapshot, without a dump.",
     "SYMBOLS is a Volatility 3 ISF (.json, .json.xz) or a profile.", layout_options, 1, 1,
     layout_run},
    {"profile make", "SYMBOLS [-o FILE]",
     "Reduces a symbol file to what the analyses read of it: a profile.", NULL,
     profile_make_options, 1, 1, profile_make_run},
    {"profile list", "", "Lists the built-in profiles: name, machine, build, PDB.", NULL, NULL, 0,
     0, profile_list_run},
    {"profile lint", "[FILE]...",
     "Checks profiles: their layouts, their identity, what is missing.",
     "FILE is a profile; without one, all that are built in are checked.\n"
     "An error: what is no profile; a member outside its structure, off its alignment, or over\n"
     "another without a union; bits outside their word; a gap that no alignment explains; a "
     "member\n"
     "that a section needs and that is missing; the name or PDB of another profile.\n"
     "A warning: a member whose place neither the profiles of the builds before and after this "
     "one\n"
     "nor the members beside it explain. A build can move one alone: look at its symbol file.\n"
     "Exit codes: 0 no errors, 1 errors, 2 trouble.",
     NULL, 0, SIZE_MAX, profile_lint_run},
    {0},
};

int main(int argc, char **argv) {
    static const struct cli_program program = {
        "nt-analyzer", "Reads Windows kernel memory dumps and writes what they hold.", commands,
        cli_schemas};
    return cli_main(&program, argc, argv);
}
