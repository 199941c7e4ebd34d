/*
 * history.h - what changed over many snapshots: one row for each thing that ever changed, one cell
 * for each build, in the order in which the snapshots were given.
 *
 * A cell keeps apart what a build does not have and what its snapshot does not tell; what is not
 * told is no change. It judges nothing: severities and waivers belong to a pair (difference.h).
 */
#ifndef NTDRIFT_DIFFER_HISTORY_H
#define NTDRIFT_DIFFER_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "differ/difference.h"

enum cell_state { CELL_UNKNOWN, CELL_ABSENT, CELL_PRESENT };

struct cell {
    enum cell_state state;
    char *value; /* "0x6cc:0/1", "1944 bytes", "smss.exe"; NULL unless present */
};

/* A kind of row; kinds are told in the order of this table, which ends with a NULL name. */
struct row_kind {
    const char *name;   /* "bit" */
    const char *family; /* as in rules.c */
    const char *title;  /* "Bits" */
    const char *legend; /* how to read its cells */
};

extern const struct row_kind row_kinds[];

struct history_row {
    const struct row_kind *kind;
    char *subject;       /* "_EPROCESS.Minimal", "NtCreateFile", "csrss.exe" */
    char *group;         /* what rows stand together: "_EPROCESS", "KiServiceTable" */
    struct cell *cells;  /* one for each build */
    unsigned prominence; /* of the group, and in it of the row: prominence.h */
    unsigned prominence_in_group;
    uint64_t order; /* among rows that are as prominent */
};

struct history {
    struct side *sides; /* the builds */
    size_t count;
    struct history_row *rows;
    size_t row_count;
    size_t row_capacity;
    char **notes; /* one sentence each: what was not compared, and why */
    size_t note_count;
    size_t note_capacity;
    const char *const *only; /* shell patterns for subjects; none: all rows */
    size_t only_count;
};

/* Reads `count` snapshots, which must outlive the history, as their files are named. */
void history_make(struct history *history, json_t *const *snapshots, const char *const *paths,
                  size_t count, const char *const *only, size_t only_count);
void history_deinit(struct history *history);

/* ---- for what puts a history together ---- */

/* Whether a row of this subject is wanted. */
bool history_wants(const struct history *history, const char *subject);

/* Cells for one row, all unknown. */
struct cell *history_cells(const struct history *history);

/* Appends a row where two of its cells that are known differ. Takes `cells` over. */
void history_add(struct history *history, const char *kind, const char *group, const char *subject,
                 struct cell *cells, uint64_t order);

void history_note(struct history *history, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether what depends on the architecture can be compared with the other builds. */
bool history_same_architecture(const struct history *history, size_t build);

/* The table of history.c, one file for each section. */
void history_of_layouts(struct history *history);
void history_of_services(struct history *history);
void history_of_processes(struct history *history);

#endif
