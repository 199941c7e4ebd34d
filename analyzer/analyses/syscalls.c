/* syscalls.c - section `syscalls`: the tables of system services, and where each service leads. */
#include <inttypes.h>
#include <stdio.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/services.h"

static void put_text(json_t *section, const char *key, const char *text) {
    json_object_set_new(section, key, text ? json_string(text) : json_null());
}

/* ---- findings ---- */

/* "NtOpenProcess (38)", "service 38" */
static void name_service(const struct service *service, uint32_t number, char *text, size_t size) {
    if (service->name)
        snprintf(text, size, "%.200s (%" PRIu32 ")", service->name, number);
    else
        snprintf(text, size, "service %" PRIu32, number);
}

/* A service outside of its module is how a rootkit takes one over; some security products of 32
 * bits did the same. */
static void report_foreign(struct analysis_context *context, const struct service_table *table,
                           uint32_t position) {
    const struct target *target = context->target;
    const struct service *service = &table->items[position];
    char subject[256];
    name_service(service, table->first + position, subject, sizeof subject);
    json_t *evidence = json_object();
    put_text(evidence, "table", table->name);
    json_object_set_new(evidence, "descriptor", json_address(target, table->descriptor));
    json_object_set_new(evidence, "entry",
                        json_address(target, table->address + 4 * (uint64_t)position));
    json_object_set_new(evidence, "service", json_address(target, service->address));
    put_text(evidence, "module", service->module);
    add_finding(context, "syscall.foreign-module", subject, evidence);
}

/* ---- a service ---- */

static json_t *extract_service(struct analysis_context *context, const struct service_table *table,
                               uint32_t position) {
    const struct service *service = &table->items[position];
    json_t *json = json_object();
    json_object_set_new(json, "number", json_integer(table->first + position));
    put_text(json, "name", service->name);
    if (service->name)
        put_text(json, "name_source", service->name_source);
    bool is_read =
        put_value(context, json, "address", service->state, service->address, VALUE_ADDRESS);
    put_value(context, json, "arguments", service->arguments_state, service->arguments,
              VALUE_INTEGER);
    if (is_read)
        put_text(json, "module", service->module);
    if (is_read && service->module)
        json_object_set_new(json, "rva", json_hex(service->rva));
    if (service->is_foreign)
        report_foreign(context, table, position);
    return json;
}

/* ---- a table ---- */

/* Names that are missing are no values that could not be read: nothing is null because of a page,
 * but the section is not whole. */
static void judge_names(struct analysis_context *context, const struct service_table *table) {
    for (uint32_t i = 0; i < table->count; i++)
        if (!table->items[i].name) {
            coverage_partial(context, "nothing names some services: there are no symbols of this "
                                      "very kernel, and stubs of them are not in the dump");
            return;
        }
}

static void judge_entries(struct analysis_context *context, const struct service_table *table) {
    if (table->items[0].state != READ_PRESENT && table->first == SERVICE_WIN32K)
        coverage_partial(context,
                         "the dump does not hold W32pServiceTable: it is in session space, "
                         "and no address space of a session's process has its pages");
}

json_t *extract_service_table(struct analysis_context *context,
                              const struct service_table *table) {
    const struct target *target = context->target;
    json_t *json = json_object();
    json_t *services = json_array();
    put_text(json, "name", table->name);
    put_text(json, "found_by", table->found_by);
    if (table->descriptor)
        json_object_set_new(json, "descriptor", json_address(target, table->descriptor));
    json_object_set_new(json, "address", json_address(target, table->address));
    json_object_set_new(json, "count", json_integer(table->count));
    if (table->process)
        json_object_set_new(json, "process", json_address(target, table->process));
    for (uint32_t i = 0; i < table->count; i++)
        json_array_append_new(services, extract_service(context, table, i));
    json_object_set_new(json, "services", services);
    judge_entries(context, table);
    return json;
}

static const char *missing(const struct service_table *table) {
    AUTO_FREE char *text = xasprintf("%s was %s", table->name, table->problem);
    return coverage_text(text);
}

static json_t *extract(struct analysis_context *context) {
    const struct services *services = context_services(context);
    const struct service_table *nt = services_table(services, SERVICES_NT);
    if (!nt->found_by)
        return coverage_none(context, missing(nt));
    json_t *tables = json_array();
    for (unsigned which = 0; which < SERVICES_TABLES; which++) {
        const struct service_table *table = services_table(services, which);
        if (table->found_by)
            json_array_append_new(tables, extract_service_table(context, table));
        else
            coverage_partial(context, missing(table));
    }
    for (unsigned which = 0; which < SERVICES_TABLES; which++)
        judge_names(context, services_table(services, which));
    json_t *section = json_object();
    json_object_set_new(section, "tables", tables);
    return section;
}

static const char *const types[] = {"_EPROCESS", "_KPROCESS", "_KTHREAD", "_LIST_ENTRY", NULL};
static const char *const publics[] = {"KeServiceDescriptorTable", "KeServiceDescriptorTableShadow",
                                      NULL};

const struct analysis analysis_syscalls = {.name = "syscalls",
                                           .needs_symbols = true,
                                           .types = types,
                                           .publics = publics,
                                           .extract = extract};
