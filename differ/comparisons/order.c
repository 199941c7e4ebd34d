/* order.c - what kept its place among its neighbours: the heaviest increasing chain. */
#include "differ/comparisons/order.h"

#include "base/memory.h"

/* A structure's members overlay each other (unions, the bits of a word), so places that are equal
 * on both sides are one node, as heavy as the members it stands for. A chain is strictly
 * increasing on both sides: two members that shared an offset and share none now did not both keep
 * their place. The chain is found by dynamic programming over a tree of prefix maxima, in
 * O(n log n) (the weighted form of the longest increasing subsequence; Fredman, "On computing the
 * length of longest increasing subsequences", 1975; the tree is Fenwick's, 1994). */
struct node {
    uint64_t old;
    uint64_t new;
    uint64_t weight; /* of the node alone */
    uint64_t total;  /* of the heaviest chain that ends in it */
    size_t previous; /* in that chain; NONE at its start */
    size_t rank;     /* of `new` among all, from 1 */
    bool kept;
};

#define NONE SIZE_MAX

/* One member that stayed where it was outweighs all that did not: a frame that did not move is the
 * better account of what happened than one that did. */
#define UNCHANGED ((uint64_t)1 << 32)

struct sorted {
    struct place *place;
    size_t node;
};

static int by_old_then_new_falling(const void *left, const void *right) {
    const struct place *a = ((const struct sorted *)left)->place;
    const struct place *b = ((const struct sorted *)right)->place;
    if (a->old != b->old)
        return a->old < b->old ? -1 : 1;
    if (a->new != b->new)
        return a->new > b->new ? -1 : 1;
    return 0;
}

static int by_value(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Merges equal places into nodes; gives their number. */
static size_t make_nodes(struct sorted *sorted, size_t count, struct node *nodes) {
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        const struct place *place = sorted[i].place;
        if (!made || nodes[made - 1].old != place->old || nodes[made - 1].new != place->new)
            nodes[made++] = (struct node){.old = place->old, .new = place->new, .previous = NONE};
        nodes[made - 1].weight += place->old == place->new ? UNCHANGED : 1;
        sorted[i].node = made - 1;
    }
    return made;
}

static void rank_nodes(struct node *nodes, size_t count) {
    AUTO_FREE uint64_t *values = xcalloc(count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = nodes[i].new;
    qsort(values, count, sizeof *values, by_value);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (!distinct || values[distinct - 1] != values[i])
            values[distinct++] = values[i];
    for (size_t i = 0; i < count; i++) {
        const uint64_t *found = bsearch(&nodes[i].new, values, distinct, sizeof *values, by_value);
        nodes[i].rank = (size_t)(found - values) + 1;
    }
}

/* Links each node to the heaviest chain that it can follow; gives the end of the heaviest. Nodes
 * come by rising `old`, equal ones by falling `new`, so that none follows one of its own `old`. */
static size_t link_chains(struct node *nodes, size_t count) {
    AUTO_FREE size_t *best = xcalloc(count + 1, sizeof *best); /* per rank range: node + 1 */
    size_t end = NONE;
    for (size_t i = 0; i < count; i++) {
        size_t previous = NONE;
        for (size_t rank = nodes[i].rank - 1; rank; rank &= rank - 1)
            if (best[rank] &&
                (previous == NONE || nodes[best[rank] - 1].total > nodes[previous].total))
                previous = best[rank] - 1;
        nodes[i].previous = previous;
        nodes[i].total = nodes[i].weight + (previous == NONE ? 0 : nodes[previous].total);
        for (size_t rank = nodes[i].rank; rank <= count; rank += rank & (~rank + 1))
            if (!best[rank] || nodes[best[rank] - 1].total < nodes[i].total)
                best[rank] = i + 1;
        if (end == NONE || nodes[i].total > nodes[end].total)
            end = i;
    }
    return end;
}

void order_mark(struct place *places, size_t count) {
    if (!count)
        return;
    AUTO_FREE struct sorted *sorted = xcalloc(count, sizeof *sorted);
    AUTO_FREE struct node *nodes = xcalloc(count, sizeof *nodes);
    for (size_t i = 0; i < count; i++)
        sorted[i].place = &places[i];
    qsort(sorted, count, sizeof *sorted, by_old_then_new_falling);
    size_t made = make_nodes(sorted, count, nodes);
    rank_nodes(nodes, made);
    for (size_t node = link_chains(nodes, made); node != NONE; node = nodes[node].previous)
        nodes[node].kept = true;
    for (size_t i = 0; i < count; i++)
        sorted[i].place->kept = nodes[sorted[i].node].kept;
}
