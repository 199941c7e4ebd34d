/* snapshot.c - reading a snapshot back: what is taken, and how the rest is refused. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "snapshot/snapshot.h"

static char path[] = "/tmp/ntdrift-unit-snapshot-XXXXXX";

static int make_file(void **state) {
    (void)state;
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

static void write_file(const char *content) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Reads `content` as a snapshot, which must be refused with every one of the words. */
static void refused(const char *content, const char *const *words) {
    struct error err;
    json_t *snapshot = (json_t *)&err;
    write_file(content);
    assert_int_equal(snapshot_read(&err, path, &snapshot), STATUS_FORMAT);
    assert_ptr_equal(snapshot, &err);
    assert_non_null(strstr(err.message, path));
    for (; *words; words++)
        if (!strstr(err.message, *words))
            fail_msg("expected \"%s\" in \"%s\"", *words, err.message);
}
#define REFUSED(content, ...) refused(content, (const char *const[]){__VA_ARGS__, NULL})

static void reads_what_is_written(void **state) {
    (void)state;
    struct text text = TEXT_EMPTY;
    struct canon canon;
    canon_init(&canon, &text);
    canon_object_begin(&canon, NULL);
    canon_array_begin(&canon, "findings");
    canon_array_end(&canon);
    canon_string(&canon, "schema", SNAPSHOT_SCHEMA);
    canon_object_end(&canon);
    canon_finish(&canon);
    write_file(text.data);
    struct error err;
    json_t *snapshot = NULL;
    assert_int_equal(snapshot_read(&err, path, &snapshot), STATUS_OK);
    assert_int_equal(json_object_size(snapshot), 2);
    assert_true(json_is_array(json_object_get(snapshot, "findings")));
    json_decref(snapshot);
    text_deinit(&text);
}

static void refuses_what_is_none(void **state) {
    (void)state;
    REFUSED("", "not a snapshot", "line 1");
    REFUSED("{\n  \"schema\": \n}", "line 3", "column 1");
    REFUSED("[]", "no JSON object");
    REFUSED("{}", "no \"schema\"", SNAPSHOT_SCHEMA);
    REFUSED("{\"schema\": 1}", "no \"schema\"");
    REFUSED("{\"schema\": \"ntdrift-snapshot/2\"}", "ntdrift-snapshot/2", SNAPSHOT_SCHEMA);
    REFUSED("{\"schema\": \"ntdrift-diff/1\"}", "ntdrift-diff/1");
}

/* The last of two equal keys would win silently, and hide what the first says. */
static void refuses_a_key_twice(void **state) {
    (void)state;
    REFUSED("{\"schema\": \"" SNAPSHOT_SCHEMA "\", \"dump\": {}, \"dump\": {}}", "duplicate",
            "dump");
}

static void refuses_depth(void **state) {
    (void)state;
    AUTO_FREE char *deep = xmalloc(100001);
    memset(deep, '[', 100000);
    deep[100000] = '\0';
    REFUSED(deep, "not a snapshot");
}

static void says_what_the_system_says(void **state) {
    (void)state;
    struct error err;
    json_t *snapshot;
    assert_int_equal(snapshot_read(&err, "/no/such/file", &snapshot), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.message, "/no/such/file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_written),     cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(refuses_a_key_twice),       cmocka_unit_test(refuses_depth),
        cmocka_unit_test(says_what_the_system_says),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
