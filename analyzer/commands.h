/* commands.h - the commands of nt-analyzer, one file for each group. */
#ifndef NTDRIFT_COMMANDS_H
#define NTDRIFT_COMMANDS_H

#include "base/cli.h"

/* snapshot_command.c */
extern const struct cli_option snapshot_options[];
int snapshot_run(const struct cli_call *call);

/* image_command.c */
extern const struct cli_option image_options[];
int image_run(const struct cli_call *call);

/* info_command.c */
extern const struct cli_option info_options[];
int info_run(const struct cli_call *call);

/* symbols_commands.c */
extern const struct cli_option layout_options[];
int layout_run(const struct cli_call *call);
extern const struct cli_option profile_make_options[];
int profile_make_run(const struct cli_call *call);
int profile_list_run(const struct cli_call *call);

/* profile_lint.c */
int profile_lint_run(const struct cli_call *call);

#endif
