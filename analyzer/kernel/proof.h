/*
 * proof.h - which symbols belong to a dump: exactly, by PDB GUID and age, or proved against it.
 *
 * A proof compares what the kernel itself publishes (KDDEBUGGER_DATA64: SizeEProcess,
 * OffsetEprocessPeb, ...) with the layouts, and then checks invariants of memory (System is pid 4,
 * list entries are processes by their dispatcher header, ...). The build number only picks which
 * profile is tried first.
 */
#ifndef NTDRIFT_KERNEL_PROOF_H
#define NTDRIFT_KERNEL_PROOF_H

#include "kernel/target.h"

/* How a proof went: `checks` that held, or the one that failed, with both values. */
struct proof {
    bool holds;
    size_t checks;     /* that could be made, and held */
    char failure[256]; /* "SizeEProcess: the dump says 0x850, the profile 0x7a8" */
};

/* Fewer checks than this prove nothing: a profile is refused for want of evidence. */
#define PROOF_LEAST_CHECKS 4

void proof_run(const struct target *target, const struct symbols *symbols, struct proof *proof);

struct symbols_search {
    const char **paths; /* --symbols: files or folders, in order */
    size_t path_count;
    bool no_builtin; /* --no-profiles */
    /* Called for each candidate that was refused; may be NULL. */
    void (*refused)(const char *source, const char *why, void *data);
    void *data;
};

/* Finds symbols in the order of DESIGN ("Inputs") and attaches them. STATUS_NO_SYMBOLS where none
 * is left: the message names the PDB to fetch and how. */
enum status target_attach(struct error *err, struct target *target,
                          const struct symbols_search *search);

#endif
