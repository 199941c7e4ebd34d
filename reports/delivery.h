/*
 * delivery.h - where reports go: several formats at once, each to a file or to standard output.
 *
 * It reads what the command line asked for (`-f html -o a.html -f json -o b.json -f text`), renders
 * each report, and writes them all or none. It knows no format by name.
 */
#ifndef NTDRIFT_REPORTS_DELIVERY_H
#define NTDRIFT_REPORTS_DELIVERY_H

#include "base/cli.h"
#include "base/status.h"
#include "reports/report.h"

#define DELIVERY_MOST 16 /* reports of one run */

/* The strings belong to the command line. */
struct delivery {
    struct {
        const struct renderer *renderer;
        const char *path; /* NULL: standard output */
    } reports[DELIVERY_MOST];
    size_t count;
};

/* `given`: letters 'f' (a format) and 'o' (a file), in the order of the command line. A file
 * belongs to the format before it, one before all formats to the first; a format without a file
 * goes to standard output, which takes one report. Without a format it is text. STATUS_USAGE
 * otherwise. */
enum status delivery_plan(struct error *err, const struct cli_sequence *given,
                          struct delivery *delivery);

enum status delivery_write(struct error *err, const struct delivery *delivery,
                           const struct difference *difference);

#endif
