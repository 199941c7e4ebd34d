/* object_name.c - names that objects keep in their bodies: files, registry keys, processes and
 * threads.
 *
 * Sources: _FILE_OBJECT, _CM_KEY_BODY, _CM_KEY_CONTROL_BLOCK and _CM_NAME_CONTROL_BLOCK of the
 * kernel's symbol files. The words for processes and threads are those of Volatility's
 * windows.handles.
 */
#include <inttypes.h>

#include "base/memory.h"
#include "kernel/address.h"
#include "kernel/object_internal.h"
#include "kernel/process.h"
#include "kernel/values.h"

#define KEY_DEPTH      512 /* levels of the registry, as documented ("Registry element size limits") */
#define KEY_LONGEST    32767
#define KEY_NAME       512 /* bytes of one level: 256 characters of 16 bits */
#define KEY_HIVE_ENTRY 4   /* of Flags: the root of a hive */

/* ---- files ---- */

static enum read_state file_name(const struct objects *objects, const struct object *object,
                                 struct text *name) {
    const struct target *target = objects->target;
    uint64_t address;
    struct field_read device =
        target_read_field(target, object->address, "_FILE_OBJECT", "DeviceObject");
    if (!target_field_address(target, object->address, "_FILE_OBJECT", "FileName", &address))
        return READ_PRESENT;
    /* A device that has no name, or cannot be read, does not hide the file's. */
    if (!device.absent && device.state == READ_PRESENT &&
        device.value >= first_kernel_address(target->vm))
        object_path(objects, device.value, name);
    AUTO(text_deinit) struct text file = TEXT_EMPTY;
    enum read_state state = value_unicode_string(target->vm, address, &file);
    if (state == READ_PRESENT)
        text_append(name, file.data, file.length);
    else
        text_deinit(name);
    return state;
}

/* ---- registry keys ---- */

/* Names of a key are kept once for all keys of that name, of one byte a character where that is
 * enough. */
static enum read_state block_name(const struct target *target, uint64_t block, struct text *name) {
    static const char type[] = "_CM_NAME_CONTROL_BLOCK";
    uint8_t bytes[KEY_NAME];
    uint64_t address;
    struct field_read length = target_read_field(target, block, type, "NameLength");
    struct field_read compressed = target_read_field(target, block, type, "Compressed");
    if (length.absent || compressed.absent ||
        !target_field_address(target, block, type, "Name", &address))
        return READ_BAD_VALUE;
    if (length.state != READ_PRESENT || compressed.state != READ_PRESENT)
        return length.state != READ_PRESENT ? length.state : compressed.state;
    if (length.value == 0 || length.value > sizeof bytes)
        return READ_BAD_VALUE;
    enum read_state state = vm_read(target->vm, address, bytes, length.value, NULL);
    if (state == READ_PRESENT && (compressed.value & 1))
        value_bytes(name, bytes, length.value);
    else if (state == READ_PRESENT)
        value_utf16(name, bytes, length.value);
    return state;
}

/* From 14393 on, which has _CM_KEY_BODY.Trans, the root of a hive is a block of its own below that
 * of the key which the hive is mounted on, and has that key's name once more. Source: Volatility 3,
 * issue 39. */
static bool is_mounted_root(const struct target *target, uint64_t block) {
    struct field trans;
    struct field_read flags = target_read_field(target, block, "_CM_KEY_CONTROL_BLOCK", "Flags");
    return symbols_field(target->symbols, "_CM_KEY_BODY", "Trans", &trans) && !flags.absent &&
           flags.state == READ_PRESENT && (flags.value & KEY_HIVE_ENTRY);
}

static enum read_state key_name(const struct objects *objects, const struct object *object,
                                struct text *path) {
    const struct target *target = objects->target;
    static const char control[] = "_CM_KEY_CONTROL_BLOCK";
    struct field_read key =
        target_read_field(target, object->address, "_CM_KEY_BODY", "KeyControlBlock");
    for (unsigned depth = 0; depth < KEY_DEPTH && path->length <= KEY_LONGEST; depth++) {
        if (key.absent)
            return READ_PRESENT;
        if (key.state != READ_PRESENT)
            return key.state;
        if (key.value == 0)
            return READ_PRESENT;
        AUTO(text_deinit) struct text name = TEXT_EMPTY;
        struct field_read block = target_read_field(target, key.value, control, "NameBlock");
        if (block.absent)
            return READ_PRESENT;
        enum read_state state = block.state;
        if (state == READ_PRESENT)
            state = block_name(target, block.value, &name);
        if (state != READ_PRESENT)
            return state;
        if (!is_mounted_root(target, key.value))
            object_prepend(path, "\\", &name);
        key = target_read_field(target, key.value, control, "ParentKcb");
    }
    return READ_BAD_VALUE;
}

/* ---- processes and threads ---- */

static enum read_state process_label(const struct objects *objects, const struct object *object,
                                     struct text *name) {
    const struct target *target = objects->target;
    struct field_read pid =
        target_read_field(target, object->address, "_EPROCESS", "UniqueProcessId");
    enum read_state state = process_name(target, object->address, name);
    if (state == READ_PRESENT && !pid.absent && pid.state == READ_PRESENT)
        text_printf(name, "%sPid %" PRIu64, name->length ? " " : "", pid.value);
    return state;
}

static enum read_state thread_label(const struct objects *objects, const struct object *object,
                                    struct text *name) {
    const struct target *target = objects->target;
    struct field_read tid =
        target_read_field(target, object->address, "_ETHREAD", "Cid.UniqueThread");
    struct field_read pid =
        target_read_field(target, object->address, "_ETHREAD", "Cid.UniqueProcess");
    if (tid.absent || pid.absent)
        return READ_PRESENT;
    if (tid.state == READ_PRESENT && pid.state == READ_PRESENT)
        text_printf(name, "Tid %" PRIu64 " Pid %" PRIu64, tid.value, pid.value);
    return tid.state != READ_PRESENT ? tid.state : pid.state;
}

/* ---- by type ---- */

enum read_state object_body_name(const struct objects *objects, const struct object *object,
                                 struct text *name) {
    const struct {
        uint64_t type;
        enum read_state (*read)(const struct objects *, const struct object *, struct text *);
    } kinds[] = {{objects->file_type, file_name},
                 {objects->key_type, key_name},
                 {objects->process_type, process_label},
                 {objects->thread_type, thread_label}};
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (kinds[i].type == 0 || kinds[i].type != object->type->address)
            continue;
        enum read_state state = kinds[i].read(objects, object, name);
        if (state != READ_PRESENT)
            text_deinit(name);
        return state;
    }
    return READ_PRESENT;
}
