/*
 * memory_manager_list.c - section `memory_manager_list`: the ring of MmProcessLinks as the Memory
 * Manager sees it, entered at System.
 *
 * Its head is a LIST_ENTRY in the kernel's data. Who walks the ring from a process and reads every
 * entry as an _EPROCESS finds a nameless process there, which is none. It is shown with the values
 * that one would read, and called what it is.
 */
#include "analyses/sections.h"
#include "base/memory.h"

static json_t *entry_of(struct analysis_context *context, const struct process_bits *bits,
                        uint64_t process) {
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(context->target, process));
    put_process_name(context, json, process);
    put_inserted(context, json, process);
    json_object_set_new(json, "bits", process_bits_extract(context, bits, process));
    return json;
}

static json_t *entries(struct analysis_context *context, const struct process_bits *bits,
                       const struct process_ring *list) {
    json_t *array = json_array();
    for (size_t i = 0; i < list->walk.count; i++) {
        json_t *json = entry_of(context, bits, list->views[i].address);
        json_object_set_new(json, "kind", json_string(process_kind_name(list->views[i].kind)));
        /* How many lie in a gap is not known, and so is the position of those behind it. */
        if (i < list->walk.gap)
            json_object_set_new(json, "position", json_integer((json_int_t)i));
        else
            put_unreadable(context, json, "position", READ_BAD_VALUE);
        json_array_append_new(array, json);
    }
    return array;
}

static json_t *head_of(const struct target *target, const struct process_ring *list) {
    json_t *json = json_object();
    json_object_set_new(json, "address", json_address(target, list->head));
    json_object_set_new(json, "found_by", json_string(list->head_by));
    return json;
}

static bool in_kernel_image(const struct target *target, uint64_t address) {
    return target->kernel.base && address >= target->kernel.base &&
           address - target->kernel.base < target->kernel.size;
}

static void report_head(struct analysis_context *context, const struct process_view *view,
                        const struct process_ring *list) {
    const struct target *target = context->target;
    json_t *evidence = json_object();
    json_object_set_new(evidence, "address", json_address(target, view->address));
    json_object_set_new(evidence, "head", json_address(target, list->head));
    json_object_set_new(evidence, "found_by", json_string(list->head_by));
    json_object_set_new(evidence, "in_kernel_image",
                        json_boolean(in_kernel_image(target, list->head)));
    if (in_kernel_image(target, list->head))
        json_object_set_new(evidence, "rva", json_hex(list->head - target->kernel.base));
    put_field(context, evidence, "dispatcher_type", view->address, "_DISPATCHER_HEADER", "Type",
              VALUE_HEX);
    put_field(context, evidence, "dispatcher_size", view->address, "_DISPATCHER_HEADER", "Size",
              VALUE_HEX);
    json_object_set_new(
        evidence, "meaning",
        json_string("the head of the Memory Manager's list of processes, read as if it were an "
                    "_EPROCESS: no process, whatever its fields seem to say"));
    add_finding(context, "process.list-head", "MmProcessList", evidence);
}

static json_t *extract(struct analysis_context *context) {
    const struct process_set *set = context->processes;
    const struct process_ring *list = &set->memory;
    if (list->absent)
        return coverage_none(context, "this kernel has no MmProcessLinks");
    if (!list->start)
        return coverage_none(context, "neither System nor the list's head is known");
    struct process_bits bits;
    process_bits_resolve(context->target, &bits);
    report_list(context, "MmProcessLinks", list->start, &list->walk);
    json_t *section = json_object();
    if (list->walk.end == LIST_CLOSED)
        json_object_set_new(section, "count", json_integer((json_int_t)list->walk.count));
    else
        put_unreadable(context, section, "count",
                       list->walk.end == LIST_BROKEN ? list->walk.state : READ_BAD_VALUE);
    if (set->system)
        json_object_set_new(section, "start", entry_of(context, &bits, set->system));
    json_object_set_new(section, "entries", entries(context, &bits, list));
    if (list->head)
        json_object_set_new(section, "head", head_of(context->target, list));
    for (size_t i = 0; i < list->walk.count; i++)
        if (list->views[i].kind == PROCESS_LIST_HEAD)
            report_head(context, &list->views[i], list);
    return section;
}

static const char *const types[] = {
    "_DISPATCHER_HEADER",     "_EPROCESS", "_LIST_ENTRY", "_MI_PROCESS_STATE",
    "_MI_SYSTEM_INFORMATION", NULL};
static const char *const publics[] = {"MiState", "MmProcessList", NULL};

static const char *const needs[] = {"_LIST_ENTRY.Flink", "_LIST_ENTRY.Blink", NULL};

const struct analysis analysis_memory_manager_list = {.name = "memory_manager_list",
                                                      .needs_symbols = true,
                                                      .types = types,
                                                      .publics = publics,
                                                      .needs = needs,
                                                      .extract = extract};
