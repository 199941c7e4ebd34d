/* canon.c - canonical JSON, the same bytes as json_dumps() of Jansson gives with JSON_INDENT(2) and
 * JSON_SORT_KEYS. */
#include "snapshot/canon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SINK_BLOCK (1u << 20) /* bytes of text that a sink is given at once */

static _Noreturn void misuse(const char *what, const char *key) {
    fprintf(stderr, "canonical writer: %s at key \"%s\"\n", what, key ? key : "");
    abort();
}

void canon_init(struct canon *canon, struct text *text) {
    *canon = (struct canon){.text = text};
}

void canon_set_sink(struct canon *canon, struct canon_sink sink) {
    canon->sink = sink;
}

static int by_place(const void *left, const void *right) {
    uintptr_t a = (uintptr_t)((const struct canon_place *)left)->place;
    uintptr_t b = (uintptr_t)((const struct canon_place *)right)->place;
    return (a > b) - (a < b);
}

void canon_set_places(struct canon *canon, struct canon_place *places, size_t count) {
    if (count)
        qsort(places, count, sizeof *places, by_place);
    canon->places = places;
    canon->place_count = count;
}

static void give_to_sink(struct canon *canon, size_t least) {
    if (!canon->sink.put || canon->text->length < least)
        return;
    canon->sink.put(canon->sink.data, canon->text->data, canon->text->length);
    canon->text->length = 0;
}

void canon_finish(struct canon *canon) {
    if (canon->depth)
        misuse("document ends in an open container", NULL);
    text_putc(canon->text, '\n');
    give_to_sink(canon, 1);
}

void canon_indent(struct canon *canon, int depth) {
    static const char spaces[2 * CANON_DEPTH + 1] =
        "                                                                ";
    give_to_sink(canon, SINK_BLOCK);
    text_putc(canon->text, '\n');
    for (depth += canon->around; depth > CANON_DEPTH; depth -= CANON_DEPTH)
        text_append(canon->text, spaces, 2 * (size_t)CANON_DEPTH);
    text_append(canon->text, spaces, 2 * (size_t)depth);
}

static bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

/* RFC 8259, 7: what must be escaped, is; the rest stays UTF-8. */
static void escape(struct text *text, unsigned char byte) {
    static const char letters[] = "\"\\\b\f\n\r\t", escapes[] = "\"\\bfnrt";
    const char *found = byte ? strchr(letters, byte) : NULL;
    if (found)
        text_append(text, (const char[]){'\\', escapes[found - letters]}, 2);
    else
        text_printf(text, "\\u%04X", byte);
}

void canon_quote(struct canon *canon, const char *text, size_t length) {
    const char *end = text + length;
    text_putc(canon->text, '"');
    while (text < end) {
        const char *plain = text;
        while (plain < end && is_plain((unsigned char)*plain))
            plain++;
        text_append(canon->text, text, (size_t)(plain - text));
        if (plain < end)
            escape(canon->text, (unsigned char)*plain++);
        text = plain;
    }
    text_putc(canon->text, '"');
}

static void check_key(const struct canon *canon, const char *key) {
    if (canon->depth == 0) {
        if (key)
            misuse("key outside an object", key);
        return;
    }
    const bool is_array = canon->level[canon->depth - 1].is_array;
    const char *last_key = canon->level[canon->depth - 1].last_key;
    if (is_array != !key)
        misuse(is_array ? "key in an array" : "no key in an object", key);
    if (key && last_key && strcmp(last_key, key) >= 0)
        misuse("keys are not ascending", key);
}

/* Comma, new line, indent, key. */
void canon_value(struct canon *canon, const char *key) {
    check_key(canon, key);
    if (canon->depth == 0)
        return;
    if (canon->level[canon->depth - 1].has_elements)
        text_putc(canon->text, ',');
    canon->level[canon->depth - 1].has_elements = true;
    canon->level[canon->depth - 1].last_key = key;
    canon_indent(canon, canon->depth);
    if (key) {
        canon_quote(canon, key, strlen(key));
        text_append(canon->text, ": ", 2);
    }
}

static void begin_container(struct canon *canon, const char *key, bool is_array) {
    canon_value(canon, key);
    if (canon->depth == CANON_DEPTH)
        misuse("nested too deep", key);
    text_putc(canon->text, is_array ? '[' : '{');
    canon->level[canon->depth].is_array = is_array;
    canon->level[canon->depth].has_elements = false;
    canon->level[canon->depth].last_key = NULL;
    canon->depth++;
}

static void end_container(struct canon *canon, bool is_array) {
    if (canon->depth == 0 || canon->level[canon->depth - 1].is_array != is_array)
        misuse("container closed that is not open", NULL);
    canon->depth--;
    if (canon->level[canon->depth].has_elements)
        canon_indent(canon, canon->depth);
    text_putc(canon->text, is_array ? ']' : '}');
}

void canon_object_begin(struct canon *canon, const char *key) {
    begin_container(canon, key, false);
}

void canon_object_end(struct canon *canon) {
    end_container(canon, false);
}

void canon_array_begin(struct canon *canon, const char *key) {
    begin_container(canon, key, true);
}

void canon_array_end(struct canon *canon) {
    end_container(canon, true);
}

void canon_string_of(struct canon *canon, const char *key, const char *text, size_t length) {
    canon_value(canon, key);
    canon_quote(canon, text, length);
}

void canon_string(struct canon *canon, const char *key, const char *value) {
    canon_string_of(canon, key, value, strlen(value));
}

/* The digits of `value`, from the end of `buffer` on backwards; gives where they start. A snapshot
 * holds tens of thousands of numbers: printf would be half of its cost. */
static char *digits(char *end, uint64_t value, unsigned base) {
    do
        *--end = "0123456789abcdef"[value % base];
    while (value /= base);
    return end;
}

void canon_number(struct canon *canon, int64_t value) {
    char buffer[24], *end = buffer + sizeof buffer;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *start = digits(end, magnitude, 10);
    if (value < 0)
        *--start = '-';
    text_append(canon->text, start, (size_t)(end - start));
}

void canon_integer(struct canon *canon, const char *key, int64_t value) {
    canon_value(canon, key);
    canon_number(canon, value);
}

void canon_hex(struct canon *canon, const char *key, uint64_t value) {
    char buffer[24], *end = buffer + sizeof buffer;
    *--end = '"';
    char *start = digits(end, value, 16);
    *--start = 'x';
    *--start = '0';
    *--start = '"';
    canon_value(canon, key);
    text_append(canon->text, start, (size_t)(end + 1 - start));
}

void canon_boolean(struct canon *canon, const char *key, bool value) {
    canon_value(canon, key);
    text_puts(canon->text, value ? "true" : "false");
}

void canon_null(struct canon *canon, const char *key) {
    canon_value(canon, key);
    text_append(canon->text, "null", 4);
}
