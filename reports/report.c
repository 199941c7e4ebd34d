/* report.c - the table of renderers. */
#include "reports/report.h"

#include <string.h>

#include "reports/renderers.h"

const struct renderer renderers[] = {
    {"text", report_text},     {"markdown", report_markdown},
    {"html", report_html},     {"json", report_json},
    {"junit", report_junit},   {"sarif", report_sarif},
    {"github", report_github}, {NULL, NULL},
};

const struct renderer *renderer_find(const char *format) {
    for (const struct renderer *renderer = renderers; renderer->format; renderer++)
        if (strcmp(renderer->format, format) == 0)
            return renderer;
    return NULL;
}
