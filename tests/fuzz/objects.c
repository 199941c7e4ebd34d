/* objects.c - fuzz target: handles, what crosses sessions, objects, private namespaces and the scan
 * of kernel memory, of a dump of any bytes. */
#include "../unit/small_namespaces.h"
#include "../unit/some_sections.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parsed once; its members are where the seed has them. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    if (!symbols)
        symbols = namespace_symbols(NS_PROFILE);
    return symbols;
}

static void make_sections(const struct target *target) {
    static const char *const names[] = {"processes", "threads",     "handles", "cross_session",
                                        "objects",   "object_scan", NULL};
    json_decref(some_sections(target, names, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const enum symbols_match matches[] = {MATCH_EXACT, MATCH_PROVED};
    struct target *target;
    if (target_open_bytes(NULL, "input", data, size, &target))
        return 0;
    target->kernel.base = NT;
    target->kernel.size = NT_SIZE;
    target->symbols = layouts();
    for (size_t i = 0; i < 2; i++) {
        target->match = matches[i];
        make_sections(target);
    }
    target->symbols = NULL;
    target_close(target);
    return 0;
}
