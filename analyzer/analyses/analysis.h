/*
 * analysis.h - the sections of a snapshot: one file each, one row each in the table of
 * analyses.c. An analysis reads NT objects through kernel/, gives its section as JSON, and says
 * how much of it could be known. It never touches a file offset and never fails: what cannot be
 * read is a null in its section, counted by reason in its coverage.
 */
#ifndef NTDRIFT_ANALYSES_ANALYSIS_H
#define NTDRIFT_ANALYSES_ANALYSIS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/target.h"

enum coverage_status { COVERAGE_COMPLETE, COVERAGE_PARTIAL, COVERAGE_UNAVAILABLE };

/* What is said of a section in `coverage.sections`. */
struct coverage {
    enum coverage_status status;
    const char *reason;                  /* a sentence; NULL where complete */
    size_t unreadable[READ_STATE_COUNT]; /* values that are null, by reason */
};

/* What an analysis works with. */
struct analysis_context {
    const struct target *target;
    struct coverage *coverage; /* of the section that is being made */
    json_t *findings;          /* array; every analysis may add to it */
};

struct analysis {
    const char *name;         /* the key in the snapshot */
    bool needs_symbols;       /* unavailable without */
    const char *const *types; /* that it reads, for profiles and layouts; NULL-terminated or NULL */
    const char *const *publics; /* likewise */
    /* The section; NULL where it cannot be made (coverage says why). */
    json_t *(*extract)(struct analysis_context *context);
};

/* All analyses, in the order they run; ends with a NULL name. */
extern const struct analysis *const analyses[];

/* The union of what all analyses read, sorted, NULL-terminated: what a profile has to hold. */
const char *const *analyses_types(void);
const char *const *analyses_publics(void);

/* ---- values of a section (section.c) ---- */

/* Puts member `path` of the object under `key`: left out where this build has none; null, and
 * counted, where it cannot be read. Returns whether a value was put. */
enum value_form {
    VALUE_INTEGER,
    VALUE_SIGNED32,
    VALUE_HEX,
    VALUE_ADDRESS,
    VALUE_TIME,
    VALUE_BOOLEAN
};
bool put_field(struct analysis_context *context, json_t *section, const char *key, uint64_t object,
               const char *type, const char *path, enum value_form form);

void put_unreadable(struct analysis_context *context, json_t *section, const char *key,
                    enum read_state state);

json_t *json_address(const struct target *target, uint64_t address); /* "0xfffff80315415000" */
json_t *json_hex(uint64_t value);                                    /* "0x67c" */

/* Adds a finding; `subject` and `evidence` are taken over. */
void add_finding(struct analysis_context *context, const char *kind, json_t *subject,
                 json_t *evidence);

#endif
