/* html_tables.c - changes as rows: before and after, with what a collapsed one stands for. */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/value.h"

#define ROWS_UNFOLDED  30 /* a longer table is folded */
#define ITEMS_UNFOLDED 8  /* the same for what one change stands for */

void html_table_head(struct page *page, const char *const *columns) {
    text_puts(page->out, "<thead><tr>");
    for (; *columns; columns++)
        text_printf(page->out, "<th scope=\"col\">%s</th>", *columns);
    text_puts(page->out, "</tr></thead>\n");
}

/* The last word of a kind's id says what happened: its sign and its class. */
static void write_mark(struct text *out, const struct rule *rule) {
    static const struct {
        const char *verb;
        const char *sign;
        const char *class;
    } verbs[] = {
        {"added", "+", "added"},     {"removed", "−", "removed"},  {"moved", "→", "moved"},
        {"shifted", "⇣", "shifted"}, {"retyped", "≠", "retyped"},  {"renamed", "≡", "renamed"},
        {"resized", "↔", "shifted"}, {"renumbered", "≠", "moved"}, {"reindexed", "≠", "moved"},
        {"gained", "+", "added"},    {"lost", "−", "removed"},
    };
    const char *verb = strrchr(rule->id, '.');
    verb = verb ? verb + 1 : rule->id;
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        if (!strcmp(verb, verbs[i].verb))
            text_printf(out, "<span class=\"mark %s\" aria-hidden=\"true\">%s</span> ",
                        verbs[i].class, verbs[i].sign);
}

/* "bit added": the id without its family. */
static void write_kind(struct text *out, const struct rule *rule) {
    write_mark(out, rule);
    const char *words = strchr(rule->id, '.');
    words = words ? words + 1 : rule->id;
    text_printf(out, "<a href=\"#check--%s\">", rule->id);
    for (; *words; words++)
        text_putc(out, *words == '.' ? ' ' : *words);
    text_puts(out, "</a>");
}

static void write_value(struct text *out, const struct change *change, const json_t *value) {
    AUTO(text_deinit) struct text plain = TEXT_EMPTY;
    value_of_change(&plain, change, value);
    text_puts(out, "<td>");
    if (!value) {
        text_puts(out, "<span class=\"soft\">–</span>");
    } else {
        text_puts(out, "<code>");
        escape_html_bytes(out, plain.data, plain.length);
        text_puts(out, "</code>");
    }
    text_puts(out, "</td>");
}

/* ---- what a collapsed change stands for ---- */

static void write_cell(struct text *out, const json_t *value) {
    AUTO(text_deinit) struct text plain = TEXT_EMPTY;
    bool is_empty = json_is_array(value) && !json_array_size(value);
    if (value && !is_empty)
        value_plain(&plain, value);
    text_puts(out, "<td><code>");
    escape_html_bytes(out, plain.data, plain.length);
    text_puts(out, "</code></td>");
}

/* The runs of shifted members or services: by how much, how many, from which to which, and why. */
static void write_groups(struct page *page, const json_t *groups) {
    static const char *const columns[] = {"By", "Count", "From", "To", "Because", NULL};
    static const char *const keys[] = {"by", "count", "first", "last", "causes"};
    if (!json_array_size(groups))
        return;
    text_puts(page->out, "<table>\n");
    html_table_head(page, columns);
    text_puts(page->out, "<tbody>\n");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        text_puts(page->out, "<tr>");
        for (size_t j = 0; j < ARRAY_LENGTH(keys); j++)
            write_cell(page->out, json_object_get(json_array_get(groups, i), keys[j]));
        text_puts(page->out, "</tr>\n");
    }
    text_puts(page->out, "</tbody></table>\n");
}

/* {name: [old, new]} or {name: value}. */
static void write_pairs(struct page *page, const json_t *pairs, const char *what, bool is_added) {
    static const char *const columns[] = {"Name", "Before", "After", NULL};
    size_t count = json_object_size(pairs);
    if (!count)
        return;
    text_printf(page->out, "<details class=\"more\"%s><summary>%zu %s%s</summary>\n<table>\n",
                count <= ITEMS_UNFOLDED ? " open" : "", count, what, count == 1 ? "" : "s");
    html_table_head(page, columns);
    text_puts(page->out, "<tbody>\n");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)pairs, name, value) {
        bool is_pair = json_is_array(value) && json_array_size(value) == 2;
        text_puts(page->out, "<tr><th scope=\"row\">");
        html_code(page->out, name);
        text_puts(page->out, "</th>");
        write_cell(page->out, is_pair ? json_array_get(value, 0) : is_added ? NULL : value);
        write_cell(page->out, is_pair ? json_array_get(value, 1) : is_added ? value : NULL);
        text_puts(page->out, "</tr>\n");
    }
    text_puts(page->out, "</tbody></table></details>\n");
}

/* A row of its own, below that of its change. */
static void write_details(struct page *page, const struct change *change) {
    text_puts(page->out, "<tr class=\"details\"><td colspan=\"5\">");
    escape_html_prose(page->out, change->message);
    text_putc(page->out, '\n');
    write_groups(page, json_object_get(change->details, "groups"));
    write_pairs(page, json_object_get(change->details, "fields"), "member", false);
    write_pairs(page, json_object_get(change->details, "services"), "service", false);
    write_pairs(page, json_object_get(change->details, "types"), "type", false);
    write_pairs(page, json_object_get(change->details, "constants"), "constant", !change->old);
    text_puts(page->out, "</td></tr>\n");
}

/* ---- rows ---- */

/* In a structure's own table the structure's name is not said again. */
static void write_subject(struct text *out, const struct change *change, const char *within) {
    size_t length = strlen(within);
    const char *subject = change->subject;
    if (length && !strncmp(subject, within, length) && subject[length] == '.')
        subject += length + 1;
    html_code(out, subject);
    if (change->waived) {
        text_puts(out, "<br><span class=\"chip waived\">waived</span> <span class=\"soft\">");
        escape_html(out, change->waived);
        text_puts(out, "</span>");
    }
}

static void write_row(struct page *page, const struct change *change, const char *within) {
    struct text *out = page->out;
    text_puts(out, "<tr id=\"");
    outline_anchor(out, page->difference, change);
    text_printf(out, "\" data-severity=\"%s\"%s>", severity_name(change->severity),
                change->waived ? " class=\"waived\"" : "");
    text_puts(out, "<td>");
    write_kind(out, change->rule);
    text_puts(out, "</td><th scope=\"row\">");
    write_subject(out, change, within);
    text_puts(out, "</th>");
    bool has_places = json_object_get(change->old, "offset") && change->new;
    if (change->details && !has_places) {
        text_printf(out, "<td colspan=\"2\" class=\"soft\">%zu, see below</td>",
                    outline_stands_for(change));
    } else {
        write_value(out, change, change->old);
        write_value(out, change, change->new);
    }
    text_puts(out, "<td>");
    html_chip(out, change->severity);
    text_puts(out, "</td></tr>\n");
    if (change->details)
        write_details(page, change);
}

void html_change_table(struct page *page, const struct change *const *changes, size_t count,
                       const char *within) {
    static const char *const columns[] = {"Change", "Subject", "Before", "After", "Severity", NULL};
    bool is_long = count > ROWS_UNFOLDED;
    if (is_long)
        text_printf(page->out,
                    "<details class=\"more\"><summary>All %zu changes as a table</summary>\n",
                    count);
    text_puts(page->out, "<div class=\"scroll\"><table class=\"changes\">\n");
    html_table_head(page, columns);
    text_puts(page->out, "<tbody>\n");
    for (size_t i = 0; i < count; i++)
        write_row(page, changes[i], within);
    text_puts(page->out, "</tbody></table></div>\n");
    if (is_long)
        text_puts(page->out, "</details>\n");
}

void html_kinds(struct page *page, const char *family) {
    struct text *out = page->out;
    for (size_t i = 0; i < page->outline.kind_count; i++) {
        const struct kind *kind = &page->outline.kinds[i];
        if (strcmp(kind->rule->family, family) != 0 || outline_is_structural(kind->changes[0]))
            continue;
        text_printf(out, "<section id=\"kind--%s\">\n<h3>", kind->rule->id);
        escape_html(out, kind->rule->title);
        text_printf(out, " <span class=\"meta\">%zu</span></h3>\n<p>", kind->count);
        escape_html_prose(out, kind->rule->meaning);
        text_putc(out, ' ');
        escape_html_prose(out, kind->rule->reason);
        text_puts(out, "</p>\n");
        html_change_table(page, kind->changes, kind->count, "");
        text_puts(out, "</section>\n");
    }
}
