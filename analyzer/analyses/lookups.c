/* lookups.c - what several sections look up, read once for a snapshot. */
#include <stdlib.h>

#include "analyses/holdings.h"
#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/names.h"
#include "kernel/object.h"
#include "kernel/object_scan.h"
#include "kernel/services.h"

struct names *context_names(struct analysis_context *context) {
    if (!context->names)
        context->names = names_new(context->target);
    return context->names;
}

const struct services *context_services(struct analysis_context *context) {
    const struct process_set *set = context->processes;
    if (context->services)
        return context->services;
    AUTO_FREE uint64_t *processes = xcalloc(set->count + 1, sizeof *processes);
    for (size_t i = 0; i < set->count; i++)
        processes[i] = set->items[i].address;
    context->services = services_read(context->target, processes, set->count);
    return context->services;
}

const struct objects *context_objects(struct analysis_context *context) {
    if (!context->objects)
        context->objects = objects_new(context->target);
    return context->objects;
}

const struct holdings *context_holdings(struct analysis_context *context) {
    if (!context->holdings)
        context->holdings = holdings_new(context->target, context->processes);
    return context->holdings;
}

struct object_scan *context_scan(struct analysis_context *context) {
    if (!context->scan) {
        context->scan = xcalloc(1, sizeof *context->scan);
        object_scan_run(context->target, context_objects(context), context->scan);
    }
    return context->scan;
}

void context_deinit(struct analysis_context *context) {
    names_free(context->names);
    services_free(context->services);
    objects_free(context->objects);
    holdings_free(context->holdings);
    if (context->scan)
        object_scan_deinit(context->scan);
    free(context->scan);
    rows_deinit(&context->rows);
    json_decref(context->reported);
    context->reported = NULL;
    context->names = NULL;
    context->services = NULL;
    context->objects = NULL;
    context->holdings = NULL;
    context->scan = NULL;
}
