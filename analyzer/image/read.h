/*
 * read.h - what reading a piece of memory gives: the bytes, or why there are none.
 *
 * "This page is not in the dump" is never confused with "this address is not mapped". Memory that
 * is not there is a value, not an error (base/status.h is for errors).
 */
#ifndef NTDRIFT_IMAGE_READ_H
#define NTDRIFT_IMAGE_READ_H

enum read_state {
    READ_PRESENT = 0,
    READ_NOT_IN_DUMP,   /* physical page that the dump does not hold */
    READ_CUT_OFF,       /* page that the dump's header promises, behind the end of the file */
    READ_NOT_MAPPED,    /* no translation: an entry of the page tables is zero or invalid */
    READ_PAGED_OUT,     /* in a page file */
    READ_PROTOTYPE,     /* known only through a prototype PTE */
    READ_DEMAND_ZERO,   /* never touched: would be zeros on first use */
    READ_NON_CANONICAL, /* no address of this architecture */
    READ_BAD_VALUE,     /* the bytes are there and make no sense */
    READ_READER_DIED,   /* the process that unpacks the dump's pages died of the file */
    READ_STATE_COUNT
};

/* The word for a state in snapshots and messages: "present", "not-in-dump", "cut-off",
 * "not-mapped", "paged-out", "prototype", "demand-zero", "non-canonical", "bad-value",
 * "reader-died". */
const char *read_state_name(enum read_state state);

#endif
