/*
 * machine.h - a machine of a few pages for the tests of the kernel layer: memory is written by
 * virtual address, the page tables come by themselves, and the whole is saved as a full dump.
 * Numbers are written out here and not taken from the code under test.
 */
#ifndef NTDRIFT_TESTS_MACHINE_H
#define NTDRIFT_TESTS_MACHINE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/target.h"
#include "small_dump.h"

#define MACHINE_FRAMES 256
#define MACHINE_PML4   1

struct machine {
    uint8_t frames[MACHINE_FRAMES][PAGE];
    uint64_t used; /* frames 0..used are taken */
    struct small_dump header;
    char path[64];
};

static inline struct machine *machine_create(void) {
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        abort();
    machine->used = MACHINE_PML4;
    machine->header = small_header(FULL);
    put(&machine->header, 0x10, MACHINE_PML4 * PAGE, 8); /* DirectoryTableBase */
    put(&machine->header, 0x34, 1, 4);                   /* NumberProcessors */
    put(&machine->header, 0x80, 0, 8);                   /* KdDebuggerDataBlock */
    put(&machine->header, 0x20, 0, 8);                   /* PsLoadedModuleList */
    put(&machine->header, 0x28, 0, 8);                   /* PsActiveProcessHead */
    put(&machine->header, 0x8, 15, 4);                   /* MajorVersion */
    put(&machine->header, 0x30, 0x8664, 4);              /* MachineImageType */
    return machine;
}

static inline void machine_destroy(struct machine *machine) {
    if (machine->path[0])
        unlink(machine->path);
    small_free(&machine->header);
    free(machine);
}

/* The frame that an entry of a page table leads to; made where it is not there yet. */
static inline uint64_t machine_follow(struct machine *machine, uint64_t frame, unsigned index) {
    uint64_t entry;
    memcpy(&entry, machine->frames[frame] + 8 * index, 8);
    if (entry == 0) {
        if (++machine->used >= MACHINE_FRAMES)
            abort();
        entry = machine->used * PAGE | 0x63; /* present, writable, accessed, dirty */
        memcpy(machine->frames[frame] + 8 * index, &entry, 8);
    }
    return entry / PAGE;
}

/* The byte at a virtual address; its page is made where it is not there yet. */
static inline uint8_t *machine_at(struct machine *machine, uint64_t address) {
    uint64_t frame = MACHINE_PML4;
    for (int shift = 39; shift >= 12; shift -= 9)
        frame = machine_follow(machine, frame, address >> shift & 511);
    return machine->frames[frame] + address % PAGE;
}

static inline void machine_write(struct machine *machine, uint64_t address, const void *bytes,
                                 size_t length) {
    for (size_t i = 0; i < length; i++)
        *machine_at(machine, address + i) = ((const uint8_t *)bytes)[i];
}

static inline void machine_put(struct machine *machine, uint64_t address, uint64_t value,
                               size_t width) {
    machine_write(machine, address, &value, width);
}

/* A ring of LIST_ENTRY through `links`, the first of which is the head. */
static inline void machine_ring(struct machine *machine, const uint64_t *links, size_t count) {
    for (size_t i = 0; i < count; i++) {
        machine_put(machine, links[i], links[(i + 1) % count], 8);
        machine_put(machine, links[i] + 8, links[(i + count - 1) % count], 8);
    }
}

/* Saves the machine as a full dump in the working folder and opens it. */
static inline struct target *machine_open(struct machine *machine) {
    struct small_dump *dump = &machine->header;
    put(dump, 0x88, 1, 4); /* PhysicalMemoryBlock: one run */
    put(dump, 0x90, machine->used + 1, 8);
    put(dump, 0x98, 0, 8);
    put(dump, 0xa0, machine->used + 1, 8);
    snprintf(machine->path, sizeof machine->path, "machine-%d.dmp", (int)getpid());
    FILE *file = fopen(machine->path, "wb");
    if (!file || fwrite(dump->bytes, 1, dump->size, file) != dump->size ||
        fwrite(machine->frames, PAGE, machine->used + 1, file) != machine->used + 1 ||
        fclose(file) != 0)
        abort();
    struct error err;
    struct target *target = NULL;
    if (target_open(&err, machine->path, &target) != STATUS_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return target;
}

#endif
