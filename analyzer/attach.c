/* attach.c - looking for symbols on behalf of a command. */
#include "attach.h"

#include <string.h>

#include "base/memory.h"
#include "symbols/profile.h"

struct refusals {
    struct text own; /* of files that the user named */
    size_t profiles; /* built-in ones: the error of the search names the nearest, and why */
};

static void note_refusal(const char *source, const char *why, void *data) {
    struct refusals *refusals = data;
    if (profile_find(source))
        refusals->profiles++;
    else
        text_printf(&refusals->own, "%s is refused: %s\n", source, why);
}

enum status attach_symbols(struct error *err, struct target *target, const struct cli_list *paths,
                           bool no_profiles, struct text *remarks) {
    struct refusals refusals = {TEXT_EMPTY, 0};
    const struct symbols_search search = {.paths = paths->items,
                                          .path_count = paths->count,
                                          .no_builtin = no_profiles,
                                          .refused = note_refusal,
                                          .data = &refusals};
    enum status status = target_attach(err, target, &search);
    text_append(remarks, refusals.own.data, refusals.own.length);
    if (status == STATUS_NO_SYMBOLS) {
        if (refusals.profiles)
            text_printf(remarks, "%zu built-in profiles are refused\n", refusals.profiles);
        text_printf(remarks, "%s\n", err->message);
        status = STATUS_OK;
    }
    text_deinit(&refusals.own);
    return status;
}

void remarks_print(const struct cli_call *call, const struct text *remarks) {
    const char *line = remarks->data;
    for (const char *end; (end = strchr(line, '\n')); line = end + 1)
        cli_note(call, "%.*s", (int)(end - line), line);
}
