/* process_signature.c - `signature_level_name` of a process, and of the images that it may load. */
#include "analyses/process_layers.h"
#include "base/memory.h"

/* winnt.h: SE_SIGNING_LEVEL_*; where a number has two names, the one that says what it is for. The
 * low four bits of the byte hold it. */
#define LEVEL_MASK 0xf
static const char *const levels[LEVEL_MASK + 1] = {
    "SE_SIGNING_LEVEL_UNCHECKED",    "SE_SIGNING_LEVEL_UNSIGNED",
    "SE_SIGNING_LEVEL_ENTERPRISE",   "SE_SIGNING_LEVEL_DEVELOPER",
    "SE_SIGNING_LEVEL_AUTHENTICODE", "SE_SIGNING_LEVEL_CUSTOM_2",
    "SE_SIGNING_LEVEL_STORE",        "SE_SIGNING_LEVEL_ANTIMALWARE",
    "SE_SIGNING_LEVEL_MICROSOFT",    "SE_SIGNING_LEVEL_CUSTOM_4",
    "SE_SIGNING_LEVEL_CUSTOM_5",     "SE_SIGNING_LEVEL_DYNAMIC_CODEGEN",
    "SE_SIGNING_LEVEL_WINDOWS",      "SE_SIGNING_LEVEL_CUSTOM_7",
    "SE_SIGNING_LEVEL_WINDOWS_TCB",  "SE_SIGNING_LEVEL_CUSTOM_6",
};

/* That the byte cannot be read is counted with its value. */
static void put_name(struct analysis_context *context, json_t *section, const char *key,
                     uint64_t process, const char *member) {
    struct field_read level = target_read_field(context->target, process, "_EPROCESS", member);
    if (level.absent)
        return;
    json_object_set_new(section, key,
                        level.state == READ_PRESENT ? json_string(levels[level.value & LEVEL_MASK])
                                                    : json_null());
}

void put_signature_levels(struct analysis_context *context, json_t *section, uint64_t process) {
    put_name(context, section, "signature_level_name", process, "SignatureLevel");
    put_name(context, section, "section_signature_level_name", process, "SectionSignatureLevel");
}
