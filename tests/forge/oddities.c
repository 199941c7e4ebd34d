/*
 * oddities.c - what makes a dump interesting: pages that it lacks, entries of the page tables that
 * name no page, words that have to read as they were published, lists that somebody broke.
 */
#include <inttypes.h>
#include <string.h>

#include "machine.h"
#include "util.h"

/* Adds to facts.translations. `where` is the expected state, by the words of the design. */
static void note(struct machine *machine, uint64_t address, const char *where, uint64_t page_size,
                 bool with_physical) {
    json_t *row = json_pack("{s:o, s:s, s:i}", "address", address_text(machine, address), "state",
                            where, "page_size", (int)page_size);
    if (with_physical)
        json_object_set_new(
            row, "physical",
            hex(memory_frame_of(&machine->memory, address) << PAGE_SHIFT | address % PAGE_SIZE));
    json_array_append_new(json_object_get(machine->facts, "translations"), row);
}

/* One page of each kind that the software PTEs know, behind everything else in paged pool. */
static void make_samples(struct machine *machine) {
    static const struct {
        const char *state;
        uint64_t entry, short_entry; /* of 8 bytes, of 4 */
    } samples[] = {
        {"demand-zero", 0x80, 0x80},
        {"paged-out", 0x0001a2b400000082, 0x1a2b4082},
        {"prototype", 0xf8a0012345670400, 0x12345400},
        {"not-mapped", 0, 0},
    };
    bool wide = machine->pointer_size == 8;
    uint64_t at = ALIGN_UP(machine->paged.next, 0x10000);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        memory_put_entry(&machine->memory, at + i * PAGE_SIZE,
                         wide || machine->pae ? samples[i].entry : samples[i].short_entry);
        note(machine, at + i * PAGE_SIZE + 0x123, samples[i].state, 0, false);
    }
    at += 0x10000;
    memory_map(&machine->memory, at, PAGE_SIZE, PAGE_TRANSITION);
    note(machine, at + 0x40, "present", PAGE_SIZE, true);
    memory_map(&machine->memory, at + PAGE_SIZE, PAGE_SIZE, PAGE_DATA);
    memory_omit(&machine->memory, at + PAGE_SIZE);
    note(machine, at + PAGE_SIZE + 8, "not-in-dump", PAGE_SIZE, true);
    note(machine, machine->kernel_base, "present", PAGE_SIZE, true);
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    uint64_t large = number_or(kernel, "large_page", 0);
    if (large)
        note(machine, large + 0x1234, "present", memory_large_size(&machine->memory), true);
    const json_t *huge = json_object_get(machine->scenario, "huge_page");
    if (huge)
        note(machine, machine->strings.next - 2, "present", HUGE_PAGE_SIZE, true);
    note(machine, wide ? 0x8000000000000000ull : 0x100000000ull, "non-canonical", 0, false);
}

/* Rows of address, bytes (2, 4, 8) or "text", value. */
static void write_words(struct machine *machine) {
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(machine->scenario, "words"), i, row) {
        uint64_t address = number_of(json_array_get(row, 0), "words");
        uint64_t size = number_of(json_array_get(row, 1), "words");
        memory_put(&machine->memory, address, number_of(json_array_get(row, 2), "words"),
                   size > 8 ? 8 : size);
    }
}

static uint64_t list_entry(struct machine *machine, const json_t *odd, const char *who) {
    const struct process *process = find_process(machine, number(odd, who));
    return field(machine, process->address, "_EPROCESS", string(odd, "list"));
}

/* The entry's successor leads to an entry further up. */
static void make_cycle(struct machine *machine, const json_t *odd) {
    put_pointer(machine, list_entry(machine, odd, "process"), list_entry(machine, odd, "to"));
}

/* The entry's Blink leads to another entry than the one that leads to it. */
static void make_mislink(struct machine *machine, const json_t *odd) {
    put_pointer(machine, list_entry(machine, odd, "process") + machine->pointer_size,
                list_entry(machine, odd, "to"));
}

/* The neighbours lead around the entry, which keeps its own links: how a rootkit hides one. */
static void make_unlink(struct machine *machine, const json_t *odd) {
    uint64_t entry = list_entry(machine, odd, "process");
    uint64_t next = get_pointer(machine, entry);
    uint64_t previous = get_pointer(machine, entry + machine->pointer_size);
    put_pointer(machine, previous, next);
    put_pointer(machine, next + machine->pointer_size, previous);
}

/* The last thread of a priority leads to the first again, and not to the list. */
static void make_queue_cycle(struct machine *machine, const json_t *odd) {
    const json_t *first = json_array_get(array(machine->scenario, "processors"), 0);
    uint64_t head = field(machine, number(first, "prcb"), "_KPRCB", "DispatcherReadyListHead") +
                    2 * machine->pointer_size * number(odd, "priority");
    put_pointer(machine, get_pointer(machine, head + machine->pointer_size),
                get_pointer(machine, head));
}

/* The page that holds the entry is not in the dump. */
static void make_hole(struct machine *machine, const json_t *odd) {
    memory_omit(&machine->memory, list_entry(machine, odd, "process"));
}

/* The page that holds the entry has the PTE that the scenario says. */
static void make_pte(struct machine *machine, const json_t *odd) {
    memory_put_entry(&machine->memory, list_entry(machine, odd, "process"), number(odd, "entry"));
}

static void break_lists(struct machine *machine) {
    static const struct {
        const char *kind;
        void (*make)(struct machine *machine, const json_t *odd);
    } kinds[] = {
        {"cycle", make_cycle},
        {"mislink", make_mislink},
        {"unlink", make_unlink},
        {"hole", make_hole},
        {"pte", make_pte},
        {"queue-cycle", make_queue_cycle},
    };
    size_t i;
    json_t *odd;
    json_array_foreach(json_object_get(machine->scenario, "oddities"), i, odd) {
        size_t k = 0;
        while (k < sizeof kinds / sizeof *kinds && strcmp(kinds[k].kind, string(odd, "kind")) != 0)
            k++;
        if (k == sizeof kinds / sizeof *kinds)
            die("\"%s\" is no oddity", string(odd, "kind"));
        kinds[k].make(machine, odd);
    }
}

void forge_oddities(struct machine *machine) {
    json_object_set_new(machine->facts, "translations", json_array());
    write_words(machine);
    make_samples(machine);
    break_lists(machine);
}
