/* identity.c - reads an ISF into the model: whose symbols they are, and what they cannot tell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "symbols/model.h"
#include "symbols/profile.h"
#include "symbols/unfold.h"

/* Fewer types than this prove nothing by what is not among them. */
#define MANY_TYPES 100

static bool has_unions(const struct isf *isf) {
    for (size_t i = 0; i < isf->types.count; i++)
        if (isf->types.items[i].kind == TYPE_UNION)
            return true;
    return false;
}

static bool has_functions(const struct isf *isf) {
    for (size_t i = 0; i < isf->nodes.count; i++)
        if (isf->nodes.items[i].kind == ISF_FUNCTION)
            return true;
    return false;
}

static bool has_enum_names(const struct isf *isf) {
    for (size_t i = 0; i < isf->enums.count; i++)
        if (strncmp(interned_text(&isf->strings, isf->enums.items[i].name), "__enum_", 7) != 0)
            return true;
    return isf->enums.count == 0;
}

/* A kernel has unions and pointers to functions in the hundreds: a file without any was made of
 * something that did not tell them. */
static struct symbols_precision precision_of(const struct isf *isf) {
    bool many = isf->types.count >= MANY_TYPES;
    return (struct symbols_precision){
        .kinds = !many || has_unions(isf),
        .enums = has_enum_names(isf),
        .pointees = !many || has_functions(isf),
    };
}

static const struct isf_type *find_type(const struct isf *isf, const char *name) {
    for (size_t i = 0; i < isf->types.count; i++)
        if (strcmp(interned_text(&isf->strings, isf->types.items[i].name), name) == 0)
            return &isf->types.items[i];
    return NULL;
}

static const char *arch_of(const struct isf *isf) {
    /* PE Format, "Machine Types". */
    if (isf->metadata.machine == 0xaa64)
        return "arm64";
    if (isf->metadata.machine == 0x8664 || isf_pointer_size(isf) == 8)
        return "x64";
    /* Intel SDM 3A, 4.3 and 4.4: entries of page tables are 8 bytes with PAE, 4 without. */
    const struct isf_type *entry = find_type(isf, "_MMPTE");
    return entry && entry->size == 8 ? "x86pae" : "x86";
}

/* The file's name without folders, ".xz" and ".json". */
static char *stem_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char *stem = xstrdup(slash ? slash + 1 : path);
    static const char *const suffixes[] = {".xz", ".json"};
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        size_t length = strlen(stem), suffix = strlen(suffixes[i]);
        if (length > suffix && strcmp(stem + length - suffix, suffixes[i]) == 0)
            stem[length - suffix] = '\0';
    }
    return stem;
}

/* Files that Volatility 3 makes of a PDB do not say the build. A file's name may, but is only
 * believed where it also has the GUID and age of its content: "NAME-BUILD.REVISION-GUIDAGE". */
static bool parse_stem(const char *stem, const char *guid_age, struct symbols_identity *identity) {
    char name[24], guid[48];
    int build, revision, end = 0;
    if (sscanf(stem, "%23[A-Za-z0-9_]-%7d.%7d-%47[0-9A-Fa-f]%n", name, &build, &revision, guid,
               &end) != 4 ||
        stem[end] || build < 0 || revision < 0 || strcasecmp(guid, guid_age) != 0)
        return false;
    identity->build = build;
    identity->revision = revision;
    snprintf(identity->name, sizeof identity->name, "%s-%d.%d-%s", name, build, revision,
             identity->arch);
    return true;
}

/* A PDB that a built-in profile was made of is known by it, whatever its file is called. */
static bool find_builtin(struct symbols_identity *identity) {
    for (size_t i = 0; i < builtin_profile_count; i++) {
        const struct builtin_profile *profile = &builtin_profiles[i];
        if (profile->pdb_age != identity->pdb_age ||
            strcasecmp(profile->pdb_guid, identity->pdb_guid) != 0)
            continue;
        identity->build = profile->build;
        identity->revision = profile->revision;
        snprintf(identity->name, sizeof identity->name, "%s", profile->name);
        return true;
    }
    return false;
}

static void name_of_pdb(struct symbols_identity *identity, const char *stem) {
    char guid_age[48];
    snprintf(guid_age, sizeof guid_age, "%s%X", identity->pdb_guid, identity->pdb_age);
    if (find_builtin(identity) || parse_stem(stem, guid_age, identity))
        return;
    int length = (int)strcspn(identity->pdb_name, ".");
    snprintf(identity->name, sizeof identity->name, "%.*s-%s", length > 20 ? 20 : length,
             identity->pdb_name, guid_age);
}

static void identify(const struct isf *isf, const char *path, struct symbols_identity *identity) {
    const struct isf_metadata *metadata = &isf->metadata;
    AUTO_FREE char *stem = stem_of(path);
    *identity = (struct symbols_identity){
        .pdb_age = (uint32_t)metadata->pdb_age,
        .build = metadata->build,
        .revision = metadata->revision,
    };
    memcpy(identity->pdb_name, metadata->pdb_name, sizeof identity->pdb_name);
    memcpy(identity->pdb_guid, metadata->pdb_guid, sizeof identity->pdb_guid);
    snprintf(identity->arch, sizeof identity->arch, "%s", arch_of(isf));
    if (identity->pdb_guid[0])
        name_of_pdb(identity, stem);
    else
        model_copy(identity->name, sizeof identity->name, stem, strlen(stem));
    AUTO_FREE char *origin =
        xasprintf("ISF %.60s by %s %s", stem, metadata->producer, metadata->producer_version);
    model_copy(identity->origin, sizeof identity->origin, origin, strlen(origin));
}

enum status isf_read(struct error *err, const char *name, const char *bytes, size_t length,
                     struct symbols *symbols) {
    struct isf isf AUTO(isf_deinit);
    isf_init(&isf, &symbols->arena);
    enum status status = isf_parse(err, bytes, length, &isf);
    if (!status)
        status = unfold(err, &isf, length, symbols);
    if (status)
        return status;
    identify(&isf, name, &symbols->identity);
    symbols->precision = precision_of(&isf);
    symbols->complete = true;
    symbols->publics = isf.publics.items;
    symbols->public_count = isf.publics.count;
    isf.publics.items = NULL;
    return STATUS_OK;
}
