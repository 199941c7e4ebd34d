/*
 * attach.c - finding symbols for a dump: the user's, those of _NT_SYMBOL_PATH, the built-in
 * profiles; exact ones before proved ones.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "kernel/address_proof.h"
#include "kernel/discover.h"
#include "kernel/proof.h"
#include "kernel/pte_mask.h"
#include "kernel/symbol_path.h"
#include "kernel/version.h"
#include "symbols/profile.h"

/* Files of a folder that are opened only to see whose they are; one takes some 0.1 s. */
#define OPENED_MOST 32

struct hunt {
    struct target *target;
    const struct symbols_search *search;
    struct version version;
    bool has_pdb;
    bool by_addresses; /* the dump does not hold the GUID: addresses decide */
    const struct pdb_identity *pdb;
    /* The profile that came nearest, by build, then by checks that held. */
    char nearest[64];
    char failure[sizeof((struct proof *)NULL)->failure];
    uint32_t nearest_distance;
    size_t nearest_checks;
};

static void refuse(const struct hunt *hunt, const char *source, const char *why) {
    if (hunt->search->refused)
        hunt->search->refused(source, why, hunt->search->data);
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_exact(const struct hunt *hunt, const struct symbols *symbols) {
    const struct symbols_identity *identity = symbols_identity(symbols);
    if (!hunt->has_pdb)
        return hunt->by_addresses && address_proof(hunt->target, symbols) >= ADDRESS_PROOF_LEAST;
    return strcasecmp(identity->pdb_guid, hunt->pdb->guid) == 0 &&
           identity->pdb_age == hunt->pdb->age;
}

/* With the kernel's own symbols, a debugger block that lies encoded can be read. */
static void decode_kdbg(struct target *target) {
    uint64_t never, always, block;
    struct kdbg_keys keys;
    if (target->kdbg.address == 0 && target_symbol(target, "KdDebuggerDataBlock", &block))
        kdbg_read(target->vm, block, &target->kdbg);
    if (target->kdbg.state == READ_BAD_VALUE && target->kdbg.address != 0 &&
        target_symbol(target, "KiWaitNever", &never) &&
        target_symbol(target, "KiWaitAlways", &always) &&
        target_symbol(target, "KdpDataBlockEncoded", &keys.encoded_address) &&
        vm_read_u64(target->vm, never, &keys.wait_never) == READ_PRESENT &&
        vm_read_u64(target->vm, always, &keys.wait_always) == READ_PRESENT)
        kdbg_decode(target->vm, &keys, &target->kdbg);
}

static bool attach(struct hunt *hunt, const struct symbols *symbols, enum symbols_match match) {
    struct target *target = hunt->target;
    target->symbols = symbols;
    target->match = match;
    target->matched_by_addresses = match == MATCH_EXACT && !hunt->has_pdb;
    target->symbols_source = xstrdup(symbols_identity(symbols)->name);
    if (match == MATCH_EXACT)
        decode_kdbg(target);
    discover_machine(target);
    pte_mask_learn(target);
    return true;
}

/* ---- proof ---- */

static uint32_t distance(const struct hunt *hunt, int32_t build) {
    if (hunt->version.build < 0 || build < 0)
        return UINT32_MAX;
    return (uint32_t)(build > hunt->version.build ? build - hunt->version.build
                                                  : hunt->version.build - build);
}

static void note_failure(struct hunt *hunt, const struct symbols *symbols,
                         const struct proof *proof) {
    const struct symbols_identity *identity = symbols_identity(symbols);
    uint32_t far = distance(hunt, identity->build);
    if (hunt->nearest[0] &&
        (far > hunt->nearest_distance ||
         (far == hunt->nearest_distance && proof->checks <= hunt->nearest_checks)))
        return;
    snprintf(hunt->nearest, sizeof hunt->nearest, "%s", identity->name);
    memcpy(hunt->failure, proof->failure, sizeof hunt->failure);
    hunt->nearest_distance = far;
    hunt->nearest_checks = proof->checks;
}

static bool prove(struct hunt *hunt, const struct symbols *symbols, const char *source,
                  struct proof *proof) {
    const struct symbols_identity *identity = symbols_identity(symbols);
    bool wide = image_info(hunt->target->image)->address_bits == 64;
    if (identity->arch[0] && wide != (strcmp(identity->arch, "x64") == 0)) {
        *proof = (struct proof){0};
        snprintf(proof->failure, sizeof proof->failure, "arch: the dump is %s, the profile %s",
                 wide ? "x64" : "x86", identity->arch);
    } else {
        proof_run(hunt->target, symbols, proof);
    }
    if (proof->holds)
        return true;
    note_failure(hunt, symbols, proof);
    refuse(hunt, source, proof->failure);
    return false;
}

/* ---- files ---- */

/* Whether symbols are some other module's: they say whose they are, and have no processes. They
 * stay for naming addresses (kernel/module_symbols.h). */
static bool is_other_module(const struct symbols *symbols) {
    return symbols_identity(symbols)->pdb_guid[0] && !symbols_type(symbols, "_EPROCESS");
}

/* A file that the user named: exact, or proved. One that cannot be read is an error. */
static enum status try_file(struct error *err, struct hunt *hunt, const char *path, bool *done) {
    struct symbols *symbols;
    enum status status = symbols_open(err, path, &symbols);
    if (status != STATUS_OK)
        return status;
    struct proof proof;
    const char *source = file_name(path);
    if (is_exact(hunt, symbols))
        *done = attach(hunt, symbols, MATCH_EXACT);
    else if (!is_other_module(symbols) && prove(hunt, symbols, source, &proof))
        *done = attach(hunt, symbols, MATCH_PROVED);
    else
        symbols_free(symbols);
    return STATUS_OK;
}

/* A file that was come by: exact, or nothing. `named`: its name says that it is the one. */
static bool try_found(struct hunt *hunt, const char *path, bool named) {
    struct symbols *symbols;
    struct error err;
    const char *source = file_name(path);
    if (symbols_open(&err, path, &symbols) != STATUS_OK) {
        if (named)
            refuse(hunt, source, err.message);
        return false;
    }
    if (is_exact(hunt, symbols))
        return attach(hunt, symbols, MATCH_EXACT);
    if (named)
        refuse(hunt, source, "its GUID and age are not those of its name");
    symbols_free(symbols);
    return false;
}

static bool try_folder(struct hunt *hunt, const char *folder, bool open_unnamed) {
    if (!hunt->has_pdb && !hunt->by_addresses)
        return false;
    bool done = false;
    AUTO(symbol_files_deinit) struct symbol_files files = {0};
    if (hunt->has_pdb)
        symbol_files_named(folder, hunt->pdb, &files);
    size_t named = files.count;
    if (open_unnamed && !hunt->has_pdb)
        symbol_files_any(folder, OPENED_MOST, &files);
    else if (open_unnamed)
        symbol_files_unnamed(folder, OPENED_MOST, &files);
    for (size_t i = 0; i < files.count && !done; i++)
        done = try_found(hunt, files.paths[i], i < named);
    return done;
}

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum status try_paths(struct error *err, struct hunt *hunt, bool *done) {
    const struct symbols_search *search = hunt->search;
    for (size_t i = 0; i < search->path_count && !*done; i++) {
        enum status status = STATUS_OK;
        if (is_folder(search->paths[i]))
            *done = try_folder(hunt, search->paths[i], true);
        else
            status = try_file(err, hunt, search->paths[i], done);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool try_symbol_path(struct hunt *hunt) {
    const char *path = getenv("_NT_SYMBOL_PATH");
    bool done = false;
    AUTO(symbol_files_deinit) struct symbol_files folders = {0};
    if (path)
        symbol_path_folders(path, &folders);
    for (size_t i = 0; i < folders.count && !done; i++)
        done = try_folder(hunt, folders.paths[i], false);
    return done;
}

/* ---- built-in profiles ---- */

static struct symbols *parse_builtin(const struct builtin_profile *profile) {
    struct symbols *symbols;
    struct error err;
    enum status status =
        symbols_parse(&err, profile->name, profile->json, profile->length, &symbols);
    return status == STATUS_OK ? symbols : NULL;
}

static bool try_exact_builtin(struct hunt *hunt) {
    for (size_t i = 0; i < builtin_profile_count; i++) {
        const struct builtin_profile *profile = &builtin_profiles[i];
        if (!hunt->has_pdb || strcasecmp(profile->pdb_guid, hunt->pdb->guid) != 0 ||
            profile->pdb_age != hunt->pdb->age)
            continue;
        struct symbols *symbols = parse_builtin(profile);
        if (symbols)
            return attach(hunt, symbols, MATCH_EXACT);
    }
    return false;
}

/* How far a profile's revision is from the dump's; one that is newer than the dump comes after
 * all that are not. */
static uint64_t revision_rank(const struct hunt *hunt, int32_t revision) {
    int64_t ours = hunt->version.revision, theirs = revision < 0 ? 0 : revision;
    if (ours < 0)
        return 0;
    return theirs <= ours ? (uint64_t)(ours - theirs)
                          : ((uint64_t)1 << 32) + (uint64_t)(theirs - ours);
}

struct choice {
    const struct builtin_profile *profile;
    struct symbols *symbols;
    size_t checks;
};

/* Profiles come in order of name within a revision, so that on a tie the first one stays. */
static void weigh(const struct hunt *hunt, const struct choice *candidate, struct choice *best) {
    bool better = !best->profile || candidate->checks > best->checks;
    if (best->profile && candidate->checks == best->checks) {
        uint64_t theirs = revision_rank(hunt, candidate->profile->revision);
        uint64_t ours = revision_rank(hunt, best->profile->revision);
        int name = strcmp(candidate->profile->name, best->profile->name);
        better = theirs != ours ? theirs < ours : name < 0;
    }
    symbols_free(better ? best->symbols : candidate->symbols);
    if (better)
        *best = *candidate;
}

/* Tries the profiles of the dump's own build, or all the others. */
static bool try_proved_builtin(struct hunt *hunt, bool same_build) {
    struct choice best = {0};
    for (size_t i = 0; i < builtin_profile_count; i++) {
        struct choice candidate = {.profile = &builtin_profiles[i]};
        if ((candidate.profile->build == hunt->version.build) != same_build)
            continue;
        candidate.symbols = parse_builtin(candidate.profile);
        struct proof proof;
        if (!candidate.symbols)
            continue;
        if (!prove(hunt, candidate.symbols, candidate.profile->name, &proof)) {
            symbols_free(candidate.symbols);
            continue;
        }
        candidate.checks = proof.checks;
        weigh(hunt, &candidate, &best);
    }
    return best.profile && attach(hunt, best.symbols, MATCH_PROVED);
}

/* ---- all of them ---- */

static enum status nothing_left(struct error *err, const struct hunt *hunt) {
    char key[48] = "";
    char wanted[128];
    if (hunt->has_pdb) {
        symbol_store_key(hunt->pdb, key);
        snprintf(wanted, sizeof wanted, "%s/%s", hunt->pdb->name, key);
    } else {
        snprintf(wanted, sizeof wanted, "its PDB is not known: %s",
                 read_state_name(hunt->target->kernel.pdb_state));
    }
    const char *how = hunt->has_pdb ? "; fetch that PDB from a symbol server, make an ISF of it "
                                      "with Volatility 3's pdbconv, and name it with --symbols"
                                    : "; name a symbol file or profile with --symbols";
    return fail(err, STATUS_NO_SYMBOLS, "no symbols for this kernel (%s)%s%s%s%s%s", wanted, how,
                hunt->nearest[0] ? "; nearest was " : "", hunt->nearest,
                hunt->nearest[0] ? ", refused by " : "", hunt->failure);
}

/* IMAGE_FILE_MACHINE_ARM64 of the PE format. Profiles and checks are those of x64. */
static bool is_arm64(const struct target *target) {
    uint64_t machine;
    return image_header_value(target->image, "MachineImageType", &machine) && machine == 0xaa64;
}

static void keep_paths(struct target *target, const struct symbols_search *search) {
    if (search->path_count == 0)
        return;
    target->symbol_paths = xcalloc(search->path_count, sizeof *target->symbol_paths);
    for (size_t i = 0; i < search->path_count; i++)
        target->symbol_paths[target->symbol_path_count++] = xstrdup(search->paths[i]);
}

enum status target_attach(struct error *err, struct target *target,
                          const struct symbols_search *search) {
    struct hunt hunt = {.target = target,
                        .search = search,
                        .has_pdb = target->kernel.has_pdb,
                        .by_addresses = image_is_virtual(target->image),
                        .pdb = &target->kernel.pdb};
    if (is_arm64(target)) {
        target->no_symbols = "an ARM64 dump: no symbols are tried against it";
        return fail(err, STATUS_NO_SYMBOLS, "no symbols: this is %s", target->no_symbols);
    }
    keep_paths(target, search);
    version_read(target, &hunt.version);
    bool done = false;
    enum status status = try_paths(err, &hunt, &done);
    if (status != STATUS_OK)
        return status;
    done = done || try_symbol_path(&hunt);
    if (!search->no_builtin)
        done = done || try_exact_builtin(&hunt) || try_proved_builtin(&hunt, true) ||
               try_proved_builtin(&hunt, false);
    return done ? STATUS_OK : nothing_left(err, &hunt);
}
