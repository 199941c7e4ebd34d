/* forest.c - the processes of one snapshot, each with its parent and its children. */
#include "reports/forest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define IMAGE_NAME_LENGTH 14 /* characters that _EPROCESS.ImageFileName has room for */

struct names {
    const char **items; /* ascending */
    size_t count;
};

static const json_t *processes_of(const struct side *side) {
    const json_t *processes = json_object_get(side->snapshot, "processes");
    return json_is_array(processes) ? processes : NULL;
}

/* ---- names and changes ---- */

static int compare_strings(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static const char *name_of(const json_t *process) {
    const char *name = json_string_value(json_object_get(process, "name"));
    return name ? name : "";
}

static void names_init(struct names *names, const struct side *side) {
    const json_t *processes = processes_of(side);
    names->count = json_array_size(processes);
    names->items = xcalloc(names->count + 1, sizeof *names->items);
    for (size_t i = 0; i < names->count; i++)
        names->items[i] = name_of(json_array_get(processes, i));
    qsort(names->items, names->count, sizeof *names->items, compare_strings);
}

static void names_deinit(struct names *names) {
    free(names->items);
}

static bool names_have(const struct names *names, const char *name) {
    return bsearch(&name, names->items, names->count, sizeof *names->items, compare_strings);
}

/* The changes about processes: their subject is the image, or the image and what of it, as in
 * "csrss.exe:Minimal". */
struct changes {
    const struct change **items;
    size_t count;
};

static void changes_init(struct changes *changes, const struct difference *difference) {
    *changes = (struct changes){xcalloc(difference->count + 1, sizeof *changes->items), 0};
    for (size_t i = 0; i < difference->count; i++)
        if (!strcmp(difference->changes[i].rule->family, "process"))
            changes->items[changes->count++] = &difference->changes[i];
}

static void changes_deinit(struct changes *changes) {
    free(changes->items);
}

/* Windows compares image names without case. */
static const struct change *changes_find(const struct changes *changes, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; length && i < changes->count; i++) {
        const char *subject = changes->items[i]->subject;
        bool is_cut = length == IMAGE_NAME_LENGTH;
        if (!strncasecmp(subject, name, length) &&
            (!subject[length] || subject[length] == ':' || is_cut))
            return changes->items[i];
    }
    return NULL;
}

/* ---- parents ---- */

static json_int_t id_of(const json_t *process, const char *key) {
    const json_t *id = json_object_get(process, key);
    return json_is_integer(id) ? json_integer_value(id) : -1;
}

static void read_process(struct forest *forest, const json_t *process) {
    const json_t *state = json_object_get(json_object_get(process, "parent"), "state");
    ARRAY_RESERVE(forest->nodes, forest->count, forest->capacity);
    forest->nodes[forest->count++] = (struct node){
        .name = name_of(process),
        .pid = id_of(process, "pid"),
        .ppid = id_of(process, "ppid"),
        .threads = id_of(process, "active_threads"),
        .state = json_is_string(state) ? json_string_value(state) : "",
        .parent = NO_NODE,
    };
}

static int compare_pids(const void *left, const void *right, void *context) {
    const struct node *nodes = context;
    size_t a = *(const size_t *)left;
    size_t b = *(const size_t *)right;
    if (nodes[a].pid != nodes[b].pid)
        return nodes[a].pid < nodes[b].pid ? -1 : 1;
    return (a > b) - (a < b);
}

/* The first of those with that id in `sorted`, or NO_NODE. */
static size_t find_pid(const struct forest *forest, const size_t *sorted, size_t count,
                       json_int_t pid) {
    size_t low = 0;
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (forest->nodes[sorted[middle]].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && forest->nodes[sorted[low]].pid == pid ? sorted[low] : NO_NODE;
}

static bool has_no_parent(const struct node *node) {
    return node->ppid < 0 || !strcmp(node->state, "none") || (!node->ppid && !*node->state);
}

static bool has_lost_parent(const struct node *node) {
    return !strcmp(node->state, "absent") || !strcmp(node->state, "pid-reused");
}

static int compare_ppids(const void *left, const void *right, void *context) {
    const struct node *nodes = context;
    size_t a = *(const size_t *)left;
    size_t b = *(const size_t *)right;
    if (nodes[a].ppid != nodes[b].ppid)
        return nodes[a].ppid < nodes[b].ppid ? -1 : 1;
    return (a > b) - (a < b);
}

/* One absent node for each id that processes name as their parent and that is no parent here. */
static void add_absent(struct forest *forest, size_t *orphans, size_t count) {
    qsort_r(orphans, count, sizeof *orphans, compare_ppids, forest->nodes);
    for (size_t i = 0; i < count; i++) {
        struct node *orphan = &forest->nodes[orphans[i]];
        if (i && forest->nodes[orphans[i - 1]].ppid == orphan->ppid) {
            orphan->parent = forest->nodes[orphans[i - 1]].parent;
            continue;
        }
        orphan->parent = forest->count;
        struct node absent = {.name = "", .pid = orphan->ppid, .threads = -1, .ppid = -1};
        absent.state = orphan->state;
        absent.parent = NO_NODE;
        absent.is_absent = true;
        ARRAY_RESERVE(forest->nodes, forest->count, forest->capacity);
        forest->nodes[forest->count++] = absent;
    }
}

static void find_parents(struct forest *forest) {
    AUTO_FREE size_t *sorted = xcalloc(forest->processes + 1, sizeof *sorted);
    AUTO_FREE size_t *orphans = xcalloc(forest->processes + 1, sizeof *orphans);
    size_t orphan_count = 0;
    for (size_t i = 0; i < forest->processes; i++)
        sorted[i] = i;
    qsort_r(sorted, forest->processes, sizeof *sorted, compare_pids, forest->nodes);
    for (size_t i = 0; i < forest->processes; i++) {
        struct node *node = &forest->nodes[i];
        if (has_no_parent(node))
            continue;
        if (!has_lost_parent(node))
            node->parent = find_pid(forest, sorted, forest->processes, node->ppid);
        if (node->parent == NO_NODE || node->parent == i) {
            node->parent = NO_NODE;
            orphans[orphan_count++] = i;
        }
    }
    add_absent(forest, orphans, orphan_count);
}

/* Ids are what the memory says, and it may say that two processes are each other's parent. */
static void cut_circles(struct forest *forest) {
    AUTO_FREE size_t *seen = xcalloc(forest->count + 1, sizeof *seen);
    for (size_t i = 0; i < forest->count; i++) {
        size_t at = i;
        while (at != NO_NODE && !seen[at]) {
            seen[at] = i + 1;
            size_t parent = forest->nodes[at].parent;
            if (parent != NO_NODE && seen[parent] == i + 1)
                forest->nodes[at].parent = NO_NODE;
            at = forest->nodes[at].parent;
        }
    }
}

/* ---- children ---- */

static void add_root(struct forest *forest, bool *is_added, size_t node) {
    if (is_added[node])
        return;
    is_added[node] = true;
    forest->roots[forest->root_count++] = node;
}

/* An absent parent stands where its first child would. */
static void find_roots(struct forest *forest) {
    AUTO_FREE bool *is_added = xcalloc(forest->count + 1, sizeof *is_added);
    for (size_t i = 0; i < forest->processes; i++) {
        size_t parent = forest->nodes[i].parent;
        if (parent == NO_NODE)
            add_root(forest, is_added, i);
        else if (forest->nodes[parent].is_absent)
            add_root(forest, is_added, parent);
    }
}

static void find_children(struct forest *forest) {
    size_t next = 0;
    for (size_t i = 0; i < forest->processes; i++)
        if (forest->nodes[i].parent != NO_NODE)
            forest->nodes[forest->nodes[i].parent].child_count++;
    for (size_t i = 0; i < forest->count; i++) {
        forest->nodes[i].first_child = next;
        next += forest->nodes[i].child_count;
        forest->nodes[i].child_count = 0;
    }
    for (size_t i = 0; i < forest->processes; i++) {
        if (forest->nodes[i].parent == NO_NODE)
            continue;
        struct node *parent = &forest->nodes[forest->nodes[i].parent];
        forest->children[parent->first_child + parent->child_count++] = i;
    }
}

/* Parents before their children. */
static void find_order(const struct forest *forest, size_t *order) {
    size_t count = 0;
    for (size_t i = 0; i < forest->root_count; i++)
        order[count++] = forest->roots[i];
    for (size_t i = 0; i < count; i++) {
        const struct node *node = &forest->nodes[order[i]];
        memcpy(order + count, forest->children + node->first_child,
               node->child_count * sizeof *order);
        count += node->child_count;
    }
}

/* From the leaves up: what is below a node counts for it. */
static void judge(struct forest *forest, const struct difference *difference,
                  const struct names *others) {
    AUTO_FREE size_t *order = xcalloc(forest->count + 1, sizeof *order);
    find_order(forest, order);
    AUTO(changes_deinit) struct changes changes;
    changes_init(&changes, difference);
    for (size_t i = 0; i < forest->count; i++) {
        struct node *node = &forest->nodes[i];
        node->change = changes_find(&changes, node->name);
        node->is_telling = node->change;
        node->is_one_sided = !node->is_absent && !names_have(others, node->name);
    }
    for (size_t i = forest->count; i-- > 0;) {
        const struct node *node = &forest->nodes[order[i]];
        if (node->parent == NO_NODE)
            continue;
        struct node *parent = &forest->nodes[node->parent];
        parent->is_telling |= node->is_telling;
        parent->is_one_sided &= node->is_one_sided;
    }
}

void forest_init(struct forest *forest, const struct difference *difference,
                 const struct side *side) {
    const json_t *processes = processes_of(side);
    *forest = (struct forest){0};
    for (size_t i = 0; i < json_array_size(processes); i++)
        read_process(forest, json_array_get(processes, i));
    forest->processes = forest->count;
    find_parents(forest);
    cut_circles(forest);
    forest->roots = xcalloc(forest->count + 1, sizeof *forest->roots);
    forest->children = xcalloc(forest->count + 1, sizeof *forest->children);
    find_roots(forest);
    find_children(forest);
    AUTO(names_deinit) struct names others;
    names_init(&others, side == &difference->old ? &difference->new : &difference->old);
    judge(forest, difference, &others);
}

void forest_deinit(struct forest *forest) {
    free(forest->nodes);
    free(forest->roots);
    free(forest->children);
}
