/*
 * discover.c - page tables and kernel of an image without a header.
 *
 * Sources: the low stub is PROCESSOR_START_BLOCK, which the HAL leaves in the first MiB with the
 * CR3 and an entry address of the kernel (A. Ionescu, "Getting Physical With USB Type-C", Recon
 * 2017; MemProcFS, vmm/vmmwininit.c, has the same offsets); every PML4 of Windows has an entry that
 * maps itself, since 1607 at a random place (Volatility 3, automagic/windows.py, also for x86 and
 * PAE; Rekall, plugins/windows/common.py).
 *
 * With KVA shadow, a processor in user mode has the user's tables in CR3. They map a handful of
 * the kernel's pages only, never its headers: no kernel is found by them, and the search goes on.
 */
#include "kernel/discover.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/kernel_scan.h"
#include "kernel/processor.h"

#define FRAME_MASK   0x000ffffffffff000u
#define CR4_PAE      ((uint64_t)1 << 5)
#define CR4_LA57     ((uint64_t)1 << 12)
#define LOW_FRAMES   256u                /* the first MiB */
#define TABLES_MOST  128u                /* that are tried */
#define PAGES_MOST   ((uint64_t)1 << 21) /* looked at for a kernel's headers, by all tables */
#define ENTRIES_MOST ((uint64_t)1 << 25) /* of page tables, in this search */
#define TRIED_MOST   400                 /* characters */

struct hunt {
    struct image *image;
    struct {
        uint64_t table;
        enum vm_paging paging;
    } tables[TABLES_MOST]; /* tried already */
    size_t table_count;
    struct kernel_scan_budget budget;
    struct discovery found;
    struct text tried;
};

/* ---- page tables ---- */

/* Whether these tables are new; remembers them. */
static bool remember(struct hunt *hunt, uint64_t table, enum vm_paging paging) {
    for (size_t i = 0; i < hunt->table_count; i++)
        if (hunt->tables[i].table == table && hunt->tables[i].paging == paging)
            return false;
    if (table == 0 || hunt->table_count == TABLES_MOST)
        return false;
    hunt->tables[hunt->table_count].table = table;
    hunt->tables[hunt->table_count++].paging = paging;
    return true;
}

/* The address of the first handler of an IDT, which is in the kernel: a gate's offset is in two
 * parts, of x64 in three (Intel SDM volume 3, 6.11 and 6.14.1). */
static uint64_t first_handler(struct vm *vm, uint64_t idt) {
    uint64_t gate[2] = {0};
    if (vm_read(vm, idt, gate, 2 * vm_pointer_size(vm), NULL) != READ_PRESENT)
        return 0;
    uint64_t low = le64toh(gate[0]), high = le64toh(gate[1]);
    return (low & 0xffff) | (low >> 32 & 0xffff0000) | high << 32;
}

/* What may be known of a kernel's place; 0: is not. */
struct hint {
    uint64_t address; /* of its code */
    uint64_t idt;
};

/* Whether a kernel is mapped by the tables at `table`. */
static bool try_table(struct hunt *hunt, uint64_t table, enum vm_paging paging, struct hint hint) {
    struct vm *vm = vm_create_paging(hunt->image, paging, table);
    uint64_t kernel = 0;
    table = vm_directory_table_base(vm);
    if (remember(hunt, table, paging)) {
        if (hint.idt)
            hint.address = first_handler(vm, hint.idt);
        if (hint.address)
            kernel = kernel_scan_below(vm, hint.address);
        if (!kernel)
            kernel = kernel_scan_tables(hunt->image, vm, &hunt->budget);
    }
    vm_destroy(vm);
    hunt->found = (struct discovery){paging, table, kernel};
    return kernel != 0;
}

/* Four levels, or five: nothing but a processor's CR4 says how many there are. */
static bool try_wide(struct hunt *hunt, uint64_t table, struct hint hint) {
    return try_table(hunt, table, VM_X64, hint) || try_table(hunt, table, VM_X64_LA57, hint);
}

static void note(struct hunt *hunt, const char *what, size_t found) {
    text_printf(&hunt->tried, "%s%zu %s", hunt->tried.length ? ", " : "", found, what);
}

static bool try_header(struct hunt *hunt) {
    uint64_t table, pae = 0;
    if (!image_header_value(hunt->image, "DirectoryTableBase", &table))
        return false;
    image_header_value(hunt->image, "PaeEnabled", &pae);
    if (image_info(hunt->image)->address_bits == 32
            ? try_table(hunt, table, pae ? VM_X86_PAE : VM_X86, (struct hint){0})
            : try_wide(hunt, table, (struct hint){0}))
        return true;
    note(hunt, "header in the notes", 1);
    return false;
}

/* QEMU's notes have no EFER: with CR4.PAE, a processor may be in long mode or not. */
static bool try_processors(struct hunt *hunt) {
    const struct image_info *info = image_info(hunt->image);
    for (size_t i = 0; i < info->processor_count; i++) {
        const struct image_processor *processor = &info->processors[i];
        const struct hint hint = {.idt = processor->idt};
        if (!(processor->cr4 & CR4_PAE)
                ? try_table(hunt, processor->cr3, VM_X86, hint)
                : try_table(hunt, processor->cr3, processor->cr4 & CR4_LA57 ? VM_X64_LA57 : VM_X64,
                            hint) ||
                      try_table(hunt, processor->cr3, VM_X86_PAE, hint))
            return true;
    }
    note(hunt, "processors in the notes", info->processor_count);
    return false;
}

/* PROCESSOR_START_BLOCK: a jump and its flags, LmTarget at 0x70, ProcessorState.Cr3 at 0xa0. */
static bool is_low_stub(const uint8_t *page, uint64_t *table, uint64_t *entry) {
    uint64_t jump;
    memcpy(&jump, page, sizeof jump);
    memcpy(entry, page + 0x70, sizeof *entry);
    memcpy(table, page + 0xa0, sizeof *table);
    *entry = le64toh(*entry);
    *table = le64toh(*table);
    return (le64toh(jump) & 0xffffffffffff00ff) == 0x00000001000600e9 &&
           (*entry & 0xfffff80000000003) == 0xfffff80000000000 &&
           (*table & 0xffffff0000000fff) == 0 && *table != 0;
}

static bool try_low_stubs(struct hunt *hunt) {
    size_t found = 0;
    for (uint64_t pfn = 0; pfn < LOW_FRAMES; pfn++) {
        const uint8_t *page;
        uint64_t table, entry;
        if (image_page(hunt->image, pfn, &page) != READ_PRESENT ||
            !is_low_stub(page, &table, &entry))
            continue;
        found++;
        if (try_wide(hunt, table, (struct hint){.address = entry}))
            return true;
    }
    note(hunt, "low stubs in the first MiB", found);
    return false;
}

/* ---- tables that map themselves ---- */

static uint64_t entry_at(const uint8_t *page, size_t offset) {
    uint64_t entry;
    memcpy(&entry, page + offset, sizeof entry);
    return le64toh(entry);
}

/* Whether the entry is valid, writable, not for user mode, and maps page frame `pfn`. */
static bool maps_frame(uint64_t entry, uint64_t pfn) {
    return (entry & (FRAME_MASK | 0x7)) == (pfn << IMAGE_PAGE_SHIFT | 0x3);
}

/* Whether an entry of the kernel's half of the page maps the page itself: so does a PML4's. */
static bool is_wide_root(const uint8_t *page, uint64_t pfn) {
    for (size_t i = IMAGE_PAGE_SIZE / 2; i < IMAGE_PAGE_SIZE; i += sizeof(uint64_t))
        if (maps_frame(entry_at(page, i), pfn))
            return true;
    return false;
}

/* The page directory of x86 maps itself at 0xc0000000. */
static bool is_directory(const uint8_t *page, uint64_t pfn) {
    uint32_t entry;
    memcpy(&entry, page + (0xc0000000 >> 22) * sizeof entry, sizeof entry);
    return pfn <= UINT32_MAX >> IMAGE_PAGE_SHIFT && maps_frame(le32toh(entry), pfn);
}

/* An entry of PAE's top level: valid, and nothing set that is reserved (Intel SDM volume 3, 4.4.1;
 * PWT, PCD and the bits 9 to 11 may be). */
static bool is_pdpte(uint64_t entry) {
    return (entry & ~FRAME_MASK & ~(uint64_t)0xe18) == 1 && (entry & FRAME_MASK);
}

/* With PAE, the last of four page directories maps all of them, at 0xc0600000; what CR3 names is
 * the table of the four, 32 bytes anywhere in a page. */
static bool is_pae_root(const struct image *image, const uint8_t *quad) {
    uint64_t entries[4], maps[4];
    for (size_t i = 0; i < 4; i++) {
        entries[i] = entry_at(quad, i * sizeof(uint64_t));
        if (!is_pdpte(entries[i]))
            return false;
    }
    if (image_read(image, entries[3] & FRAME_MASK, maps, sizeof maps) != READ_PRESENT)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (!maps_frame(le64toh(maps[i]), (entries[i] & FRAME_MASK) >> IMAGE_PAGE_SHIFT))
            return false;
    return true;
}

struct self_maps {
    size_t pages, wide_roots, directories, pae_roots;
};

static bool try_pae_roots(struct hunt *hunt, const uint8_t *page, uint64_t pfn, size_t *found) {
    uint8_t copy[IMAGE_PAGE_SIZE]; /* reading other pages may take this one away */
    bool copied = false;
    for (size_t i = 0; i < IMAGE_PAGE_SIZE; i += 32) {
        const uint8_t *quad = (copied ? copy : page) + i;
        if (!is_pdpte(entry_at(quad, 0)) || !is_pdpte(entry_at(quad, sizeof(uint64_t))))
            continue;
        if (!copied)
            memcpy(copy, page, sizeof copy);
        copied = true;
        if (!is_pae_root(hunt->image, copy + i))
            continue;
        ++*found;
        if (try_table(hunt, (pfn << IMAGE_PAGE_SHIFT) + i, VM_X86_PAE, (struct hint){0}))
            return true;
    }
    return false;
}

static bool try_page(struct hunt *hunt, const uint8_t *page, uint64_t pfn,
                     struct self_maps *found) {
    const uint64_t table = pfn << IMAGE_PAGE_SHIFT;
    bool wide_root = is_wide_root(page, pfn), directory = is_directory(page, pfn);
    found->pages++;
    found->wide_roots += wide_root;
    found->directories += directory;
    return try_pae_roots(hunt, page, pfn, &found->pae_roots) ||
           (wide_root && try_wide(hunt, table, (struct hint){0})) ||
           (directory && try_table(hunt, table, VM_X86, (struct hint){0}));
}

/* One pass over all pages, and the last thing that is tried. */
static bool try_self_maps(struct hunt *hunt) {
    struct self_maps found = {0};
    for (uint64_t pfn = 0; image_next_page(hunt->image, pfn, &pfn); pfn++) {
        const uint8_t *page;
        if (image_page(hunt->image, pfn, &page) == READ_PRESENT &&
            try_page(hunt, page, pfn, &found))
            return true;
    }
    note(hunt, "self-mapping PML4s", found.wide_roots);
    note(hunt, "x86 page directories", found.directories);
    note(hunt, "PAE tables", found.pae_roots);
    text_printf(&hunt->tried, " in %zu pages", found.pages);
    return false;
}

/* ---- the kernel ---- */

static void look_into_kernel(struct hunt *hunt) {
    uint64_t found, kernel = hunt->found.kernel_base;
    struct vm *vm =
        vm_create_paging(hunt->image, hunt->found.paging, hunt->found.directory_table_base);
    image_set_address_bits(hunt->image, 8 * vm_pointer_size(vm));
    image_supply(hunt->image, "DirectoryTableBase", hunt->found.directory_table_base);
    if (vm_pointer_size(vm) == 4)
        image_supply(hunt->image, "PaeEnabled", hunt->found.paging == VM_X86_PAE);
    if ((found = kernel_scan_kdbg(vm, kernel)))
        image_supply(hunt->image, "KdDebuggerDataBlock", found);
    else if ((found = kernel_scan_modules(vm, kernel)))
        image_supply(hunt->image, "PsLoadedModuleList", found);
    vm_destroy(vm);
}

enum status discover(struct error *err, struct image *image, struct discovery *found) {
    static bool (*const ways[])(struct hunt * hunt) = {try_header, try_processors, try_low_stubs,
                                                       try_self_maps};
    struct hunt hunt = {.image = image, .budget = {PAGES_MOST, ENTRIES_MOST}};
    text_init(&hunt.tried);
    for (size_t i = 0; i < ARRAY_LENGTH(ways) && !hunt.found.kernel_base; i++)
        ways[i](&hunt);
    enum status status = STATUS_OK;
    if (hunt.found.kernel_base)
        look_into_kernel(&hunt);
    else
        status = fail(err, STATUS_FORMAT,
                      "no Windows kernel was found in this %s memory: no page tables that map "
                      "one among %.*s%s%s",
                      image_info(image)->format, TRIED_MOST, hunt.tried.data,
                      image_fault(image) ? "; " : "", image_fault(image) ? image_fault(image) : "");
    *found = hunt.found;
    text_deinit(&hunt.tried);
    return status;
}

/* ---- the machine ---- */

/* KSYSTEM_TIME: LowPart, High1Time, High2Time; the last two differ while it is written. */
static void supply_time(const struct target *target, uint64_t address, const char *name) {
    uint32_t low, high, again;
    if (vm_read_u32(target->vm, address, &low) == READ_PRESENT &&
        vm_read_u32(target->vm, address + 4, &high) == READ_PRESENT &&
        vm_read_u32(target->vm, address + 8, &again) == READ_PRESENT && high == again)
        image_supply(target->image, name, (uint64_t)high << 32 | low);
}

/* KiProcessorBlock has an entry for each processor, and zeros behind them. Where it cannot be
 * read, KUSER_SHARED_DATA.ActiveProcessorCount tells, which is zero before Windows 7; then there
 * are as many as there are notes. */
static void supply_processors(const struct target *target) {
    const unsigned pointer = vm_pointer_size(target->vm);
    uint64_t block, prcb, count = 0;
    uint32_t active = 0;
    bool known = target_global(target, "KiProcessorBlock", &block);
    if (!known && !target->symbols)
        return; /* the symbols may name it */
    while (known && count < PROCESSOR_LIMIT &&
           vm_read_pointer(target->vm, block + pointer * count, &prcb) == READ_PRESENT && prcb)
        count++;
    vm_read_u32(target->vm, shared_data_address(target->vm) + 0x3c0, &active);
    if (count == 0)
        count = active;
    if (count == 0)
        count = image_info(target->image)->processor_count;
    if (count)
        image_supply(target->image, "NumberProcessors", count);
}

void discover_machine(const struct target *target) {
    const uint64_t shared = shared_data_address(target->vm); /* KI_USER_SHARED_DATA */
    if (!image_info(target->image)->is_capture)
        return;
    if (target->kernel.headers == READ_PRESENT)
        image_supply(target->image, "MachineImageType", target->kernel.machine);
    supply_time(target, shared + 0x8, "SystemUpTime_100ns");
    supply_time(target, shared + 0x14, "SystemTime");
    supply_processors(target);
}
