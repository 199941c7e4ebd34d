/*
 * addrxlat.c - our walk through page tables against libaddrxlat's, step by step: over random tables
 * of every kind, over the real ones of a Windows 10 17763 machine, and over every page that forged
 * guests have mapped, in the address space of every process.
 *
 *     oracle-addrxlat [DUMPS]
 */
#include "walks.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define REAL_CR3 0x235500002u /* context.json of the capture */

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
    for (size_t index = 0; index < FORMS; index++)
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
    memory_init(&memory, &forms[FORM_X64]);
    size_t outcomes[OUTCOMES] = {0};
    compare_many(&memory, REAL_CR3, 20000, outcomes);
    print_outcomes("real tables", outcomes);
    assert_true(outcomes[TRANSLATED] + outcomes[IN_TRANSITION] > 100);
    assert_true(outcomes[STOPPED] > 20);
    assert_true(outcomes[TABLE_MISSING] > 100);
    check_real_memory(&memory);
    memory_deinit(&memory);
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
