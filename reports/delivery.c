/* delivery.c - where reports go. */
#include "reports/delivery.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static bool is_standard_output(const char *path) {
    return !path || strcmp(path, "-") == 0;
}

static enum status no_such_format(struct error *err, const char *format) {
    struct text names AUTO(text_deinit) = TEXT_EMPTY;
    for (const struct renderer *renderer = renderers; renderer->format; renderer++)
        text_printf(&names, "%s%s", names.length ? ", " : "", renderer->format);
    return fail(err, STATUS_USAGE, "no such format: %s (%s)", format, names.data);
}

static enum status add_format(struct error *err, struct delivery *delivery, const char *format) {
    const struct renderer *renderer = renderer_find(format);
    if (!renderer)
        return no_such_format(err, format);
    if (delivery->count == DELIVERY_MOST)
        return fail(err, STATUS_USAGE, "expected at most %d reports", DELIVERY_MOST);
    delivery->reports[delivery->count].renderer = renderer;
    delivery->reports[delivery->count++].path = NULL;
    return STATUS_OK;
}

/* Two reports in one place would be one. */
static enum status check_places(struct error *err, const struct delivery *delivery) {
    for (size_t i = 0; i < delivery->count; i++)
        for (size_t j = i + 1; j < delivery->count; j++) {
            const char *one = delivery->reports[i].path, *other = delivery->reports[j].path;
            bool is_output = is_standard_output(one);
            if (is_output != is_standard_output(other) || (!is_output && strcmp(one, other) != 0))
                continue;
            return fail(err, STATUS_USAGE, "two reports (%s, %s) for %s: name a file for each",
                        delivery->reports[i].renderer->format,
                        delivery->reports[j].renderer->format, is_output ? "standard output" : one);
        }
    return STATUS_OK;
}

enum status delivery_plan(struct error *err, const struct cli_sequence *given,
                          struct delivery *delivery) {
    const char *early = NULL; /* a file named before any format */
    delivery->count = 0;
    for (size_t i = 0; i < given->count; i++) {
        const char *value = given->items[i].value;
        if (given->items[i].letter == 'f') {
            enum status status = add_format(err, delivery, value);
            if (status)
                return status;
            continue;
        }
        const char **path = delivery->count ? &delivery->reports[delivery->count - 1].path : &early;
        if (*path)
            return fail(err, STATUS_USAGE, "two files for one report: %s, %s", *path, value);
        *path = value;
    }
    if (!delivery->count && add_format(err, delivery, "text"))
        return STATUS_USAGE;
    if (early && delivery->reports[0].path)
        return fail(err, STATUS_USAGE, "two files for one report: %s, %s", early,
                    delivery->reports[0].path);
    if (early)
        delivery->reports[0].path = early;
    return check_places(err, delivery);
}

enum status delivery_write(struct error *err, const struct delivery *delivery,
                           const struct difference *difference) {
    struct text texts[DELIVERY_MOST];
    struct file_output outputs[DELIVERY_MOST];
    for (size_t i = 0; i < delivery->count; i++) {
        const char *path = delivery->reports[i].path;
        struct report_options options = {.colour =
                                             is_standard_output(path) && cli_colour(STDOUT_FILENO)};
        text_init(&texts[i]);
        delivery->reports[i].renderer->render(difference, &options, &texts[i]);
        outputs[i] = (struct file_output){path, texts[i].data, texts[i].length};
    }
    enum status status = file_write_all(err, outputs, delivery->count);
    for (size_t i = 0; i < delivery->count; i++)
        text_deinit(&texts[i]);
    return status;
}
