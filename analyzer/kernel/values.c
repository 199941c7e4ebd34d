/*
 * values.c - names as UTF-8 that says every byte, times as ISO 8601, without locale or time zone.
 */
#include "kernel/values.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define UNITS_PER_SECOND  10000000u /* of 100 ns */
#define SECONDS_PER_DAY   86400u
#define LAST_TIME         2650467743999999999u /* 9999-12-31T23:59:59.9999999Z */
#define FIRST_UNPRINTABLE 0x7f                 /* DEL, and the C1 controls up to 0x9f */
#define LAST_UNPRINTABLE  0x9f

static bool is_hexadecimal(unsigned unit) {
    return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'f') ||
           (unit >= 'A' && unit <= 'F');
}

/* Controls, C1 included, are never kept: a name ends up on a terminal. */
static bool is_kept(uint32_t code) {
    return code >= ' ' && !(code >= FIRST_UNPRINTABLE && code <= LAST_UNPRINTABLE);
}

static void put_escaped(struct text *text, const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        text_printf(text, "\\x%02x", bytes[i]);
}

/* The length of the UTF-8 sequence at `bytes`, by The Unicode Standard, table 3-7; 0 where it is
 * none (overlong, surrogate, above U+10FFFF, cut). */
static size_t utf8_sequence(const uint8_t *bytes, size_t length, uint32_t *code) {
    static const struct {
        uint8_t first, last, low, high, length, mask;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1, 0x7f},       {0xc2, 0xdf, 0x80, 0xbf, 2, 0x1f},
        {0xe0, 0xe0, 0xa0, 0xbf, 3, 0x0f}, {0xe1, 0xec, 0x80, 0xbf, 3, 0x0f},
        {0xed, 0xed, 0x80, 0x9f, 3, 0x0f}, {0xee, 0xef, 0x80, 0xbf, 3, 0x0f},
        {0xf0, 0xf0, 0x90, 0xbf, 4, 0x07}, {0xf1, 0xf3, 0x80, 0xbf, 4, 0x07},
        {0xf4, 0xf4, 0x80, 0x8f, 4, 0x07},
    };
    for (size_t row = 0; row < ARRAY_LENGTH(rows); row++) {
        if (bytes[0] < rows[row].first || bytes[0] > rows[row].last)
            continue;
        if (rows[row].length > length)
            return 0;
        *code = bytes[0] & rows[row].mask;
        for (size_t i = 1; i < rows[row].length; i++) {
            uint8_t low = i == 1 ? rows[row].low : 0x80, high = i == 1 ? rows[row].high : 0xbf;
            if (bytes[i] < low || bytes[i] > high)
                return 0;
            *code = *code << 6 | (bytes[i] & 0x3f);
        }
        return rows[row].length;
    }
    return 0;
}

void value_bytes(struct text *text, const uint8_t *bytes, size_t length) {
    length = strnlen((const char *)bytes, length);
    for (size_t i = 0; i < length;) {
        uint32_t code = 0;
        size_t sequence = utf8_sequence(bytes + i, length - i, &code);
        bool ambiguous = bytes[i] == '\\' && length - i >= 4 && bytes[i + 1] == 'x' &&
                         is_hexadecimal(bytes[i + 2]) && is_hexadecimal(bytes[i + 3]);
        if (sequence == 0 || !is_kept(code) || ambiguous) {
            sequence = sequence ? sequence : 1;
            put_escaped(text, bytes + i, sequence);
        } else {
            text_append(text, (const char *)bytes + i, sequence);
        }
        i += sequence;
    }
}

static unsigned utf16_unit(const uint8_t *bytes, size_t length, size_t at) {
    return at + 2 <= length ? (unsigned)bytes[at] | (unsigned)bytes[at + 1] << 8 : 0;
}

static void put_code(struct text *text, uint32_t code) {
    if (code < 0x80) {
        text_putc(text, (char)code);
    } else if (code < 0x800) {
        text_putc(text, (char)(0xc0 | code >> 6));
        text_putc(text, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        text_putc(text, (char)(0xe0 | code >> 12));
        text_putc(text, (char)(0x80 | (code >> 6 & 0x3f)));
        text_putc(text, (char)(0x80 | (code & 0x3f)));
    } else {
        text_putc(text, (char)(0xf0 | code >> 18));
        text_putc(text, (char)(0x80 | (code >> 12 & 0x3f)));
        text_putc(text, (char)(0x80 | (code >> 6 & 0x3f)));
        text_putc(text, (char)(0x80 | (code & 0x3f)));
    }
}

static bool is_ambiguous_utf16(const uint8_t *bytes, size_t length, size_t at) {
    return utf16_unit(bytes, length, at) == '\\' && utf16_unit(bytes, length, at + 2) == 'x' &&
           is_hexadecimal(utf16_unit(bytes, length, at + 4)) &&
           is_hexadecimal(utf16_unit(bytes, length, at + 6));
}

void value_utf16(struct text *text, const uint8_t *bytes, size_t length) {
    size_t i = 0;
    while (i + 2 <= length) {
        uint32_t code = utf16_unit(bytes, length, i);
        unsigned next = utf16_unit(bytes, length, i + 2);
        bool pair = code >= 0xd800 && code <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
        bool alone = !pair && code >= 0xd800 && code <= 0xdfff;
        if (pair)
            code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        if (alone || !is_kept(code) || is_ambiguous_utf16(bytes, length, i))
            put_escaped(text, bytes + i, 2);
        else
            put_code(text, code);
        i += pair ? 4 : 2;
    }
    put_escaped(text, bytes + i, length - i);
}

/* Zeros are no name: a raw image has them for memory that could not be copied. */
static bool is_blank(const uint8_t *bytes, size_t length) {
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* _UNICODE_STRING: Length at 0, MaximumLength at 2, Buffer at 4 or, of 64 bits, at 8 (ntdef.h). */
enum read_state value_unicode_string(struct vm *vm, uint64_t address, struct text *text) {
    uint16_t length, maximum;
    uint64_t buffer;
    enum read_state state = vm_read_u16(vm, address, &length);
    if (state == READ_PRESENT)
        state = vm_read_u16(vm, address + 2, &maximum);
    if (state == READ_PRESENT)
        state = vm_read_pointer(vm, address + vm_pointer_size(vm), &buffer);
    if (state != READ_PRESENT || length == 0)
        return state;
    if (length % 2 != 0 || length > maximum)
        return READ_BAD_VALUE;
    AUTO_FREE uint8_t *bytes = xmalloc(length);
    state = vm_read(vm, buffer, bytes, length, NULL);
    if (state == READ_PRESENT && is_blank(bytes, length))
        return READ_BAD_VALUE;
    if (state == READ_PRESENT)
        value_utf16(text, bytes, length);
    return state;
}

struct date {
    unsigned year, month, day;
};

/* Days since 1601-01-01, a Monday and the start of a 400-year cycle of the Gregorian calendar. */
static struct date date_of_days(uint32_t days) {
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    uint32_t cycles = days / 146097, left = days % 146097;
    uint32_t centuries = left / 36524 < 3 ? left / 36524 : 3;
    left -= centuries * 36524;
    uint32_t fours = left / 1461;
    left %= 1461;
    uint32_t years = left / 365 < 3 ? left / 365 : 3;
    left -= years * 365;
    bool leap = years == 3 && (fours != 24 || centuries == 3);
    unsigned month = 12;
    while (before[month - 1] + (uint32_t)(leap && month > 2) > left)
        month--;
    left -= before[month - 1] + (uint32_t)(leap && month > 2);
    return (struct date){1601 + cycles * 400 + centuries * 100 + fours * 4 + years, month,
                         left + 1};
}

enum read_state value_time_parts(uint64_t time, struct time_parts *parts) {
    if (time > LAST_TIME)
        return READ_BAD_VALUE;
    uint64_t seconds = time / UNITS_PER_SECOND;
    uint32_t days = (uint32_t)(seconds / SECONDS_PER_DAY);
    uint32_t second = (uint32_t)(seconds % SECONDS_PER_DAY);
    struct date date = date_of_days(days);
    *parts = (struct time_parts){.year = date.year,
                                 .month = date.month,
                                 .day = date.day,
                                 .weekday = (days + 1) % 7,
                                 .hour = second / 3600,
                                 .minute = second / 60 % 60,
                                 .second = second % 60,
                                 .fraction = (uint32_t)(time % UNITS_PER_SECOND)};
    return READ_PRESENT;
}

enum read_state value_time(char buffer[32], uint64_t time) {
    struct time_parts parts;
    buffer[0] = 0;
    enum read_state state = value_time_parts(time, &parts);
    if (state == READ_PRESENT)
        snprintf(buffer, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%07uZ", parts.year % 10000,
                 parts.month % 100, parts.day % 100, parts.hour % 100, parts.minute % 100,
                 parts.second % 100, parts.fraction % UNITS_PER_SECOND);
    return state;
}
