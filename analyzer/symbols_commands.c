/* symbols_commands.c - nt-analyzer layout, profile make, profile list: symbols without a dump. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>

#include "analyses/analysis.h"
#include "base/file.h"
#include "base/memory.h"
#include "commands.h"
#include "snapshot/snapshot.h"
#include "symbols/profile.h"

static const char *output;
static struct cli_list type_patterns;

const struct cli_option layout_options[] = {
    {'o', "output", "FILE", "write to FILE instead of standard output", CLI_STRING, &output},
    {0, "types", "GLOB", "only types whose name matches; repeatable", CLI_LIST, &type_patterns},
    {0},
};

const struct cli_option profile_make_options[] = {
    {'o', "output", "FILE", "write to FILE instead of standard output", CLI_STRING, &output},
    {0},
};

/* ---- layout ---- */

static void write_number(struct canon *canon, const char *key, int32_t number) {
    if (number >= 0)
        canon_integer(canon, key, number);
    else
        canon_null(canon, key);
}

/* Whose symbols these are, under the keys that a snapshot of a dump has for it. */
static void write_system(struct canon *canon, const struct symbols_identity *identity) {
    canon_object_begin(canon, "system");
    canon_string(canon, "arch", identity->arch);
    write_number(canon, "build", identity->build);
    if (identity->pdb_guid[0]) {
        canon_object_begin(canon, "kernel_pdb");
        canon_integer(canon, "age", identity->pdb_age);
        canon_string(canon, "guid", identity->pdb_guid);
        canon_string(canon, "name", identity->pdb_name);
        canon_object_end(canon);
    } else {
        canon_null(canon, "kernel_pdb");
    }
    write_number(canon, "revision", identity->revision);
    canon_object_end(canon);
}

static void write_layout(struct text *snapshot, const struct symbols *symbols) {
    struct canon canon;
    struct layout_selection selection = {type_patterns.items, type_patterns.count, LAYOUT_ALL};
    if (type_patterns.count || !symbols_complete(symbols))
        selection.scope = LAYOUT_TRACKED;
    canon_init(&canon, snapshot);
    canon_object_begin(&canon, NULL);
    layout_write(&canon, "layouts", symbols, &selection);
    canon_string(&canon, "schema", SNAPSHOT_SCHEMA);
    publics_write(&canon, "symbols", symbols);
    write_system(&canon, symbols_identity(symbols));
    canon_object_end(&canon);
    canon_finish(&canon);
}

/* A pattern that no type matches is a slip, and an empty layout would hide it. */
static enum status check_pattern(struct error *err, const char *path, const struct symbols *symbols,
                                 const char *pattern) {
    size_t count;
    const struct type *types = symbols_types(symbols, &count);
    for (size_t i = 0; i < count; i++)
        if (fnmatch(pattern, types[i].name, 0) == 0)
            return STATUS_OK;
    return fail(err, STATUS_NOT_FOUND, "%s: no type matches \"%s\"", path, pattern);
}

static enum status make_layout(struct error *err, const char *path) {
    struct symbols *symbols;
    enum status status = symbols_open(err, path, &symbols);
    if (status)
        return status;
    for (size_t i = 0; !status && i < type_patterns.count; i++)
        status = check_pattern(err, path, symbols, type_patterns.items[i]);
    AUTO(text_deinit) struct text snapshot = TEXT_EMPTY;
    if (!status)
        write_layout(&snapshot, symbols);
    symbols_free(symbols);
    return status ? status : file_write(err, output, snapshot.data, snapshot.length);
}

int layout_run(const struct cli_call *call) {
    struct error err;
    enum status status = make_layout(&err, call->operands[0]);
    cli_list_deinit(&type_patterns);
    return status ? cli_fail(call, &err) : EXIT_DONE;
}

/* ---- profiles ---- */

static enum status make_profile(struct error *err, const char *path) {
    struct symbols *symbols;
    enum status status = symbols_open(err, path, &symbols);
    if (status)
        return status;
    const struct profile_scope scope = {analyses_types(), analyses_publics()};
    AUTO(text_deinit) struct text profile = TEXT_EMPTY;
    profile_write(symbols, &scope, &profile);
    symbols_free(symbols);
    return file_write(err, output, profile.data, profile.length);
}

int profile_make_run(const struct cli_call *call) {
    struct error err;
    return make_profile(&err, call->operands[0]) ? cli_fail(call, &err) : EXIT_DONE;
}

static void put_build(struct text *line, const struct builtin_profile *profile) {
    text_printf(line, "%" PRId32, profile->build);
    if (profile->revision >= 0)
        text_printf(line, ".%" PRId32, profile->revision);
}

int profile_list_run(const struct cli_call *call) {
    (void)call;
    for (size_t i = 0; i < builtin_profile_count; i++) {
        const struct builtin_profile *profile = &builtin_profiles[i];
        AUTO(text_deinit) struct text build = TEXT_EMPTY;
        put_build(&build, profile);
        printf("%-26s %-7s %-12s", profile->name, profile->arch, build.data);
        if (profile->pdb_guid[0])
            printf(" %s%" PRIX32, profile->pdb_guid, profile->pdb_age);
        putchar('\n');
    }
    return EXIT_DONE;
}
