/*
 * forest.h - the processes of one snapshot, each with its parent and its children: the step before
 * tree.h, which puts them into lines. It knows nothing of printing.
 */
#ifndef NTDRIFT_REPORTS_FOREST_H
#define NTDRIFT_REPORTS_FOREST_H

#include <stdbool.h>
#include <stddef.h>

#include "differ/difference.h"

#define NO_NODE ((size_t)-1)

struct node {
    const char *name;
    json_int_t pid; /* -1 unknown, as are the next two */
    json_int_t ppid;
    json_int_t threads;
    const char *state;           /* of the parent: "alive", ...; "" unknown */
    size_t parent;               /* NO_NODE for a root */
    const struct change *change; /* the first one about this image, or NULL */
    bool is_absent;              /* stands for a parent that is no more */
    bool is_telling;             /* it, or one below it, is named by a change */
    bool is_one_sided;           /* neither it nor one below it runs on the other side */
    size_t first_child;          /* in `children` */
    size_t child_count;
};

struct forest {
    struct node *nodes; /* the processes in their order, then the absent ones */
    size_t processes;
    size_t count;
    size_t capacity;
    size_t *children; /* of all nodes, each node's together, in order */
    size_t *roots;
    size_t root_count;
};

void forest_init(struct forest *forest, const struct difference *difference,
                 const struct side *side);
void forest_deinit(struct forest *forest);

#endif
