/* guests.c - both walks over every page that forged guests have mapped, in the address space of
 * every process. */
#include "walks.h"

#include <jansson.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"

const char *dumps_folder;

/* A walk over every entry of every table: what an entry maps is compared, a table gone into. */
struct tour {
    struct memory *memory;
    struct vm *vm;
    addrxlat_meth_t method;
    size_t outcomes[OUTCOMES];
};

/* `address` and `shift` are those of the entries of the table at `at`; depth is that of the page
 * tables. An entry without a table is compared at one address, and so is a page; of empty entries,
 * which are nearly all, every eighth. */
static void go_through(struct tour *tour, uint64_t at, unsigned level, unsigned shift,
                       uint64_t address) {
    const struct form *form = tour->memory->form;
    const uint8_t *table = find_page(tour->memory, at / PAGE);
    if (!table)
        return;
    table += at % PAGE;
    for (uint64_t index = 0; index < 1u << form->oracle.fieldsz[level]; index++) {
        uint64_t entry = 0, first = address | index << shift;
        memcpy(&entry, table + index * form->entry_size, form->entry_size);
        if (entry == 0 && index % 8)
            continue;
        bool leads_on = level > 1 && entry & 1 && !(level < 4 && entry & 0x80);
        if (leads_on)
            go_through(tour, entry & form->address_bits, level - 1,
                       shift - form->oracle.fieldsz[level - 1], first);
        else
            tour->outcomes[compare(tour->memory, tour->vm, &tour->method,
                                   extend(form, first) | (0x123 + index * 8) % PAGE)]++;
    }
}

static void compare_space(struct memory *memory, uint64_t root, size_t *outcomes) {
    const struct form *form = memory->form;
    struct tour tour = {.memory = memory,
                        .vm = vm_create_paging(memory->image, form->paging, root),
                        .method = method_of(form, root)};
    unsigned shift = 0;
    for (unsigned level = 0; level < levels_of(form); level++)
        shift += form->oracle.fieldsz[level];
    go_through(&tour, root & form->root_bits, levels_of(form), shift, 0);
    for (size_t outcome = 0; outcome < OUTCOMES; outcome++)
        outcomes[outcome] += tour.outcomes[outcome];
    vm_destroy(tour.vm);
}

/* The address spaces of all processes of the guest, as the forge notes them; how many there are. */
static size_t compare_processes(struct memory *memory, const char *name, size_t *outcomes) {
    static const char *const keys[] = {"directory_table_base", "user_directory_table_base"};
    AUTO_FREE char *path = xasprintf("%s/%s.facts.json", dumps_folder, name);
    json_t *facts = json_load_file(path, 0, NULL), *process;
    size_t index, spaces = 0;
    assert_non_null(facts);
    json_array_foreach(json_object_get(facts, "processes"), index, process) {
        for (size_t key = 0; key < ARRAY_LENGTH(keys); key++) {
            const char *root = json_string_value(json_object_get(process, keys[key]));
            if (root) {
                compare_space(memory, strtoull(root, NULL, 0), outcomes);
                spaces++;
            }
        }
    }
    json_decref(facts);
    return spaces;
}

/* The floors keep the test from passing over nothing. */
static const struct guest {
    const char *name;
    const struct form *form;
    size_t spaces, pages;
} guests[] = {
    {"small-full", &forms[FORM_X64], 11, 7000},
    {"small-range-kernel-user", &forms[FORM_X64], 11, 7000},
    {"small-la57", &forms[FORM_LA57], 11, 7000},
    {"small-x86", &forms[FORM_X86], 9, 4000},
    {"small-x86pae", &forms[FORM_X86PAE], 9, 3000},
    {"winxp-2600", &forms[FORM_X86], 20, 2000},
    {"win10-14393", &forms[FORM_X64], 59, 120000},
};

static void compare_guest(const struct guest *guest) {
    struct error err = {.message = ""};
    struct memory memory = {0};
    AUTO_FREE char *path = xasprintf("%s/%s.dmp", dumps_folder, guest->name);
    if (image_open(&err, path, &memory.image))
        fail_msg("%s", err.message);
    memory_start(&memory, guest->form);
    uint64_t root = 0;
    size_t outcomes[OUTCOMES] = {0};
    assert_true(image_header_value(memory.image, "DirectoryTableBase", &root));
    compare_space(&memory, root, outcomes);
    size_t spaces = 1 + compare_processes(&memory, guest->name, outcomes);
    AUTO_FREE char *title = xasprintf("%s, %zu address spaces", guest->name, spaces);
    print_outcomes(title, outcomes);
    assert_true(spaces >= guest->spaces);
    assert_true(outcomes[TRANSLATED] >= guest->pages);
    assert_true(outcomes[IN_TRANSITION] > 10);
    assert_true(outcomes[STOPPED] > 1000);
    addrxlat_ctx_decref(memory.context);
    image_close(memory.image);
}

void test_forged_guests(void **state) {
    (void)state;
    if (!dumps_folder) {
        print_message("skipped: no folder of dumps was named\n");
        skip();
    }
    for (size_t index = 0; index < ARRAY_LENGTH(guests); index++)
        compare_guest(&guests[index]);
}
