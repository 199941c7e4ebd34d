/* job_set.c - finding the jobs. */
#include "analyses/job_set.h"

#include <stdlib.h>

#include "base/memory.h"

/* No real machine has as many: a list lies long before. */
#define JOBS_MOST 65536

static void meet(struct job_set *set, uint64_t job, bool is_listed) {
    if (!job || set->count >= JOBS_MOST || !address_set_add(&set->met, job))
        return;
    ARRAY_RESERVE(set->items, set->count, set->capacity);
    set->items[set->count++] = (struct job){.address = job, .is_listed = is_listed};
}

/* Without the symbol the list is not walked: from a job alone its head cannot be told. */
static void meet_listed(struct analysis_context *context, struct job_set *set) {
    const struct target *target = context->target;
    struct list_walk walk;
    uint64_t head, links;
    if (!target_symbol(target, "PspJobList", &head) ||
        !target_field_address(target, 0, "_EJOB", "JobLinks", &links))
        return;
    list_walk(target->vm, head, JOBS_MOST, &walk);
    report_list(context, "PspJobList", head, &walk);
    set->is_list_known = walk.end == LIST_CLOSED;
    for (size_t i = 0; i < walk.count; i++)
        meet(set, walk.entries[i] - links, true);
    list_walk_deinit(&walk);
}

static void meet_of(struct analysis_context *context, struct job_set *set, uint64_t object,
                    const char *type, const char *member) {
    struct field_read job = target_read_field(context->target, object, type, member);
    if (job.absent)
        return;
    if (job.state == READ_PRESENT)
        meet(set, job.value, false);
    else
        context->coverage->unreadable[job.state]++;
}

/* Jobs nest from Windows 8 on. */
static void meet_children(struct analysis_context *context, struct job_set *set, size_t position) {
    const struct target *target = context->target;
    struct list_walk walk;
    uint64_t head, links;
    if (!target_field_address(target, set->items[position].address, "_EJOB", "ChildJobListHead",
                              &head) ||
        !target_field_address(target, 0, "_EJOB", "SiblingJobLinks", &links))
        return;
    list_walk(target->vm, head, JOBS_MOST, &walk);
    report_list(context, "_EJOB.ChildJobListHead", head, &walk);
    set->items[position].nests = true;
    set->items[position].first_child = set->children_count;
    set->items[position].child_count = walk.count;
    for (size_t i = 0; i < walk.count; i++) {
        uint64_t child = walk.entries[i] - links;
        ARRAY_RESERVE(set->children, set->children_count, set->children_capacity);
        set->children[set->children_count++] = child;
        meet(set, child, false);
    }
    list_walk_deinit(&walk);
}

static int by_address(const void *left, const void *right) {
    const struct job *a = left, *b = right;
    return (a->address > b->address) - (a->address < b->address);
}

/* The jobs around a job and in it are looked for in turn: `items` grows meanwhile. */
void job_set_find(struct analysis_context *context, struct job_set *set) {
    const struct process_set *processes = context->processes;
    *set = (struct job_set){0};
    meet_listed(context, set);
    for (size_t i = 0; i < processes->count; i++)
        meet_of(context, set, processes->items[i].address, "_EPROCESS", "Job");
    for (size_t i = 0; i < set->count; i++) {
        meet_of(context, set, set->items[i].address, "_EJOB", "ParentJob");
        meet_children(context, set, i);
    }
    if (set->count)
        qsort(set->items, set->count, sizeof *set->items, by_address);
    if (set->count >= JOBS_MOST)
        coverage_partial(context, "there are more jobs than a real machine has");
}

void job_set_deinit(struct job_set *set) {
    address_set_deinit(&set->met);
    free(set->children);
    free(set->items);
}
