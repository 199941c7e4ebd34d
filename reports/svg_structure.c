/* svg_structure.c - a structure before and after: two columns of bars, by offset. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "reports/escape.h"
#include "reports/svg.h"

enum {
    WIDTH = 920,
    COLUMN = 400, /* of bars, one at either edge */
    RIGHT = WIDTH - COLUMN,
    HEADING = 30,
    BAR_LEAST = 22, /* room for a label */
    BAR_MOST = 66,
    BAR_GAP = 2,
    INDENT = 14, /* of a member that shares its bytes with the one before */
    RUN_HEIGHT = 26,
    SIGN_X = 15,
    OFFSET_X = 24,
    NAME_X = 80,
    LABEL_CHARACTERS = 37,
    ROWS_MOST = 400, /* more are not drawn, and the picture says so */
};

struct picture {
    struct text *out;
    const struct structure *structure;
    int *old_middle; /* where a row's bar has its middle; 0: not drawn */
    int *new_middle;
    struct text *above; /* what must not be crossed by a line: drawn last */
    int y;
    size_t rows; /* drawn so far */
};

void svg_definitions(struct text *out) {
    text_puts(out,
              "<svg class=\"definitions\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n"
              "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
              "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V6\"/></pattern>\n"
              "<marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
              "markerHeight=\"7\" orient=\"auto\"><path class=\"arrowhead\" d=\"M0 0L8 4L0 8z\"/>"
              "</marker>\n</defs></svg>\n");
}

/* Grows with the size, slowly: a large member is seen to be large and does not fill the page. */
static int bar_height(const struct row *row) {
    uint64_t more = row->size > 8 ? (row->size - 8) / 8 : 0;
    return more > BAR_MOST - BAR_LEAST ? BAR_MOST : BAR_LEAST + (int)more;
}

static size_t count_bits(const struct shape *shape, const struct row *row, enum mark mark) {
    size_t count = 0;
    for (size_t i = row->first; i < row->first + row->count; i++)
        count +=
            shape->members[i].bit_length && (mark == MARK_SAME || shape->members[i].mark == mark);
    return count;
}

/* "unsigned long", or "27 bits: 1 added, 2 removed" for a word. */
static void bar_remark(struct text *out, const struct shape *shape, const struct row *row) {
    if (!row->is_word) {
        text_puts(out, shape->members[row->first].type);
        return;
    }
    size_t bits = count_bits(shape, row, MARK_SAME);
    text_printf(out, "%zu bit%s", bits, bits == 1 ? "" : "s");
    const char *separator = ": ";
    for (enum mark mark = MARK_ADDED; mark >= MARK_RENAMED; mark--) {
        size_t count = count_bits(shape, row, mark);
        if (!count || count == bits)
            continue;
        text_printf(out, "%s%zu %s", separator, count, mark_name(mark));
        separator = ", ";
    }
}

/* Cut at a character, not inside one, and said by an ellipsis. */
static void cut_label(struct text *out, const char *label, size_t most) {
    AUTO(text_deinit) struct text clean = TEXT_EMPTY;
    escape_visible(&clean, label, strlen(label));
    size_t end = 0;
    size_t characters = 0;
    while (end < clean.length && characters < most) {
        end++;
        while (end < clean.length && (clean.data[end] & 0xc0) == 0x80)
            end++;
        characters++;
    }
    escape_html_bytes(out, clean.data, end);
    if (end < clean.length)
        text_puts(out, "…");
}

/* The type goes with the name where it has room; where it has none, hovering shows it. */
static void bar_name(struct text *out, const char *name, const char *remark) {
    bool has_room = strlen(name) + 2 + strlen(remark) <= LABEL_CHARACTERS;
    text_puts(out, "<text>");
    if (!has_room) {
        text_puts(out, "<title>");
        escape_html(out, name);
        text_puts(out, ", ");
        escape_html(out, remark);
        text_puts(out, "</title>");
    }
    cut_label(out, name, LABEL_CHARACTERS);
    if (has_room) {
        text_puts(out, "<tspan class=\"type\" dx=\"10\">");
        escape_html(out, remark);
        text_puts(out, "</tspan>");
    }
    text_puts(out, "</text>");
}

static void bar_frame(struct text *out, int height) {
    if (height == BAR_LEAST)
        text_puts(out, "<rect class=\"box\"/><rect class=\"edge\"/>");
    else
        text_printf(out,
                    "<rect class=\"box\" style=\"height:%dpx\"/>"
                    "<rect class=\"edge\" style=\"height:%dpx\"/>",
                    height - 1, height);
}

/* A bar is drawn at its origin. What all bars have in common, the style sheet says: reports have
 * thousands of them. */
static void draw_bar(struct picture *picture, bool is_new, size_t index) {
    struct text *out = picture->out;
    const struct shape *shape = is_new ? &picture->structure->new : &picture->structure->old;
    const struct row *row = &shape->rows[index];
    int height = bar_height(row);
    const char *sign = row->bits_changed && !*mark_sign(row->mark) ? "∗" : mark_sign(row->mark);
    AUTO(text_deinit) struct text remark = TEXT_EMPTY;
    bar_remark(&remark, shape, row);
    text_printf(out, "<g class=\"bar %s%s%s\" transform=\"translate(%d %d)\">",
                mark_name(row->mark), row->bits_changed ? " bits" : "",
                row->is_inside ? " inside" : "",
                (is_new ? RIGHT : 0) + (row->is_inside ? INDENT : 0), picture->y);
    bar_frame(out, height);
    if (*sign)
        text_printf(out, "<text class=\"sign\">%s</text>", sign);
    text_printf(out, "<text class=\"offset\">0x%" PRIx64 "</text>", row->offset);
    bar_name(out, row_name(shape, row), remark.data);
    if (row->size)
        text_printf(out, "<text class=\"size\">%" PRIu64 "</text>", row->size);
    text_puts(out, "</g>\n");
    (is_new ? picture->new_middle : picture->old_middle)[index] = picture->y + height / 2;
    picture->rows++;
}

/* Where the parts of a bar are. */
void svg_structure_style(struct text *out) {
    static const struct {
        const char *selector;
        int x;
    } labels[] = {{"text", NAME_X},
                  {".sign", SIGN_X},
                  {".offset", OFFSET_X},
                  {".size", COLUMN - 8},
                  {".inside .size", COLUMN - 8 - INDENT}};
    text_printf(out, "svg .bar .box{x:.5px;y:.5px;width:%dpx;height:%dpx}", COLUMN - 1,
                BAR_LEAST - 1);
    text_printf(out, "svg .bar.inside .box{width:%dpx}svg .bar .edge{width:5px;height:%dpx}\n",
                COLUMN - INDENT - 1, BAR_LEAST);
    for (size_t i = 0; i < ARRAY_LENGTH(labels); i++)
        text_printf(out, "svg .bar%s%s{transform:translate(%dpx,%dpx)}\n",
                    strncmp(labels[i].selector, ".inside", strlen(".inside")) ? " " : "",
                    labels[i].selector, labels[i].x, BAR_LEAST / 2 + 4);
}

/* How far a row was pushed, between the columns. */
static void write_delta(struct picture *picture, const struct row *old, const struct row *new,
                        int baseline) {
    AUTO(text_deinit) struct text delta = TEXT_EMPTY;
    structure_delta(&delta, old->offset, new->offset);
    if (delta.length)
        text_printf(picture->above, "<text class=\"delta\" x=\"%d\" y=\"%d\">%s</text>\n",
                    WIDTH / 2, baseline, delta.data);
}

/* The band that joins a bar to its peer across from it. */
static void draw_pair(struct picture *picture, const struct strip *strip) {
    const struct row *old = &picture->structure->old.rows[strip->old_first];
    const struct row *new = &picture->structure->new.rows[strip->new_first];
    int y = picture->y;
    int left = y + bar_height(old);
    int right = y + bar_height(new);
    if (left == right)
        text_printf(picture->out, "<path class=\"band %s\" d=\"M%d %dH%dV%dH%dz\"/>",
                    mark_name(new->mark), COLUMN, y, RIGHT, right, COLUMN);
    else
        text_printf(
            picture->out,
            "<path class=\"band %s\" d=\"M%d %dC%d %d %d %d %d %dV%dC%d %d %d %d %d %dz\"/>",
            mark_name(new->mark), COLUMN, y, COLUMN + 50, y, RIGHT - 50, y, RIGHT, y, right,
            RIGHT - 50, right, COLUMN + 50, left, COLUMN, left);
    write_delta(picture, old, new, y + BAR_LEAST / 2 + 4);
    draw_bar(picture, false, strip->old_first);
    draw_bar(picture, true, strip->new_first);
    picture->y = (left > right ? left : right) + BAR_GAP;
}

static void draw_singles(struct picture *picture, const struct strip *strip) {
    int top = picture->y;
    int bottom = top;
    for (int is_new = 0; is_new < 2; is_new++) {
        const struct shape *shape = is_new ? &picture->structure->new : &picture->structure->old;
        size_t first = is_new ? strip->new_first : strip->old_first;
        size_t count = is_new ? strip->new_count : strip->old_count;
        picture->y = top;
        for (size_t i = first; i < first + count && picture->rows < ROWS_MOST; i++) {
            draw_bar(picture, is_new, i);
            picture->y += bar_height(&shape->rows[i]) + BAR_GAP;
        }
        bottom = picture->y > bottom ? picture->y : bottom;
    }
    picture->y = bottom;
}

static void fold(struct picture *picture, bool is_new, size_t first, size_t count,
                 const char *delta) {
    const struct shape *shape = is_new ? &picture->structure->new : &picture->structure->old;
    int x = is_new ? RIGHT : 0;
    int baseline = picture->y + RUN_HEIGHT / 2 + 4;
    text_printf(picture->out,
                "<rect class=\"fold\" x=\"%d.5\" y=\"%d.5\" width=\"%d\" height=\"%d\"/>"
                "<text class=\"folded\" x=\"%d\" y=\"%d\">⋯ %zu unchanged%s%s</text>"
                "<text class=\"range\" x=\"%d\" y=\"%d\">0x%" PRIx64 " – 0x%" PRIx64 "</text>",
                x, picture->y, COLUMN - 1, RUN_HEIGHT - 1, x + OFFSET_X, baseline, count,
                *delta ? ", shifted by " : "", delta, x + COLUMN - 8, baseline,
                shape->rows[first].offset, shape->rows[first + count - 1].offset);
}

static void draw_run(struct picture *picture, const struct strip *strip) {
    const struct row *old = &picture->structure->old.rows[strip->old_first];
    const struct row *new = &picture->structure->new.rows[strip->new_first];
    AUTO(text_deinit) struct text delta = TEXT_EMPTY;
    structure_delta(&delta, old->offset, new->offset);
    const char *mark = mark_name(delta.length ? MARK_SHIFTED : MARK_SAME);
    text_printf(picture->out, "<path class=\"band %s\" d=\"M%d %dH%dV%dH%dz\"/>", mark, COLUMN,
                picture->y, RIGHT, picture->y + RUN_HEIGHT, COLUMN);
    write_delta(picture, old, new, picture->y + RUN_HEIGHT / 2 + 4);
    fold(picture, false, strip->old_first, strip->old_count, "");
    fold(picture, true, strip->new_first, strip->new_count, delta.data);
    text_putc(picture->out, '\n');
    picture->y += RUN_HEIGHT + BAR_GAP;
    picture->rows++;
}

/* Lines to peers that are not across: what moved, and what others moved around. */
static void draw_lines(struct picture *picture) {
    const struct structure *structure = picture->structure;
    for (size_t i = 0; i < structure->count; i++) {
        const struct strip *strip = &structure->strips[i];
        if (strip->kind != STRIP_SINGLES)
            continue;
        for (size_t j = strip->new_first; j < strip->new_first + strip->new_count; j++) {
            const struct row *row = &structure->new.rows[j];
            int to = picture->new_middle[j];
            int from = row->peer == NO_PEER ? 0 : picture->old_middle[row->peer];
            if (!from || !to)
                continue;
            text_printf(
                picture->out, "<path class=\"line %s\"%s d=\"M%d %dC%d %d %d %d %d %d\"/>\n",
                mark_name(row->mark), row->mark == MARK_MOVED ? " marker-end=\"url(#arrow)\"" : "",
                COLUMN, from, COLUMN + 60, from, RIGHT - 60, to, RIGHT - 2, to);
        }
    }
}

static void draw_heading(struct text *out, int x, const char *label, const struct shape *shape) {
    text_printf(out, "<text class=\"heading\" x=\"%d\" y=\"17\">", x);
    cut_label(out, label, 30);
    text_printf(out, "<tspan class=\"type\" dx=\"10\">%" PRIu64 " bytes</tspan></text>\n",
                shape->size);
}

static void draw_strips(struct picture *picture) {
    static void (*const draw[])(struct picture *, const struct strip *) = {
        [STRIP_PAIR] = draw_pair,
        [STRIP_RUN] = draw_run,
        [STRIP_SINGLES] = draw_singles,
    };
    const struct structure *structure = picture->structure;
    size_t i = 0;
    for (; i < structure->count && picture->rows < ROWS_MOST; i++)
        draw[structure->strips[i].kind](picture, &structure->strips[i]);
    if (picture->rows >= ROWS_MOST) {
        text_printf(picture->out,
                    "<text class=\"folded\" x=\"0\" y=\"%d\">The picture ends here; the tables "
                    "have all.</text>\n",
                    picture->y + RUN_HEIGHT / 2 + 4);
        picture->y += RUN_HEIGHT;
    }
}

void svg_structure(struct text *out, const struct difference *difference,
                   const struct structure *structure, const char *id) {
    AUTO(text_deinit) struct text body = TEXT_EMPTY;
    AUTO_FREE int *old_middle = xcalloc(structure->old.row_count + 1, sizeof *old_middle);
    AUTO_FREE int *new_middle = xcalloc(structure->new.row_count + 1, sizeof *new_middle);
    AUTO(text_deinit) struct text above = TEXT_EMPTY;
    struct picture picture = {
        .out = &body,
        .structure = structure,
        .old_middle = old_middle,
        .new_middle = new_middle,
        .above = &above,
        .y = HEADING,
    };
    draw_heading(&body, 0, difference->old.label, &structure->old);
    draw_heading(&body, RIGHT, difference->new.label, &structure->new);
    draw_strips(&picture);
    draw_lines(&picture);
    text_append(&body, above.data, above.length);
    text_printf(out,
                "<svg class=\"structure\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                "role=\"img\" aria-labelledby=\"%s-title\">\n<title id=\"%s-title\">",
                WIDTH, picture.y, WIDTH, picture.y, id, id);
    escape_html(out, structure->name);
    text_puts(out, " before (left) and after (right), members by offset</title>\n");
    text_append(out, body.data, body.length);
    text_puts(out, "</svg>\n");
}
