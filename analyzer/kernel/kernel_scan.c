/*
 * kernel_scan.c - kernel images by their names, KDDEBUGGER_DATA64 by its tag.
 *
 * Sources: Microsoft, "PE Format"; wdbgexts.h (DBGKD_DEBUG_DATA_HEADER64); for searching mapped
 * kernel space for ntoskrnl, Volatility 3 (automagic/pdbscan.py) and MemProcFS. Kernels of x64 are
 * loaded between 0xfffff80000000000 and 0xfffff87fffffffff in every build so far: what one entry of
 * the PML4 maps.
 */
#include "kernel/kernel_scan.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/kdbg.h"
#include "kernel/module.h"
#include "kernel/pe.h"

#define KERNEL_SPACE  0xfffff80000000000
#define ENTRIES       512u
#define ENTRY_VALID   ((uint64_t)1 << 0)
#define ENTRY_LARGE   ((uint64_t)1 << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000u
#define MACHINE_AMD64 0x8664
#define IMAGE_MOST    (32u << 20) /* the largest ntoskrnl.exe of today is some 17 MiB */
#define KDBG_TAG      0x10        /* of the tag in the block */

/* ---- which image is a kernel ---- */

static bool is_kernel(struct vm *vm, uint64_t base) {
    static const char *const names[] = {"ntkrnlmp.pdb", "ntoskrnl.pdb"};
    struct pe_image image;
    pe_read(vm, base, &image);
    if (image.headers != READ_PRESENT || image.machine != MACHINE_AMD64)
        return false;
    for (size_t i = 0; image.has_pdb && i < ARRAY_LENGTH(names); i++)
        if (strcmp(image.pdb.name, names[i]) == 0)
            return true;
    char name[16];
    return pe_export_name(vm, &image, name, sizeof name) && strcmp(name, "ntoskrnl.exe") == 0;
}

uint64_t kernel_scan_below(struct vm *vm, uint64_t address) {
    if (address < first_kernel_address(vm))
        return 0;
    uint64_t base = pe_find_below(vm, address, IMAGE_MOST);
    return base && is_kernel(vm, base) ? base : 0;
}

/* ---- page tables ---- */

struct scan {
    const struct image *image;
    struct vm *vm;
    uint64_t *budget;
};

static bool read_table(const struct scan *scan, uint64_t entry, uint64_t entries[ENTRIES]) {
    if (!(entry & ENTRY_VALID) || (entry & ENTRY_LARGE))
        return false;
    return image_read(scan->image, entry & ENTRY_ADDRESS, entries, ENTRIES * 8) == READ_PRESENT;
}

/* Whether a kernel image starts at `address`, whose page lies at `physical`. */
static bool starts_kernel(const struct scan *scan, uint64_t address, uint64_t physical) {
    uint8_t magic[2];
    if (*scan->budget == 0)
        return false;
    --*scan->budget;
    return image_read(scan->image, physical, magic, sizeof magic) == READ_PRESENT &&
           memcmp(magic, "MZ", 2) == 0 && is_kernel(scan->vm, address);
}

/* The pages that one entry of a page directory maps: those of a page table, or a large page's. */
static uint64_t scan_directory_entry(const struct scan *scan, uint64_t entry, uint64_t address) {
    uint64_t pages[ENTRIES];
    bool large = (entry & ENTRY_VALID) && (entry & ENTRY_LARGE);
    if (!large && !read_table(scan, entry, pages))
        return 0;
    for (uint64_t i = 0; i < ENTRIES && *scan->budget; i++) {
        uint64_t page = large ? (entry & ENTRY_ADDRESS & ~(uint64_t)0x1fffff) | ENTRY_VALID |
                                    i << IMAGE_PAGE_SHIFT
                              : le64toh(pages[i]);
        uint64_t at = address + (i << IMAGE_PAGE_SHIFT);
        if ((page & ENTRY_VALID) && starts_kernel(scan, at, page & ENTRY_ADDRESS))
            return at;
    }
    return 0;
}

static uint64_t scan_directory(const struct scan *scan, uint64_t entry, uint64_t address) {
    uint64_t entries[ENTRIES], found = 0;
    if (!read_table(scan, entry, entries))
        return 0;
    for (uint64_t i = 0; i < ENTRIES && *scan->budget && !found; i++) {
        if (le64toh(entries[i]) & ENTRY_VALID)
            found = scan_directory_entry(scan, le64toh(entries[i]), address + (i << 21));
    }
    return found;
}

uint64_t kernel_scan_tables(const struct image *image, struct vm *vm, uint64_t *budget) {
    const struct scan scan = {.image = image, .vm = vm, .budget = budget};
    uint64_t entry, entries[ENTRIES], found = 0;
    uint64_t at = vm_directory_table_base(vm) + (KERNEL_SPACE >> 39 & (ENTRIES - 1)) * 8;
    if (image_read(image, at, &entry, sizeof entry) != READ_PRESENT ||
        !read_table(&scan, le64toh(entry), entries))
        return 0;
    for (uint64_t i = 0; i < ENTRIES && *budget && !found; i++)
        found = scan_directory(&scan, le64toh(entries[i]), KERNEL_SPACE + (i << 30));
    return found;
}

/* ---- in the kernel's data ---- */

/* What is asked of every aligned quadword of the image. */
struct search {
    struct vm *vm;
    uint64_t base;
    bool (*is)(const struct search *search, uint64_t address, uint64_t value);
};

static uint64_t find(const struct search *search) {
    struct pe_image image;
    uint64_t words[IMAGE_PAGE_SIZE / 8];
    pe_read(search->vm, search->base, &image);
    uint64_t size = image.size < IMAGE_MOST ? image.size : IMAGE_MOST;
    for (uint64_t page = 0; page < size; page += IMAGE_PAGE_SIZE) {
        if (vm_read(search->vm, search->base + page, words, sizeof words, NULL) != READ_PRESENT)
            continue;
        for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
            uint64_t address = search->base + page + i * 8;
            if (search->is(search, address, le64toh(words[i])))
                return address;
        }
    }
    return 0;
}

/* The tag and the block's size are one quadword; a block is a few hundred bytes. */
static bool is_kdbg_tag(const struct search *search, uint64_t address, uint64_t value) {
    static const uint32_t tag = 0x4742444b; /* 'KDBG' */
    uint64_t base;
    if ((uint32_t)value != tag || value >> 32 < 0x200 || value >> 32 > KDBG_MAX_SIZE)
        return false;
    return vm_read_u64(search->vm, address + 8, &base) == READ_PRESENT && base == search->base;
}

uint64_t kernel_scan_kdbg(struct vm *vm, uint64_t base) {
    const struct search search = {vm, base, is_kdbg_tag};
    uint64_t tag = find(&search);
    return tag ? tag - KDBG_TAG : 0;
}

/* The kernel is the first module; its entry points back to the head of the list. */
static bool is_module_list(const struct search *search, uint64_t address, uint64_t value) {
    uint64_t back, base;
    return value >= first_kernel_address(search->vm) && value % 8 == 0 && value != address &&
           vm_is_canonical(search->vm, value) &&
           vm_read_u64(search->vm, value + 8, &back) == READ_PRESENT && back == address &&
           vm_read_u64(search->vm, value + module_dll_base(search->vm), &base) == READ_PRESENT &&
           base == search->base;
}

uint64_t kernel_scan_modules(struct vm *vm, uint64_t base) {
    const struct search search = {vm, base, is_module_list};
    return find(&search);
}
