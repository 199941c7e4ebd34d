/* section.c - putting values into a section: their forms, and what stands where one is missing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyses/analysis.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/values.h"

/* ---- values as JSON ---- */

void address_print(const struct target *target, uint64_t address, char text[24]) {
    unsigned digits = image_info(target->image)->address_bits > 32 ? 16 : 8;
    char *at = text;
    while (digits < 16 && address >> 4 * digits)
        digits++;
    *at++ = '0';
    *at++ = 'x';
    while (digits--)
        *at++ = "0123456789abcdef"[address >> 4 * digits & 15];
    *at = '\0';
}

json_t *json_address(const struct target *target, uint64_t address) {
    char text[24];
    address_print(target, address, text);
    return json_string(text);
}

json_t *json_hex(uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, value);
    return json_string(text);
}

json_t *json_bytes(const uint8_t *bytes, size_t length) {
    struct text text;
    text_init(&text);
    value_bytes(&text, bytes, length);
    json_t *string = json_stringn(text.data, text.length);
    text_deinit(&text);
    return string;
}

static json_t *json_time(uint64_t time) {
    char text[32];
    return value_time(text, time) == READ_PRESENT ? json_string(text) : NULL;
}

/* NULL where `value` is none of that form. */
static json_t *json_of_form(const struct target *target, uint64_t value, enum value_form form) {
    switch (form) {
    case VALUE_INTEGER:
        return value <= INT64_MAX ? json_integer((json_int_t)value) : NULL;
    case VALUE_SIGNED8:
        return json_integer((int8_t)value);
    case VALUE_SIGNED32:
        return json_integer((int32_t)value);
    case VALUE_HEX:
        return json_hex(value);
    case VALUE_ADDRESS:
        return json_address(target, value);
    case VALUE_TIME:
        return json_time(value);
    case VALUE_BOOLEAN:
        return json_boolean(value != 0);
    }
    return NULL;
}

void put_unreadable(struct analysis_context *context, json_t *section, const char *key,
                    enum read_state state) {
    context->coverage->unreadable[state]++;
    json_object_set_new(section, key, json_null());
}

bool put_value(struct analysis_context *context, json_t *section, const char *key,
               enum read_state state, uint64_t value, enum value_form form) {
    if (state != READ_PRESENT) {
        put_unreadable(context, section, key, state);
        return false;
    }
    json_t *json = json_of_form(context->target, value, form);
    if (!json) {
        put_unreadable(context, section, key, READ_BAD_VALUE);
        return false;
    }
    json_object_set_new(section, key, json);
    return true;
}

/* ---- coverage ---- */

void coverage_partial(struct analysis_context *context, const char *reason) {
    if (context->coverage->status != COVERAGE_COMPLETE)
        return;
    context->coverage->status = COVERAGE_PARTIAL;
    context->coverage->reason = reason;
}

/* Reasons are put together of a few words: there are not many of them. */
const char *coverage_text(const char *text) {
    static char **texts;
    static size_t count, capacity;
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return texts[i];
    ARRAY_RESERVE(texts, count, capacity);
    return texts[count++] = xstrdup(text);
}

json_t *coverage_none(struct analysis_context *context, const char *reason) {
    context->coverage->status = COVERAGE_UNAVAILABLE;
    context->coverage->reason = reason;
    return NULL;
}

json_t *coverage_no_symbols(struct analysis_context *context) {
    const char *reason = context->target->no_symbols;
    return coverage_none(context, reason ? reason : "no symbols for this kernel");
}

/* ---- members ---- */

void members_resolve(const struct target *target, const char *type, struct member *members,
                     size_t count) {
    for (size_t i = 0; i < count; i++)
        members[i].present = target->symbols && symbols_field(target->symbols, type,
                                                              members[i].path, &members[i].field);
}

enum read_state member_read(const struct target *target, uint64_t object,
                            const struct member *member, uint64_t *value) {
    struct field_read read = target_read_member(target, object, &member->field);
    *value = read.value;
    return read.state;
}

bool put_member(struct analysis_context *context, json_t *section, uint64_t object,
                const struct member *member) {
    if (!member->present)
        return false;
    uint64_t value = 0;
    enum read_state state = member_read(context->target, object, member, &value);
    return put_value(context, section, member->key, state, value, member->form);
}

bool put_field(struct analysis_context *context, json_t *section, const char *key, uint64_t object,
               const char *type, const char *path, enum value_form form) {
    struct member member = {.key = key, .path = path, .form = form};
    members_resolve(context->target, type, &member, 1);
    return put_member(context, section, object, &member);
}

/* ---- findings ---- */

void add_finding(struct analysis_context *context, const char *kind, const char *subject,
                 json_t *evidence) {
    json_t *finding = json_object();
    json_object_set_new(finding, "kind", json_string(kind));
    json_object_set_new(finding, "subject", json_string(subject));
    json_object_set_new(finding, "evidence", evidence);
    json_array_append_new(context->findings, finding);
}
