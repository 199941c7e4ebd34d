/*
 * order.h - what kept its place among its neighbours, and what was taken out of the order: members
 * of a structure by their offsets, services of a table by their numbers.
 */
#ifndef NTDRIFT_DIFFER_ORDER_H
#define NTDRIFT_DIFFER_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where something was and is. */
struct place {
    uint64_t old;
    uint64_t new;
    bool kept;
};

/* Marks as kept the largest set of places that keeps every order among its members: what was
 * before, at, or behind another still is. Places that did not change are always in it. Sorts
 * nothing: `places` stay in their order. */
void order_mark(struct place *places, size_t count);

#endif
