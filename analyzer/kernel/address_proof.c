/* address_proof.c - published addresses of globals against the RVAs of symbols. */
#include "kernel/address_proof.h"

#include <string.h>

#include "base/memory.h"

/* Members whose value is the address of another global than the one they are named after, in real
 * blocks of 17763 and 19041. */
static const struct {
    const char *member;
    const char *symbol;
} others[] = {{"NtBuildLab", "NtBuildLabEx"}, {"KeLoaderBlock", "KdpLoaderDebuggerBlock"}};

static bool is_at(const struct symbols *symbols, const char *name, uint64_t rva) {
    uint64_t found;
    return symbols_rva(symbols, name, &found) && found == rva;
}

/* `*known`: the symbols have a global of that name. */
static bool agrees(const struct symbols *symbols, const char *name, uint64_t rva, bool *known) {
    uint64_t found;
    *known = symbols_rva(symbols, name, &found);
    if (!*known || found == rva)
        return *known;
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        if (strcmp(others[i].member, name) == 0 && is_at(symbols, others[i].symbol, rva))
            return true;
    }
    return false;
}

size_t address_proof(const struct target *target, const struct symbols *symbols) {
    const struct pe_image *kernel = &target->kernel;
    size_t count = 0;
    uint64_t value;
    bool known;
    for (const struct kdbg_field *field = kdbg_fields; field->name; field++) {
        if (field->size != 8 || !kdbg_value(&target->kdbg, field->name, &value) ||
            value <= kernel->base || value - kernel->base >= kernel->size)
            continue;
        if (agrees(symbols, field->name, value - kernel->base, &known))
            count++;
        else if (known)
            return 0;
    }
    if (count && image_header_value(target->image, "KdDebuggerDataBlock", &value)) {
        if (!agrees(symbols, "KdDebuggerDataBlock", value - kernel->base, &known) && known)
            return 0;
        count += known;
    }
    return count;
}
