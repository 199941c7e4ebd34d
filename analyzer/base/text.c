/* text.c - a string that grows. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

void text_init(struct text *text) {
    *text = (struct text)TEXT_EMPTY;
}

void text_deinit(struct text *text) {
    if (text->capacity)
        free(text->data);
    text_init(text);
}

static void reserve(struct text *text, size_t more) {
    size_t needed = text->length + more + 1;
    if (needed <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    text->data = xreallocarray(text->capacity ? text->data : NULL, capacity, 1);
    text->capacity = capacity;
}

void text_append(struct text *text, const char *bytes, size_t length) {
    reserve(text, length);
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_puts(struct text *text, const char *string) {
    text_append(text, string, strlen(string));
}

void text_putc(struct text *text, char character) {
    text_append(text, &character, 1);
}

void text_printf(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

char *text_take(struct text *text) {
    char *string = text->capacity ? text->data : xstrdup("");
    text_init(text);
    return string;
}
