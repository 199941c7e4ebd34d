/* alpc.c - fuzz target: section `alpc` of a dump of any bytes, by its list and by what leads there.
 */
#include "../unit/small_ports.h"
#include "sections.h"

/* Parsed once; its members are where the seed has them. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    if (!symbols)
        symbols = builtin_symbols(PORTS_PROFILE);
    return symbols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"alpc", NULL};
    make_sections(data, size, layouts(), PORTS_NT_SIZE, names, false);
    return 0;
}
