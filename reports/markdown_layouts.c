/* markdown_layouts.c - each changed structure, member by member, before and after. */
#include <inttypes.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/markdown.h"
#include "reports/structure.h"

struct table {
    struct text *out;
    const struct structure *structure;
};

/* "0x6b4:8": the eighth bit of the word at 0x6b4. */
static void write_place(struct text *out, const struct member *member) {
    if (!member) {
        text_puts(out, "–");
        return;
    }
    text_printf(out, "`0x%" PRIx64, member->offset);
    if (member->bit_length)
        text_printf(out, ":%u", member->bit_position);
    text_putc(out, '`');
}

static void write_row(struct table *table, enum mark mark, const struct member *old,
                      const struct member *new) {
    struct text *out = table->out;
    const struct member *member = new ? new : old;
    text_printf(out, "| %s | ", mark_sign(mark));
    write_place(out, old);
    text_puts(out, " | ");
    write_place(out, new);
    text_puts(out, " | ");
    escape_markdown_code(out, member->name);
    text_puts(out, " | ");
    if (member->bit_length)
        text_printf(out, "%u bit%s | ", member->bit_length, member->bit_length == 1 ? "" : "s");
    else if (*member->type)
        escape_markdown_code(out, member->type);
    text_puts(out, member->bit_length ? "" : " | ");
    text_puts(out, mark == MARK_SAME ? "" : mark_name(mark));
    if (mark == MARK_RENAMED && old) {
        text_puts(out, " from ");
        escape_markdown_code(out, old->name);
    }
    text_puts(out, " |\n");
}

static const struct member *peer_of(const struct shape *other, const struct member *member) {
    return member->peer == NO_PEER ? NULL : &other->members[member->peer];
}

/* The word itself, if it has a name, and those of its bits that changed. */
static void write_new(struct table *table, const struct row *row) {
    const struct shape *old = &table->structure->old;
    const struct shape *new = &table->structure->new;
    for (size_t i = row->first; i < row->first + row->count; i++) {
        const struct member *member = &new->members[i];
        if (!member->bit_length || member->mark >= MARK_RETYPED)
            write_row(table, member->mark, peer_of(old, member), member);
    }
}

/* Of the old side, what the new side lacks. */
static void write_gone(struct table *table, const struct row *row) {
    const struct shape *old = &table->structure->old;
    for (size_t i = row->first; i < row->first + row->count; i++)
        if (old->members[i].peer == NO_PEER)
            write_row(table, MARK_REMOVED, &old->members[i], NULL);
}

static void write_run(struct table *table, const struct strip *strip) {
    const struct row *old = &table->structure->old.rows[strip->old_first];
    const struct row *new = &table->structure->new.rows[strip->new_first];
    AUTO(text_deinit) struct text delta = TEXT_EMPTY;
    structure_delta(&delta, old->offset, new->offset);
    text_printf(table->out,
                "| ⋯ | `0x%" PRIx64 "` – `0x%" PRIx64 "` | `0x%" PRIx64 "` – `0x%" PRIx64
                "` | *%zu unchanged* | | %s%s |\n",
                old->offset, old[strip->old_count - 1].offset, new->offset,
                new[strip->new_count - 1].offset, strip->new_count,
                delta.length ? "shifted by " : "", delta.data);
}

static void write_strip(struct table *table, const struct strip *strip) {
    if (strip->kind == STRIP_RUN) {
        write_run(table, strip);
        return;
    }
    for (size_t i = strip->old_first; i < strip->old_first + strip->old_count; i++)
        write_gone(table, &table->structure->old.rows[i]);
    for (size_t i = strip->new_first; i < strip->new_first + strip->new_count; i++)
        write_new(table, &table->structure->new.rows[i]);
}

static void write_topic(struct text *out, const struct difference *difference,
                        const struct topic *topic) {
    struct structure structure AUTO(structure_deinit);
    structure_init(&structure, difference, topic->name, topic->changes, topic->count);
    text_puts(out, "\n### ");
    escape_markdown_code(out, topic->name);
    text_printf(out, "\n\n%" PRIu64 " bytes before, %" PRIu64 " after", structure.old.size,
                structure.new.size);
    text_puts(out, topic->weight ? ": " : "; ");
    outline_counts(out, topic);
    text_puts(out, ".\n\n| | Before | After | Member | Type | |\n|---|---|---|---|---|---|\n");
    struct table table = {out, &structure};
    for (size_t i = 0; i < structure.count; i++)
        write_strip(&table, &structure.strips[i]);
}

void markdown_layouts(struct text *out, const struct difference *difference,
                      const struct outline *outline) {
    if (!outline->topic_count)
        return;
    text_puts(out, "\nOffsets from the start of the structure; "
                   "`0x6b4:8` is bit 8 of the word at `0x6b4`. Stretches without a change are one "
                   "line.\n");
    for (size_t i = 0; i < outline->topic_count; i++)
        write_topic(out, difference, &outline->topics[i]);
}
