/*
 * escape.h - text that comes from a snapshot, made fit for a page. A process name is what its
 * owner wanted it to be: nothing of it reaches HTML or Markdown as markup, and control characters,
 * invisible characters, direction overrides and bytes that are no UTF-8 are spelled out (\x0a,
 * \u202e), so that what is read is what is there.
 *
 * This module knows no changes and no layouts, only characters.
 */
#ifndef NTDRIFT_REPORTS_ESCAPE_H
#define NTDRIFT_REPORTS_ESCAPE_H

#include <stddef.h>

#include "base/text.h"

/* Printable UTF-8 of any bytes; no markup is escaped. */
void escape_visible(struct text *out, const char *bytes, size_t length);

/* For element content and for attribute values in double quotes. */
void escape_html(struct text *out, const char *string);
void escape_html_bytes(struct text *out, const char *bytes, size_t length);

/* A sentence; words that look like a name, an offset or a command become <code>. What stands
 * between backticks is one piece of code. */
void escape_html_prose(struct text *out, const char *sentence);
void escape_markdown_prose(struct text *out, const char *sentence);

/* A name as a code span that also holds inside a table cell; one with a pipe or a backtick is
 * written as <code> with character references, which every Markdown reads alike. */
void escape_markdown_code(struct text *out, const char *string);
void escape_markdown_code_bytes(struct text *out, const char *bytes, size_t length);

/* A name as part of an id: two names never give the same one. */
void escape_anchor(struct text *out, const char *string);

#endif
