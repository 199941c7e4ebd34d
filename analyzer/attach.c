/* attach.c - looking for symbols on behalf of a command. */
#include "attach.h"

#include <string.h>

#include "base/memory.h"
#include "symbols/profile.h"

struct refusals {
    struct text own;      /* of files that the user named */
    struct text profiles; /* of built-in profiles */
};

static void note_refusal(const char *source, const char *why, void *data) {
    struct refusals *refusals = data;
    struct text *text = profile_find(source) ? &refusals->profiles : &refusals->own;
    text_printf(text, "%s is refused: %s\n", source, why);
}

enum status attach_symbols(struct error *err, struct target *target, const struct cli_list *paths,
                           bool no_profiles, struct text *remarks) {
    struct refusals refusals = {TEXT_EMPTY, TEXT_EMPTY};
    const struct symbols_search search = {.paths = paths->items,
                                          .path_count = paths->count,
                                          .no_builtin = no_profiles,
                                          .refused = note_refusal,
                                          .data = &refusals};
    enum status status = target_attach(err, target, &search);
    text_append(remarks, refusals.own.data, refusals.own.length);
    if (status == STATUS_NO_SYMBOLS) {
        text_append(remarks, refusals.profiles.data, refusals.profiles.length);
        text_printf(remarks, "%s\n", err->message);
        status = STATUS_OK;
    }
    text_deinit(&refusals.own);
    text_deinit(&refusals.profiles);
    return status;
}

void remarks_print(const struct cli_call *call, const struct text *remarks) {
    const char *line = remarks->data;
    for (const char *end; (end = strchr(line, '\n')); line = end + 1)
        cli_note(call, "%.*s", (int)(end - line), line);
}
