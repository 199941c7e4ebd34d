/*
 * svg.h - pictures for the HTML report, drawn into it: a structure before and after, and the bits
 * of one word. Colours come from the page's style sheet, by class; nothing here is a script, a
 * link or an outside resource.
 */
#ifndef NTDRIFT_REPORTS_SVG_H
#define NTDRIFT_REPORTS_SVG_H

#include "base/text.h"
#include "reports/structure.h"

/* The pattern and the arrow head that the pictures refer to; once in a page, before them. */
void svg_definitions(struct text *out);

/* The structure, stretches without a change folded. `id` is unique in the page. */
void svg_structure(struct text *out, const struct difference *difference,
                   const struct structure *structure, const char *id);

/* The rules that place the parts of its bars; once, in the page's style sheet. */
void svg_structure_style(struct text *out);

/* One word of it: `old` or `new` may be NULL, not both. */
void svg_word(struct text *out, const struct structure *structure, const struct row *old,
              const struct row *new, const char *id);

#endif
