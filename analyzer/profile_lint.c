/* profile_lint.c - nt-analyzer profile lint: profiles checked by themselves and against the rest.
 */
#include <stdio.h>
#include <string.h>

#include "analyses/analysis.h"
#include "base/file.h"
#include "base/memory.h"
#include "commands.h"
#include "symbols/lint.h"
#include "symbols/profile.h"

#define PROFILE_LIMIT (64u << 20)

/* A profile that is checked, or that others are checked against. */
struct entry {
    const char *file;               /* as given; the name of a built-in one */
    struct builtin_profile profile; /* whose it is; `json` is NULL for a file's */
    struct symbols *symbols;        /* NULL for a built-in one that nobody asked for yet */
    bool checked;
};

struct pool {
    struct entry *entries; /* by machine, build, revision, name */
    size_t count;
    size_t capacity;
    struct text found;
    size_t errors;
    size_t warnings;
};

static void pool_deinit(struct pool *pool) {
    for (size_t i = 0; i < pool->count; i++)
        symbols_free(pool->entries[i].symbols);
    free(pool->entries);
    text_deinit(&pool->found);
}

static void pool_add(struct pool *pool, const struct entry *entry) {
    ARRAY_RESERVE(pool->entries, pool->count, pool->capacity);
    pool->entries[pool->count++] = *entry;
}

/* The symbols of an entry. That the built-in ones can be read is seen to when they are checked. */
static const struct symbols *symbols_of(struct entry *entry) {
    if (!entry->symbols && symbols_parse(NULL, entry->file, entry->profile.json,
                                         entry->profile.length, &entry->symbols))
        entry->symbols = NULL;
    return entry->symbols;
}

/* ---- gathering ---- */

/* A file that is no profile is a finding like any other: the rest is still checked. */
static void refuse(struct pool *pool, const char *file, const char *message) {
    size_t length = strlen(file);
    if (strncmp(message, file, length) == 0 && strncmp(message + length, ": ", 2) == 0)
        message += length + 2;
    text_printf(&pool->found, "%s: error: %s\n", file, message);
    pool->errors++;
}

static void add_symbols(struct pool *pool, const char *file, struct symbols *symbols) {
    const struct symbols_identity *identity = symbols_identity(symbols);
    pool_add(pool, &(struct entry){
                       .file = file,
                       .profile = {.name = identity->name,
                                   .arch = identity->arch,
                                   .pdb_guid = identity->pdb_guid,
                                   .pdb_age = identity->pdb_age,
                                   .build = identity->build,
                                   .revision = identity->revision},
                       .symbols = symbols,
                       .checked = true,
                   });
}

static void add_text(struct pool *pool, const char *file, const char *bytes, size_t length) {
    struct symbols *symbols;
    struct error why;
    if (symbols_parse(&why, file, bytes, length, &symbols)) {
        refuse(pool, file, why.message);
    } else if (symbols_complete(symbols)) {
        refuse(pool, file, "a symbol file, and no profile (\"profile make\" makes one of it)");
        symbols_free(symbols);
    } else {
        add_symbols(pool, file, symbols);
    }
}

static enum status add_file(struct error *err, struct pool *pool, const char *file) {
    struct text content AUTO(text_deinit) = TEXT_EMPTY;
    enum status status = file_read(err, file, PROFILE_LIMIT, &content);
    if (!status)
        add_text(pool, file, content.data, content.length);
    return status;
}

static bool has_name(const struct pool *pool, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(pool->entries[i].profile.name, name) == 0)
            return true;
    return false;
}

/* To be checked, or as neighbours: then all but those that a given file stands for. */
static void add_builtins(struct pool *pool, bool checked) {
    size_t given = pool->count;
    for (size_t i = 0; i < builtin_profile_count; i++) {
        const struct builtin_profile *profile = &builtin_profiles[i];
        if (checked)
            add_text(pool, profile->name, profile->json, profile->length);
        else if (!has_name(pool, given, profile->name))
            pool_add(pool, &(struct entry){.file = profile->name, .profile = *profile});
    }
}

static int by_build(const void *left, const void *right) {
    const struct builtin_profile *a = &((const struct entry *)left)->profile;
    const struct builtin_profile *b = &((const struct entry *)right)->profile;
    int order = strcmp(a->arch, b->arch);
    if (order)
        return order;
    if (a->build != b->build)
        return a->build < b->build ? -1 : 1;
    if (a->revision != b->revision)
        return a->revision < b->revision ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* ---- checking ---- */

/* Symbols are chosen by PDB and spoken of by name: two that share either cannot both be right. */
static void check_identity(struct lint *lint, const struct pool *pool, size_t at) {
    const struct builtin_profile *own = &pool->entries[at].profile;
    for (size_t i = 0; i < pool->count; i++) {
        const struct builtin_profile *other = &pool->entries[i].profile;
        if (i == at)
            continue;
        if (strcmp(own->name, other->name) == 0)
            lint_say(lint, LINT_ERROR, "name", NULL, "\"%s\" is the name of %s too", own->name,
                     pool->entries[i].file);
        if (own->pdb_guid[0] && strcmp(own->pdb_guid, other->pdb_guid) == 0 &&
            own->pdb_age == other->pdb_age)
            lint_say(lint, LINT_ERROR, "pdb", NULL, "GUID and age are those of %s too",
                     pool->entries[i].file);
    }
}

static const struct symbols *neighbour(struct pool *pool, size_t at, size_t index) {
    if (index >= pool->count ||
        strcmp(pool->entries[at].profile.arch, pool->entries[index].profile.arch) != 0)
        return NULL;
    return symbols_of(&pool->entries[index]);
}

static void check_entry(struct pool *pool, size_t at) {
    struct lint lint = {
        .file = pool->entries[at].file, .symbols = pool->entries[at].symbols, .out = &pool->found};
    const struct symbols *const neighbours[] = {
        at ? neighbour(pool, at, at - 1) : NULL,
        neighbour(pool, at, at + 1),
    };
    check_identity(&lint, pool, at);
    for (const struct analysis *const *row = analyses; *row; row++)
        lint_needs(&lint, (*row)->name, (*row)->needs);
    lint_members(&lint);
    lint_neighbours(&lint, neighbours, ARRAY_LENGTH(neighbours));
    pool->errors += lint.errors;
    pool->warnings += lint.warnings;
}

static enum status lint_profiles(struct error *err, const struct cli_call *call,
                                 struct pool *pool) {
    for (size_t i = 0; i < call->operand_count; i++)
        if (add_file(err, pool, call->operands[i]))
            return err->status;
    add_builtins(pool, !call->operand_count);
    qsort(pool->entries, pool->count, sizeof *pool->entries, by_build);
    for (size_t i = 0; i < pool->count; i++)
        if (pool->entries[i].checked)
            check_entry(pool, i);
    return STATUS_OK;
}

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

int profile_lint_run(const struct cli_call *call) {
    struct error err;
    struct pool pool AUTO(pool_deinit) = {.found = TEXT_EMPTY};
    if (lint_profiles(&err, call, &pool))
        return cli_fail(call, &err);
    size_t profiles = call->operand_count ? call->operand_count : builtin_profile_count;
    printf("%s%zu profile%s: %zu error%s, %zu warning%s\n", pool.found.data, profiles,
           plural(profiles), pool.errors, plural(pool.errors), pool.warnings,
           plural(pool.warnings));
    return pool.errors ? EXIT_DIFFERENT : EXIT_DONE;
}
