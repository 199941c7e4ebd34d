/* svg_word.c - the bits of one word, old above new: a cell each, 32 in a row. */
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/svg.h"

enum {
    WIDTH = 920,
    LABEL = 56,
    IN_A_ROW = 32,
    CELL_MOST = 52,
    NUMBERS = 18, /* height of the line of bit numbers */
    CELL = 26,
    BETWEEN = 26, /* from the old cells to the new ones */
    BELOW = 18,
    DRAWN_MOST = 256, /* members of one word on one side */
};

struct chunk {
    unsigned low; /* the bits drawn are [low, low + count), the highest at the left */
    unsigned count;
    int cell; /* width */
    int y;
};

static unsigned highest_bit(const struct shape *shape, const struct row *row) {
    unsigned highest = 0;
    for (size_t i = row->first; i < row->first + row->count; i++) {
        const struct member *member = &shape->members[i];
        unsigned end = member->bit_position + member->bit_length;
        if (member->bit_length && end > highest)
            highest = end;
    }
    return highest;
}

/* The width of a word: what its type says and its bits need, rounded up to 8, 16, 32, 64. */
static unsigned word_bits(const struct shape *shape, const struct row *row) {
    if (!row)
        return 8;
    unsigned needed = highest_bit(shape, row);
    if (row->size <= 8 && row->size * 8 > needed)
        needed = (unsigned)row->size * 8;
    unsigned bits = 8;
    while (bits < needed)
        bits *= 2;
    return bits;
}

static int bit_x(const struct chunk *chunk, unsigned position) {
    return LABEL + (int)(chunk->low + chunk->count - 1 - position) * chunk->cell;
}

static void draw_numbers(struct text *out, const struct chunk *chunk) {
    for (unsigned i = chunk->low; i < chunk->low + chunk->count; i++)
        text_printf(out, "<text class=\"bit\" x=\"%d\" y=\"%d\">%u</text>",
                    bit_x(chunk, i) + chunk->cell / 2, chunk->y + 12, i);
    text_putc(out, '\n');
}

static void draw_empty(struct text *out, const struct chunk *chunk, int y, const char *label) {
    text_printf(out, "<text class=\"heading\" x=\"0\" y=\"%d\">%s</text>", y + CELL / 2 + 4, label);
    text_puts(out, "<path class=\"free\" d=\"");
    for (unsigned i = chunk->low; i < chunk->low + chunk->count; i++)
        text_printf(out, "M%d.5 %d.5h%dv%dh-%dz", bit_x(chunk, i), y, chunk->cell - 2, CELL - 2,
                    chunk->cell - 2);
    text_puts(out, "\"/>\n");
}

static void member_title(struct text *out, const struct member *member) {
    text_puts(out, "<title>");
    escape_html(out, member->name);
    if (member->bit_length > 1)
        text_printf(out, ", bits %u-%u", member->bit_position,
                    member->bit_position + member->bit_length - 1);
    else
        text_printf(out, ", bit %u", member->bit_position);
    text_printf(out, ": %s</title>",
                mark_name(member->mark == MARK_SHIFTED ? MARK_SAME : member->mark));
}

/* A member's part of this chunk: false where it has none. */
static bool clip(const struct chunk *chunk, const struct member *member, unsigned *low,
                 unsigned *high) {
    *low = member->bit_position;
    *high = member->bit_position + member->bit_length - 1;
    if (!member->bit_length || *high < chunk->low || *low >= chunk->low + chunk->count)
        return false;
    if (*low < chunk->low)
        *low = chunk->low;
    if (*high >= chunk->low + chunk->count)
        *high = chunk->low + chunk->count - 1;
    return true;
}

/* The name where it has room, else the sign, else nothing. */
static void cell_label(struct text *out, const struct member *member, int x, int y, int width) {
    int room = (width - 8) / 7;
    const char *sign = mark_sign(member->mark);
    bool has_room = strlen(member->name) + 2 <= (size_t)(room > 0 ? room : 0);
    text_printf(out, "<text class=\"sign\" x=\"%d\" y=\"%d\">%s", x + width / 2, y + CELL / 2 + 4,
                sign);
    if (has_room) {
        text_puts(out, *sign ? " " : "");
        escape_html(out, member->name);
    }
    text_puts(out, "</text>");
}

static void draw_cells(struct text *out, const struct chunk *chunk, const struct shape *shape,
                       const struct row *row, int y) {
    size_t drawn = 0;
    for (size_t i = row->first; i < row->first + row->count && drawn < DRAWN_MOST; i++) {
        const struct member *member = &shape->members[i];
        unsigned low, high;
        if (!clip(chunk, member, &low, &high))
            continue;
        int x = bit_x(chunk, high);
        int width = (int)(high - low + 1) * chunk->cell;
        /* A bit that its word took along is where it was. */
        enum mark mark = member->mark == MARK_SHIFTED ? MARK_SAME : member->mark;
        text_printf(out, "<g class=\"cell %s\">", mark_name(mark));
        member_title(out, member);
        text_printf(out, "<rect class=\"box\" x=\"%d.5\" y=\"%d.5\" width=\"%d\" height=\"%d\"/>",
                    x, y, width - 2, CELL - 2);
        if (member->mark == MARK_REMOVED)
            text_printf(out,
                        "<rect fill=\"url(#hatch)\" x=\"%d\" y=\"%d\" width=\"%d\" "
                        "height=\"%d\"/>",
                        x, y, width - 1, CELL - 1);
        cell_label(out, member, x, y, width);
        text_puts(out, "</g>\n");
        drawn++;
    }
}

/* From where a bit was to where it is, within the two words. */
static void draw_moves(struct text *out, const struct chunk *chunk,
                       const struct structure *structure, const struct row *old,
                       const struct row *new, int from, int to) {
    for (size_t i = new->first; i < new->first + new->count; i++) {
        const struct member *member = &structure->new.members[i];
        if (!member->bit_length || member->peer == NO_PEER)
            continue;
        const struct member *peer = &structure->old.members[member->peer];
        unsigned low, high, peer_low, peer_high;
        bool is_within = member->peer >= old->first && member->peer < old->first + old->count;
        if (!is_within ||
            (peer->bit_position == member->bit_position && peer->bit_length == member->bit_length))
            continue;
        if (!clip(chunk, member, &low, &high) || !clip(chunk, peer, &peer_low, &peer_high))
            continue;
        text_printf(out,
                    "<path class=\"line moved\" marker-end=\"url(#arrow)\" d=\"M%d %dL%d %d\"/>\n",
                    (bit_x(chunk, peer_high) + bit_x(chunk, peer_low) + chunk->cell) / 2, from,
                    (bit_x(chunk, high) + bit_x(chunk, low) + chunk->cell) / 2, to - 1);
    }
}

static int draw_chunk(struct text *out, const struct chunk *chunk,
                      const struct structure *structure, const struct row *old,
                      const struct row *new) {
    int y = chunk->y + NUMBERS;
    int old_bottom = y;
    draw_numbers(out, chunk);
    if (old) {
        draw_empty(out, chunk, y, "before");
        draw_cells(out, chunk, &structure->old, old, y);
        old_bottom = y + CELL;
        y = old_bottom + (new ? BETWEEN : 0);
    }
    if (new) {
        draw_empty(out, chunk, y, "after");
        draw_cells(out, chunk, &structure->new, new, y);
        if (old)
            draw_moves(out, chunk, structure, old, new, old_bottom, y);
        y += CELL;
    }
    return y;
}

void svg_word(struct text *out, const struct structure *structure, const struct row *old,
              const struct row *new, const char *id) {
    unsigned bits = word_bits(&structure->new, new);
    unsigned old_bits = word_bits(&structure->old, old);
    bits = old_bits > bits ? old_bits : bits;
    AUTO(text_deinit) struct text body = TEXT_EMPTY;
    int y = 0;
    for (unsigned top = bits; top;) {
        struct chunk chunk = {.count = top < IN_A_ROW ? top : IN_A_ROW, .y = y};
        chunk.low = top - chunk.count;
        chunk.cell = (WIDTH - LABEL) / (int)chunk.count;
        chunk.cell = chunk.cell > CELL_MOST ? CELL_MOST : chunk.cell;
        y = draw_chunk(&body, &chunk, structure, old, new) + BELOW;
        top = chunk.low;
    }
    const struct shape *shape = new ? &structure->new : &structure->old;
    text_printf(out,
                "<svg class=\"word\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
                "aria-labelledby=\"%s-title\">\n<title id=\"%s-title\">",
                WIDTH, y - BELOW + 1, WIDTH, y - BELOW + 1, id, id);
    escape_html(out, structure->name);
    text_puts(out, ".");
    escape_html(out, row_name(shape, new ? new : old));
    text_puts(out, ", bit by bit, before (upper row) and after (lower row)</title>\n");
    text_append(out, body.data, body.length);
    text_puts(out, "</svg>\n");
}
