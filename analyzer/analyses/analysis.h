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

#include "analyses/rows.h"
#include "kernel/target.h"
#include "snapshot/canon.h"

enum coverage_status { COVERAGE_COMPLETE, COVERAGE_PARTIAL, COVERAGE_UNAVAILABLE };

/* What is said of a section in `coverage.sections`. */
struct coverage {
    enum coverage_status status;
    const char *reason;                  /* a sentence; NULL where complete */
    size_t unreadable[READ_STATE_COUNT]; /* values that are null, by reason */
};

struct process_set;
struct names;
struct services;
struct objects;
struct holdings;
struct object_scan;

/* What an analysis works with. */
struct analysis_context {
    const struct target *target;
    struct coverage *coverage;     /* of the section that is being made */
    json_t *findings;              /* array; every analysis may add to it */
    struct process_set *processes; /* of all views; NULL where there are no symbols */
    bool in_detail;                /* sections were asked for by name: all that they have */
    struct names *names;           /* by context_names(); NULL until then */
    struct services *services;     /* by context_services() */
    struct objects *objects;       /* by context_objects() */
    struct holdings *holdings;     /* by context_holdings() */
    struct object_scan *scan;      /* of kernel memory, where it was asked for; else NULL */
    struct rows rows;              /* what the sections keep beside their trees */
    json_t *reported;              /* lists that are among the findings: {"KIND NAME HEAD": true} */
};

struct analysis {
    const char *name;         /* the key in the snapshot */
    bool needs_symbols;       /* unavailable without */
    bool on_demand;           /* costs more than all the rest: only where it is asked for */
    const char *const *types; /* that it reads, for profiles and layouts; NULL-terminated or NULL */
    const char *const *publics; /* likewise */
    /* Members of all builds without which the section is not whole, for `profile lint`:
     * "TYPE.MEMBER", or several with "|" of which one is enough; NULL-terminated or NULL. */
    const char *const *needs;
    /* The section; NULL where it cannot be made (coverage says why). */
    json_t *(*extract)(struct analysis_context *context);
    /* In place of `extract`, for a part of another section that is selected, and counted in the
     * coverage, by itself: adds to the tree of the section `within`, which runs before. */
    const char *within;
    void (*extend)(struct analysis_context *context, json_t *section);
    /* In place of `extract`, for a section that is too large for a tree. */
    void (*write)(struct canon *canon, const char *key, const struct target *target);
};

/* All analyses, in the order they run; ends with a NULL name. */
extern const struct analysis *const analyses[];

/* NULL where there is none of that name. */
const struct analysis *analysis_find(const char *name);

/* The union of what all analyses read, sorted, NULL-terminated: what a profile has to hold. */
const char *const *analyses_types(void);
const char *const *analyses_publics(void);

/* ---- values of a section (section.c) ---- */

enum value_form {
    VALUE_INTEGER,
    VALUE_SIGNED8,
    VALUE_SIGNED32,
    VALUE_HEX,
    VALUE_ADDRESS,
    VALUE_TIME,
    VALUE_BOOLEAN /* whether it is not zero */
};

void address_print(const struct target *target, uint64_t address, char text[24]);
json_t *json_address(const struct target *target, uint64_t address); /* "0xfffff80315415000" */
json_t *json_hex(uint64_t value);                                    /* "0x67c" */

/* Bytes that need not be text (value_bytes()). */
json_t *json_bytes(const uint8_t *bytes, size_t length);

/* Null for `key`, counted in the coverage under `state`. */
void put_unreadable(struct analysis_context *context, json_t *section, const char *key,
                    enum read_state state);

/* `value` as `form` has it; null where `state` is not READ_PRESENT, or no such time exists. Returns
 * whether a value was put. */
bool put_value(struct analysis_context *context, json_t *section, const char *key,
               enum read_state state, uint64_t value, enum value_form form);

/* Says that the section is not whole; the first reason stays. */
void coverage_partial(struct analysis_context *context, const char *reason);

/* The same text for as long as the program runs: for a reason that is put together. */
const char *coverage_text(const char *text);

/* Says that the section cannot be made; returns NULL, for `return coverage_none(...)`. */
json_t *coverage_none(struct analysis_context *context, const char *reason);

/* The same for a section that nothing can be read of without symbols. */
json_t *coverage_no_symbols(struct analysis_context *context);

/* A member that is read of many objects: looked up once. */
struct member {
    const char *key;  /* in the section; NULL where it is only read */
    const char *path; /* as for symbols_field() */
    enum value_form form;
    bool present; /* this build has it */
    struct field field;
};

void members_resolve(const struct target *target, const char *type, struct member *members,
                     size_t count);

/* Zero-extended; a bit-field shifted down and masked. */
enum read_state member_read(const struct target *target, uint64_t object,
                            const struct member *member, uint64_t *value);

/* Puts the member under its key: left out where this build has none; null, and counted, where it
 * cannot be read. Returns whether a value was put. */
bool put_member(struct analysis_context *context, json_t *section, uint64_t object,
                const struct member *member);

/* The same for one member of one object. */
bool put_field(struct analysis_context *context, json_t *section, const char *key, uint64_t object,
               const char *type, const char *path, enum value_form form);

/* Adds a finding; `subject` names what it is about, in words; `evidence` is an object with the
 * addresses and values it rests on, and is taken over. */
void add_finding(struct analysis_context *context, const char *kind, const char *subject,
                 json_t *evidence);

#endif
