/* history_html.c - a history as one HTML page: above, how much of each structure changed with each
 * build, as a heat map; below, its rows, where equal cells are one. */
#include "reports/history.h"

#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"

#define HEATS         5  /* colours of the map */
#define GROUPS_OPEN   1  /* groups whose table is unfolded at first */
#define GROUPS_IN_MAP 60 /* of the most prominent; the others follow, folded */

static const char *const style[] = {
    ".map,.rows{width:auto}.map td,.map th,.rows td,.rows th{padding:3px 9px;border:1px solid ",
    "var(--line)}.map td{text-align:right;min-width:3.4em}\n",
    ".map thead th,.rows thead th{white-space:nowrap}.rows td{min-width:6.5em;max-width:12em}\n",
    ".map tbody th,.rows tbody th{position:sticky;left:0;background:var(--page);",
    "white-space:nowrap}\n",
    ".rows td.none{color:var(--soft)}.rows td.new{border-left:3px solid var(--heat-line)}\n",
    ":root{--heat:176,60,20;--heat-line:#b03c14}\n",
    "@media(prefers-color-scheme:dark){:root{--heat:255,140,80;--heat-line:#ff8c50}}\n",
    ".h1{background:rgba(var(--heat),.08)}.h2{background:rgba(var(--heat),.18)}",
    ".h3{background:rgba(var(--heat),.30)}.h4{background:rgba(var(--heat),.44)}",
    ".h5{background:rgba(var(--heat),.58)}\n",
    ".map a{text-underline-offset:.3em}",
    "@media(max-width:720px){.map tbody th,.rows tbody th{white-space:normal;overflow-wrap:",
    "anywhere;min-width:7.5em;max-width:9em}}\n",
    "main,header.top,footer{max-width:1400px}",
    "@media print{td{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n",
};

/* ---- heat ---- */

static size_t changes_at(const struct history_group *group, size_t build) {
    size_t changes = 0;
    for (size_t i = 0; i < group->count; i++)
        changes += history_is_change(&group->rows[i], build);
    return changes;
}

/* 1, 2 to 4, 5 to 16, 17 to 64, more. */
static size_t heat_of(size_t changes) {
    size_t heat = changes ? 1 : 0;
    for (size_t limit = 1; heat && heat < HEATS && changes > limit; limit *= 4)
        heat++;
    return heat;
}

/* ---- pieces ---- */

static void put_builds(const struct history *history, struct text *out) {
    text_puts(out, "<thead><tr><td></td>");
    for (size_t i = 0; i < history->count; i++) {
        text_puts(out, "<th scope=\"col\">");
        escape_html(out, history->sides[i].label);
        text_puts(out, "</th>");
    }
    text_puts(out, "</tr></thead>\n<tbody>\n");
}

static void put_anchor(struct text *out, const struct history_group *group) {
    text_printf(out, "group--%s--", group->rows->kind->family);
    escape_anchor(out, group->rows->group);
}

/* ---- the map ---- */

static void put_map_row(const struct history *history, const struct history_group *group,
                        struct text *out) {
    text_puts(out, "<tr><th scope=\"row\"><a href=\"#");
    put_anchor(out, group);
    text_puts(out, "\">");
    html_code(out, group->rows->group);
    text_puts(out, "</a></th>");
    for (size_t i = 0; i < history->count; i++) {
        size_t changes = changes_at(group, i);
        if (changes)
            text_printf(out, "<td class=\"h%zu\">%zu</td>", heat_of(changes), changes);
        else
            text_puts(out, "<td></td>");
    }
    text_puts(out, "</tr>\n");
}

static void put_map(const struct history *history, struct text *out) {
    size_t shown = 0, first = 0;
    text_puts(out, "<section id=\"map\">\n<h2>What changed when</h2>\n<p>How many things of each "
                   "structure or table are not as in the build before.</p>\n"
                   "<div class=\"scroll\"><table class=\"map\">\n");
    put_builds(history, out);
    for (; first < history->row_count && shown < GROUPS_IN_MAP; shown++) {
        struct history_group group = history_group_at(history, first);
        put_map_row(history, &group, out);
        first += group.count;
    }
    text_puts(out, "</tbody></table></div>\n");
    if (first < history->row_count)
        text_puts(out, "<details class=\"more\"><summary>The others</summary>\n<div "
                       "class=\"scroll\"><table class=\"map\">\n");
    bool is_folded = first < history->row_count;
    if (is_folded)
        put_builds(history, out);
    while (first < history->row_count) {
        struct history_group group = history_group_at(history, first);
        put_map_row(history, &group, out);
        first += group.count;
    }
    if (is_folded)
        text_puts(out, "</tbody></table></div></details>\n");
    text_puts(out, "</section>\n");
}

/* ---- rows ---- */

/* The cells from `build` on that say the same. */
static size_t same_cells(const struct history *history, const struct history_row *row,
                         size_t build) {
    size_t count = 1;
    while (build + count < history->count &&
           strcmp(history_cell_text(&row->cells[build]),
                  history_cell_text(&row->cells[build + count])) == 0)
        count++;
    return count;
}

static void put_row(const struct history *history, const struct history_row *row,
                    struct text *out) {
    size_t changes = 0;
    text_puts(out, "<tr><th scope=\"row\">");
    html_code(out, history_row_name(row));
    text_puts(out, "</th>");
    for (size_t build = 0; build < history->count;) {
        size_t same = same_cells(history, row, build);
        bool is_change = history_is_change(row, build);
        const struct cell *cell = &row->cells[build];
        changes += is_change;
        text_puts(out, "<td");
        if (same > 1)
            text_printf(out, " colspan=\"%zu\"", same);
        if (cell->state == CELL_PRESENT)
            text_printf(out, " class=\"h%zu%s\"", changes < HEATS ? changes : HEATS,
                        is_change ? " new" : "");
        else
            text_printf(out, " class=\"none%s\"", is_change ? " new" : "");
        text_putc(out, '>');
        if (cell->state == CELL_PRESENT)
            html_code(out, cell->value);
        else
            text_puts(out, cell->state == CELL_ABSENT ? "–" : "?");
        text_puts(out, "</td>");
        build += same;
    }
    text_puts(out, "</tr>\n");
}

static void put_group(const struct history *history, const struct history_group *group,
                      bool is_open, struct text *out) {
    text_puts(out, "<details class=\"structure\" id=\"");
    put_anchor(out, group);
    text_printf(out, "\"%s>\n<summary><h3>", is_open ? " open" : "");
    html_code(out, group->rows->group);
    text_printf(out, "</h3> <span class=\"meta\">%zu row%s</span></summary>\n", group->count,
                group->count == 1 ? "" : "s");
    text_puts(out, "<div class=\"scroll\"><table class=\"rows\">\n");
    put_builds(history, out);
    for (size_t i = 0; i < group->count; i++)
        put_row(history, &group->rows[i], out);
    text_puts(out, "</tbody></table></div>\n</details>\n");
}

static void put_groups(const struct history *history, struct text *out) {
    text_puts(out, "<section id=\"rows\">\n<h2>Row by row</h2>\n<p>");
    escape_html(out, history_legend);
    text_puts(out, " A cell is as wide as the builds that are alike, and the warmer the more often "
                   "its row has changed by then.</p>\n");
    for (size_t i = 0, number = 0; i < history->row_count; number++) {
        struct history_group group = history_group_at(history, i);
        put_group(history, &group, number < GROUPS_OPEN, out);
        i += group.count;
    }
    text_puts(out, "</section>\n");
}

/* ---- the page ---- */

/* No script and no outside resource is wanted; the policy holds even a browser to it. */
static void put_head(struct text *out) {
    text_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'\">\n<title>History of the Windows kernel</title>\n"
                   "<style>\n");
    html_style(out);
    for (size_t i = 0; i < ARRAY_LENGTH(style); i++)
        text_puts(out, style[i]);
    text_puts(out, "</style>\n</head>\n");
}

static void put_header(const struct history *history, struct text *out) {
    text_puts(out, "<header class=\"top\">\n<p class=\"kicker\">What changed inside Windows</p>\n"
                   "<h1>");
    escape_html(out, history->sides[0].label);
    text_puts(out, " <span class=\"to\">→</span> ");
    escape_html(out, history->sides[history->count - 1].label);
    text_puts(out, "</h1>\n<p class=\"lede\">");
    history_sentence(history, out);
    text_puts(out, ".</p>\n");
    for (size_t i = 0; i < history->note_count; i++)
        html_element(out, "p", history->notes[i]);
    text_puts(out, "</header>\n");
}

void history_html(const struct history *history, struct text *output) {
    put_head(output);
    text_puts(output, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the changes</a>\n");
    put_header(history, output);
    text_puts(output, "<main id=\"main\">\n");
    if (history->row_count) {
        put_map(history, output);
        put_groups(history, output);
    }
    text_puts(output,
              "</main>\n<footer>Made by ntdrift from snapshots. The same ones give the same "
              "page, byte for byte.</footer>\n</body>\n</html>\n");
}
