/* layers.c - fuzz target: jobs, silos, and what protects the processes of a dump of any bytes. */
#include "../unit/small_jobs.h"
#include "../unit/some_sections.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parsed once; its members are where the seed has them. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    if (!symbols)
        symbols = builtin_symbols(JOBS_PROFILE);
    return symbols;
}

static void make_sections(const struct target *target) {
    static const char *const names[] = {"processes", "processors", "sessions",
                                        "jobs",      "silos",      NULL};
    json_decref(some_sections(target, names, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target *target;
    if (target_open_bytes(NULL, "input", data, size, &target))
        return 0;
    target->kernel.base = NT;
    target->kernel.size = NT_SIZE;
    target->symbols = layouts();
    target->match = MATCH_PROVED;
    make_sections(target);
    target->symbols = NULL;
    target_close(target);
    return 0;
}
