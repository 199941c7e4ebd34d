/*
 * user.c - the little user memory that full and active dumps hold: the PEB of every process, and
 * the shared page below it.
 *
 * Source: winternl.h of the Windows SDK for the PEB; its first members are the same in all builds.
 */
#include <string.h>

#include "machine.h"
#include "util.h"

#define USER_SHARED_PAGE 0x7ffe0000ull

struct peb_form {
    uint16_t image_base, os_major, os_minor, os_build;
};
static const struct peb_form peb_x64 = {0x10, 0x118, 0x11c, 0x120};
static const struct peb_form peb_x86 = {0x08, 0xa4, 0xa8, 0xac};

uint64_t usual_peb(const struct machine *machine) {
    return machine->pointer_size == 8 ? 0x7fffffdf000 : 0x7ffdf000;
}

static void make_peb(struct machine *machine, const struct process *process) {
    const json_t *version = array(json_object_get(machine->scenario, "system"), "version");
    uint64_t peb = number_or(process->extras, "peb", usual_peb(machine));
    uint64_t frame = memory_take_frame(&machine->memory);
    uint8_t *page = memory_frame(&machine->memory, frame);
    const struct peb_form *form = machine->pointer_size == 8 ? &peb_x64 : &peb_x86;
    put(page + form->image_base, machine->pointer_size == 8 ? 0x7ff7cf1a0000 : 0x400000,
        machine->pointer_size);
    put(page + form->os_major, number_of(json_array_get(version, 0), "version"), 4);
    put(page + form->os_minor, number_of(json_array_get(version, 1), "version"), 4);
    put(page + form->os_build, machine->build, 2);
    memory_map_user(&machine->memory, process->root, peb, frame, PAGE_USER);
    memory_map_user(&machine->memory, process->root, USER_SHARED_PAGE,
                    memory_frame_of(&machine->memory, shared_page(machine)), PAGE_USER);
}

void forge_user_pages(struct machine *machine) {
    bool has_user_pages = machine->dump_type == 1 || machine->dump_type == 5;
    for (size_t i = 0; has_user_pages && i < machine->process_count; i++)
        if (machine->processes[i].user_space)
            make_peb(machine, &machine->processes[i]);
}
