/* json_pull.c - the tokenizer of JSON, without recursion: nesting is a small stack of flags. */
#include "symbols/json_pull.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void pull_init(struct json_pull *pull, struct error *err, const char *bytes, size_t length) {
    *pull = (struct json_pull){
        .err = err,
        .start = bytes,
        .at = bytes,
        .end = bytes + length,
        .token = bytes,
        .text = "",
        .decoded = TEXT_EMPTY,
    };
}

void pull_deinit(struct json_pull *pull) {
    text_deinit(&pull->decoded);
}

static size_t line_of(const struct json_pull *pull, const char *place) {
    size_t line = 1;
    for (const char *at = pull->start; at < place; at++)
        line += *at == '\n';
    return line;
}

bool pull_fail(struct json_pull *pull, const char *format, ...) {
    if (pull->status)
        return false;
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    pull->status = fail(pull->err, STATUS_FORMAT, "%s (line %zu, offset %zu)", what,
                        line_of(pull, pull->token), (size_t)(pull->token - pull->start));
    return false;
}

static bool is_space(char character) {
    return character == ' ' || character == '\n' || character == '\r' || character == '\t';
}

/* Goes to the next byte that is no space; false at the end of the text or after an error. */
static bool find_token(struct json_pull *pull) {
    if (pull->status)
        return false;
    const char *at = pull->at;
    while (at < pull->end && is_space(*at))
        at++;
    pull->at = pull->token = at;
    return at < pull->end;
}

static bool fail_expected(struct json_pull *pull, const char *what) {
    if (pull->at >= pull->end)
        return pull_fail(pull, "expected %s, found the end of the file", what);
    unsigned char found = (unsigned char)*pull->at;
    if (found > ' ' && found < 0x7f)
        return pull_fail(pull, "expected %s, found '%c'", what, found);
    return pull_fail(pull, "expected %s, found byte 0x%02x", what, found);
}

static bool fail_string(struct json_pull *pull, const char *at, const char *what) {
    pull->token = at;
    return pull_fail(pull, "%s in a string", what);
}

static bool at_character(struct json_pull *pull, char character) {
    return find_token(pull) && *pull->at == character;
}

static bool open_level(struct json_pull *pull, char bracket, const char *what) {
    if (!at_character(pull, bracket))
        return fail_expected(pull, what);
    if (pull->depth == PULL_DEPTH)
        return pull_fail(pull, "nested deeper than %d levels", PULL_DEPTH);
    pull->level[pull->depth].is_array = bracket == '[';
    pull->level[pull->depth].has_elements = false;
    pull->depth++;
    pull->at++;
    return true;
}

/* Before a member or element: consumes the comma, or the closing bracket and gives false. */
static bool next_of_level(struct json_pull *pull, char bracket, const char *what) {
    if (at_character(pull, bracket)) {
        pull->at++;
        pull->depth--;
        return false;
    }
    bool *has_elements = &pull->level[pull->depth - 1].has_elements;
    if (*has_elements) {
        if (!at_character(pull, ','))
            return fail_expected(pull, what);
        pull->at++;
    }
    *has_elements = true;
    return true;
}

bool pull_object(struct json_pull *pull) {
    return open_level(pull, '{', "an object");
}

bool pull_array(struct json_pull *pull) {
    return open_level(pull, '[', "an array");
}

bool pull_element(struct json_pull *pull) {
    return !pull->status && next_of_level(pull, ']', "',' or ']'");
}

bool pull_key(struct json_pull *pull) {
    if (pull->status || !next_of_level(pull, '}', "',' or '}'") || !pull_string(pull))
        return false;
    const char *key = pull->token;
    if (!at_character(pull, ':'))
        return fail_expected(pull, "':'");
    pull->at++;
    pull->token = key;
    return true;
}

/* RFC 3629: how many bytes of `bytes` are one character; 0 where they are none. */
static size_t character_length(const unsigned char *bytes, size_t left) {
    static const struct {
        unsigned char first, last; /* of the first byte */
        unsigned char low, high;   /* of the second: no overlong form, surrogate, or > U+10FFFF */
        unsigned char length;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (bytes[0] < forms[i].first || bytes[0] > forms[i].last)
            continue;
        if (left < forms[i].length || bytes[1] < forms[i].low || bytes[1] > forms[i].high)
            return 0;
        for (size_t j = 2; j < forms[i].length; j++)
            if ((bytes[j] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* The four digits behind "\u"; -1 where they are not there. */
static int32_t code_unit(const char *at, const char *end) {
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = at + i < end ? hex_value(at[i]) : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static void append_utf8(struct text *text, uint32_t point) {
    if (point < 0x80) {
        text_putc(text, (char)point);
    } else if (point < 0x800) {
        text_putc(text, (char)(0xc0 | point >> 6));
        text_putc(text, (char)(0x80 | (point & 0x3f)));
    } else if (point < 0x10000) {
        text_putc(text, (char)(0xe0 | point >> 12));
        text_putc(text, (char)(0x80 | (point >> 6 & 0x3f)));
        text_putc(text, (char)(0x80 | (point & 0x3f)));
    } else {
        text_putc(text, (char)(0xf0 | point >> 18));
        text_putc(text, (char)(0x80 | (point >> 12 & 0x3f)));
        text_putc(text, (char)(0x80 | (point >> 6 & 0x3f)));
        text_putc(text, (char)(0x80 | (point & 0x3f)));
    }
}

/* `*at` is behind "\u"; a high surrogate takes the low one along. */
static bool decode_unicode(struct json_pull *pull, const char **at) {
    int32_t unit = code_unit(*at, pull->end);
    if (unit < 0)
        return fail_string(pull, *at, "bad \\u escape");
    if (unit == 0)
        return fail_string(pull, *at, "NUL");
    *at += 4;
    if (unit < 0xd800 || unit > 0xdfff) {
        append_utf8(&pull->decoded, (uint32_t)unit);
        return true;
    }
    bool has_low = pull->end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u';
    int32_t low = has_low ? code_unit(*at + 2, pull->end) : -1;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return fail_string(pull, *at, "lone surrogate");
    *at += 6;
    append_utf8(&pull->decoded,
                0x10000 + ((uint32_t)unit - 0xd800) * 0x400 + (uint32_t)low - 0xdc00);
    return true;
}

static bool decode_escape(struct json_pull *pull, const char **at) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (*at >= pull->end)
        return fail_string(pull, *at, "end of the file");
    char letter = *(*at)++;
    if (letter == 'u')
        return decode_unicode(pull, at);
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (!found)
        return fail_string(pull, *at - 1, "unknown escape");
    text_putc(&pull->decoded, meanings[found - letters]);
    return true;
}

/* A string with escapes, from `at` on; what is before is copied. */
static bool decode_string(struct json_pull *pull, const char *at) {
    pull->decoded.length = 0;
    text_append(&pull->decoded, pull->text, (size_t)(at - pull->text));
    while (at < pull->end && *at != '"') {
        unsigned char first = (unsigned char)*at;
        if (first < 0x20)
            return fail_string(pull, at, "control character");
        if (first == '\\') {
            at++;
            if (!decode_escape(pull, &at))
                return false;
            continue;
        }
        size_t length = first < 0x80
                            ? 1
                            : character_length((const unsigned char *)at, (size_t)(pull->end - at));
        if (length == 0)
            return fail_string(pull, at, "invalid UTF-8");
        text_append(&pull->decoded, at, length);
        at += length;
    }
    if (at == pull->end)
        return fail_string(pull, at, "end of the file");
    pull->text = pull->decoded.data;
    pull->length = pull->decoded.length;
    pull->at = at + 1;
    return true;
}

bool pull_string(struct json_pull *pull) {
    if (!at_character(pull, '"'))
        return fail_expected(pull, "a string");
    const char *at = pull->text = pull->at + 1;
    while (at < pull->end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20 &&
           (unsigned char)*at < 0x80)
        at++;
    if (at == pull->end || *at != '"')
        return decode_string(pull, at);
    pull->length = (size_t)(at - pull->text);
    pull->at = at + 1;
    return true;
}

static const char *pass_digits(const char *at, const char *end) {
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Consumes a number; `*integer_end` is where its integer part ends. */
static bool pass_number(struct json_pull *pull, const char **integer_end) {
    if (!find_token(pull))
        return fail_expected(pull, "a number");
    const char *digits = pull->at + (*pull->at == '-');
    const char *at = pass_digits(digits, pull->end);
    if (at == digits || (*digits == '0' && at - digits > 1))
        return fail_expected(pull, "a number");
    *integer_end = at;
    if (at < pull->end && *at == '.') {
        const char *fraction = at + 1;
        at = pass_digits(fraction, pull->end);
        if (at == fraction)
            return pull_fail(pull, "a number without digits behind its point");
    }
    if (at < pull->end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < pull->end && (*at == '+' || *at == '-');
        const char *exponent = at;
        at = pass_digits(exponent, pull->end);
        if (at == exponent)
            return pull_fail(pull, "a number without digits in its exponent");
    }
    pull->at = at;
    return true;
}

/* The magnitude of an integer, and whether it is negative. */
static bool pull_magnitude(struct json_pull *pull, bool *negative, uint64_t *magnitude) {
    const char *end;
    if (!pass_number(pull, &end))
        return false;
    if (end != pull->at)
        return pull_fail(pull, "expected an integer, found a fraction");
    *negative = *pull->token == '-';
    *magnitude = 0;
    for (const char *at = pull->token + *negative; at < end; at++)
        if (__builtin_mul_overflow(*magnitude, 10u, magnitude) ||
            __builtin_add_overflow(*magnitude, (uint64_t)(*at - '0'), magnitude))
            return pull_fail(pull, "number out of range");
    return true;
}

bool pull_integer(struct json_pull *pull, int64_t *value) {
    bool negative = false;
    uint64_t magnitude = 0;
    if (!pull_magnitude(pull, &negative, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return pull_fail(pull, "number out of range");
    *value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

bool pull_unsigned(struct json_pull *pull, uint64_t most, uint64_t *value) {
    bool negative = false;
    if (!pull_magnitude(pull, &negative, value))
        return false;
    if ((negative && *value) || *value > most)
        return pull_fail(pull, "number out of range: expected 0 to %llu", (unsigned long long)most);
    return true;
}

static bool pull_word(struct json_pull *pull, const char *word) {
    size_t length = strlen(word);
    if (!find_token(pull) || (size_t)(pull->end - pull->at) < length ||
        memcmp(pull->at, word, length) != 0)
        return false;
    pull->at += length;
    return true;
}

bool pull_boolean(struct json_pull *pull, bool *value) {
    *value = pull_word(pull, "true");
    return *value || pull_word(pull, "false") || fail_expected(pull, "true or false");
}

char pull_peek(struct json_pull *pull) {
    return find_token(pull) ? *pull->at : '\0';
}

bool pull_null(struct json_pull *pull) {
    return pull_word(pull, "null");
}

/* A string, number or word; or the way into an object or array. */
static bool enter_or_skip(struct json_pull *pull) {
    const char *end;
    bool value;
    if (!find_token(pull))
        return fail_expected(pull, "a value");
    switch (*pull->at) {
    case '{':
        return pull_object(pull);
    case '[':
        return pull_array(pull);
    case '"':
        return pull_string(pull);
    case 't':
    case 'f':
        return pull_boolean(pull, &value);
    case 'n':
        return pull_null(pull) || fail_expected(pull, "a value");
    default:
        return pass_number(pull, &end);
    }
}

bool pull_skip(struct json_pull *pull) {
    int depth = pull->depth;
    if (!enter_or_skip(pull))
        return false;
    while (pull->depth > depth && !pull->status) {
        bool more = pull->level[pull->depth - 1].is_array ? pull_element(pull) : pull_key(pull);
        if (more)
            enter_or_skip(pull);
    }
    return !pull->status;
}

bool pull_end(struct json_pull *pull) {
    if (find_token(pull))
        return fail_expected(pull, "the end of the file");
    return !pull->status;
}

bool pull_is(const struct json_pull *pull, const char *text) {
    return strlen(text) == pull->length && memcmp(pull->text, text, pull->length) == 0;
}
