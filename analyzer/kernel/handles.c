/* handles.c - finding, walking and decoding handle tables. */
#include "kernel/handles.h"

#include <string.h>

#include "image/bytes.h"
#include "kernel/address.h"
#include "kernel/process.h"

#define LEVEL_BITS 7 /* of TableCode; LEVEL_CODE_MASK is 3 in XP, where bit 2 is always 0 */
#define LEVEL_MOST 2
/* Bits of an old entry's object that are not address: the lock and two attributes. */
#define OBJECT_FLAGS 7
/* MAXIMUM_ALLOWED is in no granted access: an old entry keeps OBJ_PROTECT_CLOSE there. */
#define OLD_PROTECT_CLOSE   0x02000000
#define HANDLE_TAGS         3 /* the low bits of a handle are the program's own */
#define FIRST_PSEUDO_HANDLE (-6)

/* ---- layout ---- */

/* An entry of Windows 8 and later is packed; before, it has the whole pointer. */
static bool resolve(const struct target *target, struct handle_coding *coding) {
    static const char type[] = "_HANDLE_TABLE_ENTRY";
    const struct symbols *symbols = target->symbols;
    struct field body;
    const struct type *entry = symbols ? symbols_type(symbols, type) : NULL;
    if (!entry || !symbols_field(symbols, "_OBJECT_HEADER", "Body", &body))
        return false;
    coding->is_packed = symbols_field(symbols, type, "ObjectPointerBits", &coding->object);
    bool known = coding->is_packed
                     ? symbols_field(symbols, type, "GrantedAccessBits", &coding->access) &&
                           symbols_field(symbols, type, "Attributes", &coding->attributes)
                     : symbols_field(symbols, type, "Object", &coding->object) &&
                           symbols_field(symbols, type, "GrantedAccess", &coding->access);
    coding->has_protect = coding->is_packed &&
                          symbols_field(symbols, type, "ProtectFromClose", &coding->protect) &&
                          coding->protect.offset == coding->access.offset;
    coding->entry_size = entry->size;
    coding->body = body.offset;
    /* Pages are filled with entries of two pointers (x86: of eight bytes). */
    return known && (entry->size == 8 || entry->size == 16) &&
           coding->object.offset + vm_pointer_size(target->vm) <= entry->size &&
           coding->access.offset + 4 <= entry->size;
}

/* ---- opening ---- */

static unsigned leaf_entries(const struct handle_table *table) {
    return HANDLE_PAGE / table->coding.entry_size;
}

static uint64_t pointers(const struct handle_table *table) {
    return HANDLE_PAGE / vm_pointer_size(table->target->vm);
}

/* How many handles tables of that many levels have room for, as a bound on what is walked. */
static uint64_t capacity(const struct handle_table *table) {
    uint64_t handles = 4 * (uint64_t)leaf_entries(table);
    for (unsigned level = 1; level < table->levels; level++)
        handles *= pointers(table);
    return handles < HANDLE_LIMIT ? handles : HANDLE_LIMIT;
}

void handle_table_open(const struct target *target, uint64_t table, struct handle_table *opened) {
    *opened = (struct handle_table){.target = target, .address = table};
    opened->absent = !resolve(target, &opened->coding);
    if (opened->absent || table == 0)
        return;
    struct field_read code = target_read_field(target, table, "_HANDLE_TABLE", "TableCode");
    struct field_read limit =
        target_read_field(target, table, "_HANDLE_TABLE", "NextHandleNeedingPool");
    opened->absent = code.absent || limit.absent;
    if (opened->absent)
        return;
    opened->state = code.state != READ_PRESENT ? code.state : limit.state;
    if (opened->state != READ_PRESENT)
        return;
    opened->levels = 1 + (unsigned)(code.value & LEVEL_BITS);
    opened->root = code.value & ~(uint64_t)LEVEL_BITS;
    if (opened->levels > LEVEL_MOST + 1 || opened->root < first_kernel_address(target->vm)) {
        opened->state = READ_BAD_VALUE;
        return;
    }
    opened->limit = limit.value < capacity(opened) ? limit.value : capacity(opened);
}

void handle_table_of_process(const struct target *target, uint64_t process,
                             struct handle_table *opened) {
    struct field_read table = target_read_field(target, process, "_EPROCESS", "ObjectTable");
    bool is_read = !table.absent && table.state == READ_PRESENT;
    handle_table_open(target, is_read ? table.value : 0, opened);
    opened->absent |= table.absent;
    if (!table.absent && !is_read)
        opened->state = table.state;
}

void handle_table_of_kernel(const struct target *target, struct handle_table *opened) {
    uint64_t address, table;
    if (target_symbol(target, "ObpKernelHandleTable", &address) &&
        vm_read_pointer(target->vm, address, &table) == READ_PRESENT && table) {
        handle_table_open(target, table, opened);
        return;
    }
    uint64_t system = process_system(target);
    if (system) {
        handle_table_of_process(target, system, opened);
        return;
    }
    handle_table_open(target, 0, opened);
    opened->state = READ_BAD_VALUE;
}

void handle_table_of_ids(const struct target *target, struct handle_table *opened) {
    uint64_t address, table = 0;
    enum read_state state = READ_BAD_VALUE;
    if (target_global(target, "PspCidTable", &address))
        state = vm_read_pointer(target->vm, address, &table);
    handle_table_open(target, table, opened);
    opened->coding.body = 0;
    if (table == 0)
        opened->state = state == READ_PRESENT ? READ_BAD_VALUE : state;
}

/* ---- entries ---- */

/* Bits of the address that a packed entry leaves out are those below; x64 keeps 48 bits of it, the
 * last of which is repeated above. */
static uint64_t unpack(const struct handle_table *table, uint64_t packed) {
    unsigned length = table->coding.object.bit_length;
    unsigned width = vm_pointer_size(table->target->vm) == 8 ? 48 : 32;
    uint64_t address = length < width ? packed << (width - length) : packed;
    return width == 48 ? (uint64_t)((int64_t)(address << 16) >> 16) : address;
}

static uint64_t bits_of(uint64_t word, const struct field *field) {
    word >>= field->bit_position;
    return field->bit_length && field->bit_length < 64
               ? word & (((uint64_t)1 << field->bit_length) - 1)
               : word;
}

/* x64 has all three attributes in one bit-field, x86 the first beside the access. */
static unsigned packed_attributes(const struct handle_coding *coding, uint64_t word,
                                  uint64_t access) {
    unsigned attributes = (unsigned)bits_of(word, &coding->attributes);
    if (!coding->has_protect)
        return attributes;
    return (attributes << 1 & (HANDLE_INHERIT | HANDLE_AUDIT)) |
           (bits_of(access, &coding->protect) ? HANDLE_PROTECT_CLOSE : 0);
}

static void decode(const struct handle_table *table, const uint8_t *bytes,
                   struct handle_entry *entry) {
    const struct handle_coding *coding = &table->coding;
    unsigned width = vm_pointer_size(table->target->vm);
    uint64_t word = load_integer(bytes + coding->object.offset, width);
    uint64_t access = load_u32(bytes + coding->access.offset);
    uint64_t header;
    if (coding->is_packed) {
        header = unpack(table, bits_of(word, &coding->object));
        entry->attributes = packed_attributes(coding, word, access);
        entry->granted_access = (uint32_t)bits_of(access, &coding->access);
    } else {
        header = word & ~(uint64_t)OBJECT_FLAGS;
        entry->attributes = (unsigned)word & (HANDLE_INHERIT | HANDLE_AUDIT);
        entry->attributes |= access & OLD_PROTECT_CLOSE ? HANDLE_PROTECT_CLOSE : 0;
        entry->granted_access = (uint32_t)access & ~(uint32_t)OLD_PROTECT_CLOSE;
    }
    entry->object = header ? header + coding->body : 0;
    if (header && (header < first_kernel_address(table->target->vm) ||
                   !vm_is_canonical(table->target->vm, header) || entry->object < header))
        entry->state = READ_BAD_VALUE;
}

/* Follows the levels above to the page of entries with that number; 0 where none was made. */
static enum read_state find_leaf(const struct handle_table *table, uint64_t leaf,
                                 uint64_t *address) {
    unsigned width = vm_pointer_size(table->target->vm);
    uint64_t numbers[LEVEL_MOST] = {leaf % pointers(table), leaf / pointers(table)};
    *address = table->root;
    for (unsigned level = table->levels - 1; level > 0; level--) {
        if (numbers[level - 1] >= pointers(table))
            return READ_BAD_VALUE;
        enum read_state state =
            vm_read_pointer(table->target->vm, *address + width * numbers[level - 1], address);
        if (state != READ_PRESENT || *address == 0)
            return state;
        if (*address < first_kernel_address(table->target->vm))
            return READ_BAD_VALUE;
    }
    return READ_PRESENT;
}

bool handle_table_lookup(const struct handle_table *table, uint64_t handle,
                         struct handle_entry *entry) {
    uint8_t bytes[16];
    handle &= ~(uint64_t)HANDLE_TAGS;
    *entry = (struct handle_entry){.handle = handle, .state = table->state};
    if (table->absent || table->address == 0 || table->state != READ_PRESENT ||
        handle >= table->limit)
        return false;
    uint64_t leaf = handle / 4 / leaf_entries(table), position = handle / 4 % leaf_entries(table);
    entry->state = find_leaf(table, leaf, &entry->address);
    /* The first entry of a page holds no handle (_HANDLE_TABLE_ENTRY_INFO hangs there). */
    if (entry->state != READ_PRESENT || entry->address == 0 || position == 0) {
        entry->address = 0;
        return false;
    }
    entry->address += position * table->coding.entry_size;
    entry->state =
        vm_read(table->target->vm, entry->address, bytes, table->coding.entry_size, NULL);
    if (entry->state == READ_PRESENT)
        decode(table, bytes, entry);
    return entry->state == READ_PRESENT && entry->object != 0;
}

/* ---- walking ---- */

/* Reads the next page of entries that can be read; false where none is left. */
static bool next_page(struct handle_walk *walk) {
    const struct handle_table *table = walk->table;
    uint64_t entries = leaf_entries(table);
    for (; walk->leaf * entries * 4 < table->limit; walk->leaf++) {
        enum read_state state = find_leaf(table, walk->leaf, &walk->address);
        walk->looked++;
        if (state == READ_PRESENT && walk->address == 0)
            continue;
        if (state == READ_PRESENT)
            state = vm_read(table->target->vm, walk->address, walk->entries, HANDLE_PAGE, NULL);
        walk->pages += state == READ_PRESENT;
        if (state == READ_PRESENT && walk->met && !address_set_add(walk->met, walk->address))
            state = READ_BAD_VALUE;
        if (state != READ_PRESENT) {
            walk->unreadable[state]++;
            continue;
        }
        uint64_t left = table->limit / 4 - walk->leaf * entries;
        walk->held = (unsigned)(left < entries ? left : entries);
        walk->position = 1;
        walk->leaf++;
        return true;
    }
    return false;
}

bool handle_walk_next(struct handle_walk *walk, struct handle_entry *entry) {
    const struct handle_table *table = walk->table;
    if (table->absent || table->address == 0 || table->state != READ_PRESENT)
        return false;
    for (;;) {
        while (walk->position < walk->held) {
            unsigned position = walk->position++;
            size_t offset = (size_t)position * table->coding.entry_size;
            *entry = (struct handle_entry){
                .handle = 4 * ((walk->leaf - 1) * leaf_entries(table) + position),
                .address = walk->address + offset};
            decode(table, walk->entries + offset, entry);
            if (entry->object)
                return true;
        }
        if (!next_page(walk))
            return false;
    }
}

/* ---- a value passed to a system call ---- */

/* The kernel passes its own handles with the bits above the 31st set as well. */
static bool is_kernel_handle(const struct target *target, uint64_t handle) {
    return vm_pointer_size(target->vm) == 8 ? handle >= 0xffffffff80000000 : handle >= 0x80000000;
}

bool handle_lookup(const struct target *target, uint64_t process, uint64_t handle,
                   struct handle_entry *entry) {
    struct handle_table table;
    int64_t number = vm_pointer_size(target->vm) == 8 ? (int64_t)handle : (int32_t)handle;
    if (number < 0 && number >= FIRST_PSEUDO_HANDLE) {
        *entry = (struct handle_entry){.is_pseudo = true, .object = number == -1 ? process : 0};
        return entry->object != 0;
    }
    bool is_kernel = is_kernel_handle(target, handle);
    if (is_kernel)
        handle_table_of_kernel(target, &table);
    else
        handle_table_of_process(target, process, &table);
    bool found = handle_table_lookup(&table, is_kernel ? handle & 0x7fffffff : handle, entry);
    entry->is_kernel = is_kernel;
    return found;
}
