/* snapshot_command.c - nt-analyzer snapshot. */
#include <inttypes.h>
#include <string.h>

#include "analyses/assemble.h"
#include "attach.h"
#include "base/file.h"
#include "base/memory.h"
#include "commands.h"

static const char *output;
static struct cli_list symbol_paths;
static struct cli_list section_lists;
static struct cli_list require_lists;
static bool no_profiles;
static bool scan;
static bool statistics;

const struct cli_option snapshot_options[] = {
    {'o', "output", "FILE", "write to FILE instead of standard output", CLI_STRING, &output},
    {0, "symbols", "PATH", "look for symbols in this file or folder first; repeatable", CLI_LIST,
     &symbol_paths},
    {0, "sections", "LIST", "write these sections only, separated by commas", CLI_LIST,
     &section_lists},
    {0, "require", "LIST", "exit with 3 unless these sections are whole", CLI_LIST, &require_lists},
    {0, "scan", NULL, "look for processes and threads in all kernel memory too (object_scan)",
     CLI_FLAG, &scan},
    {0, "no-profiles", NULL, "do not use the built-in profiles", CLI_FLAG, &no_profiles},
    {0, "statistics", NULL, "say how many pages of the dump were read", CLI_FLAG, &statistics},
    {0},
};

/* ---- lists of sections ---- */

static enum status unknown_section(struct error *err, const char *option, const char *name,
                                   size_t length) {
    struct text known;
    text_init(&known);
    for (size_t row = 0; analyses[row]; row++)
        text_printf(&known, "%s%s", row ? ", " : "", analyses[row]->name);
    fail(err, STATUS_USAGE, "--%s: no such section: \"%.*s\" (there are %s)", option, (int)length,
         name, known.data);
    text_deinit(&known);
    return STATUS_USAGE;
}

static bool mark(bool *marked, const char *name, size_t length) {
    for (size_t row = 0; analyses[row]; row++) {
        if (strlen(analyses[row]->name) == length && memcmp(analyses[row]->name, name, length) == 0)
            return marked[row] = true;
    }
    return false;
}

/* Marks the rows of analyses[] that the lists name. */
static enum status read_lists(struct error *err, const char *option, const struct cli_list *lists,
                              bool *marked) {
    for (size_t i = 0; i < lists->count; i++) {
        for (const char *name = lists->items[i];; name++) {
            size_t length = strcspn(name, ",");
            if (!mark(marked, name, length))
                return unknown_section(err, option, name, length);
            name += length;
            if (!*name)
                break;
        }
    }
    return STATUS_OK;
}

/* A part of a section is written only where the section is. */
static void select_whole(bool *selected) {
    for (size_t row = 0; analyses[row]; row++)
        if (selected[row] && analyses[row]->within)
            mark(selected, analyses[row]->within, strlen(analyses[row]->within));
}

static enum status read_selection(struct error *err, struct assembly *assembly, bool *required) {
    for (size_t row = 0; analyses[row]; row++)
        assembly->selected[row] = analyses[row]->on_demand ? scan : section_lists.count == 0;
    assembly->in_detail = section_lists.count != 0;
    enum status status = read_lists(err, "sections", &section_lists, assembly->selected);
    select_whole(assembly->selected);
    return status ? status : read_lists(err, "require", &require_lists, required);
}

/* ---- the command ---- */

/* Says which required sections are not whole. */
static int judge(const struct cli_call *call, const struct assembly *assembly,
                 const bool *required) {
    int code = EXIT_DONE;
    for (size_t row = 0; analyses[row]; row++) {
        const struct coverage *coverage = &assembly->coverage[row];
        if (!required[row] || coverage->status == COVERAGE_COMPLETE)
            continue;
        cli_note(call, "%s is %s: %s", analyses[row]->name, coverage_status_name(coverage->status),
                 coverage->reason);
        code = EXIT_INCONCLUSIVE;
    }
    return code;
}

/* A triage dump has no pages: nothing is said of it. */
static void add_statistics(const struct image *image, struct text *remarks) {
    if (statistics && !image_is_virtual(image))
        text_printf(remarks, "%" PRIu64 " of %" PRIu64 " pages were read\n",
                    image_pages_read(image), image_info(image)->pages_present);
}

/* The output, opened when there is something to write: while the dump is read, none is there. */
struct delivery {
    struct error *err;
    const struct image *image;
    struct progress *progress; /* whose bar goes before */
    enum status status;
    struct file_stream *stream;
};

static void open_delivery(struct delivery *delivery) {
    progress_end(delivery->progress);
    delivery->status = image_check(delivery->err, delivery->image);
    if (!delivery->status)
        delivery->status = file_stream_open(delivery->err, output, &delivery->stream);
}

static void deliver(void *data, const char *bytes, size_t length) {
    struct delivery *delivery = data;
    if (!delivery->stream && !delivery->status)
        open_delivery(delivery);
    if (delivery->stream)
        file_stream_put(delivery->stream, bytes, length);
}

static enum status write_snapshot(struct error *err, const struct target *target,
                                  struct assembly *assembly, struct progress *progress) {
    struct delivery delivery = {.err = err, .image = target->image, .progress = progress};
    assemble_to(target, assembly, progress, (struct canon_sink){deliver, &delivery});
    return delivery.stream ? file_stream_close(err, delivery.stream, false) : delivery.status;
}

static enum status make(struct error *err, const struct cli_call *call, const char *path,
                        struct assembly *assembly, struct text *remarks) {
    struct target *target;
    enum status status = target_open(err, path, &target);
    if (status)
        return status;
    struct progress progress;
    progress_begin(&progress, analyses_count(), call->quiet);
    status = attach_symbols(err, target, &symbol_paths, no_profiles, remarks);
    if (!status)
        status = write_snapshot(err, target, assembly, &progress);
    progress_end(&progress);
    if (image_fault(target->image))
        text_printf(remarks, "%s: %s\n", path, image_fault(target->image));
    add_statistics(target->image, remarks);
    target_close(target);
    return status;
}

static int run(const struct cli_call *call) {
    struct error err;
    struct assembly assembly = {0};
    bool required[ANALYSES_MOST] = {false};
    AUTO(text_deinit) struct text remarks = TEXT_EMPTY;
    if (read_selection(&err, &assembly, required) ||
        make(&err, call, call->operands[0], &assembly, &remarks))
        return cli_fail(call, &err);
    remarks_print(call, &remarks);
    return judge(call, &assembly, required);
}

int snapshot_run(const struct cli_call *call) {
    int code = run(call);
    cli_list_deinit(&symbol_paths);
    cli_list_deinit(&section_lists);
    cli_list_deinit(&require_lists);
    return code;
}
