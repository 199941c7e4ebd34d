/*
 * keys.c - registry keys that handles lead to: key objects, the key control blocks of the keys on
 * the way to them, and their names.
 *
 * Sources: the symbol files for _CM_KEY_BODY, _CM_KEY_CONTROL_BLOCK and _CM_NAME_CONTROL_BLOCK;
 * Volatility 3, issue 39, for the two blocks that the root of a hive has from 14393 on. The topmost
 * key is named REGISTRY and has no parent.
 */
#include <string.h>

#include "objects.h"
#include "util.h"

enum {
    MOST_PATH = 256,
    BODY_TYPE = 0x6b793032, /* "ky02" */
    HIVE_LEVEL = 3,         /* \REGISTRY\MACHINE\SYSTEM: a hive hangs on the third key */
    KEY_HIVE_EXIT = 2,
    KEY_HIVE_ENTRY = 4,
};

static const char body[] = "_CM_KEY_BODY";
static const char control[] = "_CM_KEY_CONTROL_BLOCK";
static const char names[] = "_CM_NAME_CONTROL_BLOCK";

/* One byte a character. */
static uint64_t make_name(struct machine *machine, const char *name) {
    size_t length = strlen(name);
    uint64_t size = layout_size(machine->layout, names) + length;
    uint64_t block = pool_take(machine, &machine->paged, size, 0x10, "a key's name");
    must_set(machine, block, names, "Compressed", 1);
    must_set(machine, block, names, "NameLength", length);
    memory_write(&machine->memory, field(machine, block, names, "Name"), name, length);
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

/* One for each key, whoever has it open; `level` counts the names in `path`. */
static uint64_t new_block(struct machine *machine, uint64_t parent, const char *path,
                          unsigned level) {
    struct member trans;
    uint64_t name = make_name(machine, strrchr(path, '\\') + 1);
    if (level != HIVE_LEVEL)
        return make_block(machine, parent, name, 0);
    if (layout_member(machine->layout, body, "Trans", &trans))
        parent = make_block(machine, parent, name, KEY_HIVE_EXIT);
    return make_block(machine, parent, name, KEY_HIVE_ENTRY);
}

static uint64_t block_of(struct machine *machine, const char *path) {
    char key[MOST_PATH];
    uint64_t block = 0;
    if (strlen(path) >= sizeof key || *path != '\\')
        die("\"%s\" is no path of a key", path);
    if (!machine->keys)
        machine->keys = json_object();
    unsigned level = 0;
    for (size_t end = 0; path[end]; level++) {
        end += 1 + strcspn(path + end + 1, "\\");
        memcpy(key, path, end);
        key[end] = '\0';
        if (!json_object_get(machine->keys, key))
            json_object_set_new(machine->keys, key, hex(new_block(machine, block, key, level + 1)));
        block = number(machine->keys, key);
    }
    return block;
}

uint64_t make_key(struct machine *machine, uint64_t address, const char *path) {
    static const struct object_kind kind = {"a key", TYPE_KEY, false, NULL, 0};
    uint64_t key = make_object(machine, &kind, address, layout_size(machine->layout, body));
    must_set(machine, key, body, "Type", BODY_TYPE);
    must_set(machine, key, body, "KeyControlBlock", block_of(machine, path));
    json_t *facts = json_object_get(machine->facts, "keys");
    if (!facts) {
        facts = json_object();
        json_object_set_new(machine->facts, "keys", facts);
    }
    json_t *at = address_text(machine, key);
    json_object_set_new(facts, json_string_value(at), json_string(path));
    json_decref(at);
    return key;
}
