/* history_json.c - a history as JSON, "ntdrift-history/1". Canonical, as snapshots are. */
#include "reports/history.h"

#include "snapshot/canon.h"

#define HISTORY_SCHEMA "ntdrift-history/1"

static void write_text_or_null(struct canon *canon, const char *key, const char *text) {
    if (text && *text)
        canon_string(canon, key, text);
    else
        canon_null(canon, key);
}

static void write_build(struct canon *canon, const struct side *side) {
    canon_object_begin(canon, NULL);
    write_text_or_null(canon, "arch", side->arch);
    if (side->build < 0)
        canon_null(canon, "build");
    else
        canon_integer(canon, "build", side->build);
    write_text_or_null(canon, "build_lab", side->build_lab);
    canon_string(canon, "label", side->label);
    write_text_or_null(canon, "pdb_guid", json_string_value(json_object_get(side->pdb, "guid")));
    canon_object_end(canon);
}

static void write_cell(struct canon *canon, const struct cell *cell) {
    static const char *const states[] = {
        [CELL_UNKNOWN] = "unknown", [CELL_ABSENT] = "absent", [CELL_PRESENT] = "present"};
    canon_object_begin(canon, NULL);
    canon_string(canon, "state", states[cell->state]);
    if (cell->state == CELL_PRESENT)
        canon_string(canon, "value", cell->value);
    canon_object_end(canon);
}

static void write_row(struct canon *canon, const struct history *history,
                      const struct history_row *row) {
    canon_object_begin(canon, NULL);
    canon_array_begin(canon, "cells");
    for (size_t i = 0; i < history->count; i++)
        write_cell(canon, &row->cells[i]);
    canon_array_end(canon);
    canon_string(canon, "kind", row->kind->name);
    canon_string(canon, "subject", row->subject);
    canon_object_end(canon);
}

void history_json(const struct history *history, struct text *output) {
    struct canon canon;
    canon_init(&canon, output);
    canon_object_begin(&canon, NULL);
    canon_array_begin(&canon, "builds");
    for (size_t i = 0; i < history->count; i++)
        write_build(&canon, &history->sides[i]);
    canon_array_end(&canon);
    canon_array_begin(&canon, "notes");
    for (size_t i = 0; i < history->note_count; i++)
        canon_string(&canon, NULL, history->notes[i]);
    canon_array_end(&canon);
    canon_array_begin(&canon, "rows");
    for (size_t i = 0; i < history->row_count; i++)
        write_row(&canon, history, &history->rows[i]);
    canon_array_end(&canon);
    canon_string(&canon, "schema", HISTORY_SCHEMA);
    canon_object_end(&canon);
    canon_finish(&canon);
}
