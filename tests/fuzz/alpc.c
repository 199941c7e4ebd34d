/* alpc.c - fuzz target: section `alpc` of a dump of any bytes, by its list and by what leads there.
 */
#include "../unit/small_ports.h"
#include "../unit/some_sections.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parsed once; its members are where the seed has them. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    if (!symbols)
        symbols = builtin_symbols(PORTS_PROFILE);
    return symbols;
}

static void make_section(const struct target *target) {
    static const char *const names[] = {"alpc", NULL};
    json_decref(some_sections(target, names, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const enum symbols_match matches[] = {MATCH_EXACT, MATCH_PROVED};
    struct target *target;
    if (target_open_bytes(NULL, "input", data, size, &target))
        return 0;
    target->kernel.base = NT;
    target->kernel.size = PORTS_NT_SIZE;
    target->symbols = layouts();
    for (size_t i = 0; i < 2; i++) {
        target->match = matches[i];
        make_section(target);
    }
    target->symbols = NULL;
    target_close(target);
    return 0;
}
