/* process_mitigations.c - `mitigations` of a process: which bits of its words are set. */
#include "analyses/process_layers.h"
#include "base/memory.h"

/* From 16299 on; before, the bits are among those of Flags2 and Flags3 (see `bits`). */
static const char *const words[] = {"MitigationFlags", "MitigationFlags2", "MitigationFlags3"};

void put_mitigations(struct analysis_context *context, json_t *section, uint64_t process) {
    json_t *json = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        put_bits_set(context, json, words[i], process, "_EPROCESS", words[i]);
    if (json_object_size(json))
        json_object_set(section, "mitigations", json);
    json_decref(json);
}
