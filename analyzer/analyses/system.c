/* system.c - section `system`: which Windows this is, and where its headers contradict it. */
#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/version.h"

/* ---- which Windows ---- */

static void put_number(struct analysis_context *context, json_t *section, const char *key,
                       int32_t number, enum read_state state) {
    if (number >= 0)
        json_object_set_new(section, key, json_integer(number));
    else
        put_unreadable(context, section, key, state == READ_PRESENT ? READ_BAD_VALUE : state);
}

static void put_build(struct analysis_context *context, json_t *section,
                      const struct version *version) {
    put_number(context, section, "build", version->build, READ_BAD_VALUE);
    if (!version->build_lab_ex_absent)
        put_number(context, section, "revision", version->revision, version->build_lab_ex_state);
    const char *lab = target_build_lab(version);
    if (*lab)
        json_object_set_new(section, "build_lab", json_string(lab));
    else
        put_unreadable(context, section, "build_lab",
                       version->build_lab_state == READ_PRESENT ? READ_BAD_VALUE
                                                                : version->build_lab_state);
}

/* Where the header has none, memory is asked. */
static const struct version_source *first_known(const struct version_source *header,
                                                const struct version_source *shared) {
    return header->absent || header->state != READ_PRESENT ? shared : header;
}

static void put_product(struct analysis_context *context, json_t *section,
                        const struct version *version) {
    const struct version_source *type =
        first_known(&version->product_type, &version->shared_product_type);
    if (type->absent)
        return;
    const char *name = type->state == READ_PRESENT ? version_product_name(type->value) : NULL;
    if (name)
        json_object_set_new(section, "product_type", json_string(name));
    else
        put_unreadable(context, section, "product_type",
                       type->state == READ_PRESENT ? READ_BAD_VALUE : type->state);
}

/* The names of the bits that are set, in their order; a bit without a name as its mask. */
static json_t *suite_names(uint32_t mask) {
    json_t *names = json_array();
    for (unsigned bit = 0; bit < 32; bit++) {
        if (!(mask >> bit & 1))
            continue;
        const char *name = version_suite_name(bit);
        json_array_append_new(names, name ? json_string(name) : json_hex(UINT64_C(1) << bit));
    }
    return names;
}

static void put_suite(struct analysis_context *context, json_t *section,
                      const struct version *version) {
    const struct version_source *mask =
        first_known(&version->suite_mask, &version->shared_suite_mask);
    if (mask->absent)
        return;
    if (mask->state == READ_PRESENT)
        json_object_set_new(section, "suite", suite_names(mask->value));
    else
        put_unreadable(context, section, "suite", mask->state);
}

/* MachineImageType is the machine of the PE format. */
static const struct {
    uint64_t machine;
    const char *arch;
} architectures[] = {{0x8664, "x64"}, {0x14c, "x86"}, {0xaa64, "arm64"}};

static void put_arch(struct analysis_context *context, json_t *section) {
    uint64_t machine = 0, pae = 0;
    image_header_value(context->target->image, "MachineImageType", &machine);
    image_header_value(context->target->image, "PaeEnabled", &pae);
    for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++) {
        if (architectures[i].machine != machine)
            continue;
        bool is_pae = machine == 0x14c && pae == 1;
        json_object_set_new(section, "arch",
                            json_string(is_pae ? "x86pae" : architectures[i].arch));
        return;
    }
    put_unreadable(context, section, "arch", READ_BAD_VALUE);
}

static void put_kernel(struct analysis_context *context, json_t *section) {
    const struct pe_image *kernel = &context->target->kernel;
    put_value(context, section, "kernel_base", kernel->base ? READ_PRESENT : READ_BAD_VALUE,
              kernel->base, VALUE_ADDRESS);
    if (kernel->has_pdb)
        json_object_set_new(section, "kernel_pdb", json_pdb(&kernel->pdb));
    else
        put_unreadable(context, section, "kernel_pdb", kernel->pdb_state);
}

static json_t *symbols_of(const struct target *target) {
    static const char *const matches[] = {"none", "exact", "proved"};
    json_t *json = json_object();
    json_object_set_new(json, "match", json_string(matches[target->match]));
    if (target->matched_by_addresses)
        json_object_set_new(json, "matched_by", json_string("addresses"));
    if (target->symbols_source)
        json_object_set_new(json, "source", json_string(target->symbols_source));
    return json;
}

static void put_header(struct analysis_context *context, json_t *section, const char *key,
                       const char *field, enum value_form form) {
    uint64_t value;
    if (image_header_value(context->target->image, field, &value))
        put_value(context, section, key, READ_PRESENT, value, form);
}

/* ---- where sources disagree ---- */

static struct claim header_claim(const struct target *target, const char *field,
                                 const char *source) {
    struct claim claim = {.source = source, .form = VALUE_ADDRESS};
    claim.known = image_header_value(target->image, field, &claim.value) && claim.value;
    return claim;
}

static struct claim kdbg_claim(const struct target *target, const char *field, const char *source) {
    struct claim claim = {.source = source, .form = VALUE_ADDRESS};
    claim.known = kdbg_value(&target->kdbg, field, &claim.value) && claim.value;
    claim.address = target->kdbg.address;
    return claim;
}

static struct claim symbol_claim(const struct target *target, const char *name,
                                 const char *source) {
    struct claim claim = {.source = source, .form = VALUE_ADDRESS};
    claim.known = target_symbol(target, name, &claim.value);
    return claim;
}

static void compare_globals(struct analysis_context *context) {
    const struct target *target = context->target;
    const struct claim modules[] = {
        header_claim(target, "PsLoadedModuleList", "DUMP_HEADER.PsLoadedModuleList"),
        kdbg_claim(target, "PsLoadedModuleList", "KDDEBUGGER_DATA64.PsLoadedModuleList"),
        symbol_claim(target, "PsLoadedModuleList", "nt!PsLoadedModuleList"),
    };
    const struct claim processes[] = {
        header_claim(target, "PsActiveProcessHead", "DUMP_HEADER.PsActiveProcessHead"),
        kdbg_claim(target, "PsActiveProcessHead", "KDDEBUGGER_DATA64.PsActiveProcessHead"),
        symbol_claim(target, "PsActiveProcessHead", "nt!PsActiveProcessHead"),
    };
    const struct claim debugger[] = {
        header_claim(target, "KdDebuggerDataBlock", "DUMP_HEADER.KdDebuggerDataBlock"),
        symbol_claim(target, "KdDebuggerDataBlock", "nt!KdDebuggerDataBlock"),
    };
    compare_claims(context, "PsLoadedModuleList", modules, ARRAY_LENGTH(modules));
    compare_claims(context, "PsActiveProcessHead", processes, ARRAY_LENGTH(processes));
    compare_claims(context, "KdDebuggerDataBlock", debugger, ARRAY_LENGTH(debugger));
}

/* The base that the loader has for the first module, which is the kernel. */
static struct claim first_module(const struct target *target) {
    struct claim claim = {.source = "PsLoadedModuleList: first entry", .form = VALUE_ADDRESS};
    uint64_t head, entry;
    if (!target_global(target, "PsLoadedModuleList", &head) ||
        vm_read_pointer(target->vm, head, &entry) != READ_PRESENT)
        return claim;
    struct field_read base = target_read_field(target, entry, "_KLDR_DATA_TABLE_ENTRY", "DllBase");
    if (base.absent)
        base = target_read_field(target, entry, "_LDR_DATA_TABLE_ENTRY", "DllBase");
    claim.known = !base.absent && base.state == READ_PRESENT;
    claim.value = base.value;
    claim.address = entry;
    return claim;
}

static void compare_kernel(struct analysis_context *context) {
    const struct target *target = context->target;
    const struct claim bases[] = {
        {"kernel image", target->kernel.headers == READ_PRESENT, target->kernel.base, 0,
         VALUE_ADDRESS},
        kdbg_claim(target, "KernBase", "KDDEBUGGER_DATA64.KernBase"),
        first_module(target),
    };
    struct claim machines[] = {
        header_claim(target, "MachineImageType", "DUMP_HEADER.MachineImageType"),
        {"IMAGE_FILE_HEADER.Machine", target->kernel.headers == READ_PRESENT,
         target->kernel.machine, target->kernel.base, VALUE_HEX},
    };
    machines[0].form = VALUE_HEX;
    compare_claims(context, "KernBase", bases, ARRAY_LENGTH(bases));
    compare_claims(context, "MachineImageType", machines, ARRAY_LENGTH(machines));
}

static struct claim version_claim(const struct version_source *source, enum value_form form) {
    return (struct claim){source->name, !source->absent && source->state == READ_PRESENT,
                          source->value, 0, form};
}

static void compare_versions(struct analysis_context *context, const struct version *version) {
    const struct target *target = context->target;
    struct claim builds[VERSION_BUILD_SOURCES + 1];
    for (size_t i = 0; i < VERSION_BUILD_SOURCES; i++)
        builds[i] = version_claim(&version->builds[i], VALUE_INTEGER);
    int32_t build = target->symbols ? symbols_identity(target->symbols)->build : -1;
    builds[VERSION_BUILD_SOURCES] =
        (struct claim){"symbols", build >= 0, (uint64_t)(uint32_t)build, 0, VALUE_INTEGER};
    const struct claim products[] = {
        version_claim(&version->product_type, VALUE_INTEGER),
        version_claim(&version->shared_product_type, VALUE_INTEGER),
    };
    const struct claim suites[] = {
        version_claim(&version->suite_mask, VALUE_HEX),
        version_claim(&version->shared_suite_mask, VALUE_HEX),
    };
    compare_claims(context, "build", builds, ARRAY_LENGTH(builds));
    compare_claims(context, "ProductType", products, ARRAY_LENGTH(products));
    compare_claims(context, "SuiteMask", suites, ARRAY_LENGTH(suites));
}

/* ---- the section ---- */

static json_t *extract(struct analysis_context *context) {
    json_t *section = json_object();
    struct version version;
    version_read(context->target, &version);
    put_build(context, section, &version);
    if (!version.service_pack.absent)
        put_value(context, section, "service_pack", version.service_pack.state,
                  version.service_pack.value, VALUE_INTEGER);
    put_arch(context, section);
    put_product(context, section, &version);
    put_suite(context, section, &version);
    put_kernel(context, section);
    put_header(context, section, "system_time", "SystemTime", VALUE_TIME);
    put_header(context, section, "uptime_100ns", "SystemUpTime_100ns", VALUE_INTEGER);
    put_header(context, section, "processors", "NumberProcessors", VALUE_INTEGER);
    json_object_set_new(section, "symbols", symbols_of(context->target));
    compare_versions(context, &version);
    compare_kernel(context);
    compare_globals(context);
    return section;
}

static const char *const types[] = {
    "_KUSER_SHARED_DATA",    "_EPROCESS", "_KPROCESS", "_KLDR_DATA_TABLE_ENTRY",
    "_LDR_DATA_TABLE_ENTRY", NULL};
static const char *const publics[] = {"CmNtCSDVersion", "KdDebuggerDataBlock", "NtBuildLab",
                                      "NtBuildLabEx",   "NtBuildNumber",       NULL};

const struct analysis analysis_system = {
    .name = "system", .types = types, .publics = publics, .extract = extract};
