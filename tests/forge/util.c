/*
 * util.c - stopping with a message, numbers and times of a scenario, little-endian bytes.
 */
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("forge: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

void *xcalloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        die("out of memory");
    return memory;
}

void *xgrow(void *items, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity)
        return items;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    if (wanted < needed)
        wanted = needed;
    void *grown = realloc(items, wanted * size);
    if (!grown)
        die("out of memory");
    *capacity = wanted;
    return grown;
}

uint64_t number_of(const json_t *value, const char *what) {
    if (json_is_integer(value))
        return (uint64_t)json_integer_value(value);
    if (!json_is_string(value))
        die("%s: a number is missing", what);
    const char *text = json_string_value(value);
    char *end;
    errno = 0;
    uint64_t result = strtoull(text, &end, 0);
    if (errno || *end || end == text)
        die("%s: \"%s\" is no number", what, text);
    return result;
}

uint64_t number(const json_t *object, const char *key) {
    return number_of(json_object_get(object, key), key);
}

uint64_t number_or(const json_t *object, const char *key, uint64_t other) {
    const json_t *value = json_object_get(object, key);
    return value ? number_of(value, key) : other;
}

const char *string(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        die("%s: a text is missing", key);
    return json_string_value(value);
}

json_t *array(const json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    if (!json_is_array(value))
        die("%s: an array is missing", key);
    return value;
}

#define SECOND 10000000u

/* Days from 1601-01-01 to a day of the Gregorian calendar. */
static uint64_t days_to(unsigned year, unsigned month, unsigned day) {
    static const unsigned before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned past = year - 1601;
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    uint64_t days = past * 365ull + past / 4 - past / 100 + past / 400;
    return days + before[month - 1] + day - 1 + (leap && month > 2);
}

uint64_t time_of(const char *text) {
    unsigned year, month, day, hour, minute, second, fraction;
    int used = 0;
    if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u.%7uZ%n", &year, &month, &day, &hour, &minute, &second,
               &fraction, &used) != 7 ||
        used != 28 || text[used] || year < 1601 || month < 1 || month > 12)
        die("\"%s\" is no time", text);
    uint64_t seconds = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return seconds * SECOND + fraction;
}

uint64_t duration_of(const char *text) {
    unsigned days, hours, minutes, seconds, milliseconds;
    int used = 0;
    if (sscanf(text, "%u.%2u:%2u:%2u.%3u%n", &days, &hours, &minutes, &seconds, &milliseconds,
               &used) != 5 ||
        text[used])
        die("\"%s\" is no duration", text);
    uint64_t total = days * 86400ull + hours * 3600 + minutes * 60 + seconds;
    return total * SECOND + milliseconds * (SECOND / 1000);
}

void put(uint8_t *bytes, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i < 8 ? value >> (8 * i) : 0);
}

uint64_t get(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size && i < 8; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}
