/* structure.c - one structure before and after, laid side by side. */
#include "reports/structure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define CONTEXT   1 /* rows as they were that are drawn beside a changed one */
#define RUN_LEAST 3 /* fewer are drawn one by one */

static const struct {
    const char *sign;
    const char *name;
} marks[] = {
    [MARK_SAME] = {"", "same"},        [MARK_SHIFTED] = {"", "shifted"},
    [MARK_RETYPED] = {"≠", "retyped"}, [MARK_RENAMED] = {"≡", "renamed"},
    [MARK_MOVED] = {"→", "moved"},     [MARK_REMOVED] = {"−", "removed"},
    [MARK_ADDED] = {"+", "added"},
};

const char *mark_sign(enum mark mark) {
    return marks[mark].sign;
}

const char *mark_name(enum mark mark) {
    return marks[mark].name;
}

void structure_delta(struct text *out, uint64_t old, uint64_t new) {
    if (old != new)
        text_printf(out, "%c0x%" PRIx64, new > old ? '+' : '-', new > old ? new - old : old - new);
}

/* ---- members ---- */

/* A bit may be described from another word without having moved: bit 8 of 0x10 is bit 0 of 0x11. */
static bool is_same_place(const struct member *old, const struct member *new) {
    if (old->bit_length && new->bit_length)
        return old->offset * 8 + old->bit_position == new->offset * 8 + new->bit_position;
    return old->offset == new->offset;
}

static void match_members(struct structure *structure) {
    struct shape *old = &structure->old;
    struct shape *new = &structure->new;
    for (size_t i = 0; i < old->member_count; i++)
        old->members[i].mark = MARK_REMOVED;
    for (size_t i = 0; i < new->member_count; i++) {
        struct member *member = &new->members[i];
        member->peer = shape_find(old, member->name);
        if (member->peer == NO_PEER) {
            member->mark = MARK_ADDED;
            continue;
        }
        struct member *peer = &old->members[member->peer];
        peer->peer = i;
        member->mark = is_same_place(peer, member) ? MARK_SAME : MARK_SHIFTED;
        peer->mark = member->mark;
    }
}

static const char *name_in(const json_t *value) {
    const char *name = json_string_value(json_object_get(value, "name"));
    return name ? name : "";
}

/* What the difference calls one member under two names stands across from itself. */
static void join_renamed(struct structure *structure, const struct change *change) {
    if (strcmp(change->rule->id, "layout.field.renamed") != 0 &&
        strcmp(change->rule->id, "layout.bit.renamed") != 0)
        return;
    size_t old = shape_find(&structure->old, name_in(change->old));
    size_t new = shape_find(&structure->new, name_in(change->new));
    if (old == NO_PEER || new == NO_PEER || structure->old.members[old].peer != NO_PEER ||
        structure->new.members[new].peer != NO_PEER)
        return;
    structure->old.members[old].peer = new;
    structure->new.members[new].peer = old;
    structure->old.members[old].mark = MARK_RENAMED;
    structure->new.members[new].mark = MARK_RENAMED;
}

static void apply_change(struct structure *structure, const struct change *change) {
    static const struct {
        const char *id;
        enum mark mark;
    } rows[] = {{"layout.field.moved", MARK_MOVED},
                {"layout.bit.moved", MARK_MOVED},
                {"layout.field.retyped", MARK_RETYPED}};
    size_t prefix = strlen(structure->name);
    if (strlen(change->subject) <= prefix)
        return;
    size_t found = shape_find(&structure->new, change->subject + prefix + 1);
    if (found == NO_PEER || structure->new.members[found].peer == NO_PEER)
        return;
    struct member *member = &structure->new.members[found];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (!strcmp(rows[i].id, change->rule->id) && member->mark < rows[i].mark) {
            member->mark = rows[i].mark;
            structure->old.members[member->peer].mark = rows[i].mark;
        }
}

/* ---- rows ---- */

/* A word without a name of its own is known by its bits: it is new if all of them are, and so on.
 */
static void mark_row(struct shape *shape, struct row *row) {
    const struct member *members = shape->members + row->first;
    row->mark = members[0].mark;
    for (size_t i = 0; i < row->count; i++) {
        if (members[i].bit_length && members[i].mark >= MARK_RENAMED)
            row->bits_changed = true;
        if (!row->has_name && members[i].mark < row->mark)
            row->mark = members[i].mark;
    }
}

/* The old row that holds the most of this word's bits, the first of them on a tie. Bits that the
 * difference calls moved are no witness: they have left their word. */
static size_t word_peer(const struct structure *structure, const struct row *row) {
    size_t best = NO_PEER;
    size_t best_votes = 0;
    size_t votes = 0;
    size_t last = NO_PEER;
    for (size_t i = row->first; i < row->first + row->count; i++) {
        const struct member *member = &structure->new.members[i];
        if (member->peer == NO_PEER || member->mark == MARK_MOVED)
            continue;
        size_t candidate = structure->old.members[member->peer].row;
        votes = candidate == last ? votes + 1 : 1;
        last = candidate;
        if (votes > best_votes) {
            best_votes = votes;
            best = candidate;
        }
    }
    return best;
}

static void match_rows(struct structure *structure) {
    struct shape *old = &structure->old;
    struct shape *new = &structure->new;
    for (size_t i = 0; i < old->row_count; i++)
        mark_row(old, &old->rows[i]);
    for (size_t i = 0; i < new->row_count; i++) {
        struct row *row = &new->rows[i];
        mark_row(new, row);
        size_t member = new->members[row->first].peer;
        size_t peer = NO_PEER;
        if (row->has_name && member != NO_PEER &&
            old->rows[old->members[member].row].first == member)
            peer = old->members[member].row;
        else if (row->is_word)
            peer = word_peer(structure, row);
        if (peer == NO_PEER || old->rows[peer].peer != NO_PEER)
            continue;
        row->peer = peer;
        old->rows[peer].peer = i;
    }
}

/* ---- strips ---- */

/* Marks the new rows that stay in order with their peers, as many as can: the longest increasing
 * subsequence of peer numbers (Fredman 1975). The others are drawn with a line to their peer. */
static bool *find_anchors(const struct structure *structure) {
    const struct shape *new = &structure->new;
    bool *anchors = xcalloc(new->row_count + 1, sizeof *anchors);
    AUTO_FREE size_t *tails = xcalloc(new->row_count + 1, sizeof *tails);
    AUTO_FREE size_t *before = xcalloc(new->row_count + 1, sizeof *before);
    size_t length = 0;
    for (size_t i = 0; i < new->row_count; i++) {
        if (new->rows[i].peer == NO_PEER || new->rows[i].mark == MARK_MOVED)
            continue;
        size_t low = 0;
        for (size_t high = length; low < high;) {
            size_t middle = low + (high - low) / 2;
            if (new->rows[tails[middle]].peer < new->rows[i].peer)
                low = middle + 1;
            else
                high = middle;
        }
        before[i] = low ? tails[low - 1] : NO_PEER;
        tails[low] = i;
        if (low == length)
            length++;
    }
    for (size_t i = length ? tails[length - 1] : NO_PEER; i != NO_PEER; i = before[i])
        anchors[i] = true;
    return anchors;
}

static void add_strip(struct structure *structure, struct strip strip) {
    ARRAY_RESERVE(structure->strips, structure->count, structure->capacity);
    structure->strips[structure->count++] = strip;
}

static bool is_quiet(const struct structure *structure, size_t old, size_t new) {
    const struct row *a = &structure->old.rows[old];
    const struct row *b = &structure->new.rows[new];
    return b->mark <= MARK_SHIFTED && !a->bits_changed && !b->bits_changed;
}

static uint64_t distance(const struct structure *structure, size_t old, size_t new) {
    return structure->new.rows[new].offset - structure->old.rows[old].offset;
}

static void add_pairs(struct structure *structure, size_t old, size_t new, size_t count) {
    for (size_t i = 0; i < count; i++)
        add_strip(structure, (struct strip){STRIP_PAIR, old + i, 1, new + i, 1});
}

/* Quiet pairs: the middle in one strip, the ends one by one, but for the ends of the structure. */
static void add_quiet(struct structure *structure, size_t old, size_t new, size_t count) {
    size_t head = old || new ? CONTEXT : 0;
    bool is_end =
        old + count == structure->old.row_count && new + count == structure->new.row_count;
    size_t tail = is_end ? 0 : CONTEXT;
    if (count < head + tail + RUN_LEAST) {
        add_pairs(structure, old, new, count);
        return;
    }
    size_t middle = count - head - tail;
    add_pairs(structure, old, new, head);
    add_strip(structure, (struct strip){STRIP_RUN, old + head, middle, new + head, middle});
    add_pairs(structure, old + head + middle, new + head + middle, tail);
}

/* The length of the stretch of anchors that begins at this pair, is quiet and goes the same way. */
static size_t quiet_length(const struct structure *structure, const bool *anchors, size_t old,
                           size_t new) {
    size_t length = 0;
    while (new + length < structure->new.row_count && anchors[new + length] &&
           structure->new.rows[new + length].peer ==
               old + length &&is_quiet(structure, old + length, new + length) &&
           distance(structure, old + length, new + length) == distance(structure, old, new))
        length++;
    return length;
}

static void make_strips(struct structure *structure) {
    const struct shape *new = &structure->new;
    AUTO_FREE bool *anchors = find_anchors(structure);
    for (size_t o = 0, n = 0; o < structure->old.row_count || n < new->row_count;) {
        size_t single_new = n;
        while (single_new < new->row_count && !anchors[single_new])
            single_new++;
        size_t next_old =
            single_new < new->row_count ? new->rows[single_new].peer : structure->old.row_count;
        if (next_old > o || single_new > n) {
            add_strip(structure, (struct strip){STRIP_SINGLES, o, next_old - o, n, single_new - n});
            o = next_old;
            n = single_new;
            continue;
        }
        size_t quiet = quiet_length(structure, anchors, o, n);
        if (quiet)
            add_quiet(structure, o, n, quiet);
        else
            add_pairs(structure, o, n, 1);
        o += quiet ? quiet : 1;
        n += quiet ? quiet : 1;
    }
}

void structure_init(struct structure *structure, const struct difference *difference,
                    const char *name, const struct change *const *changes, size_t count) {
    *structure = (struct structure){.name = name};
    shape_init(&structure->old, &difference->old, name);
    shape_init(&structure->new, &difference->new, name);
    match_members(structure);
    for (size_t i = 0; i < count; i++) {
        join_renamed(structure, changes[i]);
        apply_change(structure, changes[i]);
    }
    match_rows(structure);
    make_strips(structure);
}

void structure_deinit(struct structure *structure) {
    shape_deinit(&structure->old);
    shape_deinit(&structure->new);
    free(structure->strips);
    *structure = (struct structure){0};
}
