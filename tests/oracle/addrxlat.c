/*
 * addrxlat.c - our walk through page tables against libaddrxlat's, step by step: over random tables
 * of every kind, over the real ones of a Windows 10 17763 machine, and over every page that forged
 * guests have mapped, in the address space of every process.
 *
 *     oracle-addrxlat [DUMPS]
 */
#include "test.h"

#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <libkdumpfile/addrxlat.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "small_dump.h"
#include "vm/vm.h"

#define REAL_CR3 0x235500002u /* context.json of the capture */

/* A kind of page tables, by both names. */
struct form {
    const char *name;
    enum vm_paging paging;
    addrxlat_paging_form_t oracle;
    unsigned entry_size;
    uint64_t address_bits; /* of an entry */
    uint64_t root_bits;    /* of CR3 */
    unsigned sign;         /* the highest bit of an address that counts; 0: no sign */
};

static const struct form forms[] = {
    {"x64",
     VM_X64,
     {ADDRXLAT_PTE_X86_64, 5, {12, 9, 9, 9, 9}},
     8,
     0x000ffffffffff000,
     0x000ffffffffff000,
     47},
    {"LA57",
     VM_X64_LA57,
     {ADDRXLAT_PTE_X86_64, 6, {12, 9, 9, 9, 9, 9}},
     8,
     0x000ffffffffff000,
     0x000ffffffffff000,
     56},
    {"x86", VM_X86, {ADDRXLAT_PTE_IA32, 3, {12, 10, 10}}, 4, 0xfffff000, 0xfffff000, 0},
    {"x86 PAE",
     VM_X86_PAE,
     {ADDRXLAT_PTE_IA32_PAE, 4, {12, 9, 9, 2}},
     8,
     0x000ffffffffff000,
     0xffffffe0,
     0},
};

static unsigned levels_of(const struct form *form) {
    return form->oracle.nfields - 1;
}

static const char *dumps_folder;

/* Physical memory as the oracle sees it: its own table, not the image. */
struct memory {
    uint64_t *frames; /* ascending */
    const uint8_t **pages;
    size_t count;
    struct small_dump dump;
    struct image *image;
    addrxlat_ctx_t *context;
    const struct form *form;
};

static const uint8_t *find_page(const struct memory *memory, uint64_t frame) {
    const uint8_t *page;
    if (!memory->frames) /* of a forged dump: the image is all there is */
        return image_page(memory->image, frame, &page) == READ_PRESENT ? page : NULL;
    for (size_t low = 0, high = memory->count; low < high;) {
        size_t middle = (low + high) / 2;
        if (memory->frames[middle] == frame)
            return memory->pages[middle];
        if (memory->frames[middle] < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static addrxlat_status get_page(const addrxlat_cb_t *callbacks, addrxlat_buffer_t *buffer) {
    struct memory *memory = callbacks->priv;
    const uint8_t *page = find_page(memory, buffer->addr.addr / PAGE);
    if (!page)
        return addrxlat_ctx_err(memory->context, ADDRXLAT_ERR_NODATA, "no page");
    buffer->addr.addr &= ~(uint64_t)(PAGE - 1);
    buffer->ptr = page;
    buffer->size = PAGE;
    buffer->byte_order = ADDRXLAT_LITTLE_ENDIAN;
    return ADDRXLAT_OK;
}

static unsigned long read_caps(const addrxlat_cb_t *callbacks) {
    (void)callbacks;
    return ADDRXLAT_CAPS(ADDRXLAT_MACHPHYSADDR);
}

static void memory_start(struct memory *memory, const struct form *form) {
    memory->form = form;
    memory->context = addrxlat_ctx_new();
    assert_non_null(memory->context);
    addrxlat_cb_t *callbacks = addrxlat_ctx_add_cb(memory->context);
    assert_non_null(callbacks);
    callbacks->priv = memory;
    callbacks->get_page = get_page;
    callbacks->read_caps = read_caps;
}

/* The pages of `dump` are those of `frames`, in their order. */
static void memory_init(struct memory *memory, const struct form *form) {
    struct error err = {.message = ""};
    memory->pages = xreallocarray(NULL, memory->count, sizeof *memory->pages);
    for (size_t index = 0; index < memory->count; index++)
        memory->pages[index] = memory->dump.bytes + memory->dump.first_page + index * PAGE;
    if (image_open_bytes(&err, "dump", memory->dump.bytes, memory->dump.size, &memory->image))
        fail_msg("%s", err.message);
    memory_start(memory, form);
}

static void memory_deinit(struct memory *memory) {
    addrxlat_ctx_decref(memory->context);
    image_close(memory->image);
    small_free(&memory->dump);
    free(memory->frames);
    free(memory->pages);
}

static uint64_t random_state = 1;

static uint64_t random64(void) {
    uint64_t value = random_state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

/* What of an oracle's walk is not in its step. */
struct oracle {
    bool transition;
    unsigned level; /* of the entry that maps the page */
};

/* libaddrxlat knows no transition PTEs, but its walk can be taken up behind one. The entries at the
 * top of PAE are no PTEs. Behind an entry that maps a large page it leaves the levels below out. */
static addrxlat_status oracle_walk(const struct form *form, addrxlat_step_t *step, uint64_t address,
                                   struct oracle *oracle) {
    addrxlat_status status = addrxlat_launch(step, address);
    *oracle = (struct oracle){.level = 1};
    while (status == ADDRXLAT_OK && step->remain) {
        unsigned before = step->remain;
        status = addrxlat_step(step);
        if (status == ADDRXLAT_OK && before - step->remain > 1)
            oracle->level = before - 1;
        bool is_pte = form->paging != VM_X86_PAE || step->remain < 3;
        if (status == ADDRXLAT_ERR_NOTPRESENT && is_pte && (step->raw.pte & 0xc01) == 0x800) {
            step->base.addr = step->raw.pte & form->address_bits;
            step->base.as = ADDRXLAT_MACHPHYSADDR;
            if (step->remain == 1)
                step->elemsz = 1;
            oracle->transition = true;
            status = ADDRXLAT_OK;
        }
    }
    return status;
}

static uint64_t page_size_of(const struct form *form, unsigned level) {
    unsigned shift = 0;
    for (unsigned field = 0; field < level; field++)
        shift += form->oracle.fieldsz[field];
    return (uint64_t)1 << shift;
}

enum outcome { TRANSLATED, IN_TRANSITION, STOPPED, TABLE_MISSING, NO_ADDRESS, OUTCOMES };

/* Both walks of `address`; they must agree on everything that both say. */
static enum outcome compare(struct memory *memory, struct vm *vm, const addrxlat_meth_t *method,
                            uint64_t address) {
    addrxlat_step_t step = {.ctx = memory->context, .sys = NULL, .meth = method};
    struct oracle oracle;
    addrxlat_status status = oracle_walk(memory->form, &step, address, &oracle);
    addrxlat_ctx_clear_err(memory->context);
    struct vm_translation walk = vm_translate(vm, address);
    switch (status) {
    case ADDRXLAT_OK:
        if (walk.state != READ_PRESENT || walk.physical != step.base.addr ||
            walk.entry != step.raw.pte || walk.transition != oracle.transition ||
            walk.page_size != page_size_of(memory->form, oracle.level))
            break;
        return oracle.transition ? IN_TRANSITION : TRANSLATED;
    case ADDRXLAT_ERR_NOTPRESENT:
        if (walk.state < READ_NOT_MAPPED || walk.state > READ_DEMAND_ZERO ||
            walk.entry != step.raw.pte || walk.entry_address != step.base.addr ||
            walk.level != step.remain)
            break;
        return STOPPED;
    case ADDRXLAT_ERR_NODATA:
        if (walk.state != READ_NOT_IN_DUMP || walk.physical != step.base.addr ||
            walk.page_size != 0)
            break;
        return TABLE_MISSING;
    case ADDRXLAT_ERR_INVALID:
        if (walk.state != READ_NON_CANONICAL)
            break;
        return NO_ADDRESS;
    default:
        break;
    }
    fail_msg("0x%" PRIx64 ": oracle %d, 0x%" PRIx64 ", entry 0x%" PRIx64 ", level %u; "
             "ours %s, 0x%" PRIx64 ", entry 0x%" PRIx64 ", level %u, page 0x%" PRIx64,
             address, (int)status, (uint64_t)step.base.addr, (uint64_t)step.raw.pte,
             status == ADDRXLAT_OK ? oracle.level : (unsigned)step.remain,
             read_state_name(walk.state), walk.physical, walk.entry, walk.level, walk.page_size);
    return OUTCOMES;
}

static void print_outcomes(const char *name, const size_t outcomes[OUTCOMES]) {
    print_message("%s: %zu pages translated, %zu through transition PTEs, %zu stopped, %zu without "
                  "a table, %zu not canonical\n",
                  name, outcomes[TRANSLATED], outcomes[IN_TRANSITION], outcomes[STOPPED],
                  outcomes[TABLE_MISSING], outcomes[NO_ADDRESS]);
}

/* The entry of `table` that a way down takes: not an empty one, and half of the time one that leads
 * to a page that is there, as long as the table has such. */
static uint64_t choose_entry(const struct memory *memory, const uint8_t *table, unsigned count,
                             uint64_t *index) {
    bool present = random64() & 1;
    uint64_t entry = 0;
    *index = random64() % count;
    for (unsigned tries = 0; table && tries < count; tries++, *index = (*index + 1) % count) {
        memcpy(&entry, table + *index * memory->form->entry_size, memory->form->entry_size);
        if (entry && (!present || find_page(memory, (entry & memory->form->address_bits) / PAGE)))
            break;
    }
    return entry;
}

static uint64_t extend(const struct form *form, uint64_t address) {
    if (!form->sign || !(address >> form->sign & 1))
        return address;
    return address | ~(((uint64_t)1 << form->sign) - 1);
}

static uint64_t address_by_tables(const struct memory *memory, uint64_t root) {
    const struct form *form = memory->form;
    uint64_t address = random64() % PAGE, at = root & form->root_bits;
    const uint8_t *table = find_page(memory, at / PAGE);
    if (table)
        table += at % PAGE;
    unsigned shift = 0;
    for (unsigned level = 0; level < form->oracle.nfields; level++)
        shift += form->oracle.fieldsz[level];
    for (unsigned level = levels_of(form); level > 0; level--) {
        uint64_t index;
        shift -= form->oracle.fieldsz[level];
        uint64_t entry = choose_entry(memory, table, 1u << form->oracle.fieldsz[level], &index);
        address |= index << shift;
        table = find_page(memory, (entry & form->address_bits) / PAGE);
    }
    return extend(form, address);
}

static addrxlat_meth_t method_of(const struct form *form, uint64_t root) {
    addrxlat_meth_t method = {.kind = ADDRXLAT_PGT, .target_as = ADDRXLAT_MACHPHYSADDR};
    method.param.pgt.root =
        (addrxlat_fulladdr_t){.as = ADDRXLAT_MACHPHYSADDR, .addr = root & form->root_bits};
    method.param.pgt.pf = form->oracle;
    return method;
}

static void compare_many(struct memory *memory, uint64_t root, size_t walks, size_t *outcomes) {
    struct vm *vm = vm_create_paging(memory->image, memory->form->paging, root);
    addrxlat_meth_t method = method_of(memory->form, root);
    for (size_t index = 0; index < walks; index++) {
        uint64_t address = index % 8 ? address_by_tables(memory, root) : random64();
        if (memory->form->sign == 0 && index % 8 == 0 && index % 16)
            address &= UINT32_MAX;
        outcomes[compare(memory, vm, &method, address)]++;
    }
    vm_destroy(vm);
}

/* An entry of any kind; those that point somewhere mostly point into the memory there is. */
static uint64_t random_entry(const struct form *form, uint64_t frames) {
    uint64_t kind = random64() % 100;
    uint64_t high = random64() & 0xfff0000000000000;
    uint64_t frame = random64() % (frames + frames / 8);
    if (kind < 10)
        return 0;
    if (kind < 20)
        return random64() & ~(uint64_t)1;
    if (kind < 30)
        return frame * PAGE | (random64() & 0x3fe & ~(uint64_t)1) | 0x800;
    if (kind < 35)
        return (random64() & form->address_bits) | high | 0x81;
    return frame * PAGE | high | (random64() & 0xf7e) | 1;
}

static void random_tables(const struct form *form) {
    enum { FRAMES = 96 };
    size_t outcomes[OUTCOMES] = {0};
    for (unsigned round = 0; round < 20; round++) {
        const struct small_run run = {0, FRAMES};
        struct memory memory = {.count = FRAMES, .dump = small_full(&run, 1, 1)};
        memory.frames = xreallocarray(NULL, FRAMES, sizeof *memory.frames);
        for (size_t frame = 0; frame < FRAMES; frame++) {
            memory.frames[frame] = frame;
            for (size_t offset = 0; offset < PAGE; offset += form->entry_size)
                put(&memory.dump, memory.dump.first_page + frame * PAGE + offset,
                    random_entry(form, FRAMES), form->entry_size);
        }
        memory_init(&memory, form);
        uint64_t inside = form->paging == VM_X86_PAE ? random64() % PAGE & ~(uint64_t)31 : 0;
        compare_many(&memory, random64() % FRAMES * PAGE | inside, 2000, outcomes);
        memory_deinit(&memory);
    }
    char name[64];
    snprintf(name, sizeof name, "random tables of %s", form->name);
    print_outcomes(name, outcomes);
    for (size_t outcome = 0; outcome < OUTCOMES; outcome++)
        assert_true(outcomes[outcome] > 100);
}

static void test_random_tables(void **state) {
    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(forms); index++)
        random_tables(&forms[index]);
}

static int by_frame(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* The frames that `folder` has a file of: ADDRESS.bin, in hexadecimal. */
static void list_frames(struct memory *memory, const char *folder) {
    size_t capacity = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char *end;
        uint64_t address = strtoull(entry->d_name, &end, 16);
        if (end == entry->d_name || strcmp(end, ".bin") != 0)
            continue;
        ARRAY_RESERVE(memory->frames, memory->count, capacity);
        memory->frames[memory->count++] = address / PAGE;
    }
    closedir(directory);
    qsort(memory->frames, memory->count, sizeof *memory->frames, by_frame);
}

static void load_pages(struct memory *memory, const char *folder) {
    memory->dump = small_bitmap(BITMAP_FULL, "FDMP", memory->frames[memory->count - 1] + 1,
                                memory->frames, memory->count);
    for (size_t index = 0; index < memory->count; index++) {
        AUTO_FREE char *path =
            xasprintf("%s/%016" PRIx64 ".bin", folder, memory->frames[index] * PAGE);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t at = memory->dump.first_page + index * PAGE;
        assert_int_equal(fread(memory->dump.bytes + at, 1, PAGE, file), PAGE);
        fclose(file);
    }
}

/* The kernel's first page; and that every transition PTE, with the mask that this kernel set in all
 * of them, points into the 9 GiB that the machine had. */
static void check_real_memory(const struct memory *memory) {
    struct vm *vm = vm_create(memory->image, REAL_CR3);
    uint16_t magic = 0;
    assert_int_equal(vm_read_u16(vm, 0xfffff8051a09f000, &magic), READ_PRESENT);
    assert_int_equal(magic, 0x5a4d);
    vm_set_invalid_pte_mask(vm, 0x0000200000000000);
    size_t transitions = 0;
    for (size_t index = 0; index < 20000; index++) {
        struct vm_translation walk = vm_translate(vm, address_by_tables(memory, REAL_CR3));
        if (walk.state != READ_PRESENT || !walk.transition)
            continue;
        transitions++;
        assert_true(walk.physical < 0x240000000);
    }
    print_message("real tables: %zu transition pages\n", transitions);
    assert_true(transitions > 20);
    vm_destroy(vm);
}

static void test_real_tables(void **state) {
    (void)state;
    const char *archive = NTDRIFT_SHARED "/real/rewind-17763-pages.tar.xz";
    if (access(archive, R_OK) != 0) {
        print_message("skipped: no %s\n", archive);
        skip();
    }
    char folder[] = "rewind.XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO_FREE char *unpack = xasprintf("tar -xJf '%s' -C %s", archive, folder);
    AUTO_FREE char *pages = xasprintf("%s/mem", folder);
    AUTO_FREE char *clean = xasprintf("rm -rf %s", folder);
    assert_int_equal(system(unpack), 0);
    random_state = 1;
    struct memory memory = {0};
    list_frames(&memory, pages);
    assert_true(memory.count > 900);
    load_pages(&memory, pages);
    assert_int_equal(system(clean), 0);
    memory_init(&memory, &forms[0]);
    size_t outcomes[OUTCOMES] = {0};
    compare_many(&memory, REAL_CR3, 20000, outcomes);
    print_outcomes("real tables", outcomes);
    assert_true(outcomes[TRANSLATED] + outcomes[IN_TRANSITION] > 100);
    assert_true(outcomes[STOPPED] > 20);
    assert_true(outcomes[TABLE_MISSING] > 100);
    check_real_memory(&memory);
    memory_deinit(&memory);
}

/* ---- forged guests ---- */

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
    {"small-full", &forms[0], 11, 7000},    {"small-range-kernel-user", &forms[0], 11, 7000},
    {"small-la57", &forms[1], 11, 7000},    {"small-x86", &forms[2], 9, 400},
    {"small-x86pae", &forms[3], 9, 400},    {"winxp-2600", &forms[2], 20, 2000},
    {"win10-14393", &forms[0], 59, 120000},
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

static void test_forged_guests(void **state) {
    (void)state;
    if (!dumps_folder) {
        print_message("skipped: no folder of dumps was named\n");
        skip();
    }
    for (size_t index = 0; index < ARRAY_LENGTH(guests); index++)
        compare_guest(&guests[index]);
}

int main(int argc, char **argv) {
    dumps_folder = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_tables),
        cmocka_unit_test(test_real_tables),
        cmocka_unit_test(test_forged_guests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
