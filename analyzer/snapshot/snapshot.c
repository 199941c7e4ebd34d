/* snapshot.c - reading a snapshot back. */
#include "snapshot/snapshot.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"

/* Jansson's message names no file, and its line and column are what an editor wants. */
static enum status parse(struct error *err, const char *name, const struct text *content,
                         json_t **snapshot) {
    json_error_t error;
    json_t *json = json_loadb(content->data, content->length, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return fail(err, STATUS_FORMAT, "%s: not a snapshot: line %d, column %d: %s", name,
                    error.line, error.column, error.text);
    *snapshot = json;
    return STATUS_OK;
}

static enum status check_schema(struct error *err, const char *name, const json_t *snapshot) {
    if (!json_is_object(snapshot))
        return fail(err, STATUS_FORMAT, "%s: not a snapshot: no JSON object", name);
    const char *schema = json_string_value(json_object_get(snapshot, "schema"));
    if (!schema)
        return fail(err, STATUS_FORMAT, "%s: not a snapshot: no \"schema\" (expected \"%s\")", name,
                    SNAPSHOT_SCHEMA);
    if (strcmp(schema, SNAPSHOT_SCHEMA) != 0)
        return fail(err, STATUS_FORMAT, "%s: schema \"%.64s\" (expected \"%s\")", name, schema,
                    SNAPSHOT_SCHEMA);
    return STATUS_OK;
}

enum status snapshot_parse(struct error *err, const char *name, const struct text *content,
                           json_t **snapshot) {
    json_t *json = NULL;
    enum status status = parse(err, name, content, &json);
    if (status == STATUS_OK)
        status = check_schema(err, name, json);
    if (status) {
        json_decref(json);
        return status;
    }
    *snapshot = json;
    return STATUS_OK;
}

enum status snapshot_read(struct error *err, const char *path, json_t **snapshot) {
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    AUTO(text_deinit) struct text content;
    text_init(&content);
    enum status status = file_read(err, path, SNAPSHOT_LIMIT, &content);
    return status ? status : snapshot_parse(err, name, &content, snapshot);
}
