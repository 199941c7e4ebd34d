/*
 * user_memory.c - whether a dump holds the memory of user mode: looks for the PEB of every process,
 * through the process's own page tables; through those of user mode where the others do not map it.
 *
 * A PEB that is paged out tells nothing, one that the dump lacks though it is mapped does.
 */
#include "analyses/sections.h"

static enum read_state read_through(const struct target *target, uint64_t tables,
                                    uint64_t address) {
    uint8_t byte;
    struct vm *vm = vm_create_like(target->vm, tables);
    enum read_state state = vm_read_u8(vm, address, &byte);
    vm_destroy(vm);
    return state;
}

/* Whether the PEB can be read; READ_BAD_VALUE where the process has none that is known. */
static enum read_state probe(const struct target *target, uint64_t process,
                             const struct member *members) {
    uint64_t peb = 0, directory = 0;
    if (member_read(target, process, &members[0], &peb) != READ_PRESENT || !peb ||
        member_read(target, process, &members[1], &directory) != READ_PRESENT || !directory)
        return READ_BAD_VALUE;
    enum read_state state = read_through(target, directory, peb);
    uint64_t of_user = state == READ_NOT_MAPPED ? process_user_tables(target, process) : 0;
    return of_user ? read_through(target, of_user, peb) : state;
}

const char *user_memory_probe(const struct target *target, const struct process_set *processes) {
    size_t present = 0, missing = 0;
    if (!processes)
        return NULL;
    struct member members[] = {{.path = "Peb"}, {.path = "Pcb.DirectoryTableBase"}};
    members_resolve(target, "_EPROCESS", members, 2);
    if (!members[0].present || !members[1].present)
        return NULL;
    for (size_t i = 0; i < processes->count; i++) {
        enum read_state state = probe(target, processes->items[i].address, members);
        present += state == READ_PRESENT;
        missing += state == READ_NOT_IN_DUMP || state == READ_CUT_OFF;
    }
    if (!present)
        return "absent";
    return missing ? "partial" : "present";
}
