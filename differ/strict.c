/* strict.c - comparing two snapshots value by value. */
#include "differ/strict.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "differ/comparisons/value.h"

/* What tells one dump from another: values that no two dumps of a machine share, and values that
 * two boots of it may. */
static const struct mark {
    const char *path[3];
    bool is_time;
} marks[] = {
    {{"dump", "header", "SystemTime"}, true},
    {{"dump", "header", "SystemUpTime_100ns"}, true},
    {{"dump", "header", "DirectoryTableBase"}, false},
    {{"dump", "header", "KdDebuggerDataBlock"}, false},
    {{"dump", "header", "PsActiveProcessHead"}, false},
    {{"dump", "header", "PsLoadedModuleList"}, false},
    {{"system", "system_time"}, true},
    {{"system", "uptime_100ns"}, true},
    {{"system", "kernel_base"}, false},
    {{"system", "kernel_pdb"}, false},
};

static const json_t *marked(const json_t *snapshot, const struct mark *mark) {
    for (size_t i = 0; i < ARRAY_LENGTH(mark->path) && mark->path[i]; i++)
        snapshot = json_object_get(snapshot, mark->path[i]);
    return json_is_null(snapshot) ? NULL : snapshot;
}

bool strict_applies(const json_t *old, const json_t *new) {
    size_t alike = 0, times_alike = 0, unlike = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
        const json_t *old_mark = marked(old, &marks[i]), *new_mark = marked(new, &marks[i]);
        if (!old_mark || !new_mark)
            continue;
        bool same = json_equal(old_mark, new_mark);
        alike += same;
        times_alike += same && marks[i].is_time;
        unlike += !same;
    }
    return times_alike && alike > unlike;
}

/* A pair of arrays or of objects that is being walked. The walk keeps its own stack, for a file can
 * be nested deeper than a program's stack should be. */
struct frame {
    const json_t *old;
    const json_t *new;
    void *iterator; /* over the keys of `old`, then of `new` */
    bool old_done;
    size_t index;
    size_t path_length; /* of the pointer to the pair itself */
};

struct walk {
    struct difference *difference;
    struct frame *frames;
    size_t depth;
    size_t capacity;
    struct text path;
    size_t unreported;
};

struct child {
    const json_t *old; /* NULL where that side has none */
    const json_t *new;
};

/* ---- pointers ---- */

static void path_cut(struct walk *walk, size_t length) {
    if (walk->path.length > length)
        walk->path.data[walk->path.length = length] = '\0';
}

static void path_add_key(struct walk *walk, const char *key) {
    text_putc(&walk->path, '/');
    for (; *key; key++) {
        if (*key == '~')
            text_puts(&walk->path, "~0");
        else if (*key == '/')
            text_puts(&walk->path, "~1");
        else
            text_putc(&walk->path, *key);
    }
}

/* ---- walking ---- */

static void push(struct walk *walk, const json_t *old, const json_t *new) {
    ARRAY_RESERVE(walk->frames, walk->depth, walk->capacity);
    walk->frames[walk->depth++] = (struct frame){
        .old = old,
        .new = new,
        .iterator = json_object_iter((json_t *)old),
        .path_length = walk->path.length,
    };
}

static bool next_element(struct walk *walk, struct frame *frame, struct child *child) {
    size_t index = frame->index++;
    *child = (struct child){json_array_get(frame->old, index), json_array_get(frame->new, index)};
    if (!child->old && !child->new)
        return false;
    text_printf(&walk->path, "/%zu", index);
    return true;
}

/* The keys of `old`, then those that only `new` has. */
static bool next_member(struct walk *walk, struct frame *frame, struct child *child) {
    for (;;) {
        if (!frame->iterator && frame->old_done)
            return false;
        if (!frame->iterator) {
            frame->old_done = true;
            frame->iterator = json_object_iter((json_t *)frame->new);
            continue;
        }
        const char *key = json_object_iter_key(frame->iterator);
        const json_t *value = json_object_iter_value(frame->iterator);
        json_t *owner = (json_t *)(frame->old_done ? frame->new : frame->old);
        frame->iterator = json_object_iter_next(owner, frame->iterator);
        if (frame->old_done && json_object_get(frame->old, key))
            continue;
        *child = frame->old_done ? (struct child){NULL, value}
                                 : (struct child){value, json_object_get(frame->new, key)};
        path_add_key(walk, key);
        return true;
    }
}

static void report(struct walk *walk, const struct child *child) {
    if (walk->difference->count == STRICT_ROWS) {
        walk->unreported++;
        return;
    }
    AUTO_FREE char *from = json_value_text(child->old);
    AUTO_FREE char *to = json_value_text(child->new);
    difference_add(walk->difference, "snapshot.value.changed", walk->path.data,
                   json_value_copy(child->old), json_value_copy(child->new), NULL,
                   "%s was %s and is %s", walk->path.data, from, to);
}

static bool both_are(const struct child *child, json_type type) {
    return child->old &&
           child->new &&json_typeof(child->old) == type &&json_typeof(child->new) == type;
}

static void visit(struct walk *walk, const struct child *child) {
    if (both_are(child, JSON_OBJECT) || both_are(child, JSON_ARRAY))
        push(walk, child->old, child->new);
    else if (!child->old || !child->new || json_typeof(child->old) != json_typeof(child->new) ||
             !json_equal(child->old, child->new))
        report(walk, child);
}

static void walk_all(struct walk *walk) {
    while (walk->depth) {
        struct frame *frame = &walk->frames[walk->depth - 1];
        struct child child;
        path_cut(walk, frame->path_length);
        if (json_is_array(frame->old) ? next_element(walk, frame, &child)
                                      : next_member(walk, frame, &child))
            visit(walk, &child);
        else
            walk->depth--;
    }
}

void strict_make(struct difference *difference, const json_t *old, const json_t *new) {
    struct walk walk = {.difference = difference, .path = TEXT_EMPTY};
    difference_init(difference, old, new);
    if (json_is_object(old) && json_is_object(new))
        push(&walk, old, new);
    walk_all(&walk);
    if (walk.unreported)
        difference_add(difference, "snapshot.value.changed", "more", NULL, NULL,
                       json_pack("{s:I}", "count", (json_int_t)walk.unreported),
                       "%zu more values differ", walk.unreported);
    free(walk.frames);
    text_deinit(&walk.path);
    difference_sort(difference);
}

void strict_make_where_same(struct difference *difference, const json_t *old, const json_t *new) {
    if (strict_applies(old, new))
        strict_make(difference, old, new);
    else
        difference_make(difference, old, new);
}
