/* html_structures.c - each changed structure: its picture, the words whose bits changed, its
 * changes. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/svg.h"

#define UNFOLDED 8  /* structures that are open when the page is; the most prominent come first */
#define DRAWN    8  /* structures that have a picture; a page of all would be too large to send */
#define LINKED   40 /* structures that the section names before it shows them */

static void write_key(struct text *out) {
    static const enum mark shown[] = {MARK_ADDED,   MARK_REMOVED, MARK_MOVED,
                                      MARK_RENAMED, MARK_RETYPED, MARK_SHIFTED};
    static const char *const words[] = {
        "added",        "removed",      "moved: its place among others changed",
        "another name", "another type", "pushed along by what changed before it"};
    text_puts(out, "<ul class=\"key\" aria-label=\"Key to the pictures\">\n");
    for (size_t i = 0; i < ARRAY_LENGTH(shown); i++)
        text_printf(out, "<li><span class=\"mark %s\">%s</span> %s</li>\n", mark_name(shown[i]),
                    shown[i] == MARK_SHIFTED ? "+0x8" : mark_sign(shown[i]), words[i]);
    text_puts(out, "<li><span class=\"mark\">∗</span> some of its bits changed</li>\n</ul>\n");
}

/* ---- words ---- */

static void write_position(struct text *out, const struct member *member) {
    text_printf(out, "%u", member->bit_position);
    if (member->bit_length > 1)
        text_printf(out, "-%u", member->bit_position + member->bit_length - 1);
}

/* A bit of the new side, or one of the old side that is no more. */
static void write_legend_item(struct text *out, const struct member *member,
                              const struct member *peer) {
    text_printf(out, "<li><span class=\"at\">");
    if (peer && peer->bit_position != member->bit_position) {
        write_position(out, peer);
        text_puts(out, " → ");
    }
    write_position(out, member);
    text_printf(out, "</span> <span class=\"mark %s\">%s</span> ", mark_name(member->mark),
                mark_sign(member->mark));
    html_code(out, member->name);
    if (member->mark >= MARK_RENAMED)
        text_printf(out, " <span class=\"soft\">%s</span>", mark_name(member->mark));
    if (member->mark == MARK_RENAMED && peer) {
        text_puts(out, " <span class=\"soft\">from</span> ");
        html_code(out, peer->name);
    }
    text_puts(out, "</li>\n");
}

/* `changed`: those that changed, else the others. Gives how many there were. */
static size_t write_legend(struct text *out, const struct structure *structure,
                           const struct row *old, const struct row *new, bool changed) {
    size_t count = 0;
    for (size_t i = new ? new->first : 0; new &&i < new->first + new->count; i++) {
        const struct member *member = &structure->new.members[i];
        if (!member->bit_length || (member->mark >= MARK_RETYPED) != changed)
            continue;
        write_legend_item(out, member,
                          member->peer == NO_PEER ? NULL : &structure->old.members[member->peer]);
        count++;
    }
    for (size_t i = old ? old->first : 0; old && i < old->first + old->count; i++) {
        const struct member *member = &structure->old.members[i];
        bool is_gone = member->peer == NO_PEER;
        if (!member->bit_length || !changed || !is_gone)
            continue;
        write_legend_item(out, member, NULL);
        count++;
    }
    return count;
}

static void write_word_caption(struct text *out, const struct structure *structure,
                               const struct row *old, const struct row *new) {
    const struct row *row = new ? new : old;
    const struct shape *shape = new ? &structure->new : &structure->old;
    text_puts(out, "<figcaption>");
    if (row->has_name) {
        html_code(out, row_name(shape, row));
        text_puts(out, " at ");
    } else {
        text_puts(out, "The word at ");
    }
    if (old)
        text_printf(out, "<code>0x%" PRIx64 "</code>", old->offset);
    if (old && new && old->offset != new->offset)
        text_printf(out, " → <code>0x%" PRIx64 "</code>", new->offset);
    if (!old)
        text_printf(out, "<code>0x%" PRIx64 "</code>, which is new", new->offset);
    text_puts(out, new ? "" : ", which is no more");
    text_puts(out, ", bit by bit</figcaption>\n");
}

static void write_word(struct text *out, const struct structure *structure, const struct row *old,
                       const struct row *new, const char *id) {
    text_puts(out, "<figure class=\"bits\">\n");
    write_word_caption(out, structure, old, new);
    text_puts(out, "<div class=\"picture\" tabindex=\"0\">");
    svg_word(out, structure, old, new, id);
    text_puts(out, "</div>\n<ul class=\"legend\">\n");
    write_legend(out, structure, old, new, true);
    text_puts(out, "</ul>\n");
    AUTO(text_deinit) struct text rest = TEXT_EMPTY;
    size_t count = write_legend(&rest, structure, old, new, false);
    if (count)
        text_printf(out,
                    "<details class=\"more\"><summary>%zu bit field%s as before</summary>"
                    "<ul class=\"legend\">\n%s</ul></details>\n",
                    count, count == 1 ? "" : "s", rest.data);
    text_puts(out, "</figure>\n");
}

/* Words of the new side with their peers, then those that only the old side has. */
static void write_words(struct text *out, const struct structure *structure, const char *id) {
    size_t number = 0;
    for (size_t i = 0; i < structure->new.row_count; i++) {
        const struct row *new = &structure->new.rows[i];
        const struct row *old = new->peer == NO_PEER ? NULL : &structure->old.rows[new->peer];
        if (!new->is_word || !(new->bits_changed || (old && old->bits_changed)))
            continue;
        AUTO_FREE char *word_id = xasprintf("%s--word-%zu", id, ++number);
        write_word(out, structure, old, new, word_id);
    }
    for (size_t i = 0; i < structure->old.row_count; i++) {
        const struct row *old = &structure->old.rows[i];
        if (old->peer != NO_PEER || !old->is_word || !old->bits_changed)
            continue;
        AUTO_FREE char *word_id = xasprintf("%s--word-%zu", id, ++number);
        write_word(out, structure, old, NULL, word_id);
    }
}

/* ---- structures ---- */

static void write_sizes(struct text *out, const struct structure *structure) {
    uint64_t old = structure->old.size;
    uint64_t new = structure->new.size;
    if (old == new)
        text_printf(out, "%" PRIu64 " byte%s", new, new == 1 ? "" : "s");
    else
        text_printf(out, "%" PRIu64 " → %" PRIu64 " bytes", old, new);
}

static void write_picture(struct page *page, const struct structure *structure, const char *id) {
    if (!structure->old.row_count && !structure->new.row_count)
        return;
    AUTO_FREE char *picture_id = xasprintf("%s--picture", id);
    text_puts(page->out, "<figure>\n<div class=\"picture\" tabindex=\"0\">");
    svg_structure(page->out, page->difference, structure, picture_id);
    text_puts(page->out, "</div>\n</figure>\n");
    write_words(page->out, structure, id);
}

static void write_structure(struct page *page, const struct topic *topic, size_t place) {
    struct text *out = page->out;
    struct structure structure AUTO(structure_deinit);
    structure_init(&structure, page->difference, topic->name, topic->changes, topic->count);
    AUTO(text_deinit) struct text id = TEXT_EMPTY;
    text_puts(&id, "structure--");
    escape_anchor(&id, topic->name);
    text_printf(out, "<details class=\"structure\" id=\"%s\"%s>\n<summary><h3>", id.data,
                place < UNFOLDED ? " open" : "");
    html_code(out, topic->name);
    text_puts(out, "</h3> <span class=\"meta\">");
    write_sizes(out, &structure);
    text_puts(out, topic->weight ? ": " : "; ");
    outline_counts(out, topic);
    text_puts(out, "</span></summary>\n");
    if (place < DRAWN)
        write_picture(page, &structure, id.data);
    html_change_table(page, topic->changes, topic->count, topic->name);
    text_puts(out, "</details>\n");
}

static void write_links(struct page *page) {
    const struct outline *outline = &page->outline;
    text_puts(page->out, "<ul class=\"links\" aria-label=\"Structures that changed\">\n");
    for (size_t i = 0; i < outline->topic_count && i < LINKED; i++) {
        text_puts(page->out, "<li><a href=\"#structure--");
        escape_anchor(page->out, outline->topics[i].name);
        text_puts(page->out, "\">");
        html_code(page->out, outline->topics[i].name);
        text_puts(page->out, "</a></li>\n");
    }
    if (outline->topic_count > LINKED)
        text_printf(page->out, "<li class=\"soft\">and %zu more</li>\n",
                    outline->topic_count - LINKED);
    text_puts(page->out, "</ul>\n");
}

void html_structures(struct page *page) {
    const struct outline *outline = &page->outline;
    if (!outline->topic_count)
        return;
    struct text *out = page->out;
    text_printf(out,
                "<section id=\"structures\">\n<h3>Structures that changed <span class=\"meta\">"
                "%zu</span></h3>\n",
                outline->topic_count);
    write_links(page);
    text_puts(out, "<p>Each picture has the structure before at the left and after at the right, "
                   "member by member by offset; the number at the right of a bar is its size in "
                   "bytes, and the height grows with it. Stretches in which nothing changed are "
                   "folded.");
    text_puts(out, outline->topic_count > DRAWN ? " The structures that most people ask for have "
                                                  "one; the others have their table.</p>\n"
                                                : "</p>\n");
    write_key(out);
    for (size_t i = 0; i < outline->topic_count; i++)
        write_structure(page, &outline->topics[i], i);
    text_puts(out, "</section>\n");
}
