/* dump.c - section `dump`: the container, its header field by field, and what it holds. */
#include "analyses/sections.h"
#include "analyses/triage.h"

static const enum value_form forms[] = {
    [IMAGE_FIELD_COUNT] = VALUE_INTEGER,    [IMAGE_FIELD_HEX] = VALUE_HEX,
    [IMAGE_FIELD_ADDRESS] = VALUE_ADDRESS,  [IMAGE_FIELD_TIME] = VALUE_TIME,
    [IMAGE_FIELD_DURATION] = VALUE_INTEGER,
};

static json_t *header_array(struct analysis_context *context, const struct image_field *field) {
    json_t *array = json_array();
    for (size_t i = 0; i < field->count; i++) {
        uint64_t value = image_field_value(context->target->image, field, i);
        json_array_append_new(array, field->kind == IMAGE_FIELD_ADDRESS
                                         ? json_address(context->target, value)
                                         : json_hex(value));
    }
    return array;
}

static json_t *header(struct analysis_context *context, const struct image_field *fields,
                      size_t count) {
    json_t *section = json_object();
    for (size_t i = 0; i < count; i++) {
        const struct image_field *field = &fields[i];
        const char *key = field->name;
        if (!image_field_present(context->target->image, field))
            continue;
        if (field->count > 1)
            json_object_set_new(section, key, header_array(context, field));
        else
            put_value(context, section, key, READ_PRESENT,
                      image_field_value(context->target->image, field, 0), forms[field->kind]);
    }
    return section;
}

static json_t *bitmap(struct analysis_context *context, const struct image_info *info) {
    json_t *section = json_object();
    put_value(context, section, "HeaderSize", READ_PRESENT, info->bitmap.header_size,
              VALUE_INTEGER);
    put_value(context, section, "BitmapSize", READ_PRESENT, info->bitmap.bitmap_size,
              VALUE_INTEGER);
    put_value(context, section, "Pages", READ_PRESENT, info->bitmap.pages, VALUE_INTEGER);
    return section;
}

static void report_truncation(struct analysis_context *context, json_t *section,
                              const struct image_info *info) {
    const char *end = image_is_virtual(context->target->image)
                          ? "the file ends before what its header promises"
                          : "the file ends before the last page that its header promises";
    json_object_set_new(section, "pages_promised", json_integer((json_int_t)info->pages_promised));
    json_t *evidence = json_object();
    put_value(context, evidence, "expected_size", READ_PRESENT, info->expected_size, VALUE_INTEGER);
    put_value(context, evidence, "found_size", READ_PRESENT, info->file_size, VALUE_INTEGER);
    put_value(context, evidence, "pages_promised", READ_PRESENT, info->pages_promised,
              VALUE_INTEGER);
    put_value(context, evidence, "pages_present", READ_PRESENT, info->pages_present, VALUE_INTEGER);
    add_finding(context, "dump.truncated", info->type, evidence);
    coverage_partial(context, end);
}

static json_t *extract(struct analysis_context *context) {
    const struct image_info *info = image_info(context->target->image);
    json_t *section = json_object();
    json_object_set_new(section, "format", json_string(info->format));
    json_object_set_new(section, "type", json_string(info->type));
    if (info->header)
        json_object_set_new(section, "header", header(context, info->fields, info->field_count));
    if (info->has_bitmap)
        json_object_set_new(section, "bitmap", bitmap(context, info));
    if (info->range_fields)
        json_object_set_new(section, "ranges",
                            header(context, info->range_fields, info->range_field_count));
    json_t *triage = triage_extract(context);
    if (triage)
        json_object_set_new(section, "triage", triage);
    put_value(context, section, "pages_present", READ_PRESENT, info->pages_present, VALUE_INTEGER);
    if (info->pages_present < info->pages_promised || info->file_size < info->expected_size)
        report_truncation(context, section, info);
    return section;
}

const struct analysis analysis_dump = {.name = "dump", .extract = extract};
