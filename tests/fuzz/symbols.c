/* symbols.c - fuzz target: any bytes as a symbol file; what is accepted is linted, and written as a
 * profile, which must be read again and written the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "symbols/lint.h"
#include "symbols/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char **names_of_types(const struct symbols *symbols) {
    size_t count;
    const struct type *types = symbols_types(symbols, &count);
    const char **names = xcalloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = types[i].name;
    return names;
}

static void write_all(const struct symbols *symbols, struct text *profile) {
    AUTO_FREE const char **types = names_of_types(symbols);
    static const char *const publics[] = {"PsActiveProcessHead", "MiState", NULL};
    profile_write(symbols, &(struct profile_scope){types, publics}, profile);
}

static void lint_all(const struct symbols *symbols, const struct symbols *other) {
    static const char *const needs[] = {"_EPROCESS.Pcb.Header|_KPROCESS.Header", "_T", NULL};
    struct text out AUTO(text_deinit) = TEXT_EMPTY;
    struct lint lint = {.file = "fuzz", .symbols = symbols, .out = &out};
    lint_needs(&lint, "section", needs);
    lint_members(&lint);
    lint_neighbours(&lint, (const struct symbols *const[]){other, NULL}, 2);
}

/* A neighbour that is right, for what was changed to be held against. */
static const struct symbols *neighbour(void) {
    static struct symbols *symbols;
    const struct builtin_profile *profile = profile_find("nt-7601-23418-x64");
    if (!symbols && symbols_parse(NULL, "neighbour", profile->json, profile->length, &symbols))
        abort();
    return symbols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct symbols *symbols, *again;
    if (symbols_parse(NULL, "fuzz", (const char *)data, size, &symbols))
        return 0;
    lint_all(symbols, neighbour());
    struct text first AUTO(text_deinit) = TEXT_EMPTY, second AUTO(text_deinit) = TEXT_EMPTY;
    write_all(symbols, &first);
    if (symbols_parse(NULL, "fuzz", first.data, first.length, &again))
        abort();
    write_all(again, &second);
    if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
        abort();
    symbols_free(symbols);
    symbols_free(again);
    return 0;
}
