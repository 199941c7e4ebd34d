/*
 * token.h - what the Security Reference Monitor keeps of a process: its access token, and the
 * security identifiers (SIDs) in it.
 *
 * Sources: _TOKEN, _SEP_LOGON_SESSION_REFERENCES, _SID_AND_ATTRIBUTES and _EX_FAST_REF of the
 * kernel's symbol files; winnt.h for the form of a SID (revision, count, six bytes of authority,
 * subauthorities), its limits, and the types of elevation.
 */
#ifndef NTDRIFT_KERNEL_TOKEN_H
#define NTDRIFT_KERNEL_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "kernel/target.h"

#define SID_SUBAUTHORITIES_MOST 15 /* SID_MAX_SUB_AUTHORITIES */

struct sid {
    uint64_t authority; /* 48 bits */
    uint8_t count;      /* of subauthorities */
    uint32_t subauthorities[SID_SUBAUTHORITIES_MOST];
};

/* READ_BAD_VALUE: what is there is no SID. */
enum read_state sid_read(const struct target *target, uint64_t address, struct sid *sid);

/* Appends "S-1-5-18". */
void sid_print(const struct sid *sid, struct text *text);

/* The primary token of a process: 0 with READ_PRESENT where it has none (it has exited, or is
 * Idle). False where the symbols do not describe it. */
bool token_of_process(const struct target *target, uint64_t process, enum read_state *state,
                      uint64_t *token);

/* A SID_AND_ATTRIBUTES of UserAndGroups: the user is at 0. */
struct token_group {
    struct sid sid;
    uint32_t attributes; /* SE_GROUP_* */
};

/* READ_BAD_VALUE: the token has no such group. */
enum read_state token_group(const struct target *target, uint64_t token, uint64_t position,
                            struct token_group *group);

/* winnt.h: TOKEN_ELEVATION_TYPE. */
enum token_elevation {
    TOKEN_ELEVATION_DEFAULT = 1, /* its logon session stands alone */
    TOKEN_ELEVATION_FULL,        /* of a pair: the one with all rights */
    TOKEN_ELEVATION_LIMITED,     /* of a pair: the one that rights were taken out of */
};

/* False where the symbols do not describe logon sessions. READ_BAD_VALUE: the token has none. */
bool token_elevation(const struct target *target, uint64_t token, enum read_state *state,
                     enum token_elevation *elevation);

/* Whether the token was filtered: rights were taken out of it. False where this build has no such
 * flag: filtered tokens came with labels, in Vista. */
bool token_is_filtered(const struct target *target, uint64_t token, enum read_state *state,
                       bool *is_filtered);

#endif
