/* layers.c - fuzz target: jobs, silos, and what protects the processes of a dump of any bytes. */
#include "../unit/small_jobs.h"
#include "sections.h"

/* Parsed once; its members are where the seed has them. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    if (!symbols)
        symbols = builtin_symbols(JOBS_PROFILE);
    return symbols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"processes", "processors", "sessions",
                                        "jobs",      "silos",      NULL};
    make_sections(data, size, layouts(), NT_SIZE, names, false);
    return 0;
}
