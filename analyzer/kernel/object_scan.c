/* object_scan.c - looking at every mapped page of the kernel for processes and threads. */
#include "kernel/object_scan.h"

#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/address.h"
#include "kernel/process.h"
#include "kernel/thread.h"

/* How much is looked at for each page of the dump: tables that map one page again and again lie.
 * Entries are of page tables; most of these are a few hundredths of the pages. */
#define ENTRIES_FOR_PAGE 64
#define VIEWS_OF_PAGE    4
#define ENTRIES_LEAST    (1u << 20)
#define VIEWS_LEAST      (1u << 16)

/* ---- what an object of a kind is known by ---- */

enum { HEADER_TYPE, WAIT_LIST, OWN_LIST, ID, TIE, MEMBER_COUNT };

/* `TIE` is what it cannot be without: its page tables, the process that it runs in. */
struct kind {
    const char *name; /* of the object type */
    uint8_t type;     /* in DISPATCHER_HEADER.Type */
    const char *layout;
    const char *paths[MEMBER_COUNT];
};

static const struct kind kinds[SCANNED_KIND_COUNT] = {
    [SCANNED_PROCESS] = {"Process",
                         PROCESS_OBJECT,
                         "_EPROCESS",
                         {"Pcb.Header.Type", "Pcb.Header.WaitListHead", "ThreadListHead",
                          "UniqueProcessId", "Pcb.DirectoryTableBase"}},
    [SCANNED_THREAD] = {"Thread",
                        THREAD_OBJECT,
                        "_ETHREAD",
                        {"Tcb.Header.Type", "Tcb.Header.WaitListHead", "ThreadListEntry",
                         "Cid.UniqueThread", "Tcb.ApcState.Process"}},
};

struct search {
    const struct target *target;
    const struct objects *objects;
    struct object_scan *scan;
    struct field members[SCANNED_KIND_COUNT][MEMBER_COUNT];
    unsigned pointer; /* bytes */
    unsigned step;    /* objects are aligned to it: the pool's unit */
    uint64_t kernel;  /* the first address of the kernel's */
    size_t capacities[2][SCANNED_KIND_COUNT];
};

static bool has_types(const struct search *search) {
    size_t count, found = 0;
    const char *found_by;
    const struct object_type *types = objects_types(search->objects, &count, &found_by);
    for (size_t i = 0; i < count; i++)
        for (enum scanned_kind kind = 0; kind < SCANNED_KIND_COUNT; kind++)
            found += strcmp(types[i].name, kinds[kind].name) == 0;
    return found == SCANNED_KIND_COUNT && objects_cookie(search->objects).known;
}

static bool has_members(struct search *search) {
    for (enum scanned_kind kind = 0; kind < SCANNED_KIND_COUNT; kind++)
        for (size_t i = 0; i < MEMBER_COUNT; i++)
            if (!symbols_field(search->target->symbols, kinds[kind].layout, kinds[kind].paths[i],
                               &search->members[kind][i]))
                return false;
    return true;
}

/* ---- one place ---- */

/* Whether the LIST_ENTRY at `entry` is one that its successor knows by this address. */
static bool leads_back(const struct search *search, uint64_t entry) {
    struct vm *vm = search->target->vm;
    uint64_t next, back;
    return vm_read_pointer(vm, entry, &next) == READ_PRESENT && next >= search->kernel &&
           vm_read_pointer(vm, next + search->pointer, &back) == READ_PRESENT && back == entry;
}

static bool is_id(const struct search *search, uint64_t address, enum scanned_kind kind) {
    struct field_read id = target_read_member(search->target, address, &search->members[kind][ID]);
    return id.state == READ_PRESENT && id.value % 4 == 0 && id.value <= UINT32_MAX;
}

/* Page tables are pages of memory, and not the first; a process is the kernel's. */
static bool is_tied(const struct search *search, uint64_t address, enum scanned_kind kind) {
    struct field_read tie =
        target_read_member(search->target, address, &search->members[kind][TIE]);
    return tie.state == READ_PRESENT &&
           tie.value >= (kind == SCANNED_PROCESS ? IMAGE_PAGE_SIZE : search->kernel);
}

static void keep(struct search *search, bool is_freed, enum scanned_kind kind, uint64_t address) {
    struct scanned_objects *objects =
        is_freed ? &search->scan->freed[kind] : &search->scan->live[kind];
    size_t *capacity = &search->capacities[is_freed][kind];
    objects->count++;
    if (objects->kept >= SCANNED_MOST) {
        search->scan->whole = false;
        return;
    }
    ARRAY_RESERVE(objects->items, objects->kept, *capacity);
    objects->items[objects->kept++] = address;
}

/* The last reference to an object is gone when its count is: then it is deleted, and its memory is
 * the pool's again. */
static void look_at(struct search *search, enum scanned_kind kind, uint64_t address) {
    struct object object;
    const struct field *members = search->members[kind];
    if (object_read(search->objects, address, &object) == READ_PRESENT &&
        object_is_of_type(&object, kinds[kind].name) && is_id(search, address, kind) &&
        is_tied(search, address, kind) &&
        (leads_back(search, address + members[WAIT_LIST].offset) ||
         leads_back(search, address + members[OWN_LIST].offset)))
        keep(search, object.pointer_count <= 0, kind, address);
}

/* ---- one page ---- */

/* Whether the pointer at `offset` of a page may be one of a list head; what is not on the page
 * counts as such. */
static bool may_be_list(const struct search *search, const uint8_t *page, size_t offset) {
    return offset + search->pointer > IMAGE_PAGE_SIZE ||
           load_integer(page + offset, search->pointer) >= search->kernel;
}

/* `page` moves when others are read, where the image is unpacked: it is a copy. */
static void look_at_page(struct search *search, uint64_t address, const uint8_t *page) {
    for (enum scanned_kind kind = 0; kind < SCANNED_KIND_COUNT; kind++) {
        const uint8_t type = kinds[kind].type;
        const size_t type_at = search->members[kind][HEADER_TYPE].offset;
        const size_t list_at = search->members[kind][WAIT_LIST].offset;
        for (size_t at = 0; at + type_at < IMAGE_PAGE_SIZE; at += search->step)
            if (page[at + type_at] == type && may_be_list(search, page, at + list_at))
                look_at(search, kind, address + at);
    }
}

static void go(struct search *search) {
    const struct image *image = search->target->image;
    uint64_t present = image_info(image)->pages_present;
    uint64_t entries = ENTRIES_LEAST + ENTRIES_FOR_PAGE * present;
    uint64_t views = VIEWS_LEAST + VIEWS_OF_PAGE * present;
    uint64_t last = search->pointer == 8 ? UINT64_MAX : UINT32_MAX;
    uint64_t address = search->kernel, physical;
    uint8_t copy[IMAGE_PAGE_SIZE];
    while (search->scan->pages < views &&
           vm_next_page(search->target->vm, last, &entries, &address, &physical)) {
        const uint8_t *page;
        if (image_page(image, physical >> IMAGE_PAGE_SHIFT, &page) == READ_PRESENT) {
            memcpy(copy, page, sizeof copy);
            look_at_page(search, address & ~(uint64_t)(IMAGE_PAGE_SIZE - 1), copy);
            search->scan->pages++;
        }
        address = (address | (IMAGE_PAGE_SIZE - 1)) + 1;
        if (address == 0 || address > last)
            return;
    }
    search->scan->whole &= entries != 0 && search->scan->pages < views;
}

void object_scan_run(const struct target *target, const struct objects *objects,
                     struct object_scan *scan) {
    struct search search = {.target = target, .objects = objects, .scan = scan};
    *scan = (struct object_scan){0};
    if (image_is_virtual(target->image))
        scan->impossible = "the dump has no pages to look at: it holds pieces of memory";
    else if (!has_types(&search))
        scan->impossible = "nothing tells how an object's header names processes and threads";
    else if (!has_members(&search))
        scan->impossible = "the symbols do not describe processes and threads";
    if (scan->impossible)
        return;
    scan->whole = true;
    search.pointer = vm_pointer_size(target->vm);
    search.step = 2 * search.pointer;
    search.kernel = first_kernel_address(target->vm);
    go(&search);
}

void object_scan_deinit(struct object_scan *scan) {
    for (enum scanned_kind kind = 0; kind < SCANNED_KIND_COUNT; kind++) {
        free(scan->live[kind].items);
        free(scan->freed[kind].items);
    }
    *scan = (struct object_scan){0};
}
