/* markdown.c - a difference as an article in Markdown. */
#include "reports/markdown.h"

#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/renderers.h"
#include "reports/value.h"

struct article {
    struct text *out;
    const struct difference *difference;
    struct outline outline;
};

static void write_code_or(struct text *out, const char *string, const char *otherwise) {
    if (*string)
        escape_markdown_code(out, string);
    else
        text_puts(out, otherwise);
}

static void write_value(struct text *out, const struct change *change, const json_t *value) {
    AUTO(text_deinit) struct text plain = TEXT_EMPTY;
    value_of_change(&plain, change, value);
    if (value)
        escape_markdown_code_bytes(out, plain.data, plain.length);
    else
        text_puts(out, "–");
}

/* ---- the sides ---- */

static void write_build(struct text *out, const struct side *side) {
    if (side->build >= 0)
        text_printf(out, "%d", side->build);
    else
        text_puts(out, "not known");
}

static void write_lab(struct text *out, const struct side *side) {
    write_code_or(out, side->build_lab, "not known");
}

static void write_arch(struct text *out, const struct side *side) {
    write_code_or(out, side->arch, "not known");
}

static void write_dump(struct text *out, const struct side *side) {
    write_code_or(out, side->dump_type, "not known");
}

static void write_pdb(struct text *out, const struct side *side) {
    const char *name = json_string_value(json_object_get(side->pdb, "name"));
    const char *guid = json_string_value(json_object_get(side->pdb, "guid"));
    const json_t *age = json_object_get(side->pdb, "age");
    write_code_or(out, name ? name : "", "not known");
    if (guid) {
        text_putc(out, ' ');
        escape_markdown_code(out, guid);
    }
    if (json_is_integer(age))
        text_printf(out, ", age %" JSON_INTEGER_FORMAT, json_integer_value(age));
}

static void write_identity(struct article *article) {
    static const struct {
        const char *name;
        void (*write)(struct text *out, const struct side *side);
    } rows[] = {{"Build", write_build},
                {"Build lab", write_lab},
                {"Architecture", write_arch},
                {"Dump type", write_dump},
                {"Kernel PDB", write_pdb}};
    struct text *out = article->out;
    text_puts(out, "| | Before | After |\n|---|---|---|\n");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        text_printf(out, "| %s | ", rows[i].name);
        rows[i].write(out, &article->difference->old);
        text_puts(out, " | ");
        rows[i].write(out, &article->difference->new);
        text_puts(out, " |\n");
    }
}

static void write_title(struct article *article) {
    const struct difference *difference = article->difference;
    struct text *out = article->out;
    text_puts(out, "# Windows kernel: ");
    escape_markdown_prose(out, difference->old.label);
    text_puts(out, " → ");
    escape_markdown_prose(out, difference->new.label);
    text_puts(out, "\n\n");
    write_identity(article);
    if (difference->count)
        text_printf(out, "\n%zu change%s", difference->count, difference->count == 1 ? "" : "s");
    else
        text_puts(out, difference->unknown_count ? "\nNo differences in what both sides know"
                                                 : "\nNo differences");
    if (article->outline.waived)
        text_printf(out, ", %zu of them waived", article->outline.waived);
    text_puts(out, ".\n");
}

/* ---- at a glance ---- */

static void write_sentences(struct article *article, const struct kind *kind) {
    size_t shown = outline_glance_length(kind);
    text_puts(article->out, "\n\n");
    for (size_t i = 0; i < shown; i++) {
        text_puts(article->out, "- ");
        escape_markdown_prose(article->out, kind->changes[i]->message);
        text_putc(article->out, '\n');
    }
    if (kind->count > shown)
        text_printf(article->out, "- and %zu more\n", kind->count - shown);
    text_putc(article->out, '\n');
}

static void write_subjects(struct article *article, const struct kind *kind) {
    size_t shown = outline_glance_length(kind);
    for (size_t i = 0; i < shown; i++) {
        text_puts(article->out, i ? ", " : ": ");
        escape_markdown_code(article->out, kind->changes[i]->subject);
    }
    if (kind->count > shown)
        text_printf(article->out, " and %zu more", kind->count - shown);
    text_puts(article->out, ".\n\n");
}

static void write_glance(struct article *article) {
    const struct outline *outline = &article->outline;
    text_puts(article->out, "\n## At a glance\n\n");
    for (size_t i = 0; i < outline->kind_count; i++) {
        const struct kind *kind = outline->glance[i];
        text_printf(article->out, "**%s** (%zu, %s)", kind->rule->title, kind->count,
                    severity_name(kind->rule->severity));
        if (outline_has_sentences(kind))
            write_sentences(article, kind);
        else
            write_subjects(article, kind);
    }
}

/* ---- changes by kind ---- */

static void write_row(struct article *article, const struct change *change) {
    struct text *out = article->out;
    text_puts(out, "| ");
    escape_markdown_code(out, change->subject);
    text_puts(out, " | ");
    if (json_array_size(json_object_get(change->details, "groups")) &&
        !outline_is_structural(change)) {
        text_printf(out, "%zu, see below | | ", outline_stands_for(change));
    } else if (change->details && !change->old && !change->new) {
        escape_markdown_prose(out, change->message);
        text_puts(out, " | ");
    } else {
        write_value(out, change, change->old);
        text_puts(out, " | ");
        write_value(out, change, change->new);
    }
    text_printf(out, " | %s", severity_name(change->severity));
    if (change->waived) {
        text_puts(out, ", waived: ");
        escape_markdown_prose(out, change->waived);
    }
    text_puts(out, " |\n");
}

/* Why a whole table was renumbered: the runs, and what pushed each along. */
static void write_groups(struct article *article, const struct change *change) {
    static const char *const keys[] = {"by", "count", "first", "last", "causes"};
    const json_t *groups = json_object_get(change->details, "groups");
    if (!json_array_size(groups))
        return;
    text_puts(article->out, "\n| By | Count | From | To | Because |\n|---|--:|---|---|---|\n");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(keys); j++) {
            AUTO(text_deinit) struct text plain = TEXT_EMPTY;
            value_plain(&plain, json_object_get(json_array_get(groups, i), keys[j]));
            text_puts(article->out, "| ");
            escape_markdown_prose(article->out, plain.data);
            text_putc(article->out, ' ');
        }
        text_puts(article->out, "|\n");
    }
}

static void write_kind(struct article *article, const struct kind *kind) {
    struct text *out = article->out;
    text_printf(out, "\n### %s\n\n", kind->rule->title);
    escape_markdown_prose(out, kind->rule->meaning);
    text_putc(out, ' ');
    escape_markdown_prose(out, kind->rule->reason);
    text_puts(out, "\n\n| Subject | Before | After | Severity |\n|---|---|---|---|\n");
    for (size_t i = 0; i < kind->count; i++)
        write_row(article, kind->changes[i]);
    for (size_t i = 0; i < kind->count && !outline_is_structural(kind->changes[i]); i++)
        write_groups(article, kind->changes[i]);
}

/* What a family has besides its tables of changes. */
static void write_more(struct article *article, const char *family) {
    if (!strcmp(family, "layout"))
        markdown_layouts(article->out, article->difference, &article->outline);
    if (!strcmp(family, "process"))
        markdown_trees(article->out, article->difference);
    if (!strcmp(family, "syscall"))
        markdown_stubs(article->out, article->difference);
}

/* Changes of structures are told with their structures; one by one they are the appendix. */
static void write_families(struct article *article) {
    const struct outline *outline = &article->outline;
    for (size_t i = 0; i <= outline->family_count; i++) {
        if (i == outline->layers_at)
            markdown_layers(article->out, article->difference);
        if (i == outline->family_count)
            break;
        const struct family *family = &outline->families[i];
        text_printf(article->out, "\n## %s\n", family->heading);
        write_more(article, family->id);
        for (size_t j = 0; j < outline->kind_count; j++)
            if (!strcmp(outline->kinds[j].rule->family, family->id) &&
                !outline_is_structural(outline->kinds[j].changes[0]))
                write_kind(article, &outline->kinds[j]);
    }
}

/* A renumbered table, service by service. */
static void write_services(struct article *article, const struct change *change) {
    struct text *out = article->out;
    const char *name;
    json_t *numbers;
    text_puts(out, "\n## Appendix: services of ");
    escape_markdown_code(out, change->subject);
    text_puts(out, " with another number\n\n| Service | Before | After |\n|---|--:|--:|\n");
    json_object_foreach(json_object_get(change->details, "services"), name, numbers) {
        text_puts(out, "| ");
        escape_markdown_code(out, name);
        for (size_t side = 0; side < 2; side++) {
            AUTO(text_deinit) struct text plain = TEXT_EMPTY;
            value_plain(&plain, json_array_get(numbers, side));
            text_puts(out, " | ");
            escape_markdown_prose(out, plain.data);
        }
        text_puts(out, " |\n");
    }
}

static void write_appendix(struct article *article) {
    const struct outline *outline = &article->outline;
    for (size_t i = 0; i < article->difference->count; i++)
        if (json_object_size(json_object_get(article->difference->changes[i].details, "services")))
            write_services(article, &article->difference->changes[i]);
    if (!outline->topic_count)
        return;
    text_puts(article->out, "\n## Appendix: every change of a structure\n");
    for (size_t i = 0; i < outline->kind_count; i++)
        if (outline_is_structural(outline->kinds[i].changes[0]))
            write_kind(article, &outline->kinds[i]);
}

/* ---- the end ---- */

static void write_unknown(struct article *article) {
    const struct difference *difference = article->difference;
    if (!difference->unknown_count)
        return;
    text_puts(article->out, "\n## Not comparable\n\nA change is reported only where both sides "
                            "know. Of the following, one does not.\n\n");
    for (size_t i = 0; i < difference->unknown_count; i++) {
        text_puts(article->out, "- ");
        escape_markdown_code(article->out, difference->unknown[i].section);
        text_puts(article->out, ": ");
        escape_markdown_prose(article->out, difference->unknown[i].reason);
        text_putc(article->out, '\n');
    }
}

static void write_checks(struct article *article) {
    const struct outline *outline = &article->outline;
    if (!outline->kind_count)
        return;
    text_puts(article->out, "\n## How to check\n\nWith WinDbg on the two dumps, or on two machines "
                            "with these kernels. Commands are those for the first change of each "
                            "kind.\n\n");
    for (size_t i = 0; i < outline->kind_count; i++) {
        const struct kind *kind = &outline->kinds[i];
        AUTO(text_deinit) struct text check = TEXT_EMPTY;
        outline_check(&check, kind->changes[0]);
        text_printf(article->out, "- **%s** (`%s`): ", kind->rule->title, kind->rule->id);
        escape_markdown_prose(article->out, check.data);
        text_putc(article->out, '\n');
    }
}

void report_markdown(const struct difference *difference, const struct report_options *options,
                     struct text *output) {
    (void)options;
    struct article article = {.out = output, .difference = difference};
    outline_init(&article.outline, difference);
    write_title(&article);
    if (difference->count) {
        write_glance(&article);
        write_families(&article);
    }
    write_unknown(&article);
    write_checks(&article);
    write_appendix(&article);
    outline_deinit(&article.outline);
}
