/*
 * objects.c - an object's headers: pool header, optional headers, object header.
 *
 * Source: the symbol files (_OBJECT_HEADER, _OBJECT_HEADER_NAME_INFO, ...); the order of the
 * optional headers is that of the bits of InfoMask, the lowest nearest to the header.
 */
#include "objects.h"

#include <string.h>

#include "util.h"

/* _POOL_HEADER, the optional headers and _OBJECT_HEADER are the same in all x64 builds up to 22000.
 * Those of x86 are as 2600 has them. */
struct object_form {
    unsigned pool_header, creator_info, name_info, quota_info, object_header;
    unsigned block;      /* the unit of _POOL_HEADER.BlockSize */
    unsigned block_bits; /* its bits in the word that PoolType is the rest of */
    unsigned pool_type;  /* nonpaged and in use */
};

static const struct object_form object_form_x64 = {0x10, 0x20, 0x20, 0x20, 0x30, 0x10, 8, 2};
static const struct object_form object_form_x86 = {0x08, 0x10, 0x10, 0x10, 0x18, 0x08, 9, 1};

enum {
    INFO_MASK_CREATOR = 0x01,
    FLAG_CREATOR_OF_X86 = 0x04,
    INFO_MASK_NAME = 0x02,
    INFO_MASK_QUOTA = 0x08,
    TYPE_OF_X86 = 8, /* offset of _OBJECT_HEADER.Type */
    HANDLE_REFERENCES = 0x8000,
};

static const struct object_form *object_form(const struct machine *machine) {
    return machine->pointer_size == 8 ? &object_form_x64 : &object_form_x86;
}

static void write_pool_header(struct machine *machine, uint64_t address, uint64_t size,
                              const char *tag) {
    const struct object_form *form = object_form(machine);
    uint8_t header[0x10] = {0};
    uint64_t blocks = size / form->block & ((1u << form->block_bits) - 1);
    put(header + 2, blocks | form->pool_type << form->block_bits, 2);
    memcpy(header + 4, tag, 4);
    /* Before Windows 8 the tags of protected objects had their top bit set. */
    if (!number_or(json_object_get(machine->scenario, "kernel"), "plain_pool_tags", 1))
        header[7] |= 0x80;
    memory_write(&machine->memory, address, header, form->pool_header);
}

/* Objects of a type that keeps a list of them are on it by their creator's info, which is nearest
 * to the header. The type of types keeps one. */
static unsigned creator_info(const struct machine *machine, const struct object_kind *kind) {
    return kind->type == TYPE_TYPE ? object_form(machine)->creator_info : 0;
}

/* From Windows 10 the index is mixed with a cookie and a byte of the header's address. */
static uint64_t type_index(struct machine *machine, uint64_t header,
                           const struct object_kind *kind) {
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    const json_t *cookie = json_object_get(kernel, "object_cookie");
    uint64_t index = kind->type;
    return cookie ? index ^ number_of(cookie, "object_cookie") ^ header >> 8 : index;
}

/* XP has the type's address where later builds have an index, and offsets of the optional headers
 * where later builds have a mask. */
static void write_object_header(struct machine *machine, uint64_t header,
                                const struct object_kind *kind) {
    const struct object_form *form = object_form(machine);
    unsigned pointer = machine->pointer_size;
    uint8_t bytes[0x30] = {0};
    put(bytes, 2, pointer); /* PointerCount */
    if (pointer == 8) {
        bytes[0x18] = (uint8_t)type_index(machine, header, kind);
        bytes[0x1a] = (uint8_t)((creator_info(machine, kind) ? INFO_MASK_CREATOR : 0) |
                                (kind->name ? INFO_MASK_NAME : 0) |
                                (kind->charges_quota ? INFO_MASK_QUOTA : 0));
    } else {
        unsigned creator = creator_info(machine, kind);
        unsigned name = kind->name ? creator + form->name_info : 0;
        put(bytes + TYPE_OF_X86, machine->types[kind->type], 4);
        bytes[0xc] = (uint8_t)name;
        bytes[0xf] = creator ? FLAG_CREATOR_OF_X86 : 0;
        bytes[0xe] = kind->charges_quota ? (uint8_t)(name + form->quota_info) : 0;
    }
    memory_write(&machine->memory, header, bytes, form->object_header);
}

uint64_t object_header(const struct machine *machine, uint64_t object) {
    return object - object_form(machine)->object_header;
}

uint64_t object_creator_info(const struct machine *machine, uint64_t type) {
    return object_header(machine, type) - object_form(machine)->creator_info;
}

static bool is_type(const struct machine *machine, uint64_t object) {
    for (unsigned i = 0; i < TYPE_LIMIT; i++)
        if (machine->types[i] == object)
            return true;
    return false;
}

uint64_t name_info(const struct machine *machine, uint64_t object) {
    uint64_t behind = is_type(machine, object) ? object_creator_info(machine, object)
                                               : object_header(machine, object);
    return behind - object_form(machine)->name_info;
}

/* _OBJECT_HEADER_NAME_INFO: directory, name, references. */
static void write_name_info(struct machine *machine, uint64_t header,
                            const struct object_kind *kind) {
    uint64_t info = header - creator_info(machine, kind) - object_form(machine)->name_info;
    put_pointer(machine, info, kind->directory);
    write_unicode(machine, info + machine->pointer_size, kind->name, &machine->paged);
    memory_put(&machine->memory, info + 3 * machine->pointer_size, 1, 4);
}

uint64_t make_object(struct machine *machine, const struct object_kind *kind, uint64_t address,
                     uint64_t size) {
    const struct object_form *form = object_form(machine);
    uint64_t front = form->pool_header + form->object_header + creator_info(machine, kind);
    if (kind->charges_quota)
        front += form->quota_info;
    if (kind->name)
        front += form->name_info;
    if (address) {
        memory_claim(&machine->memory, address - front, front + size, kind->what);
    } else {
        address = pool_take(machine, &machine->nonpaged, front + size, form->block, kind->what);
        address += front;
    }
    /* MemProcFS reads on behind an object, and takes it for none where that fails. */
    memory_map(&machine->memory, address - front, front + size + PAGE_SIZE, machine->nonpaged.kind);
    write_pool_header(machine, address - front, ALIGN_UP(front + size, form->block),
                      object_tag(kind->type));
    write_object_header(machine, address - form->object_header, kind);
    if (kind->name)
        write_name_info(machine, address - form->object_header, kind);
    machine->object_counts[kind->type]++;
    return address;
}

/* From Windows 8.1 each handle holds a stock of references, which its entry counts. */
void count_handle(struct machine *machine, uint64_t object) {
    uint64_t header = object_header(machine, object), handles = header + machine->pointer_size;
    struct member counted;
    bool stock = layout_member(machine->layout, "_HANDLE_TABLE_ENTRY", "RefCnt", &counted);
    put_pointer(machine, header, get_pointer(machine, header) + (stock ? HANDLE_REFERENCES : 1));
    put_pointer(machine, handles, get_pointer(machine, handles) + 1);
}
