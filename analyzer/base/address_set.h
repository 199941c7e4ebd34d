/*
 * address_set.h - addresses that were met before: what keeps a walk over a graph from going round.
 */
#ifndef NTDRIFT_BASE_ADDRESS_SET_H
#define NTDRIFT_BASE_ADDRESS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed when empty; 0 is no member. */
struct address_set {
    uint64_t *slots;
    size_t capacity; /* a power of two */
    size_t count;
};

/* Whether the address is new to the set. */
bool address_set_add(struct address_set *set, uint64_t address);
void address_set_deinit(struct address_set *set);

#endif
