/*
 * facts.c - what a reader of the dump must find about its processes: the expected values of
 * end-to-end tests. Written before any list is broken.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "util.h"

static json_t *process_facts(struct machine *machine, const struct process *process) {
    char name[15] = {0};
    memcpy(name, process->name, strnlen(process->name, 14));
    json_t *facts =
        json_pack("{s:s, s:o, s:I, s:I, s:I, s:s, s:I, s:I, s:O*}", "name", name, "address",
                  address_text(machine, process->address), "pid", (json_int_t)process->pid, "ppid",
                  (json_int_t)process->ppid, "active_threads", (json_int_t)process->threads,
                  "parent", process->parent, "create_time_100ns", (json_int_t)process->created,
                  "exit_time_100ns", (json_int_t)process->exited, "extras", process->extras);
    json_object_set_new(facts, "directory_table_base",
                        address_text(machine, process->root << PAGE_SHIFT));
    if (process->user_root)
        json_object_set_new(facts, "user_directory_table_base",
                            address_text(machine, process->user_root << PAGE_SHIFT | 1));
    if (process->session >= 0)
        json_object_set_new(facts, "session", json_integer(process->session));
    if (!strcmp(process->parent, "alive") || !strcmp(process->parent, "exited")) {
        const struct process *parent = find_process(machine, process->ppid);
        json_object_set_new(facts, "parent_name",
                            json_stringn(parent->name, strnlen(parent->name, 14)));
    }
    return facts;
}

/* The EPROCESS addresses of a ring, in its order, starting behind the head. */
static json_t *ring_facts(struct machine *machine, uint64_t head, const char *member) {
    json_t *facts = json_array();
    uint64_t offset = layout_offset(machine->layout, "_EPROCESS", member);
    for (uint64_t entry = get_pointer(machine, head); entry != head;
         entry = get_pointer(machine, entry))
        json_array_append_new(facts, address_text(machine, entry - offset));
    return facts;
}

void note_processes(struct machine *machine) {
    json_t *processes = json_array();
    for (size_t i = 0; i < machine->process_count; i++)
        json_array_append_new(processes, process_facts(machine, &machine->processes[i]));
    json_object_set_new(machine->facts, "processes", processes);
    json_object_set_new(machine->facts, "idle", process_facts(machine, &machine->idle));
    json_object_set_new(
        machine->facts, "active_ring",
        ring_facts(machine, global(machine, "PsActiveProcessHead", 16), "ActiveProcessLinks"));
    struct member links;
    if (layout_member(machine->layout, "_EPROCESS", "MmProcessLinks", &links))
        json_object_set_new(
            machine->facts, "mm_ring",
            ring_facts(machine, global(machine, "MmProcessList", 16), "MmProcessLinks"));
    json_object_set(machine->facts, "system", json_object_get(machine->scenario, "system"));
    json_t *oddities = json_object_get(machine->scenario, "oddities");
    if (oddities)
        json_object_set(machine->facts, "oddities", oddities);
}
