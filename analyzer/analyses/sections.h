/*
 * sections.h - the rows of the table in analyses.c, each defined in the file of its section; and
 * what several sections share. For the analyses only.
 */
#ifndef NTDRIFT_ANALYSES_SECTIONS_H
#define NTDRIFT_ANALYSES_SECTIONS_H

#include "analyses/analysis.h"
#include "analyses/process_set.h"
#include "kernel/list.h"
#include "kernel/pe.h"

extern const struct analysis analysis_dump;
extern const struct analysis analysis_system;
extern const struct analysis analysis_processors;
extern const struct analysis analysis_stack;
extern const struct analysis analysis_modules;
extern const struct analysis analysis_processes;
extern const struct analysis analysis_threads;
extern const struct analysis analysis_handles;
extern const struct analysis analysis_cross_session;
extern const struct analysis analysis_sessions;
extern const struct analysis analysis_jobs;
extern const struct analysis analysis_silos;
extern const struct analysis analysis_memory_manager_list;
extern const struct analysis analysis_syscalls;
extern const struct analysis analysis_objects;
extern const struct analysis analysis_alpc;
extern const struct analysis analysis_stubs;
extern const struct analysis analysis_object_scan;
extern const struct analysis analysis_layouts;

/* What several sections read, made when it is first asked for. */
struct names *context_names(struct analysis_context *context);
/* The same; there are symbols. */
const struct services *context_services(struct analysis_context *context);
const struct objects *context_objects(struct analysis_context *context);
const struct holdings *context_holdings(struct analysis_context *context);
/* The same; goes through kernel memory. */
struct object_scan *context_scan(struct analysis_context *context);
void context_deinit(struct analysis_context *context);

/* The members of _EPROCESS of one bit that are tracked, as far as this build has them; each an
 * integer 0 or 1. Made once for a section. */
#define PROCESS_BITS_MOST 48
struct process_bits {
    struct member members[PROCESS_BITS_MOST];
    size_t count;
};
void process_bits_resolve(const struct target *target, struct process_bits *bits);
json_t *process_bits_extract(struct analysis_context *context, const struct process_bits *bits,
                             uint64_t process);

/* Puts the names of the bits of a word of flags that are set, as the symbols have them; left out
 * where this build has no such word, or they name no bit of it. */
void put_bits_set(struct analysis_context *context, json_t *section, const char *key,
                  uint64_t object, const char *type, const char *word);

/* Puts `name`: ImageFileName. */
void put_process_name(struct analysis_context *context, json_t *section, uint64_t process);

/* Puts `inserted`: ProcessInserted as a boolean. */
void put_inserted(struct analysis_context *context, json_t *section, uint64_t process);

/* Puts the name of a value of an enumeration: from `names` where it is among them, else from the
 * symbols' enumeration `type`, without `prefix`. A value that neither knows makes no sense. */
struct enumeration {
    const char *type;
    const char *prefix;
    const char *const *names;
    size_t count;
};
void put_enumerator(struct analysis_context *context, json_t *section, const char *key,
                    enum read_state state, uint64_t value, const struct enumeration *enumeration);

/* _KTHREAD.State. */
extern const struct enumeration thread_state;

/* One fact as several places have it. */
struct claim {
    const char *source; /* "DUMP_HEADER.PsLoadedModuleList" */
    bool known;
    uint64_t value;
    uint64_t address; /* where it stands in memory; 0: in the dump's header */
    enum value_form form;
};

/* A finding `header.mismatch` with all values where two known ones differ. */
void compare_claims(struct analysis_context *context, const char *subject,
                    const struct claim *claims, size_t count);

/* "present", "partial", "absent": whether the dump has the memory of user mode; NULL unknown. */
const char *user_memory_probe(const struct target *target, const struct process_set *processes);

/* Reports a list that does not close, once for all sections that read it, and counts it in the
 * coverage of each; one whose very head is not in the dump is only counted. `name` is the list's:
 * "PsActiveProcessHead". */
void report_list(struct analysis_context *context, const char *name, uint64_t head,
                 const struct list_walk *walk);

/* For a section that is made of what the processes lead to: it is not whole where they are not. */
void report_processes(struct analysis_context *context);

json_t *json_pdb(const struct pdb_identity *pdb);

/* A module of the section `stubs`; a stub that is not as most of it becomes a finding. */
struct stub_module;
json_t *extract_stub_module(struct analysis_context *context, const char *name,
                            const struct stub_module *module);

/* A table of the section `syscalls`; a service outside of its module becomes a finding. */
struct service_table;
json_t *extract_service_table(struct analysis_context *context, const struct service_table *table);

/* As many bytes as the names of objects may have together that a section keeps: no more than the
 * dump, or 16 MiB. */
uint64_t name_bytes_most(const struct target *target);

/* What `coverage.sections` says of a section. */
json_t *section_coverage(const struct coverage *coverage);

#endif
