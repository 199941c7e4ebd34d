/* commands.h - the commands of nt-differ that stand by themselves, one file for each group. They
 * are of the program, as main.c is, and stand above all layers. */
#ifndef NTDRIFT_DIFFER_COMMANDS_H
#define NTDRIFT_DIFFER_COMMANDS_H

#include "base/cli.h"

/* baselines.c */
extern const struct cli_option accept_options[];
int review_run(const struct cli_call *call);
int accept_run(const struct cli_call *call);
int reject_run(const struct cli_call *call);

/* history.c */
#define HISTORY_MOST 1000 /* snapshots */
extern const struct cli_option history_options[];
int history_run(const struct cli_call *call);

/* explain.c */
extern const struct cli_option explain_options[];
int explain_run(const struct cli_call *call);

#endif
