/* objects.c - fuzz target: handles, what crosses sessions, objects, private namespaces and the scan
 * of kernel memory, of a dump of any bytes. */
#include "../unit/small_namespaces.h"
#include "sections.h"

/* Parsed once; its members are where the seed has them. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    if (!symbols)
        symbols = namespace_symbols(NS_PROFILE);
    return symbols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"processes", "threads",     "handles", "cross_session",
                                        "objects",   "object_scan", NULL};
    make_sections(data, size, layouts(), NT_SIZE, names, true);
    return 0;
}
