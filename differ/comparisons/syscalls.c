/* syscalls.c - the section `syscalls`: service tables matched by name, their services too, and
 * services that point outside the modules a table belongs to. Addresses are never changes. */
#include "differ/comparisons/comparison.h"

#include <fnmatch.h>
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/service.h"
#include "differ/comparisons/value.h"

/* The modules whose functions a table holds: the kernel under the names of its four builds
 * (uniprocessor or not, PAE or not); from build 10240 on, win32k.sys hands most of its services to
 * win32kbase.sys and win32kfull.sys. */
static const struct {
    const char *table;
    const char *module; /* a shell pattern */
} owners[] = {
    {"KiServiceTable", "nt"},        {"KiServiceTable", "ntoskrnl*"}, {"KiServiceTable", "ntkrnl*"},
    {"KiServiceTable", "ntkrpamp*"}, {"W32pServiceTable", "win32k*"},
};

/* Of a table that is not known here, no module is foreign. */
static bool is_foreign(const char *table, const char *module) {
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_LENGTH(owners); i++) {
        if (strcmp(owners[i].table, table) != 0)
            continue;
        is_known = true;
        if (fnmatch(owners[i].module, module, FNM_CASEFOLD) == 0)
            return false;
    }
    return is_known;
}

/* ---- foreign services ---- */

/* {service: module}; a service without a name goes by its number ("KiServiceTable[85]"), for one
 * that was diverted is often one that nothing names. */
static json_t *modules_of(const json_t *table, const char *name) {
    json_t *modules = json_object();
    size_t index;
    json_t *service;
    json_array_foreach(json_object_get(table, "services"), index, service) {
        const char *own = json_value_string(service, "name"),
                   *module = json_value_string(service, "module");
        const json_t *number = json_object_get(service, "number");
        AUTO_FREE char *key =
            own ? xstrdup(own)
                : xasprintf("%s[%" JSON_INTEGER_FORMAT "]", name, json_integer_value(number));
        if (module)
            json_object_set_new(modules, key, json_string(module));
    }
    return modules;
}

static void report_foreign(struct difference *difference, const char *service, const char *was,
                           const char *is) {
    if (was)
        difference_add(difference, "syscall.foreign", service, json_string(was), json_string(is),
                       NULL, "%s pointed into %s and points into %s", service, was, is);
    else
        difference_add(difference, "syscall.foreign", service, NULL, json_string(is), NULL,
                       "%s points into %s", service, is);
}

static void compare_foreign(struct difference *difference, const char *table, const json_t *old,
                            const json_t *new) {
    json_t *before = modules_of(old, table), *after = modules_of(new, table);
    json_t *all = json_copy(before);
    json_object_update(all, after);
    const char *service;
    const json_t *unused;
    json_object_foreach(all, service, unused) {
        const char *was = json_value_string(before, service),
                   *is = json_value_string(after, service);
        bool was_foreign = was && is_foreign(table, was), now_foreign = is && is_foreign(table, is);
        if ((!was_foreign && !now_foreign) || (was && is && strcmp(was, is) == 0) ||
            (was_foreign && !is))
            continue;
        report_foreign(difference, service, was, is);
    }
    json_decref(before);
    json_decref(after);
    json_decref(all);
}

/* ---- tables ---- */

static void compare_tables(struct difference *difference, const char *name, const json_t *old,
                           const json_t *new) {
    struct services before AUTO(services_deinit) = services_of_table(old);
    struct services after AUTO(services_deinit) = services_of_table(new);
    services_compare(difference, "syscalls", name, &before, &after);
    compare_foreign(difference, name, old, new);
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    const json_t *before = json_object_get(old, "tables"), *after = json_object_get(new, "tables");
    if (!comparison_same_architecture(difference, "syscalls"))
        return;
    size_t index;
    json_t *table;
    json_array_foreach(before, index, table) {
        const char *name = json_value_string(table, services_tables.key);
        const json_t *other = name ? services_find_list(&services_tables, after, name) : NULL;
        /* Of two that have one name, the first counts. */
        if (other && table == services_find_list(&services_tables, before, name))
            compare_tables(difference, name, table, other);
    }
    services_say_lone(difference, &services_tables, before, after, "old");
    services_say_lone(difference, &services_tables, after, before, "new");
}

const struct comparison comparison_syscalls = {"syscalls", run};
