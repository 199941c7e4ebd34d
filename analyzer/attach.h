/*
 * attach.h - looking for the symbols of a dump, and what a user has to hear about it.
 *
 * Remarks are kept back until a command has succeeded: one that fails says one line, its own.
 */
#ifndef NTDRIFT_ATTACH_H
#define NTDRIFT_ATTACH_H

#include "base/cli.h"
#include "base/text.h"
#include "kernel/proof.h"

/* Searches as --symbols and --no-profiles say. No symbols are no failure: the remarks then name
 * the file to fetch, and what was refused and why. `remarks` is a line for each. */
enum status attach_symbols(struct error *err, struct target *target, const struct cli_list *paths,
                           bool no_profiles, struct text *remarks);

/* Prints the remarks. */
void remarks_print(const struct cli_call *call, const struct text *remarks);

#endif
