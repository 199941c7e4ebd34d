/* pe_version.c - the way to the version resource, and what it says. */
#include "kernel/pe_version.h"

#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/values.h"

#define RT_VERSION        16
#define DIRECTORY_HEADER  16
#define DIRECTORY_ENTRY   8
#define ENTRIES_MOST      4096 /* of a directory: an image has some tens of types */
#define IS_DIRECTORY      0x80000000
#define VERSION_MOST      0x4000 /* bytes of the resource: real ones have less than 2 KiB */
#define FIXED_SIGNATURE   0xfeef04bd
#define FIXED_LEAST       16
#define NODE_HEADER       6
#define NODES_MOST        1024
#define STRING_FILE_LEVEL 2 /* StringFileInfo, StringTable: what holds the strings */

/* ---- resources ---- */

struct resources {
    struct vm *vm;
    const struct pe_image *image;
    struct pe_directory directory;
};

static enum read_state read_resource(const struct resources *resources, uint64_t offset,
                                     void *bytes, size_t length) {
    uint64_t rva = (uint64_t)resources->directory.rva + offset;
    if (rva > resources->image->size || length > resources->image->size - rva)
        return READ_BAD_VALUE;
    return vm_read(resources->vm, resources->image->base + rva, bytes, length, NULL);
}

/* The offset of what the entry `id` of a directory leads to, with its IS_DIRECTORY; of the first
 * entry where `id` is 0. READ_NOT_MAPPED: there is none. */
static enum read_state find_entry(const struct resources *resources, uint32_t directory,
                                  uint32_t id, uint32_t *found) {
    uint8_t header[DIRECTORY_HEADER], entry[DIRECTORY_ENTRY];
    enum read_state state = read_resource(resources, directory, header, sizeof header);
    uint32_t count = state == READ_PRESENT ? load_u16(header + 12) + load_u16(header + 14) : 0;
    for (uint32_t i = 0; state == READ_PRESENT && i < count && i < ENTRIES_MOST; i++) {
        uint64_t at = (uint64_t)directory + DIRECTORY_HEADER + (uint64_t)i * DIRECTORY_ENTRY;
        state = read_resource(resources, at, entry, sizeof entry);
        *found = load_u32(entry + 4);
        if (state == READ_PRESENT && (id == 0 || load_u32(entry) == id))
            return READ_PRESENT;
    }
    return state == READ_PRESENT ? READ_NOT_MAPPED : state;
}

/* Type, name, language: three directories deep. */
static enum read_state find_version(const struct resources *resources, uint32_t *rva,
                                    uint32_t *size) {
    static const uint32_t ids[] = {RT_VERSION, 0, 0};
    uint32_t offset = IS_DIRECTORY;
    uint8_t data[8];
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        if (!(offset & IS_DIRECTORY))
            return READ_BAD_VALUE;
        enum read_state state = find_entry(resources, offset & ~IS_DIRECTORY, ids[i], &offset);
        if (state != READ_PRESENT)
            return state;
    }
    enum read_state state = read_resource(resources, offset, data, sizeof data);
    *rva = load_u32(data);
    *size = load_u32(data + 4);
    return state;
}

/* ---- VS_VERSIONINFO ---- */

/* A node: length, length of its value (in characters where it is text), type, key, value, nodes. */
struct node {
    const uint8_t *key; /* UTF-16, with its NUL inside the node */
    size_t key_size;    /* bytes, without the NUL */
    size_t value;       /* offset */
    size_t value_length;
    size_t end; /* offset */
};

static size_t align4(size_t offset) {
    return (offset + 3) & ~(size_t)3;
}

static bool read_node(const uint8_t *bytes, size_t at, size_t limit, struct node *node) {
    if (at > limit || limit - at < NODE_HEADER)
        return false;
    size_t length = load_u16(bytes + at);
    if (length < NODE_HEADER || length > limit - at)
        return false;
    node->end = at + length;
    node->value_length = load_u16(bytes + at + 2);
    node->key = bytes + at + NODE_HEADER;
    for (size_t i = at + NODE_HEADER; i + 2 <= node->end; i += 2)
        if (load_u16(bytes + i) == 0) {
            node->key_size = i - at - NODE_HEADER;
            node->value = align4(i + 2);
            return node->value <= node->end || node->value_length == 0;
        }
    return false;
}

static bool has_key(const struct node *node, const char *key) {
    if (node->key_size != 2 * strlen(key))
        return false;
    for (size_t i = 0; key[i]; i++)
        if (load_u16(node->key + 2 * i) != (uint8_t)key[i])
            return false;
    return true;
}

static void take_name(const uint8_t *bytes, const struct node *node, struct text *name) {
    size_t length = 0;
    while (node->value + length + 2 <= node->end && load_u16(bytes + node->value + length))
        length += 2;
    value_utf16(name, bytes + node->value, length);
}

/* Goes through the nodes between the two offsets, down into StringFileInfo and its tables, which
 * have no values: what follows such a node's key is its first child. */
static void find_name(const uint8_t *bytes, size_t at, size_t limit, struct text *name) {
    size_t ends[STRING_FILE_LEVEL] = {0};
    unsigned depth = 0;
    struct node node;
    for (unsigned i = 0; i < NODES_MOST && !name->length; i++) {
        while (depth && at >= ends[depth - 1])
            depth--;
        if (!read_node(bytes, at, depth ? ends[depth - 1] : limit, &node))
            return;
        bool holds = depth == 0 ? has_key(&node, "StringFileInfo") : depth < STRING_FILE_LEVEL;
        if (depth == STRING_FILE_LEVEL && has_key(&node, "OriginalFilename"))
            take_name(bytes, &node, name);
        at = align4(holds ? node.value : node.end);
        if (holds)
            ends[depth++] = node.end;
    }
}

static enum read_state take(const uint8_t *bytes, size_t size, struct pe_version *version) {
    struct node root;
    if (!read_node(bytes, 0, size, &root) || !has_key(&root, "VS_VERSION_INFO") ||
        root.value_length < FIXED_LEAST || root.end - root.value < root.value_length ||
        load_u32(bytes + root.value) != FIXED_SIGNATURE)
        return READ_BAD_VALUE;
    const uint8_t *fixed = bytes + root.value;
    version->numbers[0] = load_u16(fixed + 10); /* dwFileVersionMS, high half first */
    version->numbers[1] = load_u16(fixed + 8);
    version->numbers[2] = load_u16(fixed + 14);
    version->numbers[3] = load_u16(fixed + 12);
    find_name(bytes, align4(root.value + root.value_length), root.end, &version->original_name);
    return READ_PRESENT;
}

void pe_version_read(struct vm *vm, const struct pe_image *image, struct pe_version *version) {
    struct resources resources = {.vm = vm, .image = image};
    uint8_t bytes[VERSION_MOST];
    uint32_t rva, size;
    *version = (struct pe_version){.original_name = TEXT_EMPTY};
    version->state = pe_directory(vm, image->base, PE_DIRECTORY_RESOURCE, &resources.directory);
    if (version->state != READ_PRESENT)
        return;
    version->state =
        resources.directory.rva ? find_version(&resources, &rva, &size) : READ_NOT_MAPPED;
    version->absent = version->state == READ_NOT_MAPPED;
    if (version->state != READ_PRESENT)
        return;
    size = size < sizeof bytes ? size : sizeof bytes;
    version->state = READ_BAD_VALUE;
    if (rva <= image->size && size <= image->size - rva)
        version->state = vm_read(vm, image->base + rva, bytes, size, NULL);
    if (version->state == READ_PRESENT)
        version->state = take(bytes, size, version);
}

void pe_version_deinit(struct pe_version *version) {
    text_deinit(&version->original_name);
}
