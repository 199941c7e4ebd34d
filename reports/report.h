/*
 * report.h - a difference as text, Markdown, HTML, JSON, JUnit, SARIF or GitHub annotations: one
 * renderer per format, one row each in the table of report.c. A renderer decides nothing: what is
 * in the difference is printed. Deterministic: the same difference gives the same bytes.
 */
#ifndef NTDRIFT_REPORTS_REPORT_H
#define NTDRIFT_REPORTS_REPORT_H

#include <stdbool.h>

#include "base/text.h"
#include "differ/difference.h"

struct report_options {
    bool colour; /* text only */
};

struct renderer {
    const char *format; /* what --format takes; NULL ends the table */
    void (*render)(const struct difference *difference, const struct report_options *options,
                   struct text *output);
};

extern const struct renderer renderers[];
const struct renderer *renderer_find(const char *format);

#endif
