/*
 * discover.c - page tables and kernel of an image without a header.
 *
 * Sources: the low stub is PROCESSOR_START_BLOCK, which the HAL leaves in the first MiB with the
 * CR3 and an entry address of the kernel (A. Ionescu, "Getting Physical With USB Type-C", Recon
 * 2017; MemProcFS, vmm/vmmwininit.c, has the same offsets); every PML4 of Windows has an entry that
 * maps itself, since 1607 at a random place (Volatility 3, automagic/windows.py; Rekall,
 * plugins/windows/common.py).
 *
 * With KVA shadow, a processor in user mode has the user's tables in CR3. They map a handful of
 * the kernel's pages only, never its headers: no kernel is found by them, and the search goes on.
 */
#include "kernel/discover.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/kernel_scan.h"
#include "kernel/processor.h"

#define FRAME_MASK  0x000ffffffffff000u
#define LOW_FRAMES  256u                /* the first MiB */
#define TABLES_MOST 64u                 /* that are tried */
#define PAGES_MOST  ((uint64_t)1 << 21) /* looked at for a kernel's headers, by all tables */
#define SHARED_DATA 0xfffff78000000000  /* KI_USER_SHARED_DATA (ntddk.h) */
#define TRIED_MOST  400                 /* characters */

struct hunt {
    struct image *image;
    uint64_t tables[TABLES_MOST]; /* tried already */
    size_t table_count;
    uint64_t budget;
    struct discovery found;
    struct text tried;
};

/* ---- page tables ---- */

static bool is_tried(const struct hunt *hunt, uint64_t table) {
    for (size_t i = 0; i < hunt->table_count; i++)
        if (hunt->tables[i] == table)
            return true;
    return hunt->table_count == TABLES_MOST;
}

/* Whether a kernel is mapped by the PML4 at `table`; `hint`: an address in it, 0 where none is
 * known. */
static bool try_table(struct hunt *hunt, uint64_t table, uint64_t hint) {
    table &= FRAME_MASK;
    if (table == 0 || is_tried(hunt, table))
        return false;
    hunt->tables[hunt->table_count++] = table;
    struct vm *vm = vm_create(hunt->image, table);
    uint64_t kernel = hint ? kernel_scan_below(vm, hint) : 0;
    if (!kernel)
        kernel = kernel_scan_tables(hunt->image, vm, &hunt->budget);
    vm_destroy(vm);
    hunt->found = (struct discovery){table, kernel};
    return kernel != 0;
}

static void note(struct hunt *hunt, const char *what, size_t found) {
    text_printf(&hunt->tried, "%s%zu %s", hunt->tried.length ? ", " : "", found, what);
}

static bool try_header(struct hunt *hunt) {
    uint64_t table;
    bool named = image_header_value(hunt->image, "DirectoryTableBase", &table);
    if (named && try_table(hunt, table, 0))
        return true;
    if (named)
        note(hunt, "header in the notes", 1);
    return false;
}

/* The address of the first handler of an IDT: a gate's offset is in three parts (Intel SDM volume
 * 3, 6.14.1). It is in the kernel. */
static uint64_t first_handler(const struct hunt *hunt, const struct image_processor *processor) {
    uint64_t gate[2] = {0};
    struct vm *vm = vm_create(hunt->image, processor->cr3);
    bool read = vm_read(vm, processor->idt, gate, sizeof gate, NULL) == READ_PRESENT;
    vm_destroy(vm);
    uint64_t low = le64toh(gate[0]), high = le64toh(gate[1]);
    return read ? (low & 0xffff) | (low >> 32 & 0xffff0000) | high << 32 : 0;
}

static bool try_processors(struct hunt *hunt) {
    const struct image_info *info = image_info(hunt->image);
    for (size_t i = 0; i < info->processor_count; i++) {
        const struct image_processor *processor = &info->processors[i];
        if (try_table(hunt, processor->cr3, first_handler(hunt, processor)))
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
        if (try_table(hunt, table, entry))
            return true;
    }
    note(hunt, "low stubs in the first MiB", found);
    return false;
}

/* Whether an entry of the kernel's half of the page maps the page itself: valid, writable, not for
 * user mode. */
static bool maps_itself(const uint8_t *page, uint64_t pfn) {
    const uint64_t mask = FRAME_MASK | 0x7, wanted = pfn << IMAGE_PAGE_SHIFT | 0x3;
    for (size_t i = IMAGE_PAGE_SIZE / 2; i < IMAGE_PAGE_SIZE; i += sizeof(uint64_t)) {
        uint64_t entry;
        memcpy(&entry, page + i, sizeof entry);
        if ((le64toh(entry) & mask) == wanted)
            return true;
    }
    return false;
}

/* One pass over all pages, and the last thing that is tried. */
static bool try_self_maps(struct hunt *hunt) {
    size_t found = 0, pages = 0;
    for (uint64_t pfn = 0; image_next_page(hunt->image, pfn, &pfn); pfn++) {
        const uint8_t *page;
        if (image_page(hunt->image, pfn, &page) != READ_PRESENT)
            continue;
        pages++;
        if (!maps_itself(page, pfn))
            continue;
        found++;
        if (try_table(hunt, pfn << IMAGE_PAGE_SHIFT, 0))
            return true;
    }
    note(hunt, "self-mapping PML4s", found);
    text_printf(&hunt->tried, " in %zu pages", pages);
    return false;
}

/* ---- the kernel ---- */

static void look_into_kernel(struct hunt *hunt) {
    uint64_t found, kernel = hunt->found.kernel_base;
    struct vm *vm = vm_create(hunt->image, hunt->found.directory_table_base);
    image_supply(hunt->image, "DirectoryTableBase", hunt->found.directory_table_base);
    if ((found = kernel_scan_kdbg(vm, kernel)))
        image_supply(hunt->image, "KdDebuggerDataBlock", found);
    else if ((found = kernel_scan_modules(vm, kernel)))
        image_supply(hunt->image, "PsLoadedModuleList", found);
    vm_destroy(vm);
}

enum status discover(struct error *err, struct image *image, struct discovery *found) {
    static bool (*const ways[])(struct hunt * hunt) = {try_header, try_processors, try_low_stubs,
                                                       try_self_maps};
    struct hunt hunt = {.image = image, .budget = PAGES_MOST};
    text_init(&hunt.tried);
    for (size_t i = 0; i < ARRAY_LENGTH(ways) && !hunt.found.kernel_base; i++)
        ways[i](&hunt);
    enum status status = STATUS_OK;
    if (hunt.found.kernel_base)
        look_into_kernel(&hunt);
    else
        status = fail(err, STATUS_FORMAT,
                      "no x64 Windows kernel was found in this %s memory: no page tables that map "
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
    uint64_t block, prcb, count = 0;
    uint32_t active = 0;
    bool known = target_global(target, "KiProcessorBlock", &block);
    if (!known && !target->symbols)
        return; /* the symbols may name it */
    while (known && count < PROCESSOR_LIMIT &&
           vm_read_u64(target->vm, block + 8 * count, &prcb) == READ_PRESENT && prcb)
        count++;
    vm_read_u32(target->vm, SHARED_DATA + 0x3c0, &active);
    if (count == 0)
        count = active;
    if (count == 0)
        count = image_info(target->image)->processor_count;
    if (count)
        image_supply(target->image, "NumberProcessors", count);
}

void discover_machine(const struct target *target) {
    if (!image_info(target->image)->is_capture)
        return;
    if (target->kernel.headers == READ_PRESENT)
        image_supply(target->image, "MachineImageType", target->kernel.machine);
    supply_time(target, SHARED_DATA + 0x8, "SystemUpTime_100ns");
    supply_time(target, SHARED_DATA + 0x14, "SystemTime");
    supply_processors(target);
}
