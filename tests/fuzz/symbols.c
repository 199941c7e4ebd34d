/* symbols.c - fuzz target: any bytes as a symbol file; what is accepted is written as a profile,
 * which must be read again and written the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct symbols *symbols, *again;
    if (symbols_parse(NULL, "fuzz", (const char *)data, size, &symbols))
        return 0;
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
