/*
 * target.h - a dump opened as a Windows kernel: its address space, kernel image, debugger block
 * and, once attached, its symbols.
 *
 * Everything that reads NT objects starts from here. Nothing of this layer writes a snapshot, and
 * no header is trusted: what one says is checked against memory, and both values are kept.
 */
#ifndef NTDRIFT_KERNEL_TARGET_H
#define NTDRIFT_KERNEL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/image.h"
#include "kernel/kdbg.h"
#include "kernel/pe.h"
#include "symbols/symbols.h"
#include "vm/vm.h"

enum symbols_match { MATCH_NONE, MATCH_EXACT, MATCH_PROVED };

/* What ran when the dump was written; only triage dumps tell it here. 0: not known. */
struct current {
    uint64_t prcb;
    uint64_t thread;
    uint64_t process;
};

struct target {
    const char *path;
    struct image *image;
    struct vm *vm; /* on the header's DirectoryTableBase */
    struct kdbg kdbg;
    struct pe_image kernel;      /* base 0 where the kernel image was not found */
    const char *kernel_found_by; /* "KdDebuggerDataBlock.KernBase", "driver list",
                                    "PsLoadedModuleList", "scan", "page tables" */
    struct current current;

    const struct symbols *symbols; /* NULL until attached; owned */
    enum symbols_match match;
    const char *no_symbols;     /* why none are tried; NULL where they are */
    bool matched_by_addresses;  /* MATCH_EXACT without a GUID to compare: address_proof.h */
    const char *symbols_source; /* the name of their identity: no matter what a file is called */
    char **symbol_paths; /* files and folders that the user named, for other modules' symbols */
    size_t symbol_path_count;
};

/* Opens `path`, finds the kernel image and reads the debugger block. A kernel or block that
 * cannot be found is no error: the snapshot says so. */
enum status target_open(struct error *err, const char *path, struct target **target);

/* The same for a dump in memory, which outlives the target; `name` is for messages. */
enum status target_open_bytes(struct error *err, const char *name, const void *bytes, size_t size,
                              struct target **target);

/* An executable file in place of a dump: `kernel` is its image, whatever it is, and its symbols are
 * attached by whoever opens it. */
enum status target_open_executable(struct error *err, const char *path, struct target **target);
enum status target_open_executable_bytes(struct error *err, const char *name, const void *bytes,
                                         size_t size, struct target **target);
void target_close(struct target *target);

/* ---- reading members by name ---- */

/* A member that this build has not is FIELD_ABSENT; one it has gives a read_state. */
struct field_read {
    bool absent;           /* this build has no such member (or no symbols are attached) */
    enum read_state state; /* where not absent */
    uint64_t value;        /* zero-extended; a bit-field shifted down and masked */
    uint64_t address;      /* of the word that holds it */
};

/* Reads an integer, pointer, enumeration or bit-field of 1, 2, 4 or 8 bytes; `path` as for
 * symbols_field(). */
struct field_read target_read_field(const struct target *target, uint64_t object, const char *type,
                                    const char *path);

/* The same for a member that was looked up before: for a loop over many objects. */
struct field_read target_read_member(const struct target *target, uint64_t object,
                                     const struct field *field);

/* The address of a member; false where this build has none. */
bool target_field_address(const struct target *target, uint64_t object, const char *type,
                          const char *path, uint64_t *address);

/* The address of a public symbol: kernel base plus RVA. False for symbols that are not this
 * kernel's own (MATCH_PROVED): its layouts are the same, its addresses are not. */
bool target_symbol(const struct target *target, const char *name, uint64_t *address);

/* A global of the kernel by whatever names it: the symbol, KDDEBUGGER_DATA64, or the header; in
 * this order. For PsActiveProcessHead, PsLoadedModuleList, KiProcessorBlock, MmUnloadedDrivers...
 */
bool target_global(const struct target *target, const char *name, uint64_t *address);

#endif
