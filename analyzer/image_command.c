/* image_command.c - nt-analyzer image: a snapshot of an executable file, without a dump. */
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "analyses/executable.h"
#include "attach.h"
#include "base/file.h"
#include "base/memory.h"
#include "commands.h"
#include "kernel/module_symbols.h"

static const char *output;
static struct cli_list symbol_paths;

const struct cli_option image_options[] = {
    {'o', "output", "FILE", "write to FILE instead of standard output", CLI_STRING, &output},
    {0, "symbols", "PATH", "look for the file's symbols in this file or folder; repeatable",
     CLI_LIST, &symbol_paths},
    {0},
};

/* Only symbols of this very file: addresses are what they are for. */
static enum status take_file(struct error *err, struct target *target, const char *path,
                             struct text *remarks) {
    struct symbols *symbols;
    enum status status = symbols_open(err, path, &symbols);
    if (status)
        return status;
    const struct symbols_identity *identity = symbols_identity(symbols);
    const struct pe_image *image = &target->kernel;
    if (!target->symbols && image->has_pdb &&
        strcasecmp(identity->pdb_guid, image->pdb.guid) == 0 &&
        identity->pdb_age == image->pdb.age) {
        target->symbols = symbols;
        return STATUS_OK;
    }
    text_printf(remarks, "%s is refused: it is not the symbols of this file\n", path);
    symbols_free(symbols);
    return STATUS_OK;
}

static bool is_folder(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static void look_in_folders(struct target *target) {
    struct symbol_index *index = symbol_index_new(target);
    if (!target->symbols && target->kernel.has_pdb)
        target->symbols = symbol_index_open(index, &target->kernel.pdb);
    symbol_index_free(index);
}

static enum status attach(struct error *err, struct target *target, struct text *remarks) {
    target->symbol_paths = xcalloc(symbol_paths.count + 1, sizeof *target->symbol_paths);
    for (size_t i = 0; i < symbol_paths.count; i++) {
        const char *path = symbol_paths.items[i];
        if (is_folder(path)) {
            target->symbol_paths[target->symbol_path_count++] = xstrdup(path);
            continue;
        }
        enum status status = take_file(err, target, path, remarks);
        if (status)
            return status;
    }
    look_in_folders(target);
    target->match = target->symbols ? MATCH_EXACT : MATCH_NONE;
    return STATUS_OK;
}

static enum status make(struct error *err, const char *path, struct text *remarks) {
    struct target *target;
    enum status status = target_open_executable(err, path, &target);
    if (status)
        return status;
    AUTO(text_deinit) struct text snapshot = TEXT_EMPTY;
    status = attach(err, target, remarks);
    if (!status)
        executable_assemble(target, &snapshot);
    if (!status)
        status = image_check(err, target->image);
    target_close(target);
    return status ? status : file_write(err, output, snapshot.data, snapshot.length);
}

int image_run(const struct cli_call *call) {
    struct error err;
    AUTO(text_deinit) struct text remarks = TEXT_EMPTY;
    enum status status = make(&err, call->operands[0], &remarks);
    if (!status)
        remarks_print(call, &remarks);
    cli_list_deinit(&symbol_paths);
    return status ? cli_fail(call, &err) : EXIT_DONE;
}
