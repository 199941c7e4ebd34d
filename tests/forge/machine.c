/*
 * machine.c - writing members, lists, objects and strings into the machine that is being forged.
 */
#include "machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

bool has_kva_shadow(const struct machine *machine) {
    return json_is_true(json_object_get(machine->scenario, "kva_shadow"));
}

bool has_all_runs(const struct machine *machine) {
    return machine->dump_type == 1 || machine->dump_type == 10;
}

bool has_user_pages(const struct machine *machine) {
    return has_all_runs(machine) || machine->dump_type == 5 || machine->dump_type == 9;
}

static uint64_t with_bits(uint64_t word, const struct member *member, uint64_t value) {
    uint64_t mask = (member->length < 64 ? (1ull << member->length) : 0) - 1;
    return (word & ~(mask << member->position)) | (value & mask) << member->position;
}

bool set(struct machine *machine, uint64_t object, const char *type, const char *path,
         uint64_t value) {
    struct member member;
    if (!layout_member(machine->layout, type, path, &member))
        return false;
    uint64_t address = object + member.offset;
    if (member.size == 0 || member.size > 8)
        die("%s.%s is no number", type, path);
    if (member.length)
        value = with_bits(memory_get(&machine->memory, address, member.size), &member, value);
    memory_put(&machine->memory, address, value, member.size);
    return true;
}

void must_set(struct machine *machine, uint64_t object, const char *type, const char *path,
              uint64_t value) {
    if (!set(machine, object, type, path, value))
        die("the layout has no %s.%s", type, path);
}

uint64_t field(const struct machine *machine, uint64_t object, const char *type, const char *path) {
    return object + layout_offset(machine->layout, type, path);
}

void put64(struct machine *machine, uint64_t address, uint64_t value) {
    memory_put(&machine->memory, address, value, 8);
}

void put_pointer(struct machine *machine, uint64_t address, uint64_t value) {
    memory_put(&machine->memory, address, value, machine->pointer_size);
}

uint64_t get_pointer(struct machine *machine, uint64_t address) {
    return memory_get(&machine->memory, address, machine->pointer_size);
}

void link_entry(struct machine *machine, uint64_t entry, uint64_t flink, uint64_t blink) {
    put_pointer(machine, entry, flink);
    put_pointer(machine, entry + machine->pointer_size, blink);
}

void link_ring(struct machine *machine, uint64_t head, const uint64_t *entries, size_t count) {
    if (!count) {
        link_entry(machine, head, head, head);
        return;
    }
    link_entry(machine, head, entries[0], entries[count - 1]);
    for (size_t i = 0; i < count; i++)
        link_entry(machine, entries[i], i + 1 < count ? entries[i + 1] : head,
                   i ? entries[i - 1] : head);
}

void remember_global(struct machine *machine, const char *name, uint64_t address) {
    json_object_set_new(machine->globals, name, address_text(machine, address));
}

uint64_t global(struct machine *machine, const char *name, uint64_t size) {
    const json_t *used = json_object_get(machine->globals, name);
    if (used)
        return number_of(used, name);
    const json_t *kernel = json_object_get(machine->scenario, "kernel");
    const json_t *given = json_object_get(json_object_get(kernel, "symbols"), name);
    uint64_t address = given ? number_of(given, name) : ALIGN_UP(machine->scratch, 0x10);
    if (!given)
        machine->scratch = address + size;
    uint64_t rva = address - machine->kernel_base;
    if (address < machine->kernel_base || rva + size > machine->kernel_size)
        die("%s at 0x%" PRIx64 " is not in the kernel", name, address);
    memory_claim(&machine->memory, address, size, name);
    remember_global(machine, name, address);
    return address;
}

uint64_t pool_take(struct machine *machine, struct pool *pool, uint64_t size, uint64_t alignment,
                   const char *what) {
    uint64_t address = ALIGN_UP(pool->next, alignment);
    pool->next = address + size;
    memory_map(&machine->memory, address, size, pool->kind);
    memory_claim(&machine->memory, address, size, what);
    return address;
}

/* ASCII to UTF-16LE; scenarios use nothing else. */
void write_unicode_as(struct machine *machine, uint64_t where, const char *text, struct pool *pool,
                      unsigned pointer) {
    size_t length = strlen(text);
    uint8_t wide[1024] = {0};
    if (2 * length + 2 > sizeof wide)
        die("\"%s\" is too long", text);
    for (size_t i = 0; i < length; i++)
        wide[2 * i] = (uint8_t)text[i];
    uint64_t buffer = pool_take(machine, pool, 2 * length + 2, 0x10, "a string");
    memory_write(&machine->memory, buffer, wide, 2 * length + 2);
    memory_put(&machine->memory, where, 2 * length, 2);
    memory_put(&machine->memory, where + 2, 2 * length + 2, 2);
    memory_put(&machine->memory, where + pointer, buffer, pointer);
}

void write_unicode(struct machine *machine, uint64_t where, const char *text, struct pool *pool) {
    write_unicode_as(machine, where, text, pool, machine->pointer_size);
}

json_t *hex(uint64_t value) {
    return json_sprintf("0x%" PRIx64, value);
}

json_t *address_text(const struct machine *machine, uint64_t value) {
    return json_sprintf("0x%0*" PRIx64, (int)machine->pointer_size * 2, value);
}
