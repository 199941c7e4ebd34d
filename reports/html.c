/* html.c - a difference as one HTML page: the frame, and the pieces that all its parts use. */
#include "reports/html.h"

#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html_script.h"
#include "reports/svg.h"

void html_element(struct text *out, const char *tag, const char *content) {
    text_printf(out, "<%s>", tag);
    escape_html(out, content);
    text_printf(out, "</%s>", tag);
}

void html_code(struct text *out, const char *content) {
    html_element(out, "code", content);
}

void html_chip(struct text *out, enum severity severity) {
    const char *name = severity_name(severity);
    text_printf(out, "<span class=\"chip %s\">%s</span>", name, name);
}

/* No outside resource is wanted and no script but the page's own; the policy holds even a browser
 * to it. */
static void write_head(struct page *page) {
    struct text *out = page->out;
    text_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'; script-src '" HTML_SCRIPT_DIGEST "'\">\n"
                   "<title>Windows kernel: ");
    escape_html(out, page->difference->old.label);
    text_puts(out, " to ");
    escape_html(out, page->difference->new.label);
    text_puts(out, "</title>\n<style>\n");
    html_style(out);
    text_puts(out, "</style>\n</head>\n");
}

static void write_family(struct page *page, const struct family *family) {
    static const struct {
        const char *family;
        void (*write)(struct page *page); /* what a family has besides tables by kind */
    } specials[] = {{"layout", html_structures}, {"syscall", html_stubs}, {"process", html_trees}};
    text_printf(page->out, "<section id=\"family--%s\">\n", family->id);
    html_element(page->out, "h2", family->heading);
    text_putc(page->out, '\n');
    for (size_t i = 0; i < ARRAY_LENGTH(specials); i++)
        if (!strcmp(specials[i].family, family->id))
            specials[i].write(page);
    html_kinds(page, family->id);
    text_puts(page->out, "</section>\n");
}

static void write_main(struct page *page) {
    text_puts(page->out, "<main id=\"main\">\n");
    if (page->difference->count) {
        html_filter(page->out);
        html_glance(page);
        for (size_t i = 0; i <= page->outline.family_count; i++) {
            if (i == page->outline.layers_at)
                html_layers(page);
            if (i < page->outline.family_count)
                write_family(page, &page->outline.families[i]);
        }
    }
    html_unknown(page);
    html_checks(page);
    html_evidence(page);
    text_puts(page->out, "</main>\n");
}

void report_html(const struct difference *difference, const struct report_options *options,
                 struct text *output) {
    (void)options;
    struct page page = {.out = output, .difference = difference};
    outline_init(&page.outline, difference);
    layers_init(&page.layers, difference);
    write_head(&page);
    text_puts(output, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the changes</a>\n");
    svg_definitions(output);
    html_header(&page);
    write_main(&page);
    text_puts(output,
              "<footer>Made by ntdrift from two snapshots. The same two give the same page, "
              "byte for byte.</footer>\n");
    if (difference->count)
        html_script(output);
    text_puts(output, "</body>\n</html>\n");
    outline_deinit(&page.outline);
    layers_deinit(&page.layers);
}
