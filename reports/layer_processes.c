/* layer_processes.c - the layers that are told process by process, images with the same values in
 * one row. */
#include <string.h>

#include "base/memory.h"
#include "differ/comparisons/process.h"
#include "differ/comparisons/process_facets.h"
#include "reports/layers.h"

#define VALUES_MOST 4  /* that the processes of one image have */
#define IMAGES_MOST 24 /* that one row names */
#define BITS_MOST   8  /* of mitigations that one process has */

/* ---- words of one process ---- */

static char *words_of(const char *kind, const json_t *process, const json_t *snapshot) {
    const struct facet *facet = facet_find(kind);
    json_t *value = facet_read(facet, process, snapshot);
    char *words = value ? facet_words(facet, value) : NULL;
    json_decref(value);
    return words;
}

char *layer_silo(const json_t *process, const json_t *snapshot) {
    return words_of("process.silo.changed", process, snapshot);
}

char *layer_job(const json_t *process, const json_t *snapshot) {
    return words_of("process.job.changed", process, snapshot);
}

/* A snapshot without any session does not tell them. */
char *layer_session(const json_t *process, const json_t *snapshot) {
    const json_t *session = json_object_get(process, "session");
    if (json_is_integer(session))
        return xstrdup(json_integer_value(session) ? "a user's session" : "session 0");
    bool has_sessions = json_array_size(json_object_get(snapshot, "sessions"));
    return !session && has_sessions ? xstrdup("none") : NULL;
}

/* "0x61 (WinTcb, ProtectedLight), signature 0x3e (WindowsTcb; sections 0xc, Windows)" */
char *layer_protection(const json_t *process, const json_t *snapshot) {
    AUTO_FREE char *protection = words_of("process.protection.changed", process, snapshot);
    AUTO_FREE char *signature = words_of("process.signature.changed", process, snapshot);
    const char *level =
        json_string_value(json_object_get(json_object_get(process, "protection"), "level"));
    if (protection && (level ? strcmp(level, "0x0") == 0 : strcmp(protection, "None") == 0))
        return xstrdup("none");
    if (!protection && !signature)
        return NULL;
    return xasprintf("%s%s%s%s", protection ? protection : "", protection && signature ? ", " : "",
                     signature ? "signature " : "", signature ? signature : "");
}

/* "Medium, Administrators deny-only"; that LocalSystem is an administrator goes without saying. */
char *layer_integrity(const json_t *process, const json_t *snapshot) {
    AUTO_FREE char *level = words_of("process.integrity.changed", process, snapshot);
    AUTO_FREE char *elevation = words_of("process.elevation.changed", process, snapshot);
    AUTO_FREE char *container = words_of("process.container.changed", process, snapshot);
    if (!level)
        return NULL;
    bool is_system = strcmp(level, "System") == 0;
    return xasprintf("%s%s%s%s", level, elevation && !is_system ? ", " : "",
                     elevation && !is_system ? elevation : "",
                     container && strcmp(container, "none") != 0 ? ", app container" : "");
}

/* "ControlFlowGuardEnabled, DisableDynamicCode" of all words. */
char *layer_mitigations(const json_t *process, const json_t *snapshot) {
    (void)snapshot;
    const json_t *words = json_object_get(process, "mitigations");
    AUTO(text_deinit) struct text text = TEXT_EMPTY;
    size_t count = 0;
    const char *word;
    json_t *bits;
    json_object_foreach((json_t *)words, word, bits) {
        if (!json_is_array(bits))
            return NULL;
        for (size_t i = 0; i < json_array_size(bits); i++, count++) {
            const char *bit = json_string_value(json_array_get(bits, i));
            if (bit && count < BITS_MOST)
                text_printf(&text, "%s%s", count ? ", " : "", bit);
        }
    }
    if (count > BITS_MOST)
        text_printf(&text, " and %zu more", count - BITS_MOST);
    if (!count)
        text_puts(&text, "no mitigations");
    return json_is_object(words) ? text_take(&text) : NULL;
}

/* ---- images ---- */

/* A live process. */
struct holder {
    const char *image;
    const char *place; /* what tells it from others of its image; "" */
    char *words;
    bool is_new;
};

static int by_name(const struct holder *a, const struct holder *b) {
    int order = strcmp(a->image, b->image);
    return order ? order : strcmp(a->place, b->place);
}

static int by_image(const void *left, const void *right) {
    const struct holder *a = left, *b = right;
    int order = by_name(a, b);
    if (order || a->is_new != b->is_new)
        return order ? order : a->is_new - b->is_new;
    return strcmp(a->words ? a->words : "", b->words ? b->words : "");
}

/* What is started where it is needed is as what it is needed for: the differ compares it session
 * by session, and so it is shown. */
static const char *place_of(const char *name, const json_t *process) {
    const struct system_image *image = system_image_find(name);
    const json_t *session = json_object_get(process, "session");
    if (!image || !image->where_needed || !json_is_integer(session))
        return "";
    return json_integer_value(session) ? " (a user's session)" : " (session 0)";
}

static size_t add_holders(struct holder *holders, const struct layer_rule *rule,
                          const struct side *side, bool is_new) {
    size_t count = 0, i;
    json_t *process;
    json_array_foreach(json_object_get(side->snapshot, "processes"), i, process) {
        const char *image = json_string_value(json_object_get(process, "name"));
        if (image && !process_has_exited(process))
            holders[count++] = (struct holder){.image = image,
                                               .place = place_of(image, process),
                                               .words = rule->words(process, side->snapshot),
                                               .is_new = is_new};
    }
    return count;
}

/* What the processes of an image have on one side: "Medium / System", "not running"; NULL where it
 * is not known of all of them. They are sorted. */
static char *side_words(const struct holder *first, size_t count) {
    struct text text = TEXT_EMPTY;
    size_t values = 0;
    for (size_t i = 0; i < count; i++) {
        if (!first[i].words) {
            text_deinit(&text);
            return NULL;
        }
        if (i && strcmp(first[i - 1].words, first[i].words) == 0)
            continue;
        if (values < VALUES_MOST)
            text_printf(&text, "%s%s", values ? " / " : "", first[i].words);
        else if (values == VALUES_MOST)
            text_puts(&text, " / ...");
        values++;
    }
    if (!count)
        text_puts(&text, LAYER_NOT_RUNNING);
    return text_take(&text);
}

/* ---- rows ---- */

/* The two values of one image. */
struct pair {
    const char *image, *place;
    char *old, *new;
};

static const char *or_empty(const char *string) {
    return string ? string : "";
}

static int by_values(const void *left, const void *right) {
    const struct pair *a = left, *b = right;
    int order = strcmp(or_empty(a->old), or_empty(b->old));
    order = order ? order : strcmp(or_empty(a->new), or_empty(b->new));
    order = order ? order : strcmp(a->image, b->image);
    return order ? order : strcmp(a->place, b->place);
}

static bool is_absent(const char *words) {
    return words && strcmp(words, LAYER_NOT_RUNNING) == 0;
}

static bool is_nothing(const struct layer_rule *rule, const char *words) {
    return !words || is_absent(words) || (rule->nothing && strcmp(words, rule->nothing) == 0);
}

/* Whether an image has a row: what Windows is made of where it tells, others where they have what
 * few have. That an image without anything runs on one side alone is told as a process; that one
 * side does not tell, where the layer has other rows, by them. */
static bool is_told(const struct layer_rule *rule, const struct pair *pair) {
    if (!pair->old && !pair->new)
        return false;
    bool has_something = !is_nothing(rule, pair->old) || !is_nothing(rule, pair->new);
    bool is_known = pair->old && pair->new;
    if (system_image_find(pair->image))
        return has_something ||
               (!is_absent(pair->old) && !is_absent(pair->new) && (is_known || !rule->add_rows));
    return rule->has_others && has_something;
}

static size_t make_pairs(struct pair *pairs, const struct layer_rule *rule,
                         const struct holder *holders, size_t count) {
    size_t made = 0;
    for (size_t first = 0, end; first < count; first = end) {
        size_t middle = first;
        while (middle < count && !holders[middle].is_new &&
               by_name(&holders[middle], &holders[first]) == 0)
            middle++;
        end = middle;
        while (end < count && holders[end].is_new && by_name(&holders[end], &holders[first]) == 0)
            end++;
        struct pair pair = {holders[first].image, holders[first].place,
                            side_words(holders + first, middle - first),
                            side_words(holders + middle, end - middle)};
        if (is_told(rule, &pair)) {
            pairs[made++] = pair;
        } else {
            free(pair.old);
            free(pair.new);
        }
    }
    return made;
}

static void add_pairs(struct layer *layer, struct pair *pairs, size_t count) {
    for (size_t first = 0, end; first < count; first = end) {
        struct text images = TEXT_EMPTY;
        for (end = first; end < count; end++) {
            if (strcmp(or_empty(pairs[end].old), or_empty(pairs[first].old)) != 0 ||
                strcmp(or_empty(pairs[end].new), or_empty(pairs[first].new)) != 0)
                break;
            if (end - first < IMAGES_MOST)
                text_printf(&images, "%s%s%s", end > first ? ", " : "", pairs[end].image,
                            pairs[end].place);
        }
        if (end - first > IMAGES_MOST)
            text_printf(&images, " and %zu more", end - first - IMAGES_MOST);
        layer_add_row(layer, text_take(&images), pairs[first].old, pairs[first].new);
        for (size_t i = first + 1; i < end; i++) {
            free(pairs[i].old);
            free(pairs[i].new);
        }
    }
}

void layer_add_processes(struct layer *layer, const struct difference *difference) {
    const struct side *const sides[] = {&difference->old, &difference->new};
    size_t most = json_array_size(json_object_get(sides[0]->snapshot, "processes")) +
                  json_array_size(json_object_get(sides[1]->snapshot, "processes"));
    AUTO_FREE struct holder *holders = xcalloc(most + 1, sizeof *holders);
    AUTO_FREE struct pair *pairs = xcalloc(most + 1, sizeof *pairs);
    size_t count = add_holders(holders, layer->rule, sides[0], false);
    count += add_holders(holders + count, layer->rule, sides[1], true);
    qsort(holders, count, sizeof *holders, by_image);
    size_t made = make_pairs(pairs, layer->rule, holders, count);
    qsort(pairs, made, sizeof *pairs, by_values);
    add_pairs(layer, pairs, made);
    for (size_t i = 0; i < count; i++)
        free(holders[i].words);
}
