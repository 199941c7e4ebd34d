/* address_set.c - a hash table with open addressing, at most half full. */
#include "base/address_set.h"

#include "base/memory.h"

#define FIRST_CAPACITY 64

/* Fibonacci hashing: addresses are alike in their low bits and in their high ones (Knuth, The Art
 * of Computer Programming, 6.4). */
static size_t slot_of(const struct address_set *set, uint64_t address) {
    size_t slot = (size_t)((address * 0x9e3779b97f4a7c15) >> 20) & (set->capacity - 1);
    while (set->slots[slot] != 0 && set->slots[slot] != address)
        slot = (slot + 1) & (set->capacity - 1);
    return slot;
}

static void grow(struct address_set *set) {
    struct address_set larger = {.capacity = set->capacity ? 2 * set->capacity : FIRST_CAPACITY,
                                 .count = set->count};
    larger.slots = xcalloc(larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i])
            larger.slots[slot_of(&larger, set->slots[i])] = set->slots[i];
    free(set->slots);
    *set = larger;
}

bool address_set_add(struct address_set *set, uint64_t address) {
    if (2 * set->count >= set->capacity)
        grow(set);
    size_t slot = slot_of(set, address);
    if (address == 0 || set->slots[slot] == address)
        return false;
    set->slots[slot] = address;
    set->count++;
    return true;
}

void address_set_deinit(struct address_set *set) {
    free(set->slots);
    *set = (struct address_set){0};
}
