/* kernel.c - fuzz target: the kernel of a dump of any bytes, with and without layouts. */
#include "kernel/list.h"
#include "kernel/process.h"
#include "kernel/processor.h"
#include "kernel/proof.h"
#include "kernel/values.h"
#include "kernel/version.h"
#include "symbols/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parsed once: what is looked for here is in the dump. */
static const struct symbols *layouts(void) {
    static struct symbols *symbols;
    const struct builtin_profile *profile = profile_find("nt-10240-x64");
    struct error err;
    if (!symbols && profile)
        symbols_parse(&err, profile->name, profile->json, profile->length, &symbols);
    return symbols;
}

static void read_names(const struct target *target, const struct process_ring *ring) {
    for (size_t i = 0; i < ring->walk.count && i < 64; i++) {
        struct text name;
        text_init(&name);
        process_name(target, ring->views[i].address, &name);
        value_unicode_string(target->vm, ring->views[i].address, &name);
        text_deinit(&name);
        char time[32];
        value_time(time, ring->views[i].link);
    }
}

static void read_everything(const struct target *target) {
    struct version version;
    version_read(target, &version);
    struct processor_block block;
    processor_block_read(target, &block);
    processor_block_deinit(&block);
    struct process_ring ring;
    process_ring_active(target, &ring);
    read_names(target, &ring);
    process_ring_deinit(&ring);
    process_ring_memory_manager(target, process_system(target), &ring);
    read_names(target, &ring);
    process_ring_deinit(&ring);
    uint64_t list;
    struct list_walk walk;
    if (target_global(target, "PsLoadedModuleList", &list)) {
        list_walk(target->vm, list, 1000, &walk);
        list_walk_deinit(&walk);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error err;
    struct target *target;
    if (target_open_bytes(&err, "input", data, size, &target) != STATUS_OK)
        return 0;
    read_everything(target);
    if (layouts()) {
        struct proof proof;
        proof_run(target, layouts(), &proof);
        target->symbols = layouts();
        target->match = MATCH_PROVED;
        read_everything(target);
        target->symbols = NULL;
    }
    struct kdbg_keys keys = {1, 2, 3};
    kdbg_decode(target->vm, &keys, &target->kdbg);
    target_close(target);
    return 0;
}
