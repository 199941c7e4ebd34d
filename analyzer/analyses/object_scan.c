/* object_scan.c - section `object_scan`: what the scan of kernel memory for processes and threads
 * found, and the processes that it found deleted. */
#include <stdlib.h>

#include "analyses/sections.h"
#include "kernel/object_scan.h"

/* Of deleted processes, no more than this are listed: memory keeps them until it is used again. */
#define FREED_MOST 1024

/* What is left of a process: its members, as far as nobody has written over them. */
static json_t *remains_of(struct analysis_context *context, uint64_t process) {
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(context->target, process));
    put_process_name(context, json, process);
    put_field(context, json, "pid", process, "_EPROCESS", "UniqueProcessId", VALUE_INTEGER);
    put_field(context, json, "ppid", process, "_EPROCESS", "InheritedFromUniqueProcessId",
              VALUE_INTEGER);
    return json;
}

static json_t *count_of(size_t count) {
    return json_integer((json_int_t)count);
}

static json_t *extract(struct analysis_context *context) {
    const struct object_scan *scan = context->scan;
    if (scan->impossible)
        return coverage_none(context, scan->impossible);
    const struct scanned_objects *freed = &scan->freed[SCANNED_PROCESS];
    json_t *section = json_object();
    json_t *remains = json_array();
    for (size_t i = 0; i < freed->kept && i < FREED_MOST; i++)
        json_array_append_new(remains, remains_of(context, freed->items[i]));
    json_object_set_new(section, "pages", json_integer((json_int_t)scan->pages));
    json_object_set_new(section, "processes", count_of(scan->live[SCANNED_PROCESS].count));
    json_object_set_new(section, "threads", count_of(scan->live[SCANNED_THREAD].count));
    json_object_set_new(section, "unlisted_processes", count_of(context->processes->unlisted));
    json_object_set_new(section, "freed", remains);
    json_object_set_new(section, "freed_processes", count_of(freed->count));
    json_object_set_new(section, "freed_threads", count_of(scan->freed[SCANNED_THREAD].count));
    if (!scan->whole)
        coverage_partial(context,
                         "kernel memory was not gone through to its end: its page tables "
                         "map far more than the dump holds, or there are too many objects");
    if (context->processes->unlisted || freed->count > FREED_MOST)
        coverage_partial(context, "not all processes that the scan found are listed");
    return section;
}

static const char *const types[] = {"_DISPATCHER_HEADER", "_EPROCESS",    "_ETHREAD", "_LIST_ENTRY",
                                    "_OBJECT_HEADER",     "_OBJECT_TYPE", NULL};

const struct analysis analysis_object_scan = {.name = "object_scan",
                                              .needs_symbols = true,
                                              .on_demand = true,
                                              .types = types,
                                              .extract = extract};
