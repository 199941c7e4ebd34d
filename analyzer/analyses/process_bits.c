/* process_bits.c - the bits of _EPROCESS that are tracked, bits by name, and what two sections show
 * alike. */
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

static bool is_bit_of(const struct field *field, const struct field *word) {
    return field->offset == word->offset && field->bit_length == 1 && field->bit_position < 32;
}

/* The bit-fields of one bit that lie in the word are its bits; NULL where there are none. */
static json_t *names_of_bits(const struct type *type, const struct field *word, uint64_t value) {
    json_t *array = NULL;
    for (size_t i = 0; i < type->count; i++) {
        const struct field *bit = &type->fields[i];
        if (!is_bit_of(bit, word))
            continue;
        if (!array)
            array = json_array();
        if (value >> bit->bit_position & 1)
            json_array_append_new(array, json_string(bit->name));
    }
    return array;
}

void put_bits_set(struct analysis_context *context, json_t *section, const char *key,
                  uint64_t object, const char *type, const char *word) {
    const struct symbols *symbols = context->target->symbols;
    const struct type *described = symbols_type(symbols, type);
    struct field field;
    if (!described || !symbols_field(symbols, type, word, &field))
        return;
    struct field_read read = target_read_member(context->target, object, &field);
    json_t *names = names_of_bits(described, &field, read.value);
    if (names && read.state == READ_PRESENT)
        json_object_set(section, key, names);
    else if (names)
        put_unreadable(context, section, key, read.state);
    json_decref(names);
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
