/*
 * exports.c - the export directory of an image: addresses by ordinal, names by name.
 *
 * Source: Microsoft, "PE Format", "The .edata Section".
 */
#include "kernel/exports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/bytes.h"
#include "kernel/values.h"

#define DIRECTORY_SIZE 40
#define NAME_MOST      4096 /* of a name and its NUL: compilers cut symbols at that length */
/* Names are disjoint in an honest image, and no real one has as many bytes of them. */
#define NAMES_MOST (16u << 20)
/* Ordinals are 16 bits wide, and names refer to them by 16 bits. */
#define ENTRIES_MOST 65536

/* IMAGE_EXPORT_DIRECTORY, as far as it is read. */
struct directory {
    uint32_t start, size; /* of all of it: an address in there is a forwarder's */
    uint32_t base;        /* the first ordinal */
    uint32_t function_count, name_count;
    uint32_t functions, names, ordinals; /* RVAs */
};

struct reading {
    struct vm *vm;
    const struct pe_image *image;
    struct directory directory;
    struct exports *exports;
    size_t capacity;
    size_t name_bytes; /* taken so far */
    bool *has_name;    /* by index of function */
};

static enum read_state read_rva(const struct reading *reading, uint64_t rva, void *bytes,
                                size_t length) {
    if (rva > reading->image->size || length > reading->image->size - rva)
        return READ_BAD_VALUE;
    return vm_read(reading->vm, reading->image->base + rva, bytes, length, NULL);
}

/* A string up to its NUL, page by page: the page behind its end need not be there. */
static enum read_state read_string(const struct reading *reading, uint64_t rva, char *string) {
    for (size_t done = 0; done < NAME_MOST;) {
        size_t part = IMAGE_PAGE_SIZE - (size_t)((rva + done) % IMAGE_PAGE_SIZE);
        if (part > 64)
            part = 64; /* most names are shorter */
        if (part > NAME_MOST - done)
            part = NAME_MOST - done;
        uint64_t left = rva + done < reading->image->size ? reading->image->size - rva - done : 0;
        if (part > left)
            part = (size_t)left;
        if (part == 0)
            return READ_BAD_VALUE;
        enum read_state state = read_rva(reading, rva + done, string + done, part);
        if (state != READ_PRESENT)
            return state;
        if (memchr(string + done, 0, part))
            return READ_PRESENT;
        done += part;
    }
    return READ_BAD_VALUE;
}

/* As text that can stand in a snapshot; the caller frees it. */
static enum read_state read_name(struct reading *reading, uint64_t rva, char **name) {
    char string[NAME_MOST];
    if (reading->name_bytes > NAMES_MOST)
        return READ_BAD_VALUE;
    enum read_state state = read_string(reading, rva, string);
    if (state != READ_PRESENT)
        return state;
    reading->name_bytes += strlen(string);
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    value_bytes(&text, (const uint8_t *)string, strlen(string));
    *name = text_take(&text);
    return READ_PRESENT;
}

static void add(struct reading *reading, struct export entry) {
    struct exports *exports = reading->exports;
    ARRAY_RESERVE(exports->items, exports->count, reading->capacity);
    exports->items[exports->count++] = entry;
}

static bool is_forwarder(const struct directory *directory, uint32_t rva) {
    return rva >= directory->start && rva - directory->start < directory->size;
}

/* Takes `name` over. `index` is of the function. */
static enum read_state add_function(struct reading *reading, uint32_t index, char *name,
                                    bool named) {
    uint8_t bytes[4];
    enum read_state state =
        read_rva(reading, reading->directory.functions + (uint64_t)index * 4, bytes, sizeof bytes);
    struct export entry = {.name = name, .rva = load_u32(bytes), .named = named};
    if (state == READ_PRESENT && (entry.rva == 0 || entry.rva >= reading->image->size))
        state = READ_BAD_VALUE;
    char *forwarder = NULL;
    if (state == READ_PRESENT && is_forwarder(&reading->directory, entry.rva))
        state = read_name(reading, entry.rva, &forwarder);
    entry.forwarder = forwarder;
    if (state == READ_PRESENT)
        add(reading, entry);
    else
        free(name);
    return state;
}

static enum read_state add_named(struct reading *reading, uint32_t index) {
    uint8_t rva[4], ordinal[2];
    const struct directory *directory = &reading->directory;
    enum read_state state =
        read_rva(reading, directory->names + (uint64_t)index * 4, rva, sizeof rva);
    if (state == READ_PRESENT)
        state =
            read_rva(reading, directory->ordinals + (uint64_t)index * 2, ordinal, sizeof ordinal);
    if (state != READ_PRESENT)
        return state;
    uint16_t function = load_u16(ordinal);
    if (function >= directory->function_count)
        return READ_BAD_VALUE;
    char *name;
    state = read_name(reading, load_u32(rva), &name);
    if (state != READ_PRESENT)
        return state;
    reading->has_name[function] = true;
    return add_function(reading, function, name, true);
}

/* An entry of the table that is zero is a number that the image leaves out. */
static bool is_left_out(const struct reading *reading, uint32_t index) {
    uint8_t rva[4];
    return read_rva(reading, reading->directory.functions + (uint64_t)index * 4, rva, sizeof rva) ==
               READ_PRESENT &&
           load_u32(rva) == 0;
}

static enum read_state add_unnamed(struct reading *reading, uint32_t index) {
    if (reading->has_name[index] || is_left_out(reading, index))
        return READ_PRESENT;
    return add_function(reading, index,
                        xasprintf("Ordinal%u", (unsigned)(reading->directory.base + index)), false);
}

static void read_entries(struct reading *reading) {
    const struct directory *directory = &reading->directory;
    size_t *unreadable = reading->exports->unreadable;
    reading->has_name = xcalloc(directory->function_count + 1, sizeof *reading->has_name);
    for (uint32_t i = 0; i < directory->name_count; i++)
        unreadable[add_named(reading, i)]++;
    for (uint32_t i = 0; i < directory->function_count; i++)
        unreadable[add_unnamed(reading, i)]++;
    unreadable[READ_PRESENT] = 0;
    free(reading->has_name);
}

/* A table that does not fit into the image is no table. */
static bool fits(const struct pe_image *image, uint32_t rva, uint32_t count, uint32_t size) {
    return count <= ENTRIES_MOST && rva <= image->size &&
           (uint64_t)count * size <= image->size - rva;
}

static enum read_state read_directory(struct reading *reading) {
    uint8_t bytes[DIRECTORY_SIZE];
    struct pe_directory where;
    struct directory *directory = &reading->directory;
    enum read_state state =
        pe_directory(reading->vm, reading->image->base, PE_DIRECTORY_EXPORT, &where);
    if (state != READ_PRESENT)
        return state;
    reading->exports->absent = where.rva == 0 || where.size == 0;
    if (reading->exports->absent)
        return READ_NOT_MAPPED;
    state = read_rva(reading, where.rva, bytes, sizeof bytes);
    if (state != READ_PRESENT)
        return state;
    *directory = (struct directory){.start = where.rva,
                                    .size = where.size,
                                    .base = load_u32(bytes + 16),
                                    .function_count = load_u32(bytes + 20),
                                    .name_count = load_u32(bytes + 24),
                                    .functions = load_u32(bytes + 28),
                                    .names = load_u32(bytes + 32),
                                    .ordinals = load_u32(bytes + 36)};
    bool whole = fits(reading->image, directory->functions, directory->function_count, 4) &&
                 fits(reading->image, directory->names, directory->name_count, 4) &&
                 fits(reading->image, directory->ordinals, directory->name_count, 2);
    return whole ? READ_PRESENT : READ_BAD_VALUE;
}

/* ---- order ---- */

static int by_address(const void *left, const void *right) {
    const struct export *a = left, *b = right;
    if (!a->forwarder != !b->forwarder)
        return a->forwarder ? 1 : -1;
    if (a->rva != b->rva)
        return a->rva < b->rva ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int by_name(const void *left, const void *right, void *items) {
    const struct export *exports = items;
    const struct export *a = &exports[*(const size_t *)left], *b = &exports[*(const size_t *)right];
    int order = strcmp(a->name, b->name);
    return order ? order : (a > b) - (a < b);
}

static void sort(struct exports *exports) {
    if (exports->count == 0)
        return;
    qsort(exports->items, exports->count, sizeof *exports->items, by_address);
    exports->by_name = xreallocarray(NULL, exports->count, sizeof *exports->by_name);
    for (size_t i = 0; i < exports->count; i++)
        exports->by_name[i] = i;
    while (exports->direct < exports->count && !exports->items[exports->direct].forwarder)
        exports->direct++;
    qsort_r(exports->by_name, exports->count, sizeof *exports->by_name, by_name, exports->items);
}

void exports_read(struct vm *vm, const struct pe_image *image, struct exports *exports) {
    *exports = (struct exports){.state = image->headers};
    struct reading reading = {.vm = vm, .image = image, .exports = exports};
    if (exports->state == READ_PRESENT)
        exports->state = read_directory(&reading);
    if (exports->state == READ_PRESENT)
        read_entries(&reading);
    sort(exports);
}

void exports_deinit(struct exports *exports) {
    for (size_t i = 0; i < exports->count; i++) {
        free((char *)exports->items[i].name);
        free((char *)exports->items[i].forwarder);
    }
    free(exports->items);
    free(exports->by_name);
    *exports = (struct exports){0};
}

/* ---- look-up ---- */

const struct export *exports_find(const struct exports *exports, const char *name) {
    size_t low = 0;
    for (size_t high = exports->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(exports->items[exports->by_name[middle]].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == exports->count)
        return NULL;
    const struct export *found = &exports->items[exports->by_name[low]];
    return strcmp(found->name, name) == 0 ? found : NULL;
}

/* How many direct exports start below `rva`. */
static size_t count_below(const struct exports *exports, uint64_t rva) {
    size_t low = 0;
    for (size_t high = exports->direct; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (exports->items[middle].rva < rva)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct export *exports_below(const struct exports *exports, uint32_t rva) {
    size_t count = count_below(exports, (uint64_t)rva + 1);
    if (count == 0)
        return NULL;
    return &exports->items[count_below(exports, exports->items[count - 1].rva)];
}
