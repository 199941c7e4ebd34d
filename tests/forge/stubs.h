/*
 * stubs.h - the few instructions by which a system call is entered, in every shape that Windows has
 * given them.
 */
#ifndef FORGE_STUBS_H
#define FORGE_STUBS_H

#include <stdint.h>

enum { STUB_LONGEST = 0x20 };

/* What a shape has where; 0 where it has no such place. */
struct stub_form {
    const char *name;
    uint8_t spacing;     /* from one stub to the next */
    uint8_t number_at;   /* 32 bits */
    uint8_t bytes_at;    /* of `ret n`: the arguments' bytes, 16 bits */
    uint8_t linkage_at;  /* 32 bits, relative: KiServiceLinkage */
    uint8_t entry_at;    /* 32 bits, relative: KiServiceInternal, KiSystemService */
    uint8_t absolute_at; /* 32 bits: ntdll!Wow64SystemServiceCall */
    uint8_t returns_at;  /* where the thread goes on after the call */
    uint8_t bytes[STUB_LONGEST];
};

struct stub_call {
    uint32_t number;
    unsigned arguments;
    uint64_t address;        /* of the stub */
    uint64_t linkage, entry; /* of what it refers to */
};

const struct stub_form *stub_form(const char *name);
/* Fills in `form->spacing` bytes. */
void stub_write(const struct stub_form *form, const struct stub_call *call,
                uint8_t bytes[STUB_LONGEST]);

#endif
