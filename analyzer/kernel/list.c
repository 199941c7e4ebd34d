/*
 * list.c - walking a ring of LIST_ENTRY forwards, and backwards where that breaks.
 */
#include "kernel/list.h"

#include "base/address_set.h"
#include "base/memory.h"
#include "kernel/address.h"

struct links {
    uint64_t flink;
    uint64_t blink;
};

/* A pointer that cannot be a LIST_ENTRY of the kernel is a bad value before it is followed. */
static enum read_state read_links(struct vm *vm, uint64_t address, struct links *links) {
    if (address < first_kernel_address(vm) || address % vm_pointer_size(vm) != 0)
        return READ_BAD_VALUE;
    enum read_state state = vm_read_pointer(vm, address, &links->flink);
    if (state != READ_PRESENT)
        return state;
    return vm_read_pointer(vm, address + vm_pointer_size(vm), &links->blink);
}

/* One direction of a walk. */
struct step {
    struct vm *vm;
    uint64_t head;
    size_t limit;
    bool backwards;
    struct address_set visited;
    uint64_t last_forward; /* where a walk backwards meets the one forwards */
};

struct outcome {
    enum list_end end;
    uint64_t at;
    uint64_t from;
    enum read_state state;
};

static uint64_t ahead(const struct step *step, const struct links *links) {
    return step->backwards ? links->blink : links->flink;
}

static uint64_t back(const struct step *step, const struct links *links) {
    return step->backwards ? links->flink : links->blink;
}

/* Where the walk stands before `next`, whose links are read already: on an end, or not yet. */
static bool is_end(const struct step *step, uint64_t from, uint64_t next, const struct links *links,
                   struct outcome *outcome) {
    *outcome = (struct outcome){.at = next, .from = from, .state = READ_PRESENT};
    if (step->backwards && next == step->last_forward)
        outcome->end = LIST_CLOSED;
    else if (next == step->head)
        outcome->end = back(step, links) == from ? LIST_CLOSED : LIST_MISLINKED;
    else if (address_set_has(&step->visited, next))
        outcome->end = LIST_CYCLE;
    else if (back(step, links) != from)
        outcome->end = LIST_MISLINKED;
    else
        return false;
    return true;
}

static struct outcome walk_one_way(struct step *step, uint64_t **entries, size_t *count,
                                   size_t *capacity) {
    struct outcome outcome = {.end = LIST_BROKEN, .at = step->head, .from = step->head};
    struct links links;
    outcome.state = read_links(step->vm, step->head, &links);
    if (outcome.state != READ_PRESENT)
        return outcome;
    for (uint64_t from = step->head;;) {
        uint64_t next = ahead(step, &links);
        enum read_state state = read_links(step->vm, next, &links);
        if (state != READ_PRESENT)
            return (struct outcome){LIST_BROKEN, next, from, state};
        if (is_end(step, from, next, &links, &outcome))
            return outcome;
        if (*count >= step->limit)
            return (struct outcome){LIST_TOO_LONG, next, from, READ_PRESENT};
        ARRAY_RESERVE(*entries, *count, *capacity);
        (*entries)[(*count)++] = next;
        address_set_add(&step->visited, next);
        from = next;
    }
}

static void reverse(uint64_t *entries, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        uint64_t entry = entries[i];
        entries[i] = entries[count - 1 - i];
        entries[count - 1 - i] = entry;
    }
}

void list_walk(struct vm *vm, uint64_t head, size_t limit, struct list_walk *walk) {
    *walk = (struct list_walk){.back_end = LIST_CLOSED};
    struct step step = {.vm = vm, .head = head, .limit = limit};
    size_t capacity = 0;
    struct outcome forwards = walk_one_way(&step, &walk->entries, &walk->count, &capacity);
    walk->end = forwards.end;
    walk->gap = walk->count;
    walk->state = forwards.state;
    if (forwards.end != LIST_CLOSED) {
        walk->broken_at = forwards.at;
        walk->broken_from = forwards.from;
    }
    if (forwards.end != LIST_CLOSED && forwards.end != LIST_TOO_LONG) {
        step.backwards = true;
        step.last_forward = walk->count ? walk->entries[walk->count - 1] : head;
        struct outcome backwards = walk_one_way(&step, &walk->entries, &walk->count, &capacity);
        if (walk->count > walk->gap)
            reverse(walk->entries + walk->gap, walk->count - walk->gap);
        walk->back_end = backwards.end;
        walk->back_broken_at = backwards.end == LIST_CLOSED ? 0 : backwards.at;
        walk->back_state = backwards.state;
    }
    address_set_deinit(&step.visited);
}

void list_walk_deinit(struct list_walk *walk) {
    free(walk->entries);
    *walk = (struct list_walk){0};
}

const char *list_end_name(enum list_end end) {
    static const char *const names[] = {
        [LIST_CLOSED] = "closed", [LIST_BROKEN] = "broken",     [LIST_MISLINKED] = "mislinked",
        [LIST_CYCLE] = "cycle",   [LIST_TOO_LONG] = "too-long",
    };
    return names[end];
}
