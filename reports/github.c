/*
 * github.c - a difference as GitHub workflow commands: the lines that a step prints to have
 * annotations at its run.
 *
 * GitHub keeps ten errors, ten warnings and ten notices of a step and drops the rest without a
 * word, so the last of a full level counts what it stands for. A change that gates is an error, one
 * that does not is a warning or, as info or waived, a notice; what could not be compared is a
 * notice too. Source: GitHub Docs, "Workflow commands for GitHub Actions"; community discussion
 * 26680 for the limits.
 */
#include <string.h>

#include "base/memory.h"
#include "differ/prominence.h"
#include "reports/escape.h"
#include "reports/renderers.h"

#define ANNOTATIONS_MOST 10   /* of each level, in one step */
#define MESSAGE_MOST     4000 /* bytes; GitHub cuts at 4 KiB of one message */

enum level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_NOTICE, LEVEL_COUNT };
static const char *const level_names[] = {"error", "warning", "notice"};

struct annotations {
    struct text *out;
    const char *file; /* the old snapshot, as it was named; NULL where that is no file */
    size_t wanted[LEVEL_COUNT];
    size_t written[LEVEL_COUNT];
};

static enum level level_of(const struct change *change) {
    if (change->gates)
        return LEVEL_ERROR;
    return change->waived || change->severity == SEVERITY_INFO ? LEVEL_NOTICE : LEVEL_WARNING;
}

/* A percent sign and ends of lines would end the command; in a property colon and comma too. */
static void put(struct text *out, const char *string, bool is_property) {
    struct text clean AUTO(text_deinit) = TEXT_EMPTY;
    escape_visible(&clean, string, strlen(string));
    size_t length = clean.length;
    if (length > MESSAGE_MOST)
        for (length = MESSAGE_MOST; (clean.data[length] & 0xc0) == 0x80; length--)
            ;
    for (size_t i = 0; i < length; i++)
        if (clean.data[i] == '%' || (is_property && strchr(":,", clean.data[i])))
            text_printf(out, "%%%02X", (unsigned char)clean.data[i]);
        else
            text_putc(out, clean.data[i]);
    if (length < clean.length)
        text_puts(out, "...");
}

static void annotate(struct annotations *annotations, enum level level, const char *title,
                     const char *message) {
    struct text *out = annotations->out;
    text_printf(out, "::%s ", level_names[level]);
    if (annotations->file) {
        text_puts(out, "file=");
        put(out, annotations->file, true);
        text_putc(out, ',');
    }
    text_puts(out, "title=");
    put(out, title, true);
    text_puts(out, "::");
    put(out, message, false);
    text_putc(out, '\n');
    annotations->written[level]++;
}

/* The last place of a level that has too many is for the number of the others. */
static void annotate_within(struct annotations *annotations, enum level level, const char *title,
                            const char *message) {
    size_t written = annotations->written[level], wanted = annotations->wanted[level];
    if (written + 1 < ANNOTATIONS_MOST ||
        (written < ANNOTATIONS_MOST && wanted <= ANNOTATIONS_MOST)) {
        annotate(annotations, level, title, message);
    } else if (written < ANNOTATIONS_MOST) {
        AUTO_FREE char *rest =
            xasprintf("%zu more like these; the whole report names them", wanted - written);
        annotate(annotations, level, "and more", rest);
    }
}

static void annotate_change(struct annotations *annotations, const struct change *change) {
    AUTO_FREE char *waived =
        change->waived ? xasprintf("%s (waived: %s)", change->message, change->waived) : NULL;
    annotate_within(annotations, level_of(change), change->rule->id,
                    waived ? waived : change->message);
}

void report_github(const struct difference *difference, const struct report_options *options,
                   struct text *output) {
    (void)options;
    const char *path = difference->old.path;
    bool is_file = path && strcmp(path, "-") != 0;
    struct annotations annotations = {.out = output, .file = is_file ? path : NULL};
    annotations.wanted[LEVEL_NOTICE] = difference->unknown_count;
    for (size_t i = 0; i < difference->count; i++)
        annotations.wanted[level_of(&difference->changes[i])]++;
    /* What a report leads with goes first: there is room for little. */
    for (int rest = 0; rest <= 1; rest++)
        for (size_t i = 0; i < difference->count; i++)
            if (prominence_is_headline(difference->changes[i].prominence) == !rest)
                annotate_change(&annotations, &difference->changes[i]);
    for (size_t i = 0; i < difference->unknown_count; i++) {
        AUTO_FREE char *message =
            xasprintf("%s: %s", difference->unknown[i].section, difference->unknown[i].reason);
        annotate_within(&annotations, LEVEL_NOTICE, "not comparable", message);
    }
}
