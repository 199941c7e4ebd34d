/*
 * memory.c - page frames, page tables, writing through virtual addresses.
 */
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define ENTRY_VALID 0x1ull
#define ENTRY_LARGE 0x80ull

/* Valid, writable, accessed, dirty: what Windows puts into the upper levels. */
#define TABLE_FLAGS      0x63ull
#define USER_TABLE_FLAGS 0x67ull

enum { LEVELS_MOST = 5, PAE_DIRECTORIES = 4 };

struct table_form {
    unsigned levels, entry_size;
    unsigned bits[LEVELS_MOST + 1]; /* of an index, by level */
    unsigned largest_level;         /* whose entries can map pages */
    uint64_t frame_bits, flag_bits; /* of an entry */
    unsigned kernel_first;          /* index at the top where the kernel begins */
};

static const struct table_form forms[] = {
    [TABLES_X64] = {4, 8, {0, 9, 9, 9, 9}, 3, 0x000ffffffffff000, ~0ull, 256},
    [TABLES_LA57] = {5, 8, {0, 9, 9, 9, 9, 9}, 3, 0x000ffffffffff000, ~0ull, 256},
    [TABLES_X86] = {2, 4, {0, 10, 10}, 2, 0xfffff000, 0xfff, 512},
    [TABLES_PAE] = {3, 8, {0, 9, 9, 2}, 2, 0x000ffffffffff000, 0x8000000000000fff, 2},
};

struct claim {
    uint64_t root; /* of the space that it is in */
    uint64_t start, end;
    const char *what;
};

static uint64_t entry_of(const struct memory *memory, uint64_t table, unsigned index) {
    const uint8_t *page = memory->bytes[table];
    return get(page + index * memory->form->entry_size, memory->form->entry_size);
}

static void put_entry(struct memory *memory, uint64_t table, unsigned index, uint64_t entry) {
    put(memory_frame(memory, table) + index * memory->form->entry_size, entry,
        memory->form->entry_size);
}

/* The topmost table appears in itself; that of PAE has four entries, whose tables appear in the
 * last of them: the page tables lie at 0xc0000000 on both kinds of x86. */
static void put_self_map(struct memory *memory, uint64_t root) {
    if (memory->form->levels != 3) {
        put_entry(memory, root, memory->self_index, root << PAGE_SHIFT | TABLE_FLAGS);
        return;
    }
    uint64_t directories[PAE_DIRECTORIES];
    memory_frame(memory, root);
    for (unsigned i = 0; i < PAE_DIRECTORIES; i++) {
        directories[i] = memory_take_frame(memory);
        put_entry(memory, root, i, directories[i] << PAGE_SHIFT | ENTRY_VALID);
    }
    for (unsigned i = 0; i < PAE_DIRECTORIES; i++)
        put_entry(memory, directories[3], i, directories[i] << PAGE_SHIFT | TABLE_FLAGS);
}

void memory_init(struct memory *memory, enum page_tables tables, uint64_t limit, uint64_t root,
                 unsigned self_index, uint64_t first_frame, uint64_t first_omitted) {
    *memory = (struct memory){.form = &forms[tables],
                              .limit = limit,
                              .next_frame = first_frame,
                              .next_omitted = first_omitted,
                              .root = root,
                              .self_index = self_index};
    memory->bytes = xcalloc(limit, sizeof *memory->bytes);
    memory->state = xcalloc(limit, 1);
    put_self_map(memory, root);
}

void memory_deinit(struct memory *memory) {
    for (uint64_t frame = 0; frame < memory->limit; frame++)
        if (memory->state[frame] == FRAME_STORED)
            free(memory->bytes[frame]);
    free(memory->bytes);
    free(memory->state);
    free(memory->claims);
}

/* Frames are handed out with gaps, so that nothing is contiguous by luck. */
uint64_t memory_take_frame(struct memory *memory) {
    memory->next_frame += memory->taken++ % 7 == 6 ? 4 : 1;
    while (memory->next_frame < memory->limit && memory->state[memory->next_frame] != FRAME_FREE)
        memory->next_frame++;
    memory_frame(memory, memory->next_frame);
    return memory->next_frame;
}

uint8_t *memory_frame(struct memory *memory, uint64_t frame) {
    if (frame >= memory->limit)
        die("frame 0x%" PRIx64 " is outside of the machine's memory", frame);
    if (memory->state[frame] == FRAME_OMITTED)
        die("frame 0x%" PRIx64 " is left out of the dump and was written", frame);
    if (memory->state[frame] != FRAME_STORED) {
        memory->bytes[frame] = xcalloc(1, PAGE_SIZE);
        memory->state[frame] = FRAME_STORED;
    }
    return memory->bytes[frame];
}

/* The pages that an entry of `level` stands for. */
static uint64_t pages_of(const struct memory *memory, unsigned level) {
    unsigned shift = 0;
    for (unsigned below = 1; below < level; below++)
        shift += memory->form->bits[below];
    return 1ull << shift;
}

static unsigned index_at(const struct memory *memory, uint64_t address, unsigned level) {
    uint64_t index = (address >> PAGE_SHIFT) / pages_of(memory, level);
    return (unsigned)index & ((1u << memory->form->bits[level]) - 1);
}

uint64_t memory_large_size(const struct memory *memory) {
    return pages_of(memory, 2) * PAGE_SIZE;
}

/* The entry for `address` at `level`; tables on the way are made where `flags` says how. */
static uint8_t *entry_at(struct memory *memory, uint64_t root, uint64_t address, unsigned level,
                         uint64_t flags) {
    const struct table_form *form = memory->form;
    uint64_t table = root;
    for (unsigned at = form->levels;; at--) {
        uint8_t *entry =
            memory_frame(memory, table) + form->entry_size * index_at(memory, address, at);
        if (at == level)
            return entry;
        uint64_t value = get(entry, form->entry_size);
        if (!(value & ENTRY_VALID)) {
            if (!flags)
                return NULL;
            value = memory_take_frame(memory) << PAGE_SHIFT | flags;
            put(entry, value, form->entry_size);
        } else if (value & ENTRY_LARGE) {
            if (flags)
                die("0x%" PRIx64 " lies in a large page already", address);
            return entry;
        }
        table = (value & form->frame_bits) >> PAGE_SHIFT;
    }
}

static uint64_t entry_for(const struct memory *memory, uint64_t frame, enum page_kind kind) {
    /* Global, accessed, dirty and writable pages carry the software bit 11 (Write), no-execute and
     * a working set index in bits 52..62, as real ones do; a transition PTE has Protection
     * ReadWrite (4) in bits 5..9 and no valid bit. */
    static const uint64_t flags[] = {
        [PAGE_DATA] = 0x8a00000000000963ull,       [PAGE_CODE] = 0x0000000000000121ull,
        [PAGE_TRANSITION] = 0x0000000000000880ull, [PAGE_USER] = 0x8e00000000000867ull,
        [PAGE_USER_CODE] = 0x0000000000000025ull,
    };
    return frame << PAGE_SHIFT | (flags[kind] & memory->form->flag_bits);
}

/* Where `address` is mapped to: false where it is not. Transition pages count as mapped. */
static bool translate(struct memory *memory, uint64_t address, uint64_t *frame) {
    for (unsigned level = memory->form->largest_level; level >= 1; level--) {
        uint8_t *entry = entry_at(memory, memory->root, address, level, 0);
        uint64_t value = entry ? get(entry, memory->form->entry_size) : 0;
        bool transition = level == 1 && (value & 0xc01) == 0x800;
        if (!(value & ENTRY_VALID) && !transition)
            return false;
        if (level > 1 && !(value & ENTRY_LARGE))
            continue;
        uint64_t pages = pages_of(memory, level);
        uint64_t first = ((value & memory->form->frame_bits) >> PAGE_SHIFT) & ~(pages - 1);
        *frame = first + (address >> PAGE_SHIFT & (pages - 1));
        return true;
    }
    return false;
}

bool memory_is_mapped(struct memory *memory, uint64_t address) {
    uint64_t frame;
    return translate(memory, address, &frame);
}

uint64_t memory_frame_of(struct memory *memory, uint64_t address) {
    uint64_t frame;
    if (!translate(memory, address, &frame))
        die("0x%" PRIx64 " is not mapped", address);
    return frame;
}

void memory_map(struct memory *memory, uint64_t address, uint64_t size, enum page_kind kind) {
    uint64_t end = address + size;
    for (uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1); page < end; page += PAGE_SIZE) {
        if (memory_is_mapped(memory, page))
            continue;
        uint64_t flags = kind >= PAGE_USER ? USER_TABLE_FLAGS : TABLE_FLAGS;
        uint8_t *entry = entry_at(memory, memory->root, page, 1, flags);
        put(entry, entry_for(memory, memory_take_frame(memory), kind), memory->form->entry_size);
    }
}

static void reserve(struct memory *memory, uint64_t frame) {
    if (frame >= memory->limit)
        die("frame 0x%" PRIx64 " is outside of the machine's memory", frame);
    if (memory->state[frame] == FRAME_FREE)
        memory->state[frame] = FRAME_RESERVED;
}

void memory_map_frames(struct memory *memory, uint64_t address, uint64_t frame, uint64_t pages,
                       enum page_kind kind) {
    for (uint64_t i = 0; i < pages; i++) {
        uint8_t *entry = entry_at(memory, memory->root, address + i * PAGE_SIZE, 1, TABLE_FLAGS);
        put(entry, entry_for(memory, frame + i, kind), memory->form->entry_size);
        reserve(memory, frame + i);
    }
}

void memory_map_large(struct memory *memory, uint64_t address, uint64_t frame, unsigned level) {
    uint64_t pages = pages_of(memory, level);
    if (frame % pages || address % (pages * PAGE_SIZE))
        die("a large page at 0x%" PRIx64 " is not aligned", address);
    uint8_t *entry = entry_at(memory, memory->root, address, level, TABLE_FLAGS);
    put(entry, frame << PAGE_SHIFT | 0x1e3, memory->form->entry_size);
    if (level == 2)
        for (uint64_t i = 0; i < pages; i++)
            reserve(memory, frame + i);
}

void memory_put_entry(struct memory *memory, uint64_t address, uint64_t entry) {
    put(entry_at(memory, memory->root, address, 1, TABLE_FLAGS), entry, memory->form->entry_size);
}

void memory_map_table(struct memory *memory, uint64_t address) {
    entry_at(memory, memory->root, address, 3, TABLE_FLAGS);
}

void memory_omit(struct memory *memory, uint64_t address) {
    uint64_t old = memory_frame_of(memory, address);
    uint8_t *entry = entry_at(memory, memory->root, address, 1, 0);
    uint64_t value = get(entry, memory->form->entry_size);
    if ((value & memory->form->frame_bits) >> PAGE_SHIFT != old)
        die("0x%" PRIx64 " lies in a large page and cannot be left out", address);
    if (memory->state[old] == FRAME_STORED)
        free(memory->bytes[old]);
    memory->state[old] = FRAME_FREE;
    uint64_t frame = memory->next_omitted++;
    if (frame >= memory->limit || memory->state[frame] != FRAME_FREE)
        die("no frame is left for pages that stay out of the dump");
    memory->state[frame] = FRAME_OMITTED;
    put(entry, (value & ~memory->form->frame_bits) | frame << PAGE_SHIFT, memory->form->entry_size);
}

uint64_t memory_new_space(struct memory *memory, uint64_t frame) {
    uint64_t root = frame ? frame : memory_take_frame(memory);
    put_self_map(memory, root);
    return root;
}

void memory_map_user(struct memory *memory, uint64_t root, uint64_t address, uint64_t frame,
                     enum page_kind kind) {
    put(entry_at(memory, root, address, 1, USER_TABLE_FLAGS), entry_for(memory, frame, kind),
        memory->form->entry_size);
}

uint64_t memory_enter(struct memory *memory, uint64_t root) {
    uint64_t before = memory->root;
    memory->root = root;
    return before;
}

void memory_forget(struct memory *memory, uint64_t root, uint64_t address) {
    put_entry(memory, root, index_at(memory, address, memory->form->levels), 0);
}

/* Copies the entries of one table but those of the self-map. */
static void share_table(struct memory *memory, uint64_t from, uint64_t to, unsigned first,
                        unsigned self, unsigned self_count) {
    unsigned count = PAGE_SIZE / memory->form->entry_size;
    for (unsigned i = first; i < count; i++)
        if (i < self || i >= self + self_count)
            put_entry(memory, to, i, entry_of(memory, from, i));
}

void memory_share_kernel(struct memory *memory, uint64_t root) {
    if (memory->form->levels != 3) {
        share_table(memory, memory->root, root, memory->form->kernel_first, memory->self_index, 1);
        return;
    }
    for (unsigned i = memory->form->kernel_first; i < PAE_DIRECTORIES; i++) {
        uint64_t from = entry_of(memory, memory->root, i) >> PAGE_SHIFT;
        uint64_t to = entry_of(memory, root, i) >> PAGE_SHIFT;
        share_table(memory, from, to, 0, 0, i == 3 ? PAE_DIRECTORIES : 0);
    }
}

/* The bytes at `address` up to the end of its page. */
static uint8_t *bytes_at(struct memory *memory, uint64_t address, size_t *left) {
    *left = PAGE_SIZE - (size_t)(address % PAGE_SIZE);
    return memory_frame(memory, memory_frame_of(memory, address)) + address % PAGE_SIZE;
}

void memory_write(struct memory *memory, uint64_t address, const void *bytes, size_t length) {
    for (const uint8_t *from = bytes; length;) {
        size_t left;
        uint8_t *to = bytes_at(memory, address, &left);
        size_t part = left < length ? left : length;
        memcpy(to, from, part);
        from += part, address += part, length -= part;
    }
}

void memory_read(struct memory *memory, uint64_t address, void *bytes, size_t length) {
    for (uint8_t *to = bytes; length;) {
        size_t left;
        const uint8_t *from = bytes_at(memory, address, &left);
        size_t part = left < length ? left : length;
        memcpy(to, from, part);
        to += part, address += part, length -= part;
    }
}

void memory_put(struct memory *memory, uint64_t address, uint64_t value, size_t size) {
    uint8_t bytes[8];
    put(bytes, value, size);
    memory_write(memory, address, bytes, size);
}

uint64_t memory_get(struct memory *memory, uint64_t address, size_t size) {
    uint8_t bytes[8];
    memory_read(memory, address, bytes, size);
    return get(bytes, size);
}

void memory_claim(struct memory *memory, uint64_t address, uint64_t size, const char *what) {
    memory->claims = xgrow(memory->claims, &memory->claim_capacity, memory->claim_count + 1,
                           sizeof *memory->claims);
    memory->claims[memory->claim_count++] =
        (struct claim){memory->root, address, address + size, what};
}

static int by_space_and_start(const void *left, const void *right) {
    const struct claim *a = left, *b = right;
    if (a->root != b->root)
        return a->root < b->root ? -1 : 1;
    return (a->start > b->start) - (a->start < b->start);
}

/* Of ranges in ascending order, the first two that overlap are neighbours. */
void memory_check_claims(struct memory *memory) {
    qsort(memory->claims, memory->claim_count, sizeof *memory->claims, by_space_and_start);
    for (size_t i = 1; i < memory->claim_count; i++) {
        const struct claim *other = &memory->claims[i - 1], *claim = &memory->claims[i];
        if (other->root == claim->root && claim->start < other->end)
            die("%s at 0x%" PRIx64 " overlaps %s at 0x%" PRIx64, claim->what, claim->start,
                other->what, other->start);
    }
}
