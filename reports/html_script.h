/* html_script.h - the script of the HTML report: a filter over its changes. The page is whole
 * without it. */
#ifndef NTDRIFT_REPORTS_HTML_SCRIPT_H
#define NTDRIFT_REPORTS_HTML_SCRIPT_H

#include "base/text.h"

/* The digest that the page's Content-Security-Policy names: no other script runs in it. */
#define HTML_SCRIPT_DIGEST "sha256-/kQwf9gCdarDe3LnrK2NKh9KB2g5dJ7EeOia4bv23p4="

/* The bar that the script brings to life, hidden until then; and the <script> itself. */
void html_filter(struct text *out);
void html_script(struct text *out);

#endif
