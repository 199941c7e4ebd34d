/*
 * walks.h - a walk through page tables by libaddrxlat and by ours, and whether they agree.
 */
#ifndef NTDRIFT_TESTS_WALKS_H
#define NTDRIFT_TESTS_WALKS_H

#include "test.h"

#include <libkdumpfile/addrxlat.h>

#include "small_dump.h"
#include "vm/vm.h"

/* A kind of page tables, by both names. */
struct form {
    const char *name;
    enum vm_paging paging;
    addrxlat_paging_form_t oracle;
    unsigned entry_size;
    uint64_t address_bits; /* of an entry */
    uint64_t root_bits;    /* of CR3 */
    unsigned sign;         /* the highest bit of an address that counts; 0: no sign */
};

enum { FORM_X64, FORM_LA57, FORM_X86, FORM_X86PAE, FORMS };
extern const struct form forms[FORMS];

unsigned levels_of(const struct form *form);

/* An address with its sign extended. */
uint64_t extend(const struct form *form, uint64_t address);

/* The oracle's way through the tables at `root`. */
addrxlat_meth_t method_of(const struct form *form, uint64_t root);

/* Physical memory as the oracle sees it: its own table, not the image. */
struct memory {
    uint64_t *frames; /* ascending */
    const uint8_t **pages;
    size_t count;
    struct small_dump dump;
    struct image *image;
    addrxlat_ctx_t *context;
    const struct form *form;
};

/* Makes the oracle read `memory`. The caller drops the reference to its context. */
void memory_start(struct memory *memory, const struct form *form);

/* NULL where the frame is not there. */
const uint8_t *find_page(const struct memory *memory, uint64_t frame);

enum outcome { TRANSLATED, IN_TRANSITION, STOPPED, TABLE_MISSING, NO_ADDRESS, OUTCOMES };

/* Both walks of `address`; they must agree on everything that both say. */
enum outcome compare(struct memory *memory, struct vm *vm, const addrxlat_meth_t *method,
                     uint64_t address);
void print_outcomes(const char *name, const size_t outcomes[OUTCOMES]);

/* guests.c: every page of every address space of forged guests. */
extern const char *dumps_folder; /* NULL: none was named */
void test_forged_guests(void **state);

#endif
