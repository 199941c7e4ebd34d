/* address_set.c - a hash table with open addressing, at most half full. */
#include "base/address_set.h"

#include <sys/random.h>

#include "base/memory.h"

#define FIRST_CAPACITY 64

/* Without a source of chance the addresses of this very run have to do. */
static uint64_t seed(void) {
    static uint64_t value;
    if (value == 0 && getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
        value = (uintptr_t)&value;
    return value |= 1;
}

/* The finalizer of splitmix64 (S. Vigna, public domain) over what nobody can know. */
uint64_t address_hash(uint64_t address) {
    address = (address ^ seed()) * 0x9e3779b97f4a7c15;
    address = (address ^ address >> 30) * 0xbf58476d1ce4e5b9;
    address = (address ^ address >> 27) * 0x94d049bb133111eb;
    return address ^ address >> 31;
}

static size_t slot_of(const struct address_set *set, uint64_t address) {
    size_t slot = (size_t)address_hash(address) & (set->capacity - 1);
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

bool address_set_has(const struct address_set *set, uint64_t address) {
    return set->count != 0 && address != 0 && set->slots[slot_of(set, address)] == address;
}

void address_set_deinit(struct address_set *set) {
    free(set->slots);
    *set = (struct address_set){0};
}
