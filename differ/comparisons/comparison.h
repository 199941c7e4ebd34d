/*
 * comparison.h - one file per section of the snapshot, or several of a large one, each with a row in
 * the table of comparisons.c. A comparison reports a change only where both sides know; otherwise it says "not
 * comparable", with the reason.
 *
 * A comparison is called where both snapshots have its section; a section that one side lacks is
 * called not comparable by difference_make. Snapshots are read as hostile: every member is
 * checked for its type, and what has the wrong one counts as unknown.
 */
#ifndef NTDRIFT_DIFFER_COMPARISON_H
#define NTDRIFT_DIFFER_COMPARISON_H

#include "differ/difference.h"

struct comparison {
    const char *section; /* key in the snapshot */
    /* `old` and `new` are the section's values; the snapshots are in `difference`. */
    void (*run)(struct difference *difference, const json_t *old, const json_t *new);
};

extern const struct comparison *const comparisons[]; /* ends with NULL */

extern const struct comparison comparison_layouts;
extern const struct comparison comparison_syscalls;
extern const struct comparison comparison_stubs;
extern const struct comparison comparison_processors;
extern const struct comparison comparison_processes;
extern const struct comparison comparison_jobs;
extern const struct comparison comparison_objects;
extern const struct comparison comparison_object_names;
extern const struct comparison comparison_alpc;
extern const struct comparison comparison_alpc_ports;
extern const struct comparison comparison_header;
extern const struct comparison comparison_coverage;

/* Whether coverage says that a side's section was read to its end: what such a one lacks is absent. */
bool section_is_complete(const struct side *side, const char *section);

/* Whether what depends on the architecture can be compared: "x86" and "x86pae" share it all, and a
 * side that does not tell passes for the same. */
bool architectures_agree(const char *old, const char *new);

/* Whether both sides have one architecture, or one does not tell; else says that `section` is not
 * comparable. */
bool comparison_same_architecture(struct difference *difference, const char *section);

#endif
