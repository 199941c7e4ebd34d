/* rows.c - places in a tree, and who owns what stands in them. */
#include "analyses/rows.h"

#include <stdlib.h>

#include "base/memory.h"

void rows_deinit(struct rows *rows) {
    for (size_t i = 0; i < rows->count; i++)
        json_decref((json_t *)rows->places[i].place);
    for (size_t i = 0; i < rows->content_count; i++)
        rows->contents[i].release(rows->contents[i].data);
    free(rows->contents);
    free(rows->places);
    *rows = (struct rows){0};
}

json_t *rows_place(struct rows *rows, void (*write)(struct canon *canon, const void *data),
                   const void *data) {
    json_t *place = json_array();
    ARRAY_RESERVE(rows->places, rows->count, rows->capacity);
    rows->places[rows->count++] = (struct canon_place){place, write, data};
    return json_incref(place);
}

void rows_own(struct rows *rows, void *data, void (*release)(void *data)) {
    ARRAY_RESERVE(rows->contents, rows->content_count, rows->content_capacity);
    rows->contents[rows->content_count++] = (struct rows_content){data, release};
}

static void write_text(struct canon *canon, const void *data) {
    const struct text *text = data;
    canon_written(canon, NULL, text->data, text->length);
}

static void release_text(void *data) {
    text_deinit(data);
    free(data);
}

json_t *rows_text(struct rows *rows, struct text *text) {
    struct text *kept = xmalloc(sizeof *kept);
    text_init(kept);
    text_append(kept, text->data, text->length); /* without the room that it had for more */
    text_deinit(text);
    rows_own(rows, kept, release_text);
    return rows_place(rows, write_text, kept);
}

void rows_use(struct rows *rows, struct canon *canon) {
    canon_set_places(canon, rows->places, rows->count);
}
