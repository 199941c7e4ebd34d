/* vm.c - the walk through page tables, and reads over it. */
#include "vm/vm.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"

#define ENTRY_VALID ((uint64_t)1 << 0)
#define ENTRY_LARGE ((uint64_t)1 << 7)
#define LEVELS_MOST 5

struct level {
    unsigned shift; /* of the index in an address */
    unsigned bits;  /* of the index */
    bool maps_page; /* an entry may map a page by itself: always, or where it has ENTRY_LARGE */
};

/* Intel SDM volume 3, section 4.3 ("32-bit paging"), 4.4 ("PAE paging"), 4.5 ("4-level paging
 * and 5-level paging"). `page_file_high` is where MMPTE_SOFTWARE has PageFileHigh: its other bits,
 * and those of MMPTE_TRANSITION and MMPTE_PROTOTYPE, are at the same places in all of them. */
struct paging {
    unsigned levels;
    unsigned entry_size;
    unsigned pointer_size;
    unsigned page_file_high;
    unsigned sign;    /* of 64 bits: the highest bit of an address that counts */
    uint64_t root;    /* the address bits of CR3 */
    uint64_t address; /* those of an entry */
    struct level level[LEVELS_MOST + 1];
};

static const struct paging pagings[] = {
    [VM_X64] = {.levels = 4,
                .entry_size = 8,
                .pointer_size = 8,
                .page_file_high = 32,
                .sign = 47,
                .root = 0x000ffffffffff000,
                .address = 0x000ffffffffff000,
                .level = {{0}, {12, 9, true}, {21, 9, true}, {30, 9, true}, {39, 9, false}}},
    [VM_X64_LA57] = {.levels = 5,
                     .entry_size = 8,
                     .pointer_size = 8,
                     .page_file_high = 32,
                     .sign = 56,
                     .root = 0x000ffffffffff000,
                     .address = 0x000ffffffffff000,
                     .level = {{0},
                               {12, 9, true},
                               {21, 9, true},
                               {30, 9, true},
                               {39, 9, false},
                               {48, 9, false}}},
    [VM_X86] = {.levels = 2,
                .entry_size = 4,
                .pointer_size = 4,
                .page_file_high = 12,
                .root = 0xfffff000,
                .address = 0xfffff000,
                .level = {{0}, {12, 10, true}, {22, 10, true}}},
    [VM_X86_PAE] = {.levels = 3,
                    .entry_size = 8,
                    .pointer_size = 4,
                    .page_file_high = 32,
                    .root = 0xffffffe0,
                    .address = 0x000ffffffffff000,
                    .level = {{0}, {12, 9, true}, {21, 9, true}, {30, 2, false}}},
};

/* MMPTE_SOFTWARE, MMPTE_TRANSITION, MMPTE_PROTOTYPE: these bits are where they are in every x64
 * build from 7601 to 22000, and in 2600. SwizzleBit is CacheDisable of a transition PTE, or a bit
 * of PageFileLow, in kernels that have no mask and so no use for it. */
#define SOFTWARE_SWIZZLE    ((uint64_t)1 << 4)
#define SOFTWARE_PROTECTION ((uint64_t)0x1f << 5)
#define SOFTWARE_PROTOTYPE  ((uint64_t)1 << 10)
#define SOFTWARE_TRANSITION ((uint64_t)1 << 11)

#define TLB_ENTRIES 1024u

struct tlb_entry {
    uint64_t tag; /* virtual page number + 1; 0 is an empty entry */
    const uint8_t *page;
};

struct vm {
    const struct image *image;
    enum vm_paging kind;
    const struct paging *paging;
    uint64_t directory_table_base;
    uint64_t invalid_pte_mask;
    uint64_t epoch; /* the image's, when the TLB was filled */
    struct tlb_entry tlb[TLB_ENTRIES];
};

struct vm *vm_create_paging(const struct image *image, enum vm_paging paging,
                            uint64_t directory_table_base) {
    struct vm *vm = xcalloc(1, sizeof *vm);
    vm->image = image;
    vm->kind = paging;
    vm->paging = &pagings[paging];
    vm->directory_table_base = directory_table_base & vm->paging->root;
    return vm;
}

struct vm *vm_create(const struct image *image, uint64_t directory_table_base) {
    uint64_t pae = 0;
    enum vm_paging paging = VM_X64;
    if (image_info(image)->address_bits == 32)
        paging = image_header_value(image, "PaeEnabled", &pae) && pae ? VM_X86_PAE : VM_X86;
    return vm_create_paging(image, paging, directory_table_base);
}

struct vm *vm_create_like(const struct vm *vm, uint64_t directory_table_base) {
    struct vm *like = vm_create_paging(vm->image, vm->kind, directory_table_base);
    like->invalid_pte_mask = vm->invalid_pte_mask;
    return like;
}

void vm_destroy(struct vm *vm) {
    free(vm);
}

uint64_t vm_directory_table_base(const struct vm *vm) {
    return vm->directory_table_base;
}

enum vm_paging vm_paging(const struct vm *vm) {
    return vm->kind;
}

unsigned vm_pointer_size(const struct vm *vm) {
    return vm->paging->pointer_size;
}

void vm_set_invalid_pte_mask(struct vm *vm, uint64_t mask) {
    vm->invalid_pte_mask = mask;
    memset(vm->tlb, 0, sizeof vm->tlb);
}

bool vm_is_canonical(const struct vm *vm, uint64_t address) {
    if (vm->paging->pointer_size == 4)
        return address <= UINT32_MAX;
    uint64_t high = address >> vm->paging->sign;
    return high == 0 || high == UINT64_MAX >> vm->paging->sign;
}

static bool maps_page(const struct level *level, unsigned number, uint64_t entry) {
    return number == 1 || (level->maps_page && (entry & ENTRY_LARGE));
}

/* A 4 MiB page may lie above 4 GiB: bits 13..20 of its entry are bits 32..39 of the address
 * (PSE-36; reserved, and so zero, on processors without it). Entries of eight bytes need no such
 * thing. */
static uint64_t large_address(const struct paging *paging, uint64_t entry) {
    if (paging->entry_size == 8)
        return entry & paging->address;
    return (entry & 0xffc00000) | (entry & 0x1fe000) << 19;
}

/* Protection is never 0 in a PTE that stands for memory: one without it is free, or a link in a
 * list of free system PTEs (MMPTE_LIST), whose NextEntry lies where PageFileHigh would. */
static enum read_state software_state(const struct paging *paging, uint64_t pte) {
    if (pte & SOFTWARE_PROTOTYPE)
        return READ_PROTOTYPE;
    if (pte & SOFTWARE_TRANSITION)
        return READ_PRESENT;
    if (!(pte & SOFTWARE_PROTECTION))
        return READ_NOT_MAPPED;
    return pte >> paging->page_file_high ? READ_PAGED_OUT : READ_DEMAND_ZERO;
}

static uint64_t unswizzle(const struct vm *vm, uint64_t pte) {
    return pte & SOFTWARE_SWIZZLE ? pte : pte & ~vm->invalid_pte_mask;
}

/* Where the entry points: to a page or to the next table. Large pages are never in transition, so
 * bit 7 of an entry that is not valid is a part of Protection. */
static enum read_state follow(const struct vm *vm, struct vm_translation *walk, uint64_t *next) {
    const struct paging *paging = vm->paging;
    const struct level *level = &paging->level[walk->level];
    if (walk->entry & ENTRY_VALID) {
        *next = walk->entry & paging->address;
        if (maps_page(level, walk->level, walk->entry)) {
            walk->page_size = (uint64_t)1 << level->shift;
            if (walk->level > 1)
                *next = large_address(paging, walk->entry);
        }
        return READ_PRESENT;
    }
    /* The four entries of PAE's top level are no PTEs: Windows makes and keeps them valid. */
    if (level->bits == 2)
        return READ_NOT_MAPPED;
    uint64_t pte = unswizzle(vm, walk->entry);
    enum read_state state = software_state(paging, pte);
    if (state == READ_PRESENT) {
        walk->transition = true;
        if (walk->level == 1)
            walk->page_size = IMAGE_PAGE_SIZE;
        *next = pte & paging->address; /* PageFrameNumber: 36 bits, from 22000 on 40; x86: 20 */
    }
    return state;
}

static enum read_state read_entry(const struct vm *vm, uint64_t address, uint64_t *entry) {
    uint8_t bytes[8] = {0};
    enum read_state state = image_read(vm->image, address, bytes, vm->paging->entry_size);
    memcpy(entry, bytes, sizeof *entry);
    *entry = le64toh(*entry);
    return state;
}

struct vm_translation vm_translate(struct vm *vm, uint64_t address) {
    struct vm_translation walk = {.state = READ_PRESENT};
    if (image_is_virtual(vm->image)) {
        walk.state = READ_NOT_IN_DUMP;
        return walk;
    }
    if (!vm_is_canonical(vm, address)) {
        walk.state = READ_NON_CANONICAL;
        return walk;
    }
    uint64_t next = vm->directory_table_base;
    for (unsigned number = vm->paging->levels; number > 0; number--) {
        const struct level *level = &vm->paging->level[number];
        uint64_t index = address >> level->shift & ((1u << level->bits) - 1);
        uint64_t entry_address = next + index * vm->paging->entry_size;
        uint64_t entry;
        walk.state = read_entry(vm, entry_address, &entry);
        if (walk.state) {
            walk.physical = entry_address;
            return walk;
        }
        walk.level = number;
        walk.entry = entry;
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

static bool spend(uint64_t *entries, uint64_t count) {
    bool enough = *entries >= count;
    *entries = enough ? *entries - count : 0;
    return enough;
}

/* Behind the entry at which the walk to `*address` ended, and behind all entries that follow it in
 * the same table and are not valid. */
static bool skip(const struct vm *vm, const struct vm_translation *walk, uint64_t *entries,
                 uint64_t *address) {
    const struct level *level = &vm->paging->level[walk->level];
    const uint64_t span = (uint64_t)1 << level->shift;
    uint64_t entry_address = walk->entry_address, entry = 0;
    *address &= ~(span - 1);
    do {
        if (walk->level == 0 || !spend(entries, 1) ||
            __builtin_add_overflow(*address, span, address))
            return false;
        entry_address += vm->paging->entry_size;
    } while ((*address >> level->shift & ((1u << level->bits) - 1)) != 0 &&
             read_entry(vm, entry_address, &entry) == READ_PRESENT && !(entry & ENTRY_VALID));
    return true;
}

bool vm_next_page(struct vm *vm, uint64_t last, uint64_t *entries, uint64_t *address,
                  uint64_t *physical) {
    while (*address <= last && spend(entries, vm->paging->levels)) {
        struct vm_translation walk = vm_translate(vm, *address);
        *physical = walk.physical;
        if (walk.state == READ_PRESENT)
            return true;
        if (!skip(vm, &walk, entries, address))
            return false;
    }
    return false;
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

/* The image itself maps virtual addresses. */
static enum read_state read_virtual(struct vm *vm, uint64_t address, uint8_t *out, size_t length,
                                    uint64_t *failed_at) {
    while (length) {
        const uint8_t *bytes;
        size_t part;
        enum read_state state = image_virtual(vm->image, address, &bytes, &part);
        if (state)
            return stop(state, address, failed_at);
        part = part < length ? part : length;
        memcpy(out, bytes, part);
        out += part;
        length -= part;
        if (__builtin_add_overflow(address, part, &address) && length)
            return stop(READ_NON_CANONICAL, address, failed_at);
    }
    return READ_PRESENT;
}

enum read_state vm_read(struct vm *vm, uint64_t address, void *buffer, size_t length,
                        uint64_t *failed_at) {
    if (image_is_virtual(vm->image))
        return read_virtual(vm, address, buffer, length, failed_at);
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

enum read_state vm_read_pointer(struct vm *vm, uint64_t address, uint64_t *value) {
    if (vm->paging->pointer_size == 8)
        return vm_read_u64(vm, address, value);
    uint32_t narrow;
    enum read_state state = vm_read_u32(vm, address, &narrow);
    if (state == READ_PRESENT)
        *value = narrow;
    return state;
}
