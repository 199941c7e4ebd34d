/* escape.c - text that comes from a snapshot, made fit for a page. */
#include "reports/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

/* Decodes one character of UTF-8 (RFC 3629); gives its length, or 0 where the bytes are none. */
static size_t decode(const unsigned char *bytes, size_t length, uint32_t *rune) {
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t form = 0; form < ARRAY_LENGTH(forms); form++) {
        if ((bytes[0] & forms[form].mask) != forms[form].lead)
            continue;
        if (form >= length)
            return 0;
        uint32_t value = bytes[0] & (unsigned char)~forms[form].mask;
        for (size_t i = 1; i <= form; i++) {
            if ((bytes[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (bytes[i] & 0x3f);
        }
        if (value < forms[form].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return 0;
        *rune = value;
        return form + 1;
    }
    return 0;
}

/* Characters that show nothing, or change how others are shown (Unicode categories Cc, Cf, Zl,
 * Zp), and those that are none. */
static bool unseen(uint32_t rune) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0, 0x1f},      {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},   {0x180e, 0x180e},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++)
        if (rune >= ranges[i].first && rune <= ranges[i].last)
            return true;
    return (rune & 0xfffe) == 0xfffe;
}

void escape_visible(struct text *out, const char *bytes, size_t length) {
    const unsigned char *data = (const unsigned char *)bytes;
    for (size_t i = 0; i < length;) {
        uint32_t rune = 0;
        size_t used = decode(data + i, length - i, &rune);
        if (!used)
            text_printf(out, "\\x%02x", data[i]);
        else if (unseen(rune))
            text_printf(out, rune < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)rune);
        else
            text_append(out, bytes + i, used);
        i += used ? used : 1;
    }
}

static const char *html_reference(char character) {
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void escape_html_bytes(struct text *out, const char *bytes, size_t length) {
    AUTO(text_deinit) struct text clean = TEXT_EMPTY;
    escape_visible(&clean, bytes, length);
    for (size_t i = 0; i < clean.length; i++) {
        const char *reference = html_reference(clean.data[i]);
        if (reference)
            text_puts(out, reference);
        else
            text_putc(out, clean.data[i]);
    }
}

void escape_html(struct text *out, const char *string) {
    escape_html_bytes(out, string, strlen(string));
}

static bool is_alphanumeric(char character) {
    return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
           (character >= 'a' && character <= 'z');
}

void escape_markdown_code_bytes(struct text *out, const char *bytes, size_t length) {
    AUTO(text_deinit) struct text clean = TEXT_EMPTY;
    escape_visible(&clean, bytes, length);
    if (!clean.length) {
        text_puts(out, "(empty)");
        return;
    }
    bool is_plain =
        !memchr(clean.data, '|', clean.length) && !memchr(clean.data, '`', clean.length);
    if (is_plain) {
        text_printf(out, "`%s`", clean.data);
        return;
    }
    text_puts(out, "<code>");
    for (size_t i = 0; i < clean.length; i++)
        if (is_alphanumeric(clean.data[i]) || clean.data[i] & 0x80 || clean.data[i] == ' ')
            text_putc(out, clean.data[i]);
        else
            text_printf(out, "&#%d;", clean.data[i]);
    text_puts(out, "</code>");
}

void escape_markdown_code(struct text *out, const char *string) {
    escape_markdown_code_bytes(out, string, strlen(string));
}

/* ---- sentences ---- */

struct prose {
    void (*code)(struct text *out, const char *bytes, size_t length);
    void (*plain)(struct text *out, const char *bytes, size_t length);
};

static void html_code(struct text *out, const char *bytes, size_t length) {
    text_puts(out, "<code>");
    escape_html_bytes(out, bytes, length);
    text_puts(out, "</code>");
}

/* What is left of a sentence after its code has no character that is active within a line, but
 * for these. */
static void markdown_plain(struct text *out, const char *bytes, size_t length) {
    AUTO(text_deinit) struct text clean = TEXT_EMPTY;
    escape_visible(&clean, bytes, length);
    for (size_t i = 0; i < clean.length; i++) {
        if (strchr("\\`*_[]<>|~&#", clean.data[i]))
            text_putc(out, '\\');
        text_putc(out, clean.data[i]);
    }
}

/* A name, a number in hexadecimal, a command: a word with a character that no English word has, or
 * a dot before a letter. It also keeps "www.example.com" from becoming a link. */
static bool looks_like_code(const char *word, size_t length) {
    bool has_letter_or_digit = false;
    bool has_mark = length > 2 && word[0] == '0' && word[1] == 'x';
    for (size_t i = 0; i < length; i++) {
        has_letter_or_digit |= is_alphanumeric(word[i]);
        bool before_letter = i > 0 && i + 1 < length && word[i + 1] >= 'A' && length > 3;
        if (word[i] == '.' || word[i] == ':')
            has_mark |= before_letter;
        else if (!is_alphanumeric(word[i]) && !(word[i] & 0x80))
            has_mark |= !strchr("-,/'\"%+()[]*", word[i]);
    }
    return has_letter_or_digit && has_mark;
}

static void prose_word(const struct prose *prose, struct text *out, const char *word,
                       size_t length) {
    size_t start = 0;
    size_t end = length;
    while (start < end && strchr("(\"'", word[start]))
        start++;
    while (end > start && strchr(".,;:)\"'?", word[end - 1]))
        end--;
    if (!looks_like_code(word + start, end - start)) {
        prose->plain(out, word, length);
        return;
    }
    prose->plain(out, word, start);
    prose->code(out, word + start, end - start);
    prose->plain(out, word + end, length - end);
}

static void write_prose(const struct prose *prose, struct text *out, const char *sentence) {
    while (*sentence) {
        const char *closing = *sentence == '`' ? strchr(sentence + 1, '`') : NULL;
        if (closing && closing > sentence + 1) {
            prose->code(out, sentence + 1, (size_t)(closing - sentence) - 1);
            sentence = closing + 1;
            continue;
        }
        size_t length = strcspn(sentence, " ");
        if (length)
            prose_word(prose, out, sentence, length);
        sentence += length;
        for (; *sentence == ' '; sentence++)
            text_putc(out, ' ');
    }
}

void escape_html_prose(struct text *out, const char *sentence) {
    static const struct prose html = {html_code, escape_html_bytes};
    write_prose(&html, out, sentence);
}

void escape_markdown_prose(struct text *out, const char *sentence) {
    static const struct prose markdown = {escape_markdown_code_bytes, markdown_plain};
    write_prose(&markdown, out, sentence);
}

void escape_anchor(struct text *out, const char *string) {
    for (; *string; string++)
        if (is_alphanumeric(*string) || *string == '_' || *string == '.')
            text_putc(out, *string);
        else
            text_printf(out, "-%02x", (unsigned char)*string);
}
