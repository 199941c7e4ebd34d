/* outline.c - the order in which the long formats tell a difference. */
#include "reports/outline.h"
#include "differ/type_size.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "differ/prominence.h"
#include "reports/escape.h"
#include "reports/shape.h"

#define GLANCE_LEAST   3 /* changes of each kind; one more where that is all */
#define HEADLINES_MOST 8 /* of each kind */

/* A change with the length of its structure's name in the subject. */
struct placed {
    const struct change *change;
    size_t name_length;
};

static bool starts(const char *string, const char *prefix) {
    return !strncmp(string, prefix, strlen(prefix));
}

bool outline_is_structural(const struct change *change) {
    static const char *const prefixes[] = {"layout.field.", "layout.bit.", "layout.type.resized"};
    for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++)
        if (starts(change->rule->id, prefixes[i]))
            return true;
    return false;
}

size_t outline_stands_for(const struct change *change) {
    json_int_t count = json_integer_value(json_object_get(change->details, "count"));
    return count > 1 ? (size_t)count : 1;
}

/* ---- topics ---- */

/* "_EPROCESS" in "_EPROCESS.Minimal": up to the first dot behind which a type's name ends. */
static size_t type_name_length(const struct difference *difference, const char *subject) {
    for (const char *dot = strchr(subject, '.'); dot; dot = strchr(dot + 1, '.')) {
        AUTO_FREE char *name = xstrndup(subject, (size_t)(dot - subject));
        if (side_type(&difference->old, name) || side_type(&difference->new, name))
            return strlen(name);
    }
    bool is_type = side_type(&difference->old, subject) || side_type(&difference->new, subject);
    return is_type ? strlen(subject) : strcspn(subject, ".");
}

static int compare_placed(const void *left, const void *right) {
    const struct placed *a = left;
    const struct placed *b = right;
    size_t least = a->name_length < b->name_length ? a->name_length : b->name_length;
    int order = memcmp(a->change->subject, b->change->subject, least);
    if (!order)
        order = (a->name_length > b->name_length) - (a->name_length < b->name_length);
    return order ? order : (a->change > b->change) - (a->change < b->change);
}

static bool same_name(const struct placed *a, const struct placed *b) {
    return a->name_length == b->name_length &&
           !memcmp(a->change->subject, b->change->subject, a->name_length);
}

static void topic_add(struct topic *topic, const struct change *change) {
    topic->count++;
    topic->weight += strcmp(change->rule->id, "layout.field.shifted") != 0;
    if (change->severity > topic->severity)
        topic->severity = change->severity;
}

static int compare_topics(const void *left, const void *right) {
    const struct topic *a = left;
    const struct topic *b = right;
    if (a->prominence != b->prominence)
        return a->prominence < b->prominence ? -1 : 1;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void make_topics(struct outline *outline, const struct difference *difference) {
    AUTO_FREE struct placed *placed = xcalloc(difference->count + 1, sizeof *placed);
    size_t count = 0;
    for (size_t i = 0; i < difference->count; i++) {
        const struct change *change = &difference->changes[i];
        if (outline_is_structural(change))
            placed[count++] =
                (struct placed){change, type_name_length(difference, change->subject)};
    }
    qsort(placed, count, sizeof *placed, compare_placed);
    outline->sorted = xcalloc(count + 1, sizeof *outline->sorted);
    outline->topics = xcalloc(count + 1, sizeof *outline->topics);
    for (size_t i = 0; i < count; i++) {
        outline->sorted[i] = placed[i].change;
        if (!i || !same_name(&placed[i - 1], &placed[i])) {
            char *name = xstrndup(placed[i].change->subject, placed[i].name_length);
            outline->topics[outline->topic_count++] = (struct topic){
                .name = name,
                .changes = outline->sorted + i,
                .prominence = prominence_of(placed[i].change->rule, name),
            };
        }
        topic_add(&outline->topics[outline->topic_count - 1], placed[i].change);
    }
    qsort(outline->topics, outline->topic_count, sizeof *outline->topics, compare_topics);
}

/* ---- kinds ---- */

/* Changes of one kind stand together. */
static void make_kinds(struct outline *outline, const struct difference *difference) {
    outline->kinds = xcalloc(difference->count + 1, sizeof *outline->kinds);
    outline->all = xcalloc(difference->count + 1, sizeof *outline->all);
    for (size_t i = 0; i < difference->count; i++) {
        const struct change *change = &difference->changes[i];
        outline->all[i] = change;
        if (!i || change[-1].rule != change->rule)
            outline->kinds[outline->kind_count++] =
                (struct kind){.rule = change->rule, .changes = outline->all + i};
        struct kind *kind = &outline->kinds[outline->kind_count - 1];
        kind->count++;
        kind->waived += change->waived != NULL;
        kind->headlines += prominence_is_headline(change->prominence);
    }
}

/* ---- families ---- */

/* What the two systems ran comes before the long family of structures, and what protects processes
 * (layers.h) between them. */
static void make_families(struct outline *outline) {
    static const struct family told[] = {
        {"syscall", "System calls", 0},   {"process", "Processes", 0},
        {"object", "Objects", 0},         {"layout", "Structures and enumerations", 0},
        {"dump", "Dump and coverage", 0}, {"snapshot", "Values", 0},
    };
    outline->families = xcalloc(ARRAY_LENGTH(told), sizeof *outline->families);
    for (size_t i = 0; i < ARRAY_LENGTH(told); i++) {
        struct family family = told[i];
        for (size_t j = 0; j < outline->kind_count; j++)
            if (!strcmp(outline->kinds[j].rule->family, family.id))
                family.count += outline->kinds[j].count;
        if (!strcmp(family.id, "layout"))
            outline->layers_at = outline->family_count;
        if (family.count)
            outline->families[outline->family_count++] = family;
    }
}

/* ---- at a glance ---- */

static int compare_glances(const void *left, const void *right) {
    const struct kind *a = *(const struct kind *const *)left;
    const struct kind *b = *(const struct kind *const *)right;
    if (!a->headlines != !b->headlines)
        return a->headlines ? -1 : 1;
    if (a->rule->severity != b->rule->severity)
        return a->rule->severity > b->rule->severity ? -1 : 1;
    return (a > b) - (a < b);
}

static void make_glance(struct outline *outline) {
    outline->glance = xcalloc(outline->kind_count + 1, sizeof *outline->glance);
    for (size_t i = 0; i < outline->kind_count; i++)
        outline->glance[i] = &outline->kinds[i];
    qsort(outline->glance, outline->kind_count, sizeof *outline->glance, compare_glances);
}

size_t outline_glance_length(const struct kind *kind) {
    size_t least = kind->headlines < HEADLINES_MOST ? kind->headlines : HEADLINES_MOST;
    size_t shown = least > GLANCE_LEAST ? least : GLANCE_LEAST;
    return kind->count <= shown + 1 ? kind->count : shown;
}

bool outline_has_sentences(const struct kind *kind) {
    return kind->headlines || kind->count <= 2;
}

void outline_init(struct outline *outline, const struct difference *difference) {
    *outline = (struct outline){0};
    make_topics(outline, difference);
    make_kinds(outline, difference);
    make_families(outline);
    make_glance(outline);
    for (size_t i = 0; i < difference->count; i++) {
        const struct change *change = &difference->changes[i];
        outline->severities[change->severity]++;
        outline->waived += change->waived != NULL;
    }
}

void outline_deinit(struct outline *outline) {
    for (size_t i = 0; i < outline->topic_count; i++)
        free(outline->topics[i].name);
    free(outline->topics);
    free(outline->families);
    free(outline->kinds);
    free(outline->sorted);
    free(outline->all);
    free(outline->glance);
    *outline = (struct outline){0};
}

void outline_counts(struct text *out, const struct topic *topic) {
    const char *separator = "";
    for (size_t i = 0; i < topic->count;) {
        const struct rule *rule = topic->changes[i]->rule;
        size_t count = 0;
        for (; i < topic->count && topic->changes[i]->rule == rule; i++)
            count += outline_stands_for(topic->changes[i]);
        const char *words = strchr(rule->id, '.') ? strchr(rule->id, '.') + 1 : rule->id;
        const char *verb = strrchr(words, '.');
        if (!strcmp(words, "type.resized"))
            continue;
        const char *noun = starts(words, "bit.") ? "bit" : "member";
        text_printf(out, "%s%zu %s%s %s", separator, count, noun, count == 1 ? "" : "s",
                    verb ? verb + 1 : "");
        separator = ", ";
    }
}

/* ---- anchors ---- */

/* They stand together. */
size_t outline_number(const struct difference *difference, const struct change *change) {
    size_t number = 1;
    for (const struct change *each = change; each > difference->changes; each--, number++)
        if (each[-1].rule != change->rule || strcmp(each[-1].subject, change->subject) != 0)
            break;
    return number;
}

/* The second change of one kind and subject gets a number. */
void outline_anchor(struct text *out, const struct difference *difference,
                    const struct change *change) {
    text_printf(out, "%s--", change->rule->id);
    escape_anchor(out, change->subject);
    size_t number = outline_number(difference, change);
    if (number > 1)
        text_printf(out, "--%zu", number);
}

/* ---- how to check ---- */

struct word {
    const char *text;
    size_t length;
};

/* What a word in capitals of a rule's sentence stands for; nothing where it stands for itself. */
static struct word placeholder(const struct change *change, const char *word, size_t length) {
    static const struct {
        const char *word;
        enum { TYPE, MEMBER, IMAGE, SERVICE } part;
    } places[] = {
        {"TYPE", TYPE},   {"MEMBER", MEMBER}, {"BIT", MEMBER},
        {"IMAGE", IMAGE}, {"ENUM", TYPE},     {"SERVICE", SERVICE},
    };
    const char *subject = change->subject;
    const char *colon = strrchr(subject, ':');
    const char *dot = strchr(subject, '.');
    bool is_process = !strcmp(change->rule->family, "process");
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (strlen(places[i].word) != length || memcmp(places[i].word, word, length) != 0)
            continue;
        if (places[i].part == IMAGE)
            return (struct word){subject, colon ? (size_t)(colon - subject) : strlen(subject)};
        /* A change of a whole table is about services that it names elsewhere. */
        if (places[i].part == SERVICE && strncmp(subject, "Nt", strlen("Nt")) != 0)
            return (struct word){0};
        if (places[i].part == SERVICE)
            return (struct word){subject, strlen(subject)};
        if (places[i].part == TYPE)
            return (struct word){subject, strcspn(subject, ".")};
        const char *rest = is_process ? colon : dot;
        if (rest)
            return (struct word){rest + 1, strlen(rest + 1)};
    }
    return (struct word){0};
}

static bool is_capital(char character) {
    return character >= 'A' && character <= 'Z';
}

static void fill_word(struct text *out, const struct change *change, const char *word,
                      size_t length) {
    for (size_t i = 0; i < length;) {
        size_t end = i;
        while (end < length && is_capital(word[end]))
            end++;
        struct word filled =
            end > i + 1 ? placeholder(change, word + i, end - i) : (struct word){0};
        if (filled.text)
            text_append(out, filled.text, filled.length);
        else
            text_append(out, word + i, end > i ? end - i : 1);
        i = end > i ? end : i + 1;
    }
}

/* A debugger's command begins with "dt", "??", "!" or "."; its operands are what no English word
 * looks like. */
static bool begins_command(const char *word, size_t length) {
    static const char *const names[] = {"dt", "??",    "u",   "x",  "r",
                                        "db", "rdmsr", "dps", "dd", "lm"};
    bool is_named = false;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        is_named = is_named || (strlen(names[i]) == length && !memcmp(word, names[i], length));
    return is_named || (length > 2 && strchr("!.", *word));
}

static bool continues_command(const char *word, size_t length) {
    if (is_capital(*word) || strchr("-/\\(", *word))
        return true;
    bool has_letter = false;
    for (size_t i = 0; i < length; i++) {
        if (strchr("!_0123456789", word[i]))
            return true;
        has_letter = has_letter || isalpha((unsigned char)word[i]);
    }
    return !has_letter;
}

void outline_check(struct text *out, const struct change *change) {
    bool in_command = false;
    for (const char *word = change->rule->check; *word;) {
        size_t length = strcspn(word, " ");
        size_t bare = length;
        while (bare && strchr(".,;:", word[bare - 1]))
            bare--;
        bool is_command =
            bare && (in_command ? continues_command(word, bare) : begins_command(word, bare));
        if (in_command && !is_command)
            text_putc(out, '`');
        if (word != change->rule->check)
            text_putc(out, ' ');
        if (!in_command && is_command)
            text_putc(out, '`');
        fill_word(out, change, word, bare);
        in_command = is_command && bare == length && word[length];
        if (is_command && !in_command)
            text_putc(out, '`');
        text_append(out, word + bare, length - bare);
        word += length + (word[length] == ' ');
    }
}
