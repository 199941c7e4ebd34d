/* history.c - rows of a history: which are kept, and in which order. */
#include "differ/history.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/comparison.h"
#include "differ/prominence.h"

const struct row_kind row_kinds[] = {
    {"type", "layout", "Types", "size of the type"},
    {"field", "layout", "Members", "offset, and the type where it changed"},
    {"bit", "layout", "Bits", "offset of the word:first bit/number of bits"},
    {"constant", "layout", "Constants", "value"},
    {"service", "syscall", "System services", "number"},
    {"stub", "syscall", "Stubs", "way into the kernel, bytes with the number masked"},
    {"parent", "process", "Parents", "images of the parents"},
    {NULL, NULL, NULL, NULL},
};

static const struct row_kind *kind_find(const char *name) {
    const struct row_kind *kind = row_kinds;
    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    if (!kind->name)
        abort(); /* a row of a kind that the table does not have */
    return kind;
}

/* ---- rows ---- */

bool history_wants(const struct history *history, const char *subject) {
    for (size_t i = 0; i < history->only_count; i++)
        if (fnmatch(history->only[i], subject, 0) == 0)
            return true;
    return history->only_count == 0;
}

struct cell *history_cells(const struct history *history) {
    return xcalloc(history->count, sizeof(struct cell));
}

static void cells_free(struct cell *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(cells[i].value);
    free(cells);
}

static bool same_cell(const struct cell *a, const struct cell *b) {
    return a->state == b->state && (a->state != CELL_PRESENT || strcmp(a->value, b->value) == 0);
}

static bool ever_changed(const struct cell *cells, size_t count) {
    const struct cell *known = NULL;
    for (size_t i = 0; i < count; i++) {
        if (cells[i].state == CELL_UNKNOWN)
            continue;
        if (known && !same_cell(known, &cells[i]))
            return true;
        known = &cells[i];
    }
    return false;
}

/* Any rule of the family: prominence looks at no more. */
static const struct rule *rule_of_family(const char *family) {
    const struct rule *rule = rules;
    while (rule->id && strcmp(rule->family, family) != 0)
        rule++;
    return rule;
}

/* Rows of a group come one behind the other, and there are hundreds in some. */
static unsigned group_prominence(const struct history *history, const struct rule *rule,
                                 const char *group) {
    const struct history_row *last =
        history->row_count ? &history->rows[history->row_count - 1] : NULL;
    return last && strcmp(last->group, group) == 0 ? last->prominence : prominence_of(rule, group);
}

void history_add(struct history *history, const char *kind, const char *group, const char *subject,
                 struct cell *cells, uint64_t order) {
    if (!history_wants(history, subject) || !ever_changed(cells, history->count)) {
        cells_free(cells, history->count);
        return;
    }
    const struct row_kind *found = kind_find(kind);
    const struct rule *rule = rule_of_family(found->family);
    unsigned prominence = group_prominence(history, rule, group);
    ARRAY_RESERVE(history->rows, history->row_count, history->row_capacity);
    history->rows[history->row_count++] =
        (struct history_row){.kind = found,
                             .subject = xstrdup(subject),
                             .group = xstrdup(group),
                             .cells = cells,
                             .prominence = prominence,
                             .prominence_in_group = prominence_of(rule, subject),
                             .order = order};
}

static int compare_rows(const void *left, const void *right) {
    const struct history_row *a = left, *b = right;
    int order = strcmp(a->kind->family, b->kind->family);
    if (order)
        return a->kind < b->kind ? -1 : 1;
    if (a->prominence != b->prominence)
        return a->prominence < b->prominence ? -1 : 1;
    if ((order = strverscmp(a->group, b->group)) != 0)
        return order;
    /* The group's own row, its size, stands before its members. */
    bool a_whole = strcmp(a->subject, a->group) == 0, b_whole = strcmp(b->subject, b->group) == 0;
    if (a_whole != b_whole)
        return a_whole ? -1 : 1;
    if (a->prominence_in_group != b->prominence_in_group)
        return a->prominence_in_group < b->prominence_in_group ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    order = strverscmp(a->subject, b->subject);
    return order ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

/* ---- notes ---- */

void history_note(struct history *history, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *note = NULL;
    if (vasprintf(&note, format, arguments) < 0)
        note = xstrdup(format);
    va_end(arguments);
    ARRAY_RESERVE(history->notes, history->note_count, history->note_capacity);
    history->notes[history->note_count++] = note;
}

/* ---- builds ---- */

/* The architecture of the first build that tells it is the history's. */
static const char *architecture_of(const struct history *history) {
    for (size_t i = 0; i < history->count; i++)
        if (*history->sides[i].arch)
            return history->sides[i].arch;
    return "";
}

bool history_same_architecture(const struct history *history, size_t build) {
    return architectures_agree(architecture_of(history), history->sides[build].arch);
}

static void sides_init(struct history *history, json_t *const *snapshots,
                       const char *const *paths) {
    AUTO_FREE struct side **sides = xcalloc(history->count, sizeof *sides);
    for (size_t i = 0; i < history->count; i++) {
        sides[i] = &history->sides[i];
        side_init(sides[i], snapshots[i]);
    }
    sides_name(sides, paths, history->count);
    for (size_t i = 0; i < history->count; i++)
        if (!history_same_architecture(history, i))
            history_note(history,
                         "%s: layouts, services and stubs of another architecture (%s, not %s) "
                         "are not compared",
                         sides[i]->label, sides[i]->arch, architecture_of(history));
}

/* ---- making ---- */

void history_make(struct history *history, json_t *const *snapshots, const char *const *paths,
                  size_t count, const char *const *only, size_t only_count) {
    static void (*const collectors[])(struct history *) = {history_of_layouts, history_of_services,
                                                           history_of_processes};
    *history = (struct history){.sides = xcalloc(count, sizeof *history->sides),
                                .count = count,
                                .only = only,
                                .only_count = only_count};
    sides_init(history, snapshots, paths);
    for (size_t i = 0; i < ARRAY_LENGTH(collectors); i++)
        collectors[i](history);
    if (history->row_count)
        qsort(history->rows, history->row_count, sizeof *history->rows, compare_rows);
}

void history_deinit(struct history *history) {
    for (size_t i = 0; i < history->row_count; i++) {
        cells_free(history->rows[i].cells, history->count);
        free(history->rows[i].subject);
        free(history->rows[i].group);
    }
    for (size_t i = 0; i < history->count; i++)
        side_deinit(&history->sides[i]);
    for (size_t i = 0; i < history->note_count; i++)
        free(history->notes[i]);
    free(history->rows);
    free(history->sides);
    free(history->notes);
    *history = (struct history){0};
}
