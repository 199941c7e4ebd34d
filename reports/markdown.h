/*
 * markdown.h - the parts of the Markdown report, one file each. Private to markdown*.c. GitHub's
 * tables and CommonMark, nothing else. No text of a snapshot gets here but through escape.h.
 */
#ifndef NTDRIFT_REPORTS_MARKDOWN_H
#define NTDRIFT_REPORTS_MARKDOWN_H

#include "reports/outline.h"

/* markdown_layouts.c: each changed structure, member by member, before and after */
void markdown_layouts(struct text *out, const struct difference *difference,
                      const struct outline *outline);

/* markdown_trees.c: the two process trees */
void markdown_trees(struct text *out, const struct difference *difference);

/* markdown_layers.c: what protects processes, layer by layer */
void markdown_layers(struct text *out, const struct difference *difference);

/* markdown_stubs.c: code of system call stubs */
void markdown_stubs(struct text *out, const struct difference *difference);

#endif
