/*
 * keys.c - open registry keys: the object of type Key, the control blocks of the key and of those
 * above it, and their names.
 *
 * Source: the symbol files for _CM_KEY_BODY, _CM_KEY_CONTROL_BLOCK and _CM_NAME_CONTROL_BLOCK. The
 * topmost key is named REGISTRY and has no parent.
 */
#include <string.h>

#include "objects.h"
#include "util.h"

enum { MOST_PATH = 256, KEY_BODY_TYPE = 0x6b793032 /* "20yk" */ };

static uint64_t make_name_block(struct machine *machine, const char *name, size_t length) {
    static const char type[] = "_CM_NAME_CONTROL_BLOCK";
    uint64_t size = layout_size(machine->layout, type) + length;
    uint64_t block = pool_take(machine, &machine->paged, size, 0x10, "a key's name");
    must_set(machine, block, type, "Compressed", 1);
    must_set(machine, block, type, "NameLength", length);
    memory_write(&machine->memory, field(machine, block, type, "Name"), name, length);
    return block;
}

/* One for each key, whoever has it open. */
static uint64_t control_block(struct machine *machine, const char *path, size_t length) {
    static const char type[] = "_CM_KEY_CONTROL_BLOCK";
    char key[MOST_PATH];
    uint64_t parent = 0;
    if (length >= sizeof key || *path != '\\')
        die("\"%s\" is no path of a key", path);
    memcpy(key, path, length);
    key[length] = '\0';
    if (!machine->keys)
        machine->keys = json_object();
    const json_t *known = json_object_get(machine->keys, key);
    if (known)
        return number_of(known, key);
    size_t last = (size_t)(strrchr(key, '\\') - key);
    if (last)
        parent = control_block(machine, key, last);
    uint64_t block =
        pool_take(machine, &machine->paged, layout_size(machine->layout, type), 0x10, "a key");
    must_set(machine, block, type, "ParentKcb", parent);
    must_set(machine, block, type, "NameBlock",
             make_name_block(machine, key + last + 1, length - last - 1));
    json_object_set_new(machine->keys, key, hex(block));
    return block;
}

uint64_t make_key(struct machine *machine, const char *path) {
    static const char type[] = "_CM_KEY_BODY";
    static const struct object_kind kind = {"a key", TYPE_KEY, false, NULL, 0};
    uint64_t key = make_object(machine, &kind, 0, layout_size(machine->layout, type));
    must_set(machine, key, type, "Type", KEY_BODY_TYPE);
    must_set(machine, key, type, "KeyControlBlock", control_block(machine, path, strlen(path)));
    return key;
}
