/*
 * page.h - whether an HTML page holds together: every element is closed in its turn, no id is
 * given twice, every link leads to an id of the page, and nothing in it could run or load but the
 * one script that every page has.
 */
#ifndef NTDRIFT_TESTS_PAGE_H
#define NTDRIFT_TESTS_PAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "reports/html_script.h"

#define PAGE_DEPTH 256

static inline bool page_name_is(const char *name, size_t length, const char *other) {
    return strlen(other) == length && !memcmp(name, other, length);
}

static inline bool page_is_void(const char *name, size_t length) {
    return page_name_is(name, length, "meta") || page_name_is(name, length, "br") ||
           page_name_is(name, length, "input");
}

static inline bool page_is_active(const char *name, size_t length) {
    static const char *const active[] = {"script", "img",  "iframe", "object", "embed",
                                         "link",   "base", "form",   "video",  "audio"};
    for (size_t i = 0; i < sizeof active / sizeof *active; i++)
        if (page_name_is(name, length, active[i]))
            return true;
    return false;
}

/* Puts the value of attribute `name` within [tag, end) into `values`; false where it is there and
 * `unique` is asked for. */
static inline bool page_collect(const char *tag, const char *end, const char *name, json_t *values,
                                bool unique) {
    char opening[32];
    snprintf(opening, sizeof opening, " %s=\"", name);
    const char *start = memmem(tag, (size_t)(end - tag), opening, strlen(opening));
    if (!start)
        return true;
    start += strlen(opening);
    char *value = strndup(start, strcspn(start, "\""));
    bool is_new = !json_object_get(values, value);
    json_object_set_new(values, value, json_true());
    free(value);
    return is_new || !unique;
}

/* NULL where the page is sound, else what is wrong with it. */
static inline const char *page_flaw_in(const char *html, json_t *ids, json_t *links) {
    struct {
        const char *name;
        size_t length;
    } open[PAGE_DEPTH];
    size_t depth = 0;
    const char *style = strstr(html, "<style>");
    const char *style_end = strstr(html, "</style>");
    for (const char *at = strchr(html, '<'); at; at = strchr(at + 1, '<')) {
        bool is_style = at > style && at < style_end;
        if (at[1] == '!' || is_style)
            continue;
        bool is_end = at[1] == '/';
        const char *name = at + 1 + is_end;
        size_t length = strcspn(name, " />\n");
        const char *end = strchr(at, '>');
        if (!length || !end)
            return "a tag without a name or an end";
        if (page_is_active(name, length))
            return "an element that runs or loads";
        if (!page_collect(at, end, "id", ids, true))
            return "an id that is there twice";
        page_collect(at, end, "href", links, false);
        if (is_end) {
            if (!depth-- || open[depth].length != length || memcmp(open[depth].name, name, length))
                return "an end tag that does not belong to what is open";
        } else if (end[-1] != '/' && !page_is_void(name, length)) {
            if (depth == PAGE_DEPTH)
                return "elements nested too deep";
            open[depth].name = name;
            open[depth++].length = length;
        }
    }
    return depth ? "an element that is not closed" : NULL;
}

/* The page without its own script, where it has it; the caller frees. */
static inline char *page_without_script(const char *html) {
    struct text script = TEXT_EMPTY, rest = TEXT_EMPTY;
    html_script(&script);
    const char *found = strstr(html, script.data);
    text_append(&rest, html, found ? (size_t)(found - html) : strlen(html));
    if (found)
        text_puts(&rest, found + script.length);
    text_deinit(&script);
    return text_take(&rest);
}

static inline const char *page_flaw(const char *page) {
    char *html = page_without_script(page);
    json_t *ids = json_object();
    json_t *links = json_object();
    const char *flaw = page_flaw_in(html, ids, links);
    const char *link;
    json_t *unused;
    json_object_foreach(links, link, unused) {
        if (!flaw && (link[0] != '#' || !json_object_get(ids, link + 1)))
            flaw = "a link that leads nowhere";
    }
    json_decref(ids);
    json_decref(links);
    free(html);
    return flaw;
}

#endif
