/* history.c - nt-differ history: what ever changed, over any number of snapshots. */
#include "reports/history.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "differ/commands/commands.h"
#include "snapshot/snapshot.h"

static const char *format = "text";
static const char *output;
static struct cli_list only;

const struct cli_option history_options[] = {
    {'f', "format", "NAME", "text, markdown, html, json or csv", CLI_STRING, &format},
    {'o', "output", "FILE", "write there; standard output without", CLI_STRING, &output},
    {0, "only", "GLOB", "only rows of these subjects: \"_EPROCESS.*\" (repeatable)", CLI_LIST,
     &only},
    {0},
};

static enum status read_each(struct error *err, const struct cli_call *call, json_t **snapshots) {
    enum status status = STATUS_OK;
    size_t inputs = 0;
    for (size_t i = 0; i < call->operand_count && !status; i++) {
        inputs += strcmp(call->operands[i], "-") == 0;
        status = inputs > 1 ? fail(err, STATUS_USAGE, "standard input can be one snapshot only")
                            : snapshot_read(err, call->operands[i], &snapshots[i]);
    }
    return status;
}

static enum status write_history(struct error *err, const struct cli_call *call,
                                 json_t *const *snapshots, bool *has_rows) {
    const struct history_renderer *renderer = history_renderer_find(format);
    struct history history;
    history_make(&history, snapshots, call->operands, call->operand_count, only.items, only.count);
    struct text text AUTO(text_deinit) = TEXT_EMPTY;
    renderer->render(&history, &text);
    *has_rows = history.row_count;
    history_deinit(&history);
    return file_write(err, output, text.data, text.length);
}

int history_run(const struct cli_call *call) {
    struct error err;
    json_t **snapshots = xcalloc(call->operand_count, sizeof *snapshots);
    bool has_rows = false;
    enum status status = STATUS_OK;
    if (!history_renderer_find(format))
        status = fail(&err, STATUS_USAGE, "no such format: %s (text, markdown, html, json, csv)",
                      format);
    if (!status)
        status = read_each(&err, call, snapshots);
    if (!status)
        status = write_history(&err, call, snapshots, &has_rows);
    for (size_t i = 0; i < call->operand_count; i++)
        json_decref(snapshots[i]);
    free(snapshots);
    cli_list_deinit(&only);
    if (status)
        return cli_fail(call, &err);
    return has_rows ? EXIT_DIFFERENT : EXIT_DONE;
}
