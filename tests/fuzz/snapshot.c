/* snapshot.c - fuzz target: two snapshots, compared and rendered in every format. The input is two
 * snapshots with a NUL between them, or one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "differ/history.h"
#include "differ/strict.h"
#include "reports/history.h"
#include "reports/report.h"
#include "snapshot/alike.h"
#include "snapshot/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *load(const uint8_t *data, size_t size) {
    struct text content = TEXT_EMPTY;
    text_append(&content, (const char *)data, size);
    json_t *snapshot = NULL;
    if (snapshot_parse(NULL, "input", &content, &snapshot))
        snapshot = NULL;
    text_deinit(&content);
    return snapshot;
}

static void render(struct difference *difference) {
    const struct report_options options = {.colour = true};
    for (const struct renderer *renderer = renderers; renderer->format; renderer++) {
        struct text text = TEXT_EMPTY;
        renderer->render(difference, &options, &text);
        text_deinit(&text);
    }
    difference_deinit(difference);
}

/* What a lone snapshot is compared with: something of everything that is compared. */
static const char other[] =
    "{\"schema\": \"" SNAPSHOT_SCHEMA "\", \"system\": {\"arch\": \"x64\", \"build\": 7601},"
    " \"dump\": {\"type\": \"full\", \"header\": {\"MajorVersion\": 15}},"
    " \"coverage\": {\"user_memory\": \"partial\", \"sections\": {\"modules\":"
    " {\"status\": \"complete\"}}},"
    " \"processes\": [{\"name\": \"csrss.exe\", \"parent\": {\"state\": \"alive\", \"name\":"
    " \"smss.exe\"}, \"bits\": {\"Minimal\": 1}, \"views\": {\"mm_process_links\": false},"
    " \"protection\": {\"level\": \"0x0\"}}, {\"name\": \"lsm.exe\"}],"
    " \"syscalls\": {\"tables\": [{\"name\": \"KiServiceTable\", \"count\": 3, \"services\": ["
    " {\"name\": \"NtA\", \"number\": 2, \"arguments\": 3, \"module\": \"nt\"},"
    " {\"name\": \"NtB\", \"number\": 1, \"module\": \"evil\"}]}]},"
    " \"stubs\": {\"modules\": [{\"module\": \"ntdll.dll\", \"entries\": [{\"name\": \"NtClose\","
    " \"number\": 2, \"bytes\": \"b802000000cd2ec21000\", \"template\": \"b8????????cd2ec21000\","
    " \"mechanism\": \"int2e\"}]}]},"
    " \"layouts\": {\"precision\": {\"pointees\": false}, \"types\": {"
    " \"_X\": {\"kind\": \"struct\", \"size\": 64, \"fields\": {"
    " \"A\": {\"offset\": \"0x10\", \"type\": \"void*\"},"
    " \"B\": {\"offset\": \"0x0\", \"type\": \"_KPROCESS\"},"
    " \"C\": {\"offset\": \"0x18\", \"type\": \"long\", \"bit\": {\"position\": 3, \"length\": "
    "2}}}},"
    " \"_KPROCESS\": {\"kind\": \"struct\", \"size\": 8, \"fields\": {}},"
    " \"_KWAIT_REASON\": {\"kind\": \"enum\", \"size\": 4, \"constants\": {\"Executive\": 7}}}}}";

static void make_history(json_t *old, json_t *new) {
    struct history history;
    history_make(&history, (json_t *const[]){old, new, old}, (const char *const[]){"a", "b", "c"},
                 3, NULL, 0);
    for (const struct history_renderer *each = history_renderers; each->format; each++) {
        struct text text = TEXT_EMPTY;
        each->render(&history, &text);
        text_deinit(&text);
    }
    history_deinit(&history);
}

static void compare(const json_t *old, const json_t *new) {
    struct difference difference;
    difference_make(&difference, old, new);
    render(&difference);
    strict_make(&difference, old, new);
    render(&difference);
}

static void reduce(const uint8_t *old, size_t old_size, const uint8_t *new, size_t new_size) {
    struct text whole[2] = {TEXT_EMPTY, TEXT_EMPTY}, reduced[2];
    text_append(&whole[0], (const char *)old, old_size);
    text_append(&whole[1], (const char *)new, new_size);
    for (enum alike_reader reader = ALIKE_FOR_MEANING; reader <= ALIKE_FOR_VALUES; reader++) {
        alike_remove(whole, 2, reader, reduced);
        for (size_t i = 0; i < 2; i++)
            text_deinit(&reduced[i]);
    }
    for (size_t i = 0; i < 2; i++)
        text_deinit(&whole[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t first = end ? (size_t)(end - data) : size;
    reduce(data, first, end ? end + 1 : data, end ? size - first - 1 : size);
    json_t *old = load(data, first);
    json_t *new =
        end ? load(end + 1, size - first - 1) : load((const uint8_t *)other, sizeof other - 1);
    if (!new && !end)
        abort(); /* `other` is no snapshot */
    if (old && new) {
        compare(old, new);
        compare(new, old);
        make_history(old, new);
    }
    json_decref(old);
    json_decref(new);
    return 0;
}
