/*
 * user.c - the little user memory that full and active dumps hold: the PEB of every process, and
 * the shared page below it.
 *
 * Source: winternl.h of the Windows SDK for the PEB; its first members are the same in all builds.
 */
#include <string.h>

#include "machine.h"
#include "util.h"

#define KERNEL_SHARED_PAGE 0xfffff78000000000ull
#define USER_SHARED_PAGE   0x7ffe0000ull

enum { PEB_IMAGE_BASE = 0x10, PEB_OS_MAJOR = 0x118, PEB_OS_MINOR = 0x11c, PEB_OS_BUILD = 0x120 };

static void make_peb(struct machine *machine, const struct process *process) {
    const json_t *version = array(json_object_get(machine->scenario, "system"), "version");
    uint64_t peb = number_or(process->extras, "peb", 0x7fffffdf000);
    uint64_t frame = memory_take_frame(&machine->memory);
    uint8_t *page = memory_frame(&machine->memory, frame);
    put(page + PEB_IMAGE_BASE, 0x7ff7cf1a0000, 8);
    put(page + PEB_OS_MAJOR, number_of(json_array_get(version, 0), "version"), 4);
    put(page + PEB_OS_MINOR, number_of(json_array_get(version, 1), "version"), 4);
    put(page + PEB_OS_BUILD, machine->build, 2);
    memory_map_user(&machine->memory, process->root, peb, frame);
    memory_map_user(&machine->memory, process->root, USER_SHARED_PAGE,
                    memory_frame_of(&machine->memory, KERNEL_SHARED_PAGE));
}

void forge_user_pages(struct machine *machine) {
    bool has_user_pages = machine->dump_type == 1 || machine->dump_type == 5;
    for (size_t i = 0; has_user_pages && i < machine->process_count; i++)
        if (machine->processes[i].user_space)
            make_peb(machine, &machine->processes[i]);
}
