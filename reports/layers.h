/*
 * layers.h - what protects processes, layer by layer, outermost first: what both snapshots hold,
 * which changes belong to it, and which side does not tell. The layers are those of the
 * publications that ntdrift reproduces. It says nothing in any format.
 */
#ifndef NTDRIFT_REPORTS_LAYERS_H
#define NTDRIFT_REPORTS_LAYERS_H

#include "reports/outline.h"

/* What is so before and after: of processes (by image, those with the same two values together), of
 * a table, of a protection. */
struct layer_row {
    char *label; /* "csrss.exe, smss.exe" */
    char *old, *new;
    bool has_changed;
};

struct layer {
    const struct layer_rule *rule;
    char *silent[2];        /* why the old, the new snapshot tells nothing; NULL where it does */
    struct layer_row *rows; /* changed ones first */
    size_t row_count;
    size_t row_capacity;
    const struct change **changes; /* in the difference's order */
    size_t change_count;
};

struct layer_rule {
    const char *id;      /* "job" */
    const char *heading; /* "Job" */
    const char *label;   /* of what the rows are about: "Processes" */
    const char *meaning; /* a sentence */
    /* What a process has of it, or NULL where it does not tell; the caller frees. NULL for layers
     * that are not told process by process. */
    char *(*words)(const json_t *process, const json_t *snapshot);
    const char *section; /* whose coverage says why a side tells nothing */
    const char *nothing; /* what a process has that has nothing of it, or NULL */
    bool has_others;     /* images that are no part of Windows are told if they have something */
    void (*add_rows)(struct layer *layer,
                     const struct difference *difference); /* others, or NULL */
    const char *kinds; /* of the changes that belong to it, as a pattern of fnmatch */
};

struct layers {
    struct layer *items;
    size_t count; /* 0: none is told, no snapshot is of a dump, or both are of one */
};

void layers_init(struct layers *layers, const struct difference *difference);
void layers_deinit(struct layers *layers);

/* Whether a side tells of the layer. */
bool layer_is_told(const struct layer *layer);

/* The changes of a layer from `first` on that are of one kind: how many. */
size_t layer_kind_length(const struct layer *layer, size_t first);

/* So many changes of one kind are told in sentences; of more, their number. */
#define LAYER_SENTENCES 4

/* "silo, job": the layers that neither side tells of; false where there is none. */
bool layers_silent(struct text *out, const struct layers *layers);

/* ---- for the files of layers ---- */

/* In place of a value, of an image that does not run on a side: neither a value nor unknown. */
#define LAYER_NOT_RUNNING "not running"

/* Takes the three strings over; NULL: not known. */
void layer_add_row(struct layer *layer, char *label, char *old, char *new);

/* layer_processes.c */
void layer_add_processes(struct layer *layer, const struct difference *difference);
char *layer_silo(const json_t *process, const json_t *snapshot);
char *layer_job(const json_t *process, const json_t *snapshot);
char *layer_session(const json_t *process, const json_t *snapshot);
char *layer_protection(const json_t *process, const json_t *snapshot);
char *layer_integrity(const json_t *process, const json_t *snapshot);
char *layer_mitigations(const json_t *process, const json_t *snapshot);

/* layer_machine.c */
void layer_add_doors(struct layer *layer, const struct difference *difference);
void layer_add_processors(struct layer *layer, const struct difference *difference);

#endif
