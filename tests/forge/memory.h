/*
 * memory.h - the forged machine's memory: page frames, page tables over them (x64 with four levels
 * or five, x86 with two, x86 with PAE), and writing through virtual addresses. Addresses that
 * nobody mapped stay unmapped.
 *
 * Source: Intel SDM volume 3, chapter 4; the software PTEs as the kernel's own MMPTE_SOFTWARE,
 * MMPTE_TRANSITION and MMPTE_PROTOTYPE have them.
 */
#ifndef FORGE_MEMORY_H
#define FORGE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE      4096u
#define PAGE_SHIFT     12
#define HUGE_PAGE_SIZE 0x40000000u

enum page_tables { TABLES_X64, TABLES_LA57, TABLES_X86, TABLES_PAE };

enum page_kind {
    PAGE_DATA,
    PAGE_CODE,
    PAGE_TRANSITION, /* off the working set, still in memory */
    PAGE_USER,
    PAGE_USER_CODE,
};

enum frame_state {
    FRAME_FREE,
    FRAME_STORED,   /* has content */
    FRAME_RESERVED, /* mapped, all zeros */
    FRAME_OMITTED,  /* mapped, and kept out of the dump */
};

struct memory {
    const struct table_form *form;
    uint64_t limit; /* frames: no frame number reaches it */
    uint8_t **bytes;
    uint8_t *state;
    uint64_t next_frame;
    uint64_t next_omitted;
    uint64_t taken; /* frames that were handed out so far */
    uint64_t root;  /* frame of the system's topmost table */
    unsigned self_index;
    struct claim *claims;
    size_t claim_count, claim_capacity;
};

/* `first_frame` is where frames are handed out from, `first_omitted` where those that stay out of
 * the dump lie. */
void memory_init(struct memory *memory, enum page_tables tables, uint64_t limit, uint64_t root,
                 unsigned self_index, uint64_t first_frame, uint64_t first_omitted);
void memory_deinit(struct memory *memory);

/* A frame with content, zeros for now. */
uint64_t memory_take_frame(struct memory *memory);
uint8_t *memory_frame(struct memory *memory, uint64_t frame);

/* Maps every page of a range that is not mapped yet, each to a frame of its own. */
void memory_map(struct memory *memory, uint64_t address, uint64_t size, enum page_kind kind);
/* Maps pages to given frames, which stay zeros until they are written. */
void memory_map_frames(struct memory *memory, uint64_t address, uint64_t frame, uint64_t pages,
                       enum page_kind kind);
/* A 2 MiB or, with TABLES_X86, 4 MiB (level 2) or 1 GiB (level 3) page. */
void memory_map_large(struct memory *memory, uint64_t address, uint64_t frame, unsigned level);
/* An entry of the lowest tables, as it is. */
void memory_put_entry(struct memory *memory, uint64_t address, uint64_t entry);
uint64_t memory_large_size(const struct memory *memory); /* of level 2 */
/* x64: an empty table of the next level below the PML4. */
void memory_map_table(struct memory *memory, uint64_t address);
/* Moves a mapped page to a frame that is not in the dump; its content is lost. */
void memory_omit(struct memory *memory, uint64_t address);

bool memory_is_mapped(struct memory *memory, uint64_t address);
/* The frame that a mapped address lies in. */
uint64_t memory_frame_of(struct memory *memory, uint64_t address);

/* Another address space: its tables have a self-map, and, after memory_share_kernel(), the system's
 * upper half. memory_map_user() maps one page of it to a given frame. */
uint64_t memory_new_space(struct memory *memory, uint64_t frame); /* 0: any */
void memory_map_user(struct memory *memory, uint64_t root, uint64_t address, uint64_t frame,
                     enum page_kind kind);
void memory_share_kernel(struct memory *memory, uint64_t root);
/* From here on mapping, reading, writing and claims are of the space at `root`; gives the one that
 * they were of. Before memory_share_kernel() a process's space has user pages alone. */
uint64_t memory_enter(struct memory *memory, uint64_t root);
/* x64: takes what one entry of the topmost table maps out of the space at `root`: session space is
 * not in the System process's. */
void memory_forget(struct memory *memory, uint64_t root, uint64_t address);

/* An address that is not mapped is a mistake of the forge. */
void memory_write(struct memory *memory, uint64_t address, const void *bytes, size_t length);
void memory_read(struct memory *memory, uint64_t address, void *bytes, size_t length);
void memory_put(struct memory *memory, uint64_t address, uint64_t value, size_t size);
uint64_t memory_get(struct memory *memory, uint64_t address, size_t size);

/* Declares that a range belongs to one thing; memory_check_claims(), when everything is in its
 * place, stops where two overlap. `what` lives as long as the memory. */
void memory_claim(struct memory *memory, uint64_t address, uint64_t size, const char *what);
void memory_check_claims(struct memory *memory);

#endif
