/*
 * kernel_scan.c - kernel images by their names, KDDEBUGGER_DATA64 by its tag.
 *
 * Sources: Microsoft, "PE Format"; wdbgexts.h (DBGKD_DEBUG_DATA_HEADER64); for searching mapped
 * kernel space for ntoskrnl, Volatility 3 (automagic/pdbscan.py) and MemProcFS. Kernels of x64 are
 * loaded between 0xfffff80000000000 and 0xfffff87fffffffff in every build so far: what one entry of
 * the PML4 maps. Those of x86 may be anywhere in the upper 2 GiB.
 */
#include "kernel/kernel_scan.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/kdbg.h"
#include "kernel/module.h"
#include "kernel/pe.h"

#define IMAGE_MOST (32u << 20) /* the largest ntoskrnl.exe of today is some 17 MiB */
#define KDBG_TAG   0x10        /* of the tag in the block */

/* What tells a kernel of one machine. The names are those of single and multiple processors, with
 * PAE and without; the export directory of all of them says ntoskrnl.exe. */
struct kernel_kind {
    uint16_t machine; /* IMAGE_FILE_HEADER.Machine */
    uint64_t first;   /* where kernels are loaded */
    uint64_t last;
    const char *pdbs[4];
};

static const struct kernel_kind wide = {
    0x8664, 0xfffff80000000000, 0xfffff87fffffffff, {"ntkrnlmp.pdb", "ntoskrnl.pdb"}};
static const struct kernel_kind narrow = {
    0x14c,
    0x80000000,
    0xffffffff,
    {"ntkrnlmp.pdb", "ntoskrnl.pdb", "ntkrnlpa.pdb", "ntkrpamp.pdb"}};

static const struct kernel_kind *kind_of(const struct vm *vm) {
    return vm_pointer_size(vm) == 8 ? &wide : &narrow;
}

/* ---- which image is a kernel ---- */

static bool is_kernel(struct vm *vm, uint64_t base) {
    const struct kernel_kind *kind = kind_of(vm);
    struct pe_image image;
    pe_read(vm, base, &image);
    if (image.headers != READ_PRESENT || image.machine != kind->machine)
        return false;
    for (size_t i = 0; image.has_pdb && i < ARRAY_LENGTH(kind->pdbs) && kind->pdbs[i]; i++)
        if (strcmp(image.pdb.name, kind->pdbs[i]) == 0)
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

uint64_t kernel_scan_tables(const struct image *image, struct vm *vm,
                            struct kernel_scan_budget *budget) {
    const struct kernel_kind *kind = kind_of(vm);
    uint64_t address = kind->first, physical;
    while (budget->pages && vm_next_page(vm, kind->last, &budget->entries, &address, &physical)) {
        uint8_t magic[2];
        budget->pages--;
        if (image_read(image, physical, magic, sizeof magic) == READ_PRESENT &&
            memcmp(magic, "MZ", 2) == 0 && is_kernel(vm, address))
            return address;
        address += IMAGE_PAGE_SIZE; /* on x86 up to 2^32, on x64 not beyond kind->last + 1 */
    }
    return 0;
}

/* ---- in the kernel's data ---- */

/* What is asked of every aligned word of the image. */
struct search {
    struct vm *vm;
    uint64_t base;
    unsigned size; /* of a word: 8 or 4 bytes */
    bool (*is)(const struct search *search, uint64_t address, uint64_t value);
};

static uint64_t word_at(const uint8_t *bytes, unsigned size) {
    uint64_t value = 0;
    memcpy(&value, bytes, size); /* little-endian: the low bytes come first */
    return le64toh(value);
}

static uint64_t find(const struct search *search) {
    struct pe_image image;
    uint8_t bytes[IMAGE_PAGE_SIZE];
    pe_read(search->vm, search->base, &image);
    uint64_t size = image.size < IMAGE_MOST ? image.size : IMAGE_MOST;
    for (uint64_t page = 0; page < size; page += IMAGE_PAGE_SIZE) {
        if (vm_read(search->vm, search->base + page, bytes, sizeof bytes, NULL) != READ_PRESENT)
            continue;
        for (size_t i = 0; i < sizeof bytes; i += search->size) {
            uint64_t address = search->base + page + i;
            if (search->is(search, address, word_at(bytes + i, search->size)))
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
    return vm_read_pointer(search->vm, address + 8, &base) == READ_PRESENT && base == search->base;
}

uint64_t kernel_scan_kdbg(struct vm *vm, uint64_t base) {
    const struct search search = {vm, base, 8, is_kdbg_tag};
    uint64_t tag = find(&search);
    return tag ? tag - KDBG_TAG : 0;
}

/* The kernel is the first module; its entry points back to the head of the list. */
static bool is_module_list(const struct search *search, uint64_t address, uint64_t value) {
    struct vm *vm = search->vm;
    uint64_t back, base;
    return value >= first_kernel_address(vm) && value % search->size == 0 && value != address &&
           vm_is_canonical(vm, value) &&
           vm_read_pointer(vm, value + search->size, &back) == READ_PRESENT && back == address &&
           vm_read_pointer(vm, value + module_dll_base(vm), &base) == READ_PRESENT &&
           base == search->base;
}

uint64_t kernel_scan_modules(struct vm *vm, uint64_t base) {
    const struct search search = {vm, base, vm_pointer_size(vm), is_module_list};
    return find(&search);
}
