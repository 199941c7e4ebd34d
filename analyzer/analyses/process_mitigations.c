/* process_mitigations.c - `mitigations` of a process: which bits of its words are set. */
#include <string.h>

#include "analyses/process_layers.h"
#include "base/memory.h"

/* From 16299 on; before, the bits are among those of Flags2 and Flags3 (see `bits`). */
static const char *const words[] = {"MitigationFlags", "MitigationFlags2", "MitigationFlags3"};

/* The bit-fields that lie in the word are its bits. */
static json_t *bits_set(const struct type *type, const struct field *word, uint64_t value) {
    json_t *names = json_array();
    for (size_t i = 0; i < type->count; i++) {
        const struct field *bit = &type->fields[i];
        if (bit->offset == word->offset && bit->bit_length == 1 && bit->bit_position < 32 &&
            value >> bit->bit_position & 1)
            json_array_append_new(names, json_string(bit->name));
    }
    return names;
}

void put_mitigations(struct analysis_context *context, json_t *section, uint64_t process) {
    const struct symbols *symbols = context->target->symbols;
    const struct type *type = symbols_type(symbols, "_EPROCESS");
    json_t *json = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        struct field word;
        if (!type || !symbols_field(symbols, "_EPROCESS", words[i], &word))
            continue;
        struct field_read read = target_read_member(context->target, process, &word);
        if (read.state == READ_PRESENT)
            json_object_set_new(json, words[i], bits_set(type, &word, read.value));
        else
            put_unreadable(context, json, words[i], read.state);
    }
    if (json_object_size(json))
        json_object_set(section, "mitigations", json);
    json_decref(json);
}
