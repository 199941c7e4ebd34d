/*
 * fault.c - exception records and contexts of triage dumps.
 *
 * Sources: EXCEPTION_RECORD64, CONTEXT and ARM64_NT_CONTEXT in winnt.h; the parameters of bug
 * checks in Microsoft's "Bug Check Code Reference"; names of codes in ntstatus.h.
 */
#include "kernel/fault.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"

enum {
    RECORD_SIZE = 0x98,
    RECORD_CODE = 0x0,
    RECORD_FLAGS = 0x4,
    RECORD_ADDRESS = 0x10,
    RECORD_PARAMETER_COUNT = 0x18,
    RECORD_PARAMETERS = 0x20,
    MINIDUMP_BUG_CHECK = 0x10000000, /* set in a code by the handler of system threads */
};

static uint32_t get_u32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return le32toh(value);
}

static uint64_t get_u64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return le64toh(value);
}

/* ---- exceptions ---- */

/* A header is filled with "PAGE" before it is written: a count that still holds that is none. */
static void take_record(const uint8_t *bytes, const char *found_by, struct fault *fault) {
    *fault = (struct fault){.found_by = found_by,
                            .code = get_u32(bytes + RECORD_CODE),
                            .address = get_u64(bytes + RECORD_ADDRESS),
                            .has_record = true,
                            .flags = get_u32(bytes + RECORD_FLAGS),
                            .parameter_count = get_u32(bytes + RECORD_PARAMETER_COUNT)};
    if (fault->parameter_count > FAULT_PARAMETERS_MOST)
        fault->parameter_count = 0;
    for (uint32_t i = 0; i < fault->parameter_count; i++)
        fault->parameters[i] = get_u64(bytes + RECORD_PARAMETERS + 8 * i);
}

bool fault_of_header(const struct target *target, struct fault *fault) {
    const struct triage *triage = image_triage(target->image);
    uint8_t bytes[RECORD_SIZE];
    if (!triage || !triage_read(target->image, &triage->exception, 0, bytes, sizeof bytes) ||
        memcmp(bytes, "PAGE", 4) == 0)
        return false;
    take_record(bytes, "DUMP_HEADER.Exception", fault);
    return true;
}

/* Bug checks about an exception: their first parameter is its code, the second its address. */
static const struct {
    uint32_t code;
    bool has_record; /* the third is the address of the EXCEPTION_RECORD */
} exception_checks[] = {
    {0x1e, false}, /* KMODE_EXCEPTION_NOT_HANDLED */
    {0x3b, false}, /* SYSTEM_SERVICE_EXCEPTION */
    {0x7e, true},  /* SYSTEM_THREAD_EXCEPTION_NOT_HANDLED */
    {0x8e, false}, /* KERNEL_MODE_EXCEPTION_NOT_HANDLED */
};

static const struct image_field *parameters_field(const struct target *target) {
    const struct image_info *info = image_info(target->image);
    for (size_t i = 0; i < info->field_count; i++) {
        if (strcmp(info->fields[i].name, "BugCheckParameters") == 0)
            return &info->fields[i];
    }
    return NULL;
}

/* A record that contradicts the parameters is not the one they mean. */
static bool take_record_at(const struct target *target, uint64_t address, struct fault *fault) {
    uint8_t bytes[RECORD_SIZE];
    struct fault found;
    if (vm_read(target->vm, address, bytes, sizeof bytes, NULL) != READ_PRESENT)
        return false;
    take_record(bytes, "BugCheckParameter3", &found);
    if (found.code != fault->code || found.address != fault->address)
        return false;
    *fault = found;
    return true;
}

bool fault_of_bug_check(const struct target *target, struct fault *fault) {
    uint64_t code = 0;
    const struct image_field *field = parameters_field(target);
    if (!image_is_virtual(target->image) || !field ||
        !image_header_value(target->image, "BugCheckCode", &code))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(exception_checks); i++) {
        if (exception_checks[i].code != (code & ~(uint64_t)MINIDUMP_BUG_CHECK))
            continue;
        *fault = (struct fault){.found_by = "BugCheckParameters",
                                .code = (uint32_t)image_field_value(target->image, field, 0),
                                .address = image_field_value(target->image, field, 1)};
        if (exception_checks[i].has_record)
            take_record_at(target, image_field_value(target->image, field, 2), fault);
        return true;
    }
    return false;
}

const struct triage_driver *fault_module(const struct target *target, const struct fault *fault) {
    const struct triage *triage = image_triage(target->image);
    return triage ? triage_driver_at(triage, fault->address) : NULL;
}

const char *fault_code_name(uint32_t code) {
    static const struct {
        uint32_t code;
        const char *name;
    } names[] = {
        {0x80000002, "Data misaligned"},
        {0x80000003, "Break instruction exception"},
        {0x80000004, "Single step"},
        {0xc0000005, "Access violation"},
        {0xc0000006, "In-page I/O error"},
        {0xc000001d, "Illegal instruction"},
        {0xc0000094, "Integer divide-by-zero"},
        {0xc0000095, "Integer overflow"},
        {0xc0000096, "Privileged instruction"},
        {0xc00000fd, "Stack overflow"},
        {0xc0000409, "Security check failure or stack buffer overrun"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (names[i].code == code)
            return names[i].name;
    }
    return NULL;
}

/* ---- registers ---- */

struct register_layout {
    const char *name;
    uint16_t offset;
    uint8_t size; /* bytes; 0 ends the table */
};

static const struct context_layout {
    uint16_t machine; /* of the PE format */
    uint16_t flags;   /* offset of ContextFlags */
    struct register_layout registers[FAULT_REGISTERS_MOST + 1];
} contexts[] = {
    {0x8664, 0x30, {{"rip", 0xf8, 8}, {"rsp", 0x98, 8}, {"rbp", 0xa0, 8}, {"eflags", 0x44, 4}}},
    {0xaa64,
     0x0,
     {{"pc", 0x108, 8}, {"sp", 0x100, 8}, {"fp", 0xf0, 8}, {"lr", 0xf8, 8}, {"cpsr", 0x4, 4}}},
};

static const struct context_layout *context_layout(const struct target *target) {
    uint64_t machine = 0;
    image_header_value(target->image, "MachineImageType", &machine);
    for (size_t i = 0; i < ARRAY_LENGTH(contexts); i++) {
        if (contexts[i].machine == machine)
            return &contexts[i];
    }
    return NULL;
}

size_t fault_registers(const struct target *target,
                       struct fault_register registers[FAULT_REGISTERS_MOST]) {
    const struct triage *triage = image_triage(target->image);
    const struct context_layout *layout = context_layout(target);
    uint8_t bytes[8];
    size_t count = 0;
    if (!triage || !layout ||
        !triage_read(target->image, &triage->context, layout->flags, bytes, 4) ||
        memcmp(bytes, "PAGE", 4) == 0)
        return 0;
    for (const struct register_layout *row = layout->registers; row->size; row++) {
        if (!triage_read(target->image, &triage->context, row->offset, bytes, row->size))
            break;
        registers[count++] = (struct fault_register){
            row->name, row->size == 8 ? get_u64(bytes) : get_u32(bytes), row->size == 8};
    }
    return count;
}
