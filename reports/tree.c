/* tree.c - the processes of one snapshot as the tree of their parents. */
#include "reports/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "reports/forest.h"

#define ALIKE_LEAST  3 /* fewer leaves with one name are listed one by one */
#define OTHERS_LEAST 4

struct step {
    size_t node; /* of a gathering: its first member */
    unsigned depth;
    size_t count; /* members of a gathering; 0: the node itself */
    bool is_alike;
};

struct walk {
    const struct forest *forest;
    struct step *stack;
    size_t count;
    size_t capacity;
    size_t *group;  /* by node: the first one of the gathering that it is in, or NO_NODE */
    bool *is_alike; /* by first one: whether it gathers leaves with one name */
};

static void push(struct walk *walk, struct step step) {
    ARRAY_RESERVE(walk->stack, walk->count, walk->capacity);
    walk->stack[walk->count++] = step;
}

static int compare_names(const void *left, const void *right, void *context) {
    const struct node *nodes = context;
    size_t a = *(const size_t *)left;
    size_t b = *(const size_t *)right;
    int order = strcmp(nodes[a].name, nodes[b].name);
    return order ? order : (a > b) - (a < b);
}

/* Leaves with one name. */
static void gather_alike(struct walk *walk, const size_t *children, size_t count) {
    const struct node *nodes = walk->forest->nodes;
    AUTO_FREE size_t *leaves = xcalloc(count + 1, sizeof *leaves);
    size_t leaf_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!nodes[children[i]].child_count && !nodes[children[i]].is_telling)
            leaves[leaf_count++] = children[i];
    qsort_r(leaves, leaf_count, sizeof *leaves, compare_names, (void *)nodes);
    for (size_t first = 0, end; first < leaf_count; first = end) {
        end = first + 1;
        while (end < leaf_count && !strcmp(nodes[leaves[end]].name, nodes[leaves[first]].name))
            end++;
        for (size_t i = first; i < end && end - first >= ALIKE_LEAST; i++)
            walk->group[leaves[i]] = leaves[first];
        walk->is_alike[leaves[first]] = end - first >= ALIKE_LEAST;
    }
}

/* What is left of the images that only this side has, unless they are few. */
static void gather_others(struct walk *walk, const size_t *children, size_t count) {
    const struct node *nodes = walk->forest->nodes;
    AUTO_FREE size_t *others = xcalloc(count + 1, sizeof *others);
    size_t other_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct node *node = &nodes[children[i]];
        if (walk->group[children[i]] == NO_NODE && !node->is_telling && node->is_one_sided)
            others[other_count++] = children[i];
    }
    for (size_t i = 0; i < other_count && other_count >= OTHERS_LEAST; i++)
        walk->group[others[i]] = others[0];
}

struct member_key {
    size_t leader, node;
};

static int compare_keys(const void *left, const void *right) {
    const struct member_key *a = left;
    const struct member_key *b = right;
    if (a->leader != b->leader)
        return a->leader < b->leader ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* Puts siblings on the stack so that they come off in order: a gathering stands where its first
 * member does, and its members follow it one level down. */
static void push_children(struct walk *walk, const size_t *children, size_t count, unsigned depth) {
    AUTO_FREE struct member_key *keys = xcalloc(count + 1, sizeof *keys);
    for (size_t i = 0; i < count; i++)
        walk->group[children[i]] = NO_NODE;
    gather_alike(walk, children, count);
    gather_others(walk, children, count);
    for (size_t i = 0; i < count; i++) {
        size_t leader = walk->group[children[i]];
        keys[i] = (struct member_key){leader == NO_NODE ? children[i] : leader, children[i]};
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t end = count, first; end > 0; end = first) {
        first = end - 1;
        while (first > 0 && keys[first - 1].leader == keys[end - 1].leader)
            first--;
        size_t leader = keys[first].leader;
        bool is_group = walk->group[leader] != NO_NODE;
        for (size_t i = end; i-- > first;)
            push(walk, (struct step){.node = keys[i].node, .depth = depth + is_group});
        if (is_group)
            push(walk, (struct step){
                           .node = leader,
                           .depth = depth,
                           .count = end - first,
                           .is_alike = walk->is_alike[leader],
                       });
    }
}

static void emit(struct tree *tree, const struct forest *forest, const struct step *step) {
    const struct node *node = &forest->nodes[step->node];
    ARRAY_RESERVE(tree->entries, tree->count, tree->capacity);
    tree->entries[tree->count++] = (struct tree_entry){
        .kind = step->count       ? (step->is_alike ? TREE_ALIKE : TREE_OTHERS)
                : node->is_absent ? TREE_ABSENT
                                  : TREE_PROCESS,
        .depth = step->depth,
        .name = node->name,
        .pid = node->pid,
        .threads = node->threads,
        .count = step->count,
        .is_absent_reused = node->is_absent && !strcmp(node->state, "pid-reused"),
        .change = step->count ? NULL : node->change,
    };
}

void tree_init(struct tree *tree, const struct difference *difference, const struct side *side) {
    *tree = (struct tree){0};
    AUTO(forest_deinit) struct forest forest;
    forest_init(&forest, difference, side);
    tree->processes = forest.processes;
    AUTO_FREE size_t *group = xcalloc(forest.count + 1, sizeof *group);
    AUTO_FREE bool *is_alike = xcalloc(forest.count + 1, sizeof *is_alike);
    struct walk walk = {.forest = &forest, .group = group, .is_alike = is_alike};
    for (size_t i = forest.root_count; i-- > 0;)
        push(&walk, (struct step){.node = forest.roots[i]});
    while (walk.count) {
        struct step step = walk.stack[--walk.count];
        emit(tree, &forest, &step);
        const struct node *node = &forest.nodes[step.node];
        if (!step.count)
            push_children(&walk, forest.children + node->first_child, node->child_count,
                          step.depth + 1);
    }
    free(walk.stack);
}

void tree_deinit(struct tree *tree) {
    free(tree->entries);
    *tree = (struct tree){0};
}
