/* triage.c - object `dump.triage`: exception, context, what ran, and what drivers left behind. */
#include "analyses/triage.h"

#include <stdio.h>

#include "analyses/sections.h"
#include "base/memory.h"
#include "kernel/fault.h"
#include "kernel/values.h"

/* ---- names ---- */

static void put_name(struct analysis_context *context, json_t *section, const char *key,
                     struct triage_name name) {
    struct text text;
    if (!name.bytes) {
        put_unreadable(context, section, key, READ_CUT_OFF);
        return;
    }
    text_init(&text);
    value_utf16(&text, name.bytes, name.length);
    json_object_set_new(section, key, json_stringn(text.data, text.length));
    text_deinit(&text);
}

/* As WinDbg's .enumtag prints it: the first three parts are numbers. */
static json_t *json_guid(const uint8_t guid[16]) {
    char text[40];
    snprintf(text, sizeof text,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", guid[3],
             guid[2], guid[1], guid[0], guid[5], guid[4], guid[7], guid[6], guid[8], guid[9],
             guid[10], guid[11], guid[12], guid[13], guid[14], guid[15]);
    return json_string(text);
}

/* ---- why the machine stopped ---- */

static json_t *fault_parameters(struct analysis_context *context, const struct fault *fault) {
    json_t *array = json_array();
    for (uint32_t i = 0; i < fault->parameter_count; i++)
        json_array_append_new(array, json_address(context->target, fault->parameters[i]));
    return array;
}

static json_t *fault_extract(struct analysis_context *context, const struct fault *fault) {
    const struct triage_driver *driver = fault_module(context->target, fault);
    json_t *json = json_object();
    json_object_set_new(json, "code", json_hex(fault->code));
    json_object_set_new(json, "address", json_address(context->target, fault->address));
    json_object_set_new(json, "found_by", json_string(fault->found_by));
    if (fault->has_record) {
        json_object_set_new(json, "flags", json_hex(fault->flags));
        json_object_set_new(json, "parameters", fault_parameters(context, fault));
    }
    if (driver) {
        put_name(context, json, "module", triage_base_name(driver->path));
        json_object_set_new(json, "offset", json_hex(fault->address - driver->base));
    }
    return json;
}

/* `exception` is the one that the bug check is about, and else the one of the header. */
static void put_exceptions(struct analysis_context *context, json_t *section) {
    struct fault of_header, of_bug_check;
    bool has_header = fault_of_header(context->target, &of_header);
    bool has_bug_check = fault_of_bug_check(context->target, &of_bug_check);
    if (has_header)
        json_object_set_new(section, "header_exception", fault_extract(context, &of_header));
    if (has_bug_check || has_header)
        json_object_set_new(section, "exception",
                            fault_extract(context, has_bug_check ? &of_bug_check : &of_header));
}

static void put_context(struct analysis_context *context, json_t *section) {
    struct fault_register registers[FAULT_REGISTERS_MOST];
    size_t count = fault_registers(context->target, registers);
    if (!count)
        return;
    json_t *json = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(json, registers[i].name,
                            registers[i].is_address
                                ? json_address(context->target, registers[i].value)
                                : json_hex(registers[i].value));
    json_object_set_new(section, "context", json);
}

/* ---- lists ---- */

static json_t *unloaded(struct analysis_context *context, const struct triage *triage) {
    json_t *array = json_array();
    for (size_t i = 0; i < triage->unloaded_count; i++) {
        const struct triage_unloaded *driver = &triage->unloaded[i];
        json_t *json = json_object();
        put_name(context, json, "name", driver->name);
        json_object_set_new(json, "start", json_address(context->target, driver->start));
        json_object_set_new(json, "end", json_address(context->target, driver->end));
        json_array_append_new(array, json);
    }
    return array;
}

static json_t *secondary_data(const struct triage *triage) {
    json_t *array = json_array();
    for (size_t i = 0; i < triage->blob_count; i++) {
        json_t *json = json_object();
        json_object_set_new(json, "guid", json_guid(triage->blobs[i].tag));
        json_object_set_new(json, "size", json_integer((json_int_t)triage->blobs[i].size));
        json_array_append_new(array, json);
    }
    return array;
}

/* ---- counts ---- */

/* The count that the header gives; how many of them the file holds, where these are fewer. */
static void put_count(json_t *section, const char *key, const char *present_key, uint32_t promised,
                      size_t present) {
    json_object_set_new(section, key, json_integer((json_int_t)promised));
    if (present < promised)
        json_object_set_new(section, present_key, json_integer((json_int_t)present));
}

static void put_counts(struct analysis_context *context, json_t *section,
                       const struct triage *triage) {
    put_count(section, "data_blocks", "data_blocks_present", triage->blocks_promised,
              triage->blocks_present);
    put_count(section, "drivers", "drivers_present", triage->drivers_promised,
              triage->driver_count);
    if (triage->blocks_present < triage->blocks_promised)
        coverage_partial(context, "data blocks lie outside the file");
    if (triage->driver_count < triage->drivers_promised)
        coverage_partial(context, "drivers lie outside the file, or are more than a machine has");
    if (triage->unloaded_count < triage->unloaded_promised)
        coverage_partial(context, "the list of unloaded drivers makes no sense");
    if (!triage->complete)
        coverage_partial(context, "the mark at the dump's end (TRGD) is missing");
}

static void put_current(struct analysis_context *context, json_t *section, const char *key,
                        uint64_t address) {
    put_value(context, section, key, address ? READ_PRESENT : READ_NOT_IN_DUMP, address,
              VALUE_ADDRESS);
}

json_t *triage_extract(struct analysis_context *context) {
    const struct target *target = context->target;
    const struct triage *triage = image_triage(target->image);
    if (!triage)
        return NULL;
    json_t *section = json_object();
    put_counts(context, section, triage);
    put_exceptions(context, section);
    put_context(context, section);
    put_current(context, section, "prcb", target->current.prcb);
    put_current(context, section, "thread", target->current.thread);
    put_current(context, section, "process", target->current.process);
    json_object_set_new(section, "unloaded_drivers", unloaded(context, triage));
    json_object_set_new(section, "secondary_data", secondary_data(triage));
    return section;
}

/* ---- modules ---- */

static json_t *module_of(struct analysis_context *context, const struct triage_driver *driver) {
    json_t *section = json_object();
    put_name(context, section, "name", triage_base_name(driver->path));
    put_name(context, section, "path", driver->path);
    json_object_set_new(section, "base", json_address(context->target, driver->base));
    json_object_set_new(section, "size", json_integer((json_int_t)driver->size));
    json_object_set_new(section, "timestamp", json_integer((json_int_t)driver->timestamp));
    struct pe_image image;
    pe_read(context->target->vm, driver->base, &image);
    if (image.has_pdb)
        json_object_set_new(section, "pdb", json_pdb(&image.pdb));
    else if (!image.pdb_absent)
        put_unreadable(context, section, "pdb", image.headers ? image.headers : image.pdb_state);
    return section;
}

json_t *triage_modules(struct analysis_context *context, const struct triage *triage) {
    json_t *section = json_array();
    coverage_partial(context, "from the list of drivers of a triage dump, which has names, bases, "
                              "sizes and time stamps; the images, and so their PDBs, are not in "
                              "the dump");
    for (size_t i = 0; i < triage->driver_count; i++)
        json_array_append_new(section, module_of(context, &triage->drivers[i]));
    return section;
}
