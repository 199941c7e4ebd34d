/* analyses.c - fuzz target: a snapshot of a dump of any bytes, every section. */
#include "../unit/small_machine.h"

#include "analyses/assemble.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parsed once; its members are where the seed has them. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    if (!symbols && symbols_parse(NULL, "small", small_profile, sizeof small_profile - 1, &symbols))
        abort();
    return symbols;
}

static void make_snapshot(const struct target *target) {
    struct assembly assembly = {0};
    for (size_t row = 0; row < analyses_count(); row++)
        assembly.selected[row] = true;
    struct text text = TEXT_EMPTY;
    assemble(target, &assembly, NULL, &text);
    json_t *snapshot = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    if (!snapshot)
        abort(); /* whatever is in the dump, the snapshot is JSON */
    json_decref(snapshot);
    text_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target *target;
    if (target_open_bytes(NULL, "input", data, size, &target))
        return 0;
    make_snapshot(target);
    target->kernel.base = IMAGE;
    target->kernel.size = IMAGE_SIZE;
    target->symbols = layouts();
    target->match = MATCH_PROVED;
    make_snapshot(target);
    target->symbols = NULL;
    target_close(target);
    return 0;
}
