/* directory.c - object directories. */
#include "kernel/directory.h"

#include "base/memory.h"
#include "kernel/address.h"

#define BUCKETS 37 /* NUMBER_HASH_BUCKETS: the same in every symbol file */

struct entry_layout {
    struct field link, object;
};

/* Brent: a chain that comes back to where it was is no chain. */
struct cycle {
    uint64_t mark;
    size_t steps, power;
};

static bool is_cycle(struct cycle *cycle, uint64_t entry) {
    if (entry == cycle->mark)
        return true;
    if (++cycle->steps == cycle->power) {
        *cycle = (struct cycle){.mark = entry, .power = cycle->power * 2};
    }
    return false;
}

static enum read_state read_chain(const struct target *target, const struct entry_layout *layout,
                                  uint64_t entry, struct directory *directory) {
    struct cycle cycle = {.power = 1};
    while (entry != 0) {
        if (entry < first_kernel_address(target->vm) || is_cycle(&cycle, entry) ||
            directory->count >= DIRECTORY_LIMIT)
            return READ_BAD_VALUE;
        struct field_read object = target_read_member(target, entry, &layout->object);
        struct field_read link = target_read_member(target, entry, &layout->link);
        if (object.state != READ_PRESENT || link.state != READ_PRESENT)
            return object.state != READ_PRESENT ? object.state : link.state;
        if (object.value < first_kernel_address(target->vm))
            return READ_BAD_VALUE;
        ARRAY_RESERVE(directory->objects, directory->count, directory->capacity);
        directory->objects[directory->count++] = object.value;
        entry = link.value;
    }
    return READ_PRESENT;
}

void directory_read(const struct target *target, uint64_t address, struct directory *directory) {
    static const char type[] = "_OBJECT_DIRECTORY_ENTRY";
    struct entry_layout layout;
    struct field buckets;
    *directory = (struct directory){0};
    directory->absent =
        address == 0 || !target->symbols ||
        !symbols_field(target->symbols, type, "ChainLink", &layout.link) ||
        !symbols_field(target->symbols, type, "Object", &layout.object) ||
        !symbols_field(target->symbols, "_OBJECT_DIRECTORY", "HashBuckets", &buckets);
    for (unsigned i = 0; i < BUCKETS && !directory->absent; i++) {
        uint64_t entry;
        uint64_t bucket = address + buckets.offset + i * vm_pointer_size(target->vm);
        enum read_state state = vm_read_pointer(target->vm, bucket, &entry);
        if (state == READ_PRESENT)
            state = read_chain(target, &layout, entry, directory);
        directory->unreadable[state] += state != READ_PRESENT;
    }
}

void directory_deinit(struct directory *directory) {
    free(directory->objects);
    *directory = (struct directory){0};
}
