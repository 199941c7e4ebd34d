/* service_nameless.c - services that neither side names, known by their neighbours: some have no
 * stub in ntdll (NtQuerySystemTime is a jump there), and one such must not leave it open whether
 * all that came are new. */
#include "differ/comparisons/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A list by number. */
struct numbers {
    const char *names[SERVICE_NUMBERS];
    bool nameless[SERVICE_NUMBERS];
};

static struct numbers *numbers_of(const struct services *services) {
    struct numbers *numbers = xcalloc(1, sizeof *numbers);
    for (size_t i = 0; i < services->count; i++)
        numbers->names[services->items[i].number] = services->items[i].name;
    for (size_t i = 0; i < services->nameless_at_count; i++)
        numbers->nameless[services->nameless_at[i]] = true;
    return numbers;
}

/* The number of the service of `new` between the two that are around `number`; 0: there is none. */
static size_t between_the_same(const struct numbers *old, size_t number, const struct numbers *new,
                               const struct services *services) {
    const char *before = old->names[number - 1], *after = old->names[number + 1];
    const struct service *found = before && after ? services_find(services, before) : NULL;
    if (!found || found->number >= SERVICE_NUMBERS - 2)
        return 0;
    size_t place = (size_t)found->number + 1;
    const char *next = new->names[place + 1];
    return new->nameless[place] && next &&strcmp(next, after) == 0 ? place : 0;
}

void services_pair_nameless(struct services *old, struct services *new) {
    if (!old->nameless_at_count || !new->nameless_at_count)
        return;
    AUTO_FREE struct numbers *before = numbers_of(old);
    AUTO_FREE struct numbers *after = numbers_of(new);
    for (size_t number = 1; number < SERVICE_NUMBERS - 1; number++) {
        size_t place = before->nameless[number] ? between_the_same(before, number, after, new) : 0;
        if (!place)
            continue;
        after->nameless[place] = false;
        old->nameless--;
        new->nameless--;
    }
}
