/* stubs.c - the section `stubs`: how the code of each module enters the kernel. What all stubs of a
 * module have in common is one change; a stub that is unlike the others is one of its own. */
#include "differ/comparisons/comparison.h"

#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/service.h"
#include "differ/comparisons/value.h"

/* A stub as a snapshot has it; what it does not tell is NULL. */
struct stub {
    const char *name;
    const char *bytes;
    const char *mechanism;
    char *shape; /* its template without what its service pops */
};

/* The stubs of one module on one side, and the shape that most of them have. */
struct module {
    struct stub *stubs;
    size_t count;
    size_t vague;      /* stubs that do not tell all of it */
    const char *shape; /* NULL where no shape is that of more than half */
    const char *mechanism;
    size_t ordinary; /* stubs of that shape */
};

struct comparing {
    struct difference *difference;
    const char *name; /* of the module, as the debugger has it: "ntdll" */
    struct module old;
    struct module new;
};

/* A stub by name on both sides; `old` is NULL where only the new one has it. */
struct pair {
    const struct stub *old;
    const struct stub *new;
};

/* ---- reading ---- */

/* On x86 a stub ends in RET imm16, C2 iw (Intel SDM, volume 2, RET), with the bytes of its
 * service's arguments: they tell services apart, not ways into the kernel. */
static char *shape_of(const char *template) {
    static const char pop[] = "c2";
    const size_t tail = strlen("c21000");
    size_t length = strlen(template);
    char *shape = xstrdup(template);
    if (length >= tail && length % 2 == 0 && strncmp(shape + length - tail, pop, strlen(pop)) == 0)
        memset(shape + length - tail + strlen(pop), '?', tail - strlen(pop));
    return shape;
}

static int by_name(const void *left, const void *right) {
    return strcmp(((const struct stub *)left)->name, ((const struct stub *)right)->name);
}

static int by_shape(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Finds the shape of more than half of the stubs: it is the one in the middle of all, sorted. */
static void find_shape(struct module *module) {
    AUTO_FREE const char **shapes = xcalloc(module->count + 1, sizeof *shapes);
    for (size_t i = 0; i < module->count; i++)
        shapes[i] = module->stubs[i].shape;
    qsort(shapes, module->count, sizeof *shapes, by_shape);
    const char *middle = shapes[module->count / 2];
    for (size_t i = 0; i < module->count; i++)
        if (strcmp(module->stubs[i].shape, middle) == 0) {
            module->ordinary++;
            module->mechanism = module->stubs[i].mechanism;
        }
    module->shape = module->ordinary > module->count / 2 ? middle : NULL;
}

static void module_init(struct module *module, const json_t *json) {
    const json_t *entries = json_object_get(json, "entries");
    *module = (struct module){.stubs = xcalloc(json_array_size(entries) + 1, sizeof(struct stub))};
    size_t index;
    json_t *entry;
    json_array_foreach(entries, index, entry) {
        const char *template = json_value_string(entry, "template");
        struct stub stub = {.name = json_value_string(entry, "name"),
                            .bytes = json_value_string(entry, "bytes"),
                            .mechanism = json_value_string(entry, "mechanism")};
        if (!stub.name || !stub.mechanism || !stub.bytes || !template) {
            module->vague++;
            continue;
        }
        stub.shape = shape_of(template);
        module->stubs[module->count++] = stub;
    }
    if (!module->count)
        return;
    qsort(module->stubs, module->count, sizeof *module->stubs, by_name);
    find_shape(module);
}

static void module_deinit(struct module *module) {
    for (size_t i = 0; i < module->count; i++)
        free(module->stubs[i].shape);
    free(module->stubs);
}

static const struct stub *stub_find(const struct module *module, const char *name) {
    const struct stub key = {.name = name};
    return module->count
               ? bsearch(&key, module->stubs, module->count, sizeof *module->stubs, by_name)
               : NULL;
}

static bool is_ordinary(const struct module *module, const struct stub *stub) {
    return strcmp(stub->shape, module->shape) == 0;
}

/* ---- the template of a module ---- */

static json_t *template_json(const struct module *module, const struct stub *example) {
    return json_pack("{s:I, s:{s:s, s:s}, s:s, s:s}", "count", (json_int_t)module->ordinary,
                     "example", "bytes", example->bytes, "name", example->name, "mechanism",
                     module->mechanism, "template", module->shape);
}

/* A stub that has its module's shape on both sides: the one that everyone looks at, if it does. */
static struct pair find_example(const struct comparing *comparing) {
    const struct module *old = &comparing->old, *new = &comparing->new;
    struct pair pair = {stub_find(old, "NtReadFile"), stub_find(new, "NtReadFile")};
    for (size_t i = 0;; i++) {
        if (pair.old && pair.new &&is_ordinary(old, pair.old) && is_ordinary(new, pair.new))
            return pair;
        if (i == new->count)
            return (struct pair){0};
        pair = (struct pair){stub_find(old, new->stubs[i].name), &new->stubs[i]};
    }
}

static void compare_templates(const struct comparing *comparing) {
    const struct module *old = &comparing->old, *new = &comparing->new;
    struct pair example = find_example(comparing);
    if (strcmp(old->shape, new->shape) == 0 || !example.old)
        return;
    bool same_way = strcmp(old->mechanism, new->mechanism) == 0;
    AUTO_FREE char *way =
        same_way ? NULL : xasprintf(": %s became %s", old->mechanism, new->mechanism);
    difference_add(comparing->difference, "stub.template", comparing->name,
                   template_json(old, example.old), template_json(new, example.new), NULL,
                   "%zu stub%s of %s ha%s another template than %zu had%s", new->ordinary,
                   new->ordinary == 1 ? "" : "s", comparing->name, new->ordinary == 1 ? "s" : "ve",
                   old->ordinary, way ? way : "");
}

/* ---- stubs that are unlike their module's template ---- */

static json_t *stub_json(const struct stub *stub) {
    return stub ? json_pack("{s:s, s:s, s:s}", "bytes", stub->bytes, "mechanism", stub->mechanism,
                            "template", stub->shape)
                : NULL;
}

/* What is not decoded is no mechanism: it is told by its bytes. */
static bool is_decoded(const struct stub *stub) {
    return strcmp(stub->mechanism, "unknown") != 0;
}

static void report_stub(const struct comparing *comparing, const struct pair *pair) {
    const struct stub *old = pair->old, *new = pair->new;
    AUTO_FREE char *subject = xasprintf("%s!%s", comparing->name, new->name);
    if (old && is_decoded(old) && is_decoded(new) && strcmp(old->mechanism, new->mechanism) != 0)
        difference_add(comparing->difference, "stub.mechanism", subject, stub_json(old),
                       stub_json(new), NULL, "%s entered the kernel by %s and does by %s", subject,
                       old->mechanism, new->mechanism);
    else if (is_ordinary(&comparing->new, new))
        difference_add(comparing->difference, "stub.exception", subject, stub_json(old),
                       stub_json(new), NULL, "%s is like the other stubs of %s now, and was not",
                       subject, comparing->name);
    else
        difference_add(comparing->difference, "stub.exception", subject, stub_json(old),
                       stub_json(new), NULL, "%s is unlike the other stubs of %s: %s", subject,
                       comparing->name, new->bytes);
}

/* A stub that only the new side has is told where it is unlike the others; one that only the old
 * side has is gone, whatever it was. */
static void compare_stub(const struct comparing *comparing, const struct stub *new) {
    struct pair pair = {stub_find(&comparing->old, new->name), new};
    bool was_ordinary = !pair.old || is_ordinary(&comparing->old, pair.old);
    bool now_ordinary = is_ordinary(&comparing->new, new);
    if (was_ordinary && now_ordinary)
        return;
    if (!was_ordinary && !now_ordinary && strcmp(pair.old->shape, new->shape) == 0)
        return;
    report_stub(comparing, &pair);
}

/* ---- numbers ---- */

/* Whether both sides list the services of the table that the stubs of a module lead to, or there is
 * no such table: then the stubs tell nothing more. */
static bool table_tells(const struct difference *difference, const char *module) {
    const struct service_door *door = service_doors;
    while (door->table && strcmp(door->name, module) != 0)
        door++;
    return !door->table || (comparison_services(difference->old.snapshot, door->table) &&
                            comparison_services(difference->new.snapshot, door->table));
}

/* Where a side does not list a table, as the snapshot of a lone ntdll.dll, the stubs tell which
 * services there are, and their numbers. */
static void compare_numbers(const struct comparing *comparing, const json_t *old_module,
                            const json_t *new_module) {
    if (table_tells(comparing->difference, comparing->name))
        return;
    struct services old AUTO(services_deinit) = services_of_stubs(old_module, new_module);
    struct services new AUTO(services_deinit) = services_of_stubs(new_module, old_module);
    services_compare(comparing->difference, "stubs", comparing->name, &old, &new);
}

/* ---- modules ---- */

static void say_vague(const struct comparing *comparing, const struct module *module,
                      const char *side) {
    AUTO_FREE char *reason = NULL;
    if (module->vague)
        reason = xasprintf("%s: %zu stub%s of the %s snapshot %s not known", comparing->name,
                           module->vague, module->vague == 1 ? "" : "s", side,
                           module->vague == 1 ? "is" : "are");
    else if (!module->shape)
        reason = xasprintf("%s: no template is that of most stubs of the %s snapshot",
                           comparing->name, side);
    if (reason)
        difference_not_comparable(comparing->difference, "stubs", reason);
}

static void compare_modules(struct difference *difference, const char *name, const json_t *old,
                            const json_t *new) {
    const char *dot = strrchr(name, '.');
    AUTO_FREE char *module =
        dot && dot != name ? xstrndup(name, (size_t)(dot - name)) : xstrdup(name);
    struct comparing comparing = {.difference = difference, .name = module};
    module_init(&comparing.old, old);
    module_init(&comparing.new, new);
    say_vague(&comparing, &comparing.old, "old");
    say_vague(&comparing, &comparing.new, "new");
    if (comparing.old.shape && comparing.new.shape) {
        compare_templates(&comparing);
        for (size_t i = 0; i < comparing.new.count; i++)
            compare_stub(&comparing, &comparing.new.stubs[i]);
    }
    compare_numbers(&comparing, old, new);
    module_deinit(&comparing.old);
    module_deinit(&comparing.new);
}

char *stubs_way(const json_t *json) {
    struct module module;
    module_init(&module, json);
    char *way = module.shape ? xasprintf("%s %s", module.mechanism, module.shape) : NULL;
    module_deinit(&module);
    return way;
}

static void run(struct difference *difference, const json_t *old, const json_t *new) {
    const json_t *before = json_object_get(old, "modules"),
                 *after = json_object_get(new, "modules");
    if (!comparison_same_architecture(difference, "stubs"))
        return;
    size_t index;
    json_t *module;
    json_array_foreach(before, index, module) {
        const char *name = json_value_string(module, services_stubs.key);
        const json_t *other = name ? services_find_list(&services_stubs, after, name) : NULL;
        /* Of two that have one name, the first counts. */
        if (other && module == services_find_list(&services_stubs, before, name))
            compare_modules(difference, name, module, other);
    }
    services_say_lone(difference, &services_stubs, before, after, "old");
    services_say_lone(difference, &services_stubs, after, before, "new");
}

const struct comparison comparison_stubs = {"stubs", run};
