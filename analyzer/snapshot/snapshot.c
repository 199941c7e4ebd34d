/* snapshot.c - reading a snapshot back. */
#include "snapshot/snapshot.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "snapshot/tree.h"

/* Jansson's message names no file, and its line and column are what an editor wants. */
static enum status parse(struct error *err, const char *name, const struct text *content,
                         json_t **snapshot) {
    json_error_t error;
    json_t *json = tree_parse(content);
    if (!json)
        json = json_loadb(content->data, content->length, JSON_REJECT_DUPLICATES, &error);
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

static const char *name_of(const char *path) {
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

enum status snapshot_read(struct error *err, const char *path, json_t **snapshot) {
    AUTO(text_deinit) struct text content;
    text_init(&content);
    enum status status = file_read(err, path, SNAPSHOT_LIMIT, &content);
    return status ? status : snapshot_parse(err, name_of(path), &content, snapshot);
}

/* What is wrong with a text is said of the whole text. */
static enum status parse_reduced(struct error *err, const char *name, const struct text *content,
                                 const struct text *reduced, json_t **snapshot) {
    size_t length = reduced->length ? reduced->length : content->length;
    if (length > SNAPSHOT_LIMIT)
        return fail(err, STATUS_FORMAT,
                    "%s: too large: expected at most %u bytes that differ, found %zu", name,
                    SNAPSHOT_LIMIT, length);
    if (reduced->length && snapshot_parse(NULL, name, reduced, snapshot) == STATUS_OK)
        return STATUS_OK;
    return snapshot_parse(err, name, content, snapshot);
}

static enum status parse_all(struct error *err, const char *const *paths,
                             const struct text *contents, size_t count, enum alike_reader reader,
                             json_t **snapshots) {
    struct text *reduced = xcalloc(count, sizeof *reduced);
    alike_remove(contents, count, reader, reduced);
    enum status status = STATUS_OK;
    size_t parsed = 0;
    for (; parsed < count && !status; parsed++)
        status = parse_reduced(err, name_of(paths[parsed]), &contents[parsed], &reduced[parsed],
                               &snapshots[parsed]);
    for (size_t i = 0; status && i + 1 < parsed; i++)
        json_decref(snapshots[i]);
    for (size_t i = 0; i < count; i++)
        text_deinit(&reduced[i]);
    free(reduced);
    return status;
}

enum status snapshot_read_all(struct error *err, const char *const *paths, size_t count,
                              enum alike_reader reader, json_t **snapshots) {
    struct text *contents = xcalloc(count, sizeof *contents);
    enum status status = STATUS_OK;
    size_t read = 0;
    for (; read < count && !status; read++) {
        text_init(&contents[read]);
        status = file_read(err, paths[read], SNAPSHOT_LONGEST, &contents[read]);
    }
    if (!status)
        status = parse_all(err, paths, contents, count, reader, snapshots);
    for (size_t i = 0; i < read; i++)
        text_deinit(&contents[i]);
    free(contents);
    return status;
}
