/* canon.c - canonical JSON, the same bytes as json_dumps() of Jansson gives with JSON_INDENT(2) and
 * JSON_SORT_KEYS. */
#include "snapshot/canon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void misuse(const char *what, const char *key) {
    fprintf(stderr, "canonical writer: %s at key \"%s\"\n", what, key ? key : "");
    abort();
}

void canon_init(struct canon *canon, struct text *text) {
    *canon = (struct canon){.text = text};
}

void canon_finish(struct canon *canon) {
    if (canon->depth)
        misuse("document ends in an open container", NULL);
    text_putc(canon->text, '\n');
}

static void indent(struct canon *canon) {
    static const char spaces[2 * CANON_DEPTH + 1] =
        "                                                                ";
    text_putc(canon->text, '\n');
    text_append(canon->text, spaces, 2 * (size_t)canon->depth);
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

static void write_string(struct text *text, const char *value) {
    text_putc(text, '"');
    while (*value) {
        const char *end = value;
        while (is_plain((unsigned char)*end))
            end++;
        text_append(text, value, (size_t)(end - value));
        if (*end)
            escape(text, (unsigned char)*end++);
        value = end;
    }
    text_putc(text, '"');
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

/* What stands before a value: comma, new line, indent, key. */
static void begin_value(struct canon *canon, const char *key) {
    check_key(canon, key);
    if (canon->depth == 0)
        return;
    if (canon->level[canon->depth - 1].has_elements)
        text_putc(canon->text, ',');
    canon->level[canon->depth - 1].has_elements = true;
    canon->level[canon->depth - 1].last_key = key;
    indent(canon);
    if (key) {
        write_string(canon->text, key);
        text_append(canon->text, ": ", 2);
    }
}

static void begin_container(struct canon *canon, const char *key, bool is_array) {
    begin_value(canon, key);
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
        indent(canon);
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

void canon_string(struct canon *canon, const char *key, const char *value) {
    begin_value(canon, key);
    write_string(canon->text, value);
}

/* The digits of `value`, from the end of `buffer` on backwards; gives where they start. A snapshot
 * holds tens of thousands of numbers: printf would be half of its cost. */
static char *digits(char *end, uint64_t value, unsigned base) {
    do
        *--end = "0123456789abcdef"[value % base];
    while (value /= base);
    return end;
}

void canon_integer(struct canon *canon, const char *key, int64_t value) {
    char buffer[24], *end = buffer + sizeof buffer;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *start = digits(end, magnitude, 10);
    if (value < 0)
        *--start = '-';
    begin_value(canon, key);
    text_append(canon->text, start, (size_t)(end - start));
}

void canon_hex(struct canon *canon, const char *key, uint64_t value) {
    char buffer[24], *end = buffer + sizeof buffer;
    *--end = '"';
    char *start = digits(end, value, 16);
    *--start = 'x';
    *--start = '0';
    *--start = '"';
    begin_value(canon, key);
    text_append(canon->text, start, (size_t)(end + 1 - start));
}

void canon_boolean(struct canon *canon, const char *key, bool value) {
    begin_value(canon, key);
    text_puts(canon->text, value ? "true" : "false");
}

void canon_null(struct canon *canon, const char *key) {
    begin_value(canon, key);
    text_append(canon->text, "null", 4);
}

/* Newlines in strings are escaped: each that Jansson writes is one between elements, and the
 * indent of the place where the tree goes is put behind it. */
static int append_indented(const char *bytes, size_t length, void *data) {
    struct canon *canon = data;
    for (const char *end = bytes + length; bytes < end;) {
        const char *line = memchr(bytes, '\n', (size_t)(end - bytes));
        text_append(canon->text, bytes, (size_t)((line ? line : end) - bytes));
        if (!line)
            break;
        indent(canon);
        bytes = line + 1;
    }
    return 0;
}

void canon_json(struct canon *canon, const char *key, const json_t *value) {
    begin_value(canon, key);
    if (json_dump_callback(value, append_indented, canon,
                           JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0)
        misuse("a tree that cannot be written", key);
}
