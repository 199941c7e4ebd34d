/* private_namespace.c - private namespaces and their boundary descriptors. */
#include "kernel/private_namespace.h"

#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/address.h"
#include "kernel/list.h"
#include "kernel/token.h"
#include "kernel/values.h"

#define BUCKETS     37 /* NUMBER_HASH_BUCKETS, as of directories */
#define BUCKET_SIZE 16 /* a LIST_ENTRY of x64 */

/* OBJECT_NAMESPACE_ENTRY of x64: a LIST_ENTRY first, the descriptor behind it. */
static const struct {
    uint64_t directory, size, boundary;
} x64_entry = {.directory = 0x10, .size = 0x18, .boundary = 0x30};

/* OBJECT_BOUNDARY_DESCRIPTOR: Version, Items, TotalSize, flags; then entries of EntryType,
 * EntrySize and contents, each padded to eight bytes. */
#define BOUNDARY_HEADER  16
#define BOUNDARY_VERSION 1
#define ENTRY_HEADER     8
#define BOUNDARY_MOST    4096 /* bytes: a SID has 68, a name is a path's part */

/* ---- boundary descriptors ---- */

static enum read_state read_item(const struct target *target, uint64_t address,
                                 const uint8_t *bytes, size_t length, struct boundary_item *item) {
    struct sid sid;
    if (item->kind == BOUNDARY_NAME) {
        value_utf16(&item->text, bytes, length & ~(size_t)1);
        return READ_PRESENT;
    }
    enum read_state state = sid_read(target, address, &sid);
    if (state == READ_PRESENT)
        sid_print(&sid, &item->text);
    return state;
}

/* The entries in `bytes`, which were read behind the descriptor's header. */
static enum read_state read_items(const struct target *target, uint64_t address,
                                  const uint8_t *bytes, size_t size, uint32_t count,
                                  struct private_namespace *namespace) {
    enum read_state state = READ_PRESENT;
    for (size_t at = 0; count-- && state == READ_PRESENT;) {
        if (namespace->item_count == BOUNDARY_ITEMS_MOST || at > size || size - at < ENTRY_HEADER)
            return READ_BAD_VALUE;
        uint32_t kind = load_u32(bytes + at), length = load_u32(bytes + at + 4);
        if (kind < BOUNDARY_NAME || kind > BOUNDARY_INTEGRITY || length < ENTRY_HEADER ||
            length > size - at)
            return READ_BAD_VALUE;
        struct boundary_item *item = &namespace->items[namespace->item_count++];
        *item = (struct boundary_item){.kind = (enum boundary_item_kind)kind, .text = TEXT_EMPTY};
        state = read_item(target, address + at + ENTRY_HEADER, bytes + at + ENTRY_HEADER,
                          length - ENTRY_HEADER, item);
        at += ((size_t)length + 7) & ~(size_t)7;
    }
    return state;
}

static enum read_state read_boundary(const struct target *target,
                                     struct private_namespace *namespace) {
    uint64_t address = namespace->address + x64_entry.boundary, size;
    uint8_t bytes[BOUNDARY_MOST];
    enum read_state state = vm_read_u64(target->vm, namespace->address + x64_entry.size, &size);
    if (state != READ_PRESENT)
        return state;
    if (size < BOUNDARY_HEADER || size > sizeof bytes)
        return READ_BAD_VALUE;
    state = vm_read(target->vm, address, bytes, size, NULL);
    if (state != READ_PRESENT)
        return state;
    uint32_t total = load_u32(bytes + 8);
    if (load_u32(bytes) != BOUNDARY_VERSION || total < BOUNDARY_HEADER || total > size)
        return READ_BAD_VALUE;
    namespace->items = xcalloc(BOUNDARY_ITEMS_MOST, sizeof *namespace->items);
    return read_items(target, address + BOUNDARY_HEADER, bytes + BOUNDARY_HEADER,
                      total - BOUNDARY_HEADER, load_u32(bytes + 4), namespace);
}

/* ---- entries ---- */

/* An entry and its directory lead to each other; without a directory it is being made. */
static enum read_state add_entry(const struct target *target, uint64_t address,
                                 struct private_namespaces *namespaces) {
    struct private_namespace namespace = {.address = address};
    if (address < first_kernel_address(target->vm))
        return READ_BAD_VALUE;
    if (!address_set_add(&namespaces->met, address))
        return READ_PRESENT;
    enum read_state state =
        vm_read_pointer(target->vm, address + x64_entry.directory, &namespace.directory);
    if (state != READ_PRESENT || !namespace.directory)
        return state;
    struct field_read back =
        target_read_field(target, namespace.directory, "_OBJECT_DIRECTORY", "NamespaceEntry");
    if (back.state != READ_PRESENT)
        return back.state;
    if (back.value != address)
        return READ_BAD_VALUE;
    if (namespaces->count >= NAMESPACES_MOST) {
        namespaces->cut = true;
        return READ_PRESENT;
    }
    namespace.state = read_boundary(target, &namespace);
    ARRAY_RESERVE(namespaces->items, namespaces->count, namespaces->capacity);
    namespaces->items[namespaces->count++] = namespace;
    return READ_PRESENT;
}

/* ---- the table ---- */

static bool find_table(const struct target *target, const char **symbol, uint64_t *table) {
    static const char old[] = "ObpPrivateNamespaceLookupTable", new[] = "PspHostSiloGlobals";
    uint64_t globals;
    *symbol = old;
    if (target_symbol(target, old, table))
        return true;
    *symbol = new;
    return target_symbol(target, new, &globals) &&
           target_field_address(target, globals, "_ESERVERSILO_GLOBALS",
                                "ObSiloState.PrivateNamespaceLookupTable.HashBuckets", table);
}

/* A ring that does not close is counted, and what it gave is kept. */
static void read_bucket(const struct target *target, uint64_t head,
                        struct private_namespaces *namespaces) {
    struct list_walk walk;
    list_walk(target->vm, head, NAMESPACES_MOST, &walk);
    if (walk.end != LIST_CLOSED)
        namespaces
            ->unreadable[walk.end == LIST_BROKEN && walk.state != READ_PRESENT ? walk.state
                                                                               : READ_BAD_VALUE]++;
    for (size_t i = 0; i < walk.count && !namespaces->cut; i++) {
        enum read_state state = add_entry(target, walk.entries[i], namespaces);
        namespaces->unreadable[state] += state != READ_PRESENT;
    }
    list_walk_deinit(&walk);
}

void private_namespaces_read(const struct target *target, struct private_namespaces *namespaces) {
    struct field entry;
    uint64_t table;
    *namespaces = (struct private_namespaces){0};
    namespaces->absent = !target->symbols || !symbols_field(target->symbols, "_OBJECT_DIRECTORY",
                                                            "NamespaceEntry", &entry);
    namespaces->unknown_layout = !namespaces->absent && vm_pointer_size(target->vm) != 8;
    if (namespaces->absent || namespaces->unknown_layout ||
        !find_table(target, &namespaces->table, &table)) {
        namespaces->table = NULL;
        return;
    }
    for (uint64_t i = 0; i < BUCKETS; i++)
        read_bucket(target, table + i * BUCKET_SIZE, namespaces);
}

void private_namespaces_add(const struct target *target, uint64_t directory,
                            struct private_namespaces *namespaces) {
    if (namespaces->absent || namespaces->unknown_layout)
        return;
    struct field_read entry =
        target_read_field(target, directory, "_OBJECT_DIRECTORY", "NamespaceEntry");
    enum read_state state = entry.state;
    if (state == READ_PRESENT && entry.value)
        state = add_entry(target, entry.value, namespaces);
    namespaces->unreadable[state] += state != READ_PRESENT;
}

void private_namespaces_deinit(struct private_namespaces *namespaces) {
    for (size_t i = 0; i < namespaces->count; i++) {
        for (size_t k = 0; k < namespaces->items[i].item_count; k++)
            text_deinit(&namespaces->items[i].items[k].text);
        free(namespaces->items[i].items);
    }
    free(namespaces->items);
    address_set_deinit(&namespaces->met);
    *namespaces = (struct private_namespaces){0};
}
