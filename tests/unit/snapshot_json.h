/*
 * snapshot_json.h - what a test expects in a snapshot, by the path of its keys.
 */
#ifndef NTDRIFT_TESTS_SNAPSHOT_JSON_H
#define NTDRIFT_TESTS_SNAPSHOT_JSON_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "test.h"

/* "processes.0.name"; NULL where there is none. */
static inline const json_t *at(const json_t *json, const char *path) {
    char key[64];
    while (json && *path) {
        size_t length = strcspn(path, ".");
        memcpy(key, path, length);
        key[length] = '\0';
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key))
                                   : json_object_get(json, key);
        path += length + (path[length] == '.');
    }
    return json;
}

/* "nothing" is expected where there must be none. */
static inline void expect(const json_t *snapshot, const char *path, const char *expected) {
    const json_t *json = at(snapshot, path);
    AUTO_FREE char *found = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS)
                                 : xstrdup("nothing");
    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected %s, found %s", path, expected, found);
}

/* The only finding of that kind; NULL where there is none. */
static inline const json_t *finding(const json_t *snapshot, const char *kind) {
    const json_t *found = NULL, *each;
    size_t index;
    json_array_foreach(at(snapshot, "findings"), index, each) {
        if (strcmp(json_string_value(at(each, "kind")), kind) != 0)
            continue;
        if (found)
            fail_msg("%s is found twice", kind);
        found = each;
    }
    return found;
}

static inline void expect_finding(const json_t *snapshot, const char *kind, const char *path,
                                  const char *expected) {
    const json_t *found = finding(snapshot, kind);
    if (!found)
        fail_msg("there is no %s", kind);
    expect(found, path, expected);
}

#endif
