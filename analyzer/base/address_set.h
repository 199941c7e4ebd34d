/*
 * address_set.h - addresses that were met before: what keeps a walk over a graph from going round.
 */
#ifndef NTDRIFT_BASE_ADDRESS_SET_H
#define NTDRIFT_BASE_ADDRESS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For tables of one's own: a number whose bits all depend on all of the address, and which is
 * another in every run. A dump that lies chooses its addresses, and would choose those that fall
 * into one place; so nothing that is written may depend on it. */
uint64_t address_hash(uint64_t address);

/* Zeroed when empty; 0 is no member. */
struct address_set {
    uint64_t *slots;
    size_t capacity; /* a power of two */
    size_t count;
};

/* Whether the address is new to the set. */
bool address_set_add(struct address_set *set, uint64_t address);
bool address_set_has(const struct address_set *set, uint64_t address);
void address_set_deinit(struct address_set *set);

#endif
