/* executable.c - sections `image`, `system`, `stubs` and `syscalls` of an executable file. */
#include "analyses/executable.h"

#include <stdio.h>
#include <string.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/pe_version.h"
#include "kernel/services.h"
#include "kernel/stub_module.h"
#include "kernel/values.h"
#include "snapshot/snapshot.h"

#define NAME_SIZE 64

/* What is read of the file before any section is made. */
struct executable {
    const struct target *target;
    struct pe_version version;
    struct stub_module stubs;
    bool is_kernel;
    bool has_stubs;
    char name[NAME_SIZE]; /* as it calls itself; "" where it does not */
};

struct sections {
    json_t *root;     /* the snapshot */
    json_t *coverage; /* by section */
    json_t *findings;
};

/* ---- reading ---- */

static size_t known_stubs(const struct stub_module *module) {
    size_t known = 0;
    for (size_t i = 0; i < module->count; i++)
        known += module->items[i].stub.mechanism != STUB_UNKNOWN;
    return known;
}

/* A kernel's Nt functions are the services themselves and its stubs are called Zw; ntdll has the
 * same stubs under both names. Functions that are only called like services are no stubs. */
static void read_stubs(struct executable *file) {
    struct vm *vm = file->target->vm;
    struct stub_module kernel;
    stub_module_read(vm, file->target->kernel.base, "Nt", &file->stubs);
    stub_module_read(vm, file->target->kernel.base, "Zw", &kernel);
    file->is_kernel = kernel.usual == STUB_KERNEL && known_stubs(&kernel);
    if (file->is_kernel) {
        struct stub_module user = file->stubs;
        file->stubs = kernel;
        kernel = user;
    }
    file->has_stubs = known_stubs(&file->stubs) != 0;
    stub_module_deinit(&kernel);
}

static void read_name(struct executable *file) {
    const struct target *target = file->target;
    char name[NAME_SIZE];
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    if (pe_export_name(target->vm, &target->kernel, name, sizeof name))
        value_bytes(&text, (const uint8_t *)name, strlen(name));
    else
        text_puts(&text, file->version.original_name.data);
    if (text.length < sizeof file->name)
        memcpy(file->name, text.data, text.length + 1);
}

/* ---- sections ---- */

static struct analysis_context begin(const struct executable *file, struct sections *sections,
                                     struct coverage *coverage) {
    *coverage = (struct coverage){.status = COVERAGE_COMPLETE};
    return (struct analysis_context){
        .target = file->target, .coverage = coverage, .findings = sections->findings};
}

static void end(struct analysis_context *context, struct sections *sections, const char *name,
                json_t *section) {
    for (size_t state = 0; state < READ_STATE_COUNT; state++)
        if (context->coverage->unreadable[state])
            coverage_partial(context, "some values could not be read: the file does not hold them");
    json_object_set_new(sections->coverage, name, section_coverage(context->coverage));
    if (section)
        json_object_set_new(sections->root, name, section);
}

static const struct {
    uint16_t machine;
    const char *arch;
} architectures[] = {{0x8664, "x64"}, {0x14c, "x86"}, {0xaa64, "arm64"}};

static json_t *arch_of(const struct target *target) {
    for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++)
        if (architectures[i].machine == target->kernel.machine)
            return json_string(architectures[i].arch);
    return json_null();
}

static void put_version(struct analysis_context *context, json_t *section,
                        const struct pe_version *version) {
    const uint16_t *numbers = version->numbers;
    char text[32];
    snprintf(text, sizeof text, "%u.%u.%u.%u", numbers[0], numbers[1], numbers[2], numbers[3]);
    if (version->state == READ_PRESENT)
        json_object_set_new(section, "version", json_string(text));
    else if (!version->absent)
        put_unreadable(context, section, "version", version->state);
    if (version->original_name.length)
        json_object_set_new(section, "original_name", json_string(version->original_name.data));
}

static void put_pdb(struct analysis_context *context, json_t *section, const char *key) {
    const struct pe_image *image = &context->target->kernel;
    if (image->has_pdb)
        json_object_set_new(section, key, json_pdb(&image->pdb));
    else if (!image->pdb_absent)
        put_unreadable(context, section, key, image->pdb_state);
}

static void put_image(const struct executable *file, struct sections *sections) {
    const struct pe_image *image = &file->target->kernel;
    struct coverage coverage;
    struct analysis_context context = begin(file, sections, &coverage);
    json_t *section = json_object();
    if (file->name[0])
        json_object_set_new(section, "name", json_string(file->name));
    put_version(&context, section, &file->version);
    json_object_set_new(section, "machine", json_hex(image->machine));
    json_object_set_new(section, "base", json_address(file->target, image->base));
    json_object_set_new(section, "size_of_image", json_integer(image->size));
    json_object_set_new(section, "timestamp", json_hex(image->timestamp));
    put_pdb(&context, section, "pdb");
    end(&context, sections, "image", section);
}

/* A file's version is Windows' own only where the file is of Windows' core: what has system call
 * stubs is. */
static void put_system(const struct executable *file, struct sections *sections) {
    const struct pe_version *version = &file->version;
    struct coverage coverage;
    struct analysis_context context = begin(file, sections, &coverage);
    json_t *section = json_object();
    bool is_known = file->has_stubs && version->state == READ_PRESENT;
    json_object_set_new(section, "arch", arch_of(file->target));
    json_object_set_new(section, "build",
                        is_known ? json_integer(version->numbers[2]) : json_null());
    if (is_known)
        json_object_set_new(section, "revision", json_integer(version->numbers[3]));
    else
        coverage_partial(&context, "the file does not tell which Windows it is of");
    if (file->is_kernel)
        put_pdb(&context, section, "kernel_pdb");
    end(&context, sections, "system", section);
}

static json_t *make_stubs(struct analysis_context *context, const struct executable *file) {
    if (!file->has_stubs)
        return coverage_none(context, "the file exports no system call stub of a known shape");
    AUTO_FREE char *name = xasprintf("%s%s", file->stubs.usual == STUB_WOW64 ? "SysWOW64\\" : "",
                                     file->name[0] ? file->name : "image");
    return json_pack("{s:[o]}", "modules", extract_stub_module(context, name, &file->stubs));
}

static void put_stubs(const struct executable *file, struct sections *sections) {
    struct coverage coverage;
    struct analysis_context context = begin(file, sections, &coverage);
    end(&context, sections, "stubs", make_stubs(&context, file));
}

static json_t *make_services(struct analysis_context *context, const struct services *services) {
    const struct service_table *table = services_table(services, SERVICES_NT);
    if (!table->found_by) {
        AUTO_FREE char *reason = xasprintf("%s was %s", table->name, table->problem);
        return coverage_none(context, coverage_text(reason));
    }
    return json_pack("{s:[o]}", "tables", extract_service_table(context, table));
}

static void put_services(const struct executable *file, struct sections *sections) {
    struct coverage coverage;
    struct analysis_context context = begin(file, sections, &coverage);
    struct services *services = services_read(file->target, NULL, 0);
    end(&context, sections, "syscalls", make_services(&context, services));
    services_free(services);
}

void executable_assemble(const struct target *target, struct text *snapshot) {
    struct executable file = {.target = target};
    struct sections sections = {json_object(), json_object(), json_array()};
    struct canon canon;
    pe_version_read(target->vm, &target->kernel, &file.version);
    read_name(&file);
    read_stubs(&file);
    put_image(&file, &sections);
    put_system(&file, &sections);
    put_stubs(&file, &sections);
    if (file.is_kernel)
        put_services(&file, &sections);
    json_object_set_new(sections.root, "coverage",
                        json_pack("{s:o, s:n}", "sections", sections.coverage, "user_memory"));
    json_object_set_new(sections.root, "findings", sections.findings);
    json_object_set_new(sections.root, "schema", json_string(SNAPSHOT_SCHEMA));
    canon_init(&canon, snapshot);
    canon_json(&canon, NULL, sections.root);
    canon_finish(&canon);
    json_decref(sections.root);
    stub_module_deinit(&file.stubs);
    pe_version_deinit(&file.version);
}
