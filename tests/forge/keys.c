/*
 * keys.c - registry keys that handles lead to: key objects, and the key control blocks of the keys
 * on the way to them.
 *
 * Sources: the symbol files for _CM_KEY_BODY, _CM_KEY_CONTROL_BLOCK and _CM_NAME_CONTROL_BLOCK;
 * Volatility 3, issue 39, for the two blocks that the root of a hive has from 14393 on.
 */
#include <string.h>

#include "objects.h"
#include "util.h"

enum {
    BODY_TYPE = 0x6b793032, /* "ky02" */
    HIVE_LEVEL = 2,         /* \REGISTRY\MACHINE\SYSTEM: a hive hangs on the third key */
    KEY_HIVE_EXIT = 2,
    KEY_HIVE_ENTRY = 4,
};

static const char body[] = "_CM_KEY_BODY";
static const char control[] = "_CM_KEY_CONTROL_BLOCK";
static const char names[] = "_CM_NAME_CONTROL_BLOCK";

/* One byte a character. */
static uint64_t make_name(struct machine *machine, const char *name, size_t length) {
    uint64_t size = layout_size(machine->layout, names) + length;
    uint64_t block = pool_take(machine, &machine->paged, size, 0x10, "a key's name");
    must_set(machine, block, names, "Compressed", 1);
    must_set(machine, block, names, "NameLength", length);
    memory_write(&machine->memory, field(machine, block, names, "Name"), (const uint8_t *)name,
                 length);
    return block;
}

static uint64_t make_block(struct machine *machine, uint64_t parent, uint64_t name,
                           unsigned flags) {
    uint64_t size = layout_size(machine->layout, control);
    uint64_t block = pool_take(machine, &machine->paged, size, 0x10, "a key control block");
    must_set(machine, block, control, "ParentKcb", parent);
    must_set(machine, block, control, "NameBlock", name);
    must_set(machine, block, control, "Flags", flags);
    return block;
}

/* The blocks of all keys of a path, of which no two objects share one here. */
static uint64_t make_blocks(struct machine *machine, const char *path) {
    struct member trans;
    bool mounted = layout_member(machine->layout, body, "Trans", &trans);
    uint64_t block = 0;
    for (unsigned level = 0; *path == '\\'; level++) {
        size_t length = strcspn(++path, "\\");
        uint64_t name = make_name(machine, path, length);
        if (level == HIVE_LEVEL && mounted)
            block = make_block(machine, block, name, KEY_HIVE_EXIT);
        block = make_block(machine, block, name, level == HIVE_LEVEL ? KEY_HIVE_ENTRY : 0);
        path += length;
    }
    return block;
}

uint64_t make_key(struct machine *machine, uint64_t address, const char *path) {
    static const struct object_kind kind = {"a key", TYPE_KEY, false, NULL, 0};
    uint64_t key = make_object(machine, &kind, address, layout_size(machine->layout, body));
    must_set(machine, key, body, "Type", BODY_TYPE);
    must_set(machine, key, body, "KeyControlBlock", make_blocks(machine, path));
    json_t *facts = json_object_get(machine->facts, "keys");
    if (!facts) {
        facts = json_object();
        json_object_set_new(machine->facts, "keys", facts);
    }
    json_object_set_new(facts, path, address_text(machine, key));
    return key;
}
