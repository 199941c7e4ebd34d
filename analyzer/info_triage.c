/* info_triage.c - a triage dump's own header and exceptions, in the words of .dumpdebug and .exr.
 */
#include "info_triage.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "info.h"
#include "kernel/fault.h"
#include "kernel/values.h"

#define TRIAGE_NAME_WIDTH 24

void info_triage_header(struct text *text, const struct target *target) {
    const struct triage *triage = image_triage(target->image);
    if (!triage)
        return;
    text_puts(text, "TRIAGE_DUMP64:\n");
    for (size_t i = 0; i < triage->field_count; i++) {
        const struct image_field *field = &triage->fields[i];
        uint64_t value = image_field_value(target->image, field, 0);
        text_printf(text, "%-*s", TRIAGE_NAME_WIDTH, field->name);
        if (field->size == 8)
            info_put_quad(text, value);
        else
            text_printf(text, "%08" PRIx64, value);
        text_putc(text, '\n');
    }
    text_putc(text, '\n');
}

/* The driver's name without its ending: the module's name. */
static void put_module(struct text *text, const struct triage_driver *driver, uint64_t address) {
    AUTO(text_deinit) struct text name;
    text_init(&name);
    struct triage_name base = triage_base_name(driver->path);
    if (base.bytes)
        value_utf16(&name, base.bytes, base.length);
    const char *dot = strrchr(name.data, '.');
    int length = (int)(dot && dot != name.data ? (size_t)(dot - name.data) : name.length);
    text_printf(text, " (%.*s+0x%016" PRIx64 ")", length, name.data, address - driver->base);
}

static void put_record(struct text *text, const struct target *target, const struct fault *fault) {
    const struct triage_driver *driver = fault_module(target, fault);
    const char *code = fault_code_name(fault->code);
    text_printf(text, "ExceptionAddress: %016" PRIx64, fault->address);
    if (driver)
        put_module(text, driver, fault->address);
    text_printf(text, "\n   ExceptionCode: %08" PRIx32, fault->code);
    if (code)
        text_printf(text, " (%s)", code);
    if (fault->has_record) {
        text_printf(text, "\n  ExceptionFlags: %08" PRIx32 "\nNumberParameters: %" PRIu32,
                    fault->flags, fault->parameter_count);
        for (uint32_t i = 0; i < fault->parameter_count; i++)
            text_printf(text, "\n   Parameter[%" PRIu32 "]: %016" PRIx64, i, fault->parameters[i]);
    }
    text_puts(text, "\n\n");
}

static void put_registers(struct text *text, const struct target *target) {
    struct fault_register registers[FAULT_REGISTERS_MOST];
    size_t count = fault_registers(target, registers);
    for (size_t i = 0; i < count; i++)
        text_printf(text, "%s%s=%0*" PRIx64, i ? " " : "", registers[i].name,
                    registers[i].is_address ? 16 : 8, registers[i].value);
    if (count)
        text_puts(text, "\n\n");
}

void info_triage_fault(struct text *text, const struct target *target) {
    const struct triage *triage = image_triage(target->image);
    struct fault fault;
    if (!triage)
        return;
    text_printf(text, "%" PRIu32 " data blocks, %zu drivers, %zu unloaded, %zu secondary data\n\n",
                triage->blocks_present, triage->driver_count, triage->unloaded_count,
                triage->blob_count);
    if (fault_of_header(target, &fault)) {
        text_puts(text, "Exception in the header (.exr -1):\n");
        put_record(text, target, &fault);
    }
    if (fault_of_bug_check(target, &fault)) {
        text_printf(text, "Exception of the bug check (%s):\n", fault.found_by);
        put_record(text, target, &fault);
    }
    put_registers(text, target);
}
