/* html_head.c - the top of the HTML report: the counts, the contents, the glance. What is news
 * comes on the first screen; the identity of the two sides is folded. */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"

/* ---- the sides ---- */

static void write_pdb(struct text *out, const json_t *pdb) {
    const char *name = json_string_value(json_object_get(pdb, "name"));
    const char *guid = json_string_value(json_object_get(pdb, "guid"));
    const json_t *age = json_object_get(pdb, "age");
    if (!name && !guid)
        return;
    html_code(out, name ? name : "(no name)");
    text_puts(out, " <code>");
    escape_html(out, guid ? guid : "");
    if (json_is_integer(age))
        text_printf(out, "</code>, age %" JSON_INTEGER_FORMAT, json_integer_value(age));
    else
        text_puts(out, "</code>");
}

static void write_build(struct text *out, const struct side *side) {
    if (side->build >= 0)
        text_printf(out, "%d", side->build);
}

static void write_lab(struct text *out, const struct side *side) {
    if (*side->build_lab)
        html_code(out, side->build_lab);
}

static void write_arch(struct text *out, const struct side *side) {
    escape_html(out, side->arch);
}

static void write_dump(struct text *out, const struct side *side) {
    escape_html(out, side->dump_type);
}

static void write_kernel_pdb(struct text *out, const struct side *side) {
    write_pdb(out, side->pdb);
}

static void write_identity(struct page *page) {
    static const struct {
        const char *name;
        void (*write)(struct text *out, const struct side *side);
    } rows[] = {{"Build", write_build},
                {"Build lab", write_lab},
                {"Architecture", write_arch},
                {"Dump type", write_dump},
                {"Kernel PDB", write_kernel_pdb}};
    struct text *out = page->out;
    text_puts(out,
              "<details class=\"more\"><summary>The two builds: build lab, architecture, dump, "
              "kernel PDB</summary>\n"
              "<div class=\"scroll\"><table class=\"identity\">\n<thead><tr><td></td>"
              "<th scope=\"col\">Before</th><th scope=\"col\">After</th></tr></thead>\n"
              "<tbody>\n");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        text_printf(out, "<tr><th scope=\"row\">%s</th>", rows[i].name);
        const struct side *const sides[] = {&page->difference->old, &page->difference->new};
        for (size_t j = 0; j < ARRAY_LENGTH(sides); j++) {
            text_puts(out, "<td>");
            size_t before = out->length;
            rows[i].write(out, sides[j]);
            text_puts(out, out->length == before ? "<span class=\"soft\">not known</span></td>"
                                                 : "</td>");
        }
        text_puts(out, "</tr>\n");
    }
    text_puts(out, "</tbody></table></div>\n</details>\n");
}

/* ---- counts ---- */

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

static void write_lede(struct page *page) {
    const struct outline *outline = &page->outline;
    struct text *out = page->out;
    text_puts(out, "<p class=\"lede\">");
    if (!page->difference->count) {
        text_puts(out, "No differences");
        text_puts(out,
                  page->difference->unknown_count ? " in what both sides know.</p>\n" : ".</p>\n");
        return;
    }
    text_printf(out, "%zu change%s", page->difference->count, plural(page->difference->count));
    if (outline->topic_count)
        text_printf(out, ", %zu structure%s touched", outline->topic_count,
                    plural(outline->topic_count));
    if (outline->waived)
        text_printf(out, "; %zu waived", outline->waived);
    text_puts(out, ".</p>\n");
}

static void write_tile(struct text *out, const char *class, size_t count, const char *label) {
    text_printf(out, "<li class=\"%s\"><b>%zu</b>%s</li>\n", class, count, label);
}

static void write_tiles(struct page *page) {
    const struct outline *outline = &page->outline;
    text_puts(page->out, "<ul class=\"tiles\">\n");
    for (int severity = SEVERITY_BREAKING; severity >= SEVERITY_INFO; severity--) {
        const char *name = severity_name((enum severity)severity);
        write_tile(page->out, name, outline->severities[severity], name);
    }
    for (size_t i = 0; i < outline->family_count; i++) {
        const struct family *family = &outline->families[i];
        AUTO_FREE char *label = xasprintf("change%s in <a href=\"#family--%s\">%s</a>",
                                          plural(family->count), family->id, family->heading);
        write_tile(page->out, "family", family->count, label);
    }
    if (page->difference->unknown_count)
        write_tile(page->out, "unknown", page->difference->unknown_count,
                   "<a href=\"#unknown\">not comparable</a>");
    text_puts(page->out, "</ul>\n");
}

/* ---- contents ---- */

static void write_contents(struct page *page) {
    const struct outline *outline = &page->outline;
    struct text *out = page->out;
    text_puts(out, "<nav class=\"contents\" aria-label=\"Contents\">\n<ul>\n");
    if (page->difference->count)
        text_puts(out, "<li><a href=\"#glance\">At a glance</a></li>\n");
    for (size_t i = 0; i <= outline->family_count; i++) {
        if (i == outline->layers_at && page->difference->count && page->layers.count)
            text_puts(out, "<li><a href=\"#layers\">Protection, layer by layer</a></li>\n");
        if (i < outline->family_count)
            text_printf(out, "<li><a href=\"#family--%s\">%s</a></li>\n", outline->families[i].id,
                        outline->families[i].heading);
    }
    if (page->difference->unknown_count)
        text_puts(out, "<li><a href=\"#unknown\">Not comparable</a></li>\n");
    if (page->difference->count)
        text_puts(out, "<li><a href=\"#checks\">How to check</a></li>\n");
    text_puts(out, "<li><a href=\"#evidence\">Evidence</a></li>\n</ul>\n</nav>\n");
}

void html_header(struct page *page) {
    struct text *out = page->out;
    text_puts(out, "<header class=\"top\">\n<p class=\"kicker\">What changed inside Windows</p>\n"
                   "<h1>");
    escape_html(out, page->difference->old.label);
    text_puts(out, " <span class=\"to\">→</span> ");
    escape_html(out, page->difference->new.label);
    text_puts(out, "</h1>\n");
    write_lede(page);
    write_identity(page);
    write_tiles(page);
    write_contents(page);
    text_puts(out, "</header>\n");
}

/* ---- at a glance ---- */

void html_sentence(struct page *page, const struct change *change) {
    text_puts(page->out, "<li><a href=\"#");
    outline_anchor(page->out, page->difference, change);
    text_puts(page->out, "\" aria-label=\"to this change\">#</a> ");
    escape_html_prose(page->out, change->message);
    text_puts(page->out, "</li>\n");
}

static void write_subject(struct page *page, const struct change *change) {
    text_puts(page->out, "<li><a href=\"#");
    outline_anchor(page->out, page->difference, change);
    text_puts(page->out, "\">");
    html_code(page->out, change->subject);
    text_puts(page->out, "</a></li>\n");
}

/* Changes of structures are told with their structures, the others by kind. */
static void write_rest(struct text *out, const struct kind *kind, size_t count) {
    if (outline_is_structural(kind->changes[0]))
        text_puts(out, "<li class=\"soft\"><a href=\"#structures\">");
    else
        text_printf(out, "<li class=\"soft\"><a href=\"#kind--%s\">", kind->rule->id);
    text_printf(out, "and %zu more</a></li>\n", count);
}

static void write_kind(struct page *page, const struct kind *kind) {
    struct text *out = page->out;
    bool has_sentences = outline_has_sentences(kind);
    text_puts(out, "<li><div>");
    html_chip(out, kind->rule->severity);
    text_puts(out, "</div><div><strong>");
    escape_html(out, kind->rule->title);
    text_printf(out, "</strong> <span class=\"soft\">%zu%s</span>\n<ul%s>\n", kind->count,
                kind->waived ? ", some of them waived" : "",
                has_sentences ? "" : " class=\"subjects\"");
    size_t shown = outline_glance_length(kind);
    for (size_t i = 0; i < shown; i++)
        (has_sentences ? html_sentence : write_subject)(page, kind->changes[i]);
    if (kind->count > shown)
        write_rest(out, kind, kind->count - shown);
    text_puts(out, "</ul></div></li>\n");
}

void html_glance(struct page *page) {
    const struct outline *outline = &page->outline;
    text_puts(page->out, "<section id=\"glance\">\n<h2>At a glance</h2>\n<ul class=\"glance\">\n");
    for (size_t i = 0; i < outline->kind_count; i++)
        write_kind(page, outline->glance[i]);
    text_puts(page->out, "</ul>\n</section>\n");
}
