/* vm.c - the walk through x64 page tables, and reads over it. */
#include "vm/vm.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"

/* Intel SDM volume 3, section 4.5, "4-level paging". */
#define ENTRY_VALID   ((uint64_t)1 << 0)
#define ENTRY_LARGE   ((uint64_t)1 << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000u
#define LEVELS        4u
#define LARGEST_LEVEL 3u /* of an entry that can map a page by itself: 1 GiB */
#define INDEX_BITS    9u

/* MMPTE_SOFTWARE, MMPTE_TRANSITION, MMPTE_PROTOTYPE: these bits are where they are in every x64
 * build from 7601 to 22000. SwizzleBit is CacheDisable of a transition PTE, or a bit of
 * PageFileLow, in kernels that have no mask and so no use for it. */
#define SOFTWARE_SWIZZLE    ((uint64_t)1 << 4)
#define SOFTWARE_PROTECTION ((uint64_t)0x1f << 5)
#define SOFTWARE_PROTOTYPE  ((uint64_t)1 << 10)
#define SOFTWARE_TRANSITION ((uint64_t)1 << 11)
#define PAGE_FILE_HIGH(pte) ((pte) >> 32)

#define TLB_ENTRIES 1024u

struct tlb_entry {
    uint64_t tag; /* virtual page number + 1; 0 is an empty entry */
    const uint8_t *page;
};

struct vm {
    const struct image *image;
    uint64_t directory_table_base;
    uint64_t invalid_pte_mask;
    uint64_t epoch; /* the image's, when the TLB was filled */
    struct tlb_entry tlb[TLB_ENTRIES];
};

struct vm *vm_create(const struct image *image, uint64_t directory_table_base) {
    struct vm *vm = xcalloc(1, sizeof *vm);
    vm->image = image;
    vm->directory_table_base = directory_table_base & ENTRY_ADDRESS;
    return vm;
}

void vm_destroy(struct vm *vm) {
    free(vm);
}

uint64_t vm_directory_table_base(const struct vm *vm) {
    return vm->directory_table_base;
}

void vm_set_invalid_pte_mask(struct vm *vm, uint64_t mask) {
    vm->invalid_pte_mask = mask;
    memset(vm->tlb, 0, sizeof vm->tlb);
}

bool vm_is_canonical(const struct vm *vm, uint64_t address) {
    (void)vm; /* how many bits count is the address space's own affair */
    uint64_t high = address >> 47;
    return high == 0 || high == 0x1ffff;
}

static unsigned level_shift(unsigned level) {
    return IMAGE_PAGE_SHIFT + (level - 1) * INDEX_BITS;
}

static bool maps_page(uint64_t entry, unsigned level) {
    return level == 1 || (level <= LARGEST_LEVEL && (entry & ENTRY_LARGE));
}

/* Protection is never 0 in a PTE that stands for memory: one without it is free, or a link in a
 * list of free system PTEs (MMPTE_LIST), whose NextEntry lies where PageFileHigh would. */
static enum read_state software_state(uint64_t pte) {
    if (pte & SOFTWARE_PROTOTYPE)
        return READ_PROTOTYPE;
    if (pte & SOFTWARE_TRANSITION)
        return READ_PRESENT;
    if (!(pte & SOFTWARE_PROTECTION))
        return READ_NOT_MAPPED;
    return PAGE_FILE_HIGH(pte) ? READ_PAGED_OUT : READ_DEMAND_ZERO;
}

static uint64_t unswizzle(const struct vm *vm, uint64_t pte) {
    return pte & SOFTWARE_SWIZZLE ? pte : pte & ~vm->invalid_pte_mask;
}

/* Where the entry points: to a page or to the next table. Large pages are never in transition, so
 * bit 7 of an entry that is not valid is a part of Protection. */
static enum read_state follow(const struct vm *vm, struct vm_translation *walk, uint64_t *next) {
    if (walk->entry & ENTRY_VALID) {
        if (maps_page(walk->entry, walk->level))
            walk->page_size = (uint64_t)1 << level_shift(walk->level);
        *next = walk->entry & ENTRY_ADDRESS;
        return READ_PRESENT;
    }
    uint64_t pte = unswizzle(vm, walk->entry);
    enum read_state state = software_state(pte);
    if (state == READ_PRESENT) {
        walk->transition = true;
        if (walk->level == 1)
            walk->page_size = IMAGE_PAGE_SIZE;
        *next = pte & ENTRY_ADDRESS; /* PageFrameNumber: 36 bits, from 22000 on 40 */
    }
    return state;
}

struct vm_translation vm_translate(struct vm *vm, uint64_t address) {
    struct vm_translation walk = {.state = READ_PRESENT};
    if (!vm_is_canonical(vm, address)) {
        walk.state = READ_NON_CANONICAL;
        return walk;
    }
    uint64_t next = vm->directory_table_base;
    for (unsigned level = LEVELS; level > 0; level--) {
        uint64_t index = address >> level_shift(level) & ((1u << INDEX_BITS) - 1);
        uint64_t entry_address = next + index * sizeof(uint64_t);
        uint64_t entry;
        walk.state = image_read(vm->image, entry_address, &entry, sizeof entry);
        if (walk.state) {
            walk.physical = entry_address;
            return walk;
        }
        walk.level = level;
        walk.entry = le64toh(entry);
        walk.entry_address = entry_address;
        walk.state = follow(vm, &walk, &next);
        if (walk.state)
            return walk;
        if (walk.page_size) {
            /* Bits under the page's size are no address: bit 12 of a large page is PAT. */
            walk.physical = (next & ~(walk.page_size - 1)) | (address & (walk.page_size - 1));
            return walk;
        }
    }
    return walk;
}

/* The page that holds `address`, through the TLB. */
static enum read_state find_page(struct vm *vm, uint64_t address, const uint8_t **page) {
    uint64_t number = address >> IMAGE_PAGE_SHIFT;
    if (vm->epoch != image_epoch(vm->image)) {
        memset(vm->tlb, 0, sizeof vm->tlb);
        vm->epoch = image_epoch(vm->image);
    }
    struct tlb_entry *cached = &vm->tlb[number % TLB_ENTRIES];
    if (cached->tag == number + 1) {
        *page = cached->page;
        return READ_PRESENT;
    }
    struct vm_translation walk = vm_translate(vm, address);
    if (walk.state)
        return walk.state;
    enum read_state state = image_page(vm->image, walk.physical >> IMAGE_PAGE_SHIFT, page);
    if (state == READ_PRESENT)
        *cached = (struct tlb_entry){.tag = number + 1, .page = *page};
    return state;
}

static enum read_state stop(enum read_state state, uint64_t address, uint64_t *failed_at) {
    if (failed_at)
        *failed_at = address;
    return state;
}

enum read_state vm_read(struct vm *vm, uint64_t address, void *buffer, size_t length,
                        uint64_t *failed_at) {
    for (uint8_t *out = buffer; length;) {
        const uint8_t *page;
        enum read_state state = find_page(vm, address, &page);
        if (state)
            return stop(state, address, failed_at);
        size_t offset = address % IMAGE_PAGE_SIZE;
        size_t part = IMAGE_PAGE_SIZE - offset < length ? IMAGE_PAGE_SIZE - offset : length;
        memcpy(out, page + offset, part);
        out += part;
        length -= part;
        /* Nothing follows the last address: a read must not go on at 0. */
        if (__builtin_add_overflow(address, part, &address) && length)
            return stop(READ_NON_CANONICAL, address, failed_at);
    }
    return READ_PRESENT;
}

enum read_state vm_read_u8(struct vm *vm, uint64_t address, uint8_t *value) {
    uint8_t bytes;
    enum read_state state = vm_read(vm, address, &bytes, sizeof bytes, NULL);
    if (state == READ_PRESENT)
        *value = bytes;
    return state;
}

enum read_state vm_read_u16(struct vm *vm, uint64_t address, uint16_t *value) {
    uint16_t bytes;
    enum read_state state = vm_read(vm, address, &bytes, sizeof bytes, NULL);
    if (state == READ_PRESENT)
        *value = le16toh(bytes);
    return state;
}

enum read_state vm_read_u32(struct vm *vm, uint64_t address, uint32_t *value) {
    uint32_t bytes;
    enum read_state state = vm_read(vm, address, &bytes, sizeof bytes, NULL);
    if (state == READ_PRESENT)
        *value = le32toh(bytes);
    return state;
}

enum read_state vm_read_u64(struct vm *vm, uint64_t address, uint64_t *value) {
    uint64_t bytes;
    enum read_state state = vm_read(vm, address, &bytes, sizeof bytes, NULL);
    if (state == READ_PRESENT)
        *value = le64toh(bytes);
    return state;
}
