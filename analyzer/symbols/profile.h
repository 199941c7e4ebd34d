/*
 * profile.h - ntdrift's own compact form of a build's layouts, and the profiles that are built in.
 *
 * A profile is canonical JSON (DESIGN, "The snapshot"), schema "ntdrift-profile/1":
 *
 *   {
 *     "arch": "x64", "build": 14393, "revision": 4583,          revision null where unknown
 *     "name": "nt-14393.4583-x64", "origin": "...",
 *     "pdb": {"age": 1, "guid": "517E...", "name": "ntkrnlmp.pdb"},   null where unknown
 *     "precision": {"enums": true, "kinds": true, "pointees": true},
 *     "schema": "ntdrift-profile/1",
 *     "symbols": {"PsActiveProcessHead": "0x40f650"},
 *     "types": {
 *       "_EPROCESS": {
 *         "fields": {"ActiveThreads": "0x498 unsigned long", "Minimal": "0x6cc:0:1 unsigned long"},
 *         "kind": "struct", "size": 2000},
 *       "_KWAIT_REASON": {"constants": {"Executive": 0}, "kind": "enum", "size": 4}}
 *   }
 *
 * A field is "OFFSET TYPE", or "OFFSET:POSITION:LENGTH TYPE" for a bit-field: what `dt` prints.
 */
#ifndef NTDRIFT_SYMBOLS_PROFILE_H
#define NTDRIFT_SYMBOLS_PROFILE_H

#include "symbols/symbols.h"

#define PROFILE_SCHEMA "ntdrift-profile/1"

/* Which part of a symbol file goes into a profile. Lists end with NULL. */
struct profile_scope {
    const char *const *types;
    const char *const *publics;
};

/* Writes `symbols` reduced to `scope` as a profile. */
void profile_write(const struct symbols *symbols, const struct profile_scope *scope,
                   struct text *profile);

/* A profile that is part of the program. `json` is its text. */
struct builtin_profile {
    const char *name;
    const char *arch;
    const char *pdb_guid; /* "" where unknown */
    uint32_t pdb_age;
    int32_t build;
    int32_t revision;
    const char *json;
    size_t length;
};

/* In ascending order of build, revision, name. Made at build time from analyzer/profiles. */
extern const struct builtin_profile builtin_profiles[];
extern const size_t builtin_profile_count;

/* The built-in profile of that name as symbols; NULL where there is none. */
const struct builtin_profile *profile_find(const char *name);

#endif
