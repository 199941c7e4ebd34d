/* info_command.c - nt-analyzer info. */
#include "attach.h"
#include "base/file.h"
#include "base/memory.h"
#include "commands.h"
#include "info.h"

static struct cli_list symbol_paths;
static bool no_profiles;

const struct cli_option info_options[] = {
    {0, "symbols", "PATH", "look for symbols in this file or folder first; repeatable", CLI_LIST,
     &symbol_paths},
    {0, "no-profiles", NULL, "do not use the built-in profiles", CLI_FLAG, &no_profiles},
    {0},
};

static enum status make(struct error *err, const char *path, struct text *remarks) {
    struct target *target;
    enum status status = target_open(err, path, &target);
    if (status)
        return status;
    AUTO(text_deinit) struct text info = TEXT_EMPTY;
    status = attach_symbols(err, target, &symbol_paths, no_profiles, remarks);
    if (!status)
        info_write(target, &info);
    if (!status)
        status = image_check(err, target->image);
    target_close(target);
    return status ? status : file_write(err, NULL, info.data, info.length);
}

int info_run(const struct cli_call *call) {
    struct error err;
    AUTO(text_deinit) struct text remarks = TEXT_EMPTY;
    enum status status = make(&err, call->operands[0], &remarks);
    cli_list_deinit(&symbol_paths);
    if (status)
        return cli_fail(call, &err);
    remarks_print(call, &remarks);
    return EXIT_DONE;
}
