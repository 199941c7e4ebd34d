/* process_bits.c - the bits of _EPROCESS that are tracked, and what two sections show alike. */
#include "analyses/sections.h"
#include "base/text.h"

static const char *const names[] = {
    "AltSyscall",
    "AuxiliaryProcess",
    "BreakOnTermination",
    "ControlFlowGuardEnabled",
    "Crashed",
    "CreateReported",
    "DisallowUserTerminate",
    "ExitProcessReported",
    "HasAddressSpace",
    "ImageNotifyDone",
    "InPrivate",
    "JobNotReallyActive",
    "Minimal",
    "NewProcessReported",
    "NoDebugInherit",
    "PicoCreated",
    "PrimaryTokenFrozen",
    "ProcessDelete",
    "ProcessExiting",
    "ProcessInSession",
    "ProcessInserted",
    "ProcessRundown",
    "ProcessSelfDelete",
    "ProtectedProcess",
    "SubsystemProcess",
    "SystemProcess",
    "VmDeleted",
    "VmProcessorHost",
    "Wow64VaSpace4Gb",
};

_Static_assert(sizeof names / sizeof *names <= PROCESS_BITS_MOST, "room for all bits");

void process_bits_resolve(const struct target *target, struct process_bits *bits) {
    bits->count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct member member = {.key = names[i], .path = names[i], .form = VALUE_INTEGER};
        members_resolve(target, "_EPROCESS", &member, 1);
        if (member.present && member.field.bit_length == 1)
            bits->members[bits->count++] = member;
    }
}

json_t *process_bits_extract(struct analysis_context *context, const struct process_bits *bits,
                             uint64_t process) {
    json_t *json = json_object();
    for (size_t i = 0; i < bits->count; i++)
        put_member(context, json, process, &bits->members[i]);
    return json;
}

void put_process_name(struct analysis_context *context, json_t *section, uint64_t process) {
    struct text name;
    text_init(&name);
    enum read_state state = process_name(context->target, process, &name);
    if (state == READ_PRESENT)
        json_object_set_new(section, "name", json_stringn(name.data, name.length));
    else
        put_unreadable(context, section, "name", state);
    text_deinit(&name);
}

void put_inserted(struct analysis_context *context, json_t *section, uint64_t process) {
    put_field(context, section, "inserted", process, "_EPROCESS", "ProcessInserted", VALUE_BOOLEAN);
}
