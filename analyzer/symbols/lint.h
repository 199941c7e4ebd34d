/*
 * lint.h - checks the layouts of one kernel by themselves: what no compiler would have made, and
 * what the layouts of the builds next to it do not explain. It reads no dump; whether layouts fit
 * one is for kernel/proof.h.
 *
 * The rules rest on how Microsoft's compiler lays structures out (learn.microsoft.com, "Alignment",
 * x64 ABI conventions): a member begins where the one before it ends, or after the padding that its
 * alignment takes; members overlap only where a union begins. Unnamed structures and unions were
 * flattened into their parents (symbols.h), so that a union shows as members of one offset.
 */
#ifndef NTDRIFT_SYMBOLS_LINT_H
#define NTDRIFT_SYMBOLS_LINT_H

#include "symbols/symbols.h"

enum lint_level { LINT_WARNING, LINT_ERROR };

/* What was found, one line each: "FILE: error: _EPROCESS.Peb: what is wrong". */
struct lint {
    const char *file;
    const struct symbols *symbols;
    struct text *out;
    size_t errors;
    size_t warnings;
};

/* `subject` and, where it is not NULL, `member` name what it is about. */
void lint_say(struct lint *lint, enum lint_level level, const char *subject, const char *member,
              const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Members outside their structure or off their alignment, bits outside their word, gaps that no
 * alignment explains, overlaps that are no union's: errors, all of them. */
void lint_members(struct lint *lint);

/* Members that are neither where a neighbour's are, nor moved as the members next to them did, nor
 * right behind the member before them: warnings. A build can move one member alone, so the word of
 * a symbol file is needed to tell. `neighbours` are of the same machine; any may be NULL. */
void lint_neighbours(struct lint *lint, const struct symbols *const *neighbours, size_t count);

/* Members that `user` cannot do without: "TYPE.MEMBER", or several of which one is enough,
 * "_KPRCB.Number|_KPRCB.LegacyNumber"; ends with NULL. A missing one is an error. */
void lint_needs(struct lint *lint, const char *user, const char *const *needs);

#endif
