/* renderers.h - the renderers that the table of report.c names, one file each. */
#ifndef NTDRIFT_REPORTS_RENDERERS_H
#define NTDRIFT_REPORTS_RENDERERS_H

#include "reports/report.h"

void report_text(const struct difference *difference, const struct report_options *options,
                 struct text *output);
void report_markdown(const struct difference *difference, const struct report_options *options,
                     struct text *output);
void report_html(const struct difference *difference, const struct report_options *options,
                 struct text *output);
void report_json(const struct difference *difference, const struct report_options *options,
                 struct text *output);

void report_junit(const struct difference *difference, const struct report_options *options,
                  struct text *output);
void report_sarif(const struct difference *difference, const struct report_options *options,
                  struct text *output);
void report_github(const struct difference *difference, const struct report_options *options,
                   struct text *output);

#endif
