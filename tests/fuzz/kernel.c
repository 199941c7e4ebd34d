/* kernel.c - fuzz target: the kernel of a dump of any bytes, with and without layouts. */
#include "kernel/list.h"
#include "kernel/process.h"
#include "kernel/processor.h"
#include "kernel/proof.h"
#include "kernel/thread.h"
#include "kernel/unwind.h"
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

static void read_threads(const struct target *target, const struct process_ring *ring) {
    struct thread_reader reader;
    thread_reader_init(&reader, target);
    for (size_t i = 0; i < ring->walk.count && i < 16; i++) {
        struct process_threads threads;
        process_threads_read(&reader, ring->views[i].address, &threads);
        for (size_t j = 0; j < threads.count && j < 64; j++) {
            struct thread_frame frame = thread_frame_read(&reader, threads.items[j].address, j);
            thread_call_read(&reader, threads.items[j].address, &frame, target->vm);
        }
        process_threads_deinit(&threads);
    }
    thread_reader_deinit(&reader);
}

/* Callers of places all over the kernel's image, whose first pages are a stack as good as any. */
static void unwind(const struct target *target) {
    for (uint64_t place = 0; place < 64; place++) {
        struct unwind_context context = {.rip = target->kernel.base + 0x400 * place};
        uint64_t at;
        for (unsigned i = 0; i < UNWIND_REGISTERS; i++)
            context.registers[i] = target->kernel.base + 8 * place;
        for (unsigned i = 0; i < 8; i++)
            if (unwind_step(target->vm, target->kernel.base, &context, &at) != READ_PRESENT)
                break;
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
    read_threads(target, &ring);
    process_ring_deinit(&ring);
    unwind(target);
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
