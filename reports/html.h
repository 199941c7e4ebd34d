/*
 * html.h - the parts of the HTML report, one file each. Private to html*.c.
 *
 * The page is one file, whole without its one script: what folds is <details>, what is a picture is
 * SVG inside it. No text of a snapshot gets here but through escape.h.
 */
#ifndef NTDRIFT_REPORTS_HTML_H
#define NTDRIFT_REPORTS_HTML_H

#include "reports/layers.h"
#include "reports/outline.h"
#include "reports/renderers.h"

struct page {
    struct text *out;
    const struct difference *difference;
    struct outline outline;
    struct layers layers;
};

/* html_style.c: the style sheet */
void html_style(struct text *out);

/* html_head.c: the sides, the counts, the contents, what stands at a glance */
void html_header(struct page *page);
void html_glance(struct page *page);
void html_sentence(struct page *page, const struct change *change); /* an item: what it says */

/* html_structures.c: each changed structure, with its pictures */
void html_structures(struct page *page);

/* html_processes.c: the two trees */
void html_trees(struct page *page);

/* html_layers.c: what protects processes, layer by layer */
void html_layers(struct page *page);

/* html_stubs.c: code of system call stubs */
void html_stubs(struct page *page);

/* html_tables.c: changes by kind */
void html_kinds(struct page *page, const char *family);
void html_table_head(struct page *page, const char *const *columns);
/* `within`: the structure whose table this is, "" for none. */
void html_change_table(struct page *page, const struct change *const *changes, size_t count,
                       const char *within);

/* html_appendix.c: what could not be compared, how to check, what it rests on */
void html_unknown(struct page *page);
void html_checks(struct page *page);
void html_evidence(struct page *page);

/* ---- pieces ---- */

/* "<h2>content</h2>", the content escaped. */
void html_element(struct text *out, const char *tag, const char *content);
void html_code(struct text *out, const char *content);
void html_chip(struct text *out, enum severity severity);

#endif
