/*
 * tree.h - the processes of one snapshot as the tree of their parents, in the order in which it is
 * printed. Siblings that tell nothing new are gathered; what the difference names never is.
 *
 * A process whose parent is gone, or whose parent's id belongs to a later process now, hangs under
 * an entry that stands for that id. Ids that run in a circle are cut at the first process.
 */
#ifndef NTDRIFT_REPORTS_TREE_H
#define NTDRIFT_REPORTS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "differ/difference.h"

struct tree_entry {
    enum {
        TREE_PROCESS,
        TREE_ABSENT, /* stands for a parent that is no more; `pid` is its id */
        TREE_ALIKE,  /* the `count` entries below it are leaves with one name */
        TREE_OTHERS, /* the `count` entries at the level below it (and what is under those) are
                        of images that only this side has */
    } kind;
    unsigned depth;
    const char *name;
    json_int_t pid;     /* -1 unknown */
    json_int_t threads; /* active; -1 unknown */
    size_t count;
    bool is_absent_reused;       /* the id belongs to a later process */
    const struct change *change; /* the first one whose subject is this image, or NULL */
};

struct tree {
    struct tree_entry *entries;
    size_t count;
    size_t capacity;
    size_t processes;
};

void tree_init(struct tree *tree, const struct difference *difference, const struct side *side);
void tree_deinit(struct tree *tree);

#endif
